# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How a model on a server is found out, and the front door of Python programs to it."""

import contextlib

import numpy as np
import pytest
from stand_in_server import listening, says

import robobrain_ros as rb
from robobrain_ros.engines.server.config import ServerConfig
from robobrain_ros.engines.server.discovery import by_name, find, served

GREY = np.full((480, 640, 3), 127, np.uint8)


@pytest.fixture
def server():
    """A stand-in that listens in a thread of its own."""
    with listening() as stand_in:
        yield stand_in


@pytest.mark.parametrize(
    ('name', 'profile'),
    [
        ('RoboBrain2.5-8B-NV', 'robobrain-2.5'),
        ('RoboBrain2.5-8B-nvidia-flagos', 'robobrain-2.5'),
        ('/models/robobrain_2_5-4b', 'robobrain-2.5'),
        ('BAAI/RoboBrain2.0-7B', 'robobrain-2.0'),
        ('robobrain2_0_7b', 'robobrain-2.0'),
        ('robobrain_ros/checkpoints/tiny', 'robobrain-tiny'),
        ('tiny', 'robobrain-tiny'),
        ('robobrain-tiny', 'robobrain-tiny'),
        ('TinyLlama', ''),
        ('gpt-4o', ''),
        ('', ''),
    ],
)
def test_names_tell_profiles(name, profile):
    assert by_name([name]) == profile


def test_the_place_that_a_model_was_loaded_from_tells_too(server):
    server.models = {'data': [{'id': 'brain', 'root': '/models/RoboBrain2.5-8B-NV'}]}
    assert served(ServerConfig(server.url)) == ['brain', '/models/RoboBrain2.5-8B-NV']
    profile, limits = find(ServerConfig(server.url, max_pixels=640 * 480))
    assert profile.name == 'robobrain-2.5'
    assert limits.size(1280, 960) == (640, 480)


def test_a_model_of_the_older_generation_gets_images_in_its_own_grid():
    profile, limits = find(ServerConfig('http://nowhere', 'RoboBrain2.0-7B'))
    assert profile.name == 'robobrain-2.0'
    assert limits.size(640, 480) == (644, 476)  # multiples of 28


def test_the_tiny_model_is_known_with_its_canvas():
    profile, limits = find(ServerConfig('http://nowhere', 'tiny'))
    assert profile.canvas == (512, 384)
    assert limits.size(512, 384) == (512, 384)


def test_a_name_that_tells_nothing_asks_for_the_profile(server):
    with pytest.raises(rb.BadRequest, match=r"model 'brain' tells no profile: set model_profile to one of .*2.5"):
        find(ServerConfig(server.url))
    assert find(ServerConfig(server.url), 'robobrain-2.5')[0].name == 'robobrain-2.5'
    with pytest.raises(rb.BadRequest, match="unknown profile 'best'"):
        find(ServerConfig(server.url), 'best')


def test_the_first_server_that_answers_is_asked(server):
    server.models = {'data': [{'id': 'RoboBrain2.5-8B'}]}
    assert served(ServerConfig(f'http://127.0.0.1:9,{server.url}')) == ['RoboBrain2.5-8B']
    with pytest.raises(rb.BrainError, match=r'no server can be used: http://127.0.0.1:9: .*check that the server runs'):
        served(ServerConfig('http://127.0.0.1:9'))


def test_a_wrong_key_is_explained_before_anything_starts(server, tmp_path):
    server.key = 'right'
    (tmp_path / 'key').write_text('wrong')
    with pytest.raises(
        rb.BrainError, match=r'401 to our key: no such key: Bearer \*\*\*; check the key in the file'
    ) as caught:
        served(ServerConfig(server.url, api_key_file=str(tmp_path / 'key')))
    assert 'wrong' not in str(caught.value).replace('is wrong', '')
    (tmp_path / 'key').write_text('right')
    assert served(ServerConfig(server.url, api_key_file=str(tmp_path / 'key'))) == ['brain']


def test_a_brain_is_loaded_from_a_server_by_its_address(server):
    with rb.Brain.load(server.url, profile='robobrain-2.5', warm_up=['pointing'], timeout_s=5.0) as brain:
        answer = brain.ask('the mug', GREY)
        assert (answer.success, answer.model) == (True, 'brain')
        assert [target.pixel for target in answer.targets] == [(320.0, 120.0)]
        server.script = [says('The mug is not visible.')]
        assert brain.ask('the mug', GREY).code is rb.ErrorCode.NOT_FOUND


@pytest.mark.parametrize(
    ('url', 'options', 'words'),
    [
        ('http://a', {'quantization': 'fp8'}, "no option 'quantization'; there are .*api_key_file"),
        ('http://a', {'device': 'cuda'}, "device is 'cuda', but the model runs on a server"),
        ('ftp://a', {}, "'ftp://a', but an address must be like"),
        ('http://127.0.0.1:9', {'profile': 'robobrain-2.5'}, 'no server can be used'),
    ],
)
def test_what_cannot_be_reached_is_said(url, options, words):
    with pytest.raises(rb.BrainError, match=words), contextlib.ExitStack() as stack:
        stack.callback(rb.Brain.load(url, **options).close)
