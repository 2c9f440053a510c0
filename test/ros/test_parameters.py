# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The table of parameters: its own consistency, its checks, and what the code makes of the values."""

import json
import re
from dataclasses import replace

import pytest

from robobrain_ros.brain.jobs import Policy
from robobrain_ros.brain.pipeline import Settings
from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.engines.vllm.config import EngineConfig
from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.geometry.depth import DepthMode
from robobrain_ros.geometry.orientation import PoseOrientation
from robobrain_ros.ros.camera.settings import CameraSettings
from robobrain_ros.ros.from_parameters import camera_poses, cameras, check, engine_config, profile, settings
from robobrain_ros.ros.node_parameters import unknown
from robobrain_ros.ros.parameters import BY_NAME, PARAMETERS
from robobrain_ros.tasks import TASKS
from robobrain_ros.tasks.profiles import PROFILES

DEFAULTS = {parameter.name: parameter.default for parameter in PARAMETERS}
TINY = DEFAULTS | {'model': 'tiny'}


def names(parameters) -> list[str]:
    return [parameter.name for parameter in parameters]


def test_names_are_unique_and_described():
    assert len(BY_NAME) == len(PARAMETERS)
    assert all(parameter.description and parameter.name.islower() for parameter in PARAMETERS)


@pytest.mark.parametrize('parameter', PARAMETERS, ids=names(PARAMETERS))
def test_every_default_passes_its_own_check_and_has_the_type_of_its_limits(parameter):
    parameter.check(parameter.default)
    if parameter.choices:
        assert isinstance(parameter.default, str)
        for choice in parameter.choices:
            parameter.check(choice)
    if isinstance(parameter.default, (int, float)) and not isinstance(parameter.default, bool):
        assert parameter.low <= parameter.default <= parameter.high
    else:
        assert parameter.low is parameter.high is None
    if isinstance(parameter.default, int) and parameter.low is not None:  # the descriptor's range is of integers
        assert (parameter.low, parameter.high) == (int(parameter.low), int(parameter.high))


CHOSEN = [parameter for parameter in PARAMETERS if parameter.choices]
RANGED = [parameter for parameter in PARAMETERS if parameter.low is not None]


@pytest.mark.parametrize('parameter', CHOSEN, ids=names(CHOSEN))
@pytest.mark.parametrize('value', ['', 'Nonsense', 'queue '])
def test_other_words_than_the_choices_are_quoted(parameter, value):
    with pytest.raises(BrainError) as caught:
        parameter.check(value)
    assert caught.value.code is ErrorCode.BAD_REQUEST
    assert str(caught.value).startswith(f'{parameter.name} is {value!r}, but must be one of ')
    assert all(repr(choice) in str(caught.value) for choice in parameter.choices)


@pytest.mark.parametrize('parameter', RANGED, ids=names(RANGED))
def test_numbers_outside_the_limits_are_quoted(parameter):
    parameter.check(parameter.low)
    parameter.check(parameter.high)
    for value in (parameter.low - 1, parameter.high + 1, float('nan'), float('inf'), -float('inf')):
        with pytest.raises(BrainError, match=f'^{parameter.name} is {value!r}, but must lie in '):
            parameter.check(value)


def test_the_defaults_make_everything():
    assert engine_config(TINY) == EngineConfig(TINY_MODEL)
    found = profile(TINY)
    assert found == replace(PROFILES['robobrain-tiny'], canvas=(512, 384), calibration=found.calibration)
    assert found.calibration
    assert settings(DEFAULTS) == Settings()
    assert cameras(DEFAULTS) == [CameraSettings()]
    assert DEFAULTS['default_task'] in TASKS


def test_values_arrive_where_they_belong():
    made = settings(
        DEFAULTS
        | {
            'guided_decoding': True,
            'temperature': 0.5,
            'min_confidence': 0.25,
            'pose_orientation': 'down',
            'preemption': 'newest_wins',
            'queue_size': 3,
            'depth_window_px': 7,
            'depth_min_valid_fraction': 0.9,
            'min_depth_m': 0.2,
            'max_depth_m': 3.0,
            'trajectory_depth': 'model',
            'model_depth_is_ray': True,
        }
    )
    assert (made.guided_decoding, made.temperature, made.policy, made.queue_size) == (True, 0.5, Policy.NEWEST_WINS, 3)
    assert (made.min_confidence, made.orientation) == (0.25, PoseOrientation.DOWN)
    rules = made.depth
    assert (rules.window_px, rules.min_valid_fraction, rules.min_depth_m, rules.max_depth_m) == (7, 0.9, 0.2, 3.0)
    assert (rules.mode, rules.model_depth_is_ray) == (DepthMode.MODEL, True)
    config = engine_config(
        TINY | {'device': 'cpu', 'dtype': 'float32', 'max_model_len': 512, 'max_pixels': 70000, 'kv_cache_mb': 64}
    )
    assert config == EngineConfig(TINY_MODEL, 'cpu', 'float32', 512, max_pixels=70000, kv_cache_mb=64)


@pytest.mark.parametrize(
    ('change', 'quoted'),
    [
        ({'min_depth_m': 5.0, 'max_depth_m': 5.0}, 'min_depth_m is 5.0 and max_depth_m is 5.0'),
        ({'cameras': ['front', 'wrist', 'front']}, "cameras is .*'front', 'wrist', 'front'.* once"),
        ({'camera_pose': ['', 'desk 0 0 1 0 0 0 1']}, "camera_pose is .*'desk 0 0 1 0 0 0 1'.* at most one"),
        ({'camera_pose': ['desk 0 0 1 0 0 1']}, "camera_pose is 'desk 0 0 1 0 0 1', but must be 'FRAME x y z"),
        ({'camera_pose': ['0 0 1 0 0 0 1']}, "camera_pose is '0 0 1 0 0 0 1', but must be 'FRAME x y z"),
        ({'camera_pose': ['desk 0 0 high 0 0 0 1']}, "camera_pose is 'desk 0 0 high 0 0 0 1', but must be"),
        ({'camera_pose': [' ']}, "camera_pose is ' ', but must be"),
        ({'camera_pose': ['desk 0 0 inf 0 0 0 1']}, "camera_pose is 'desk 0 0 inf .* not finite"),
        ({'camera_pose': ['desk 0 0 1 0 0 0 0']}, "camera_pose is 'desk 0 0 1 0 0 0 0', but the quaternion"),
    ],
)
def test_values_that_do_not_go_together_are_refused(change, quoted):
    with pytest.raises(BrainError, match=quoted) as caught:
        check(DEFAULTS | change)
    assert caught.value.code is ErrorCode.BAD_REQUEST


def test_fixed_cameras_are_known_by_their_names():
    assert camera_poses(DEFAULTS) == {}
    texts = ['a 1 2 3 0 0 0 1', '', ' b -1 0 1e0 0 0 2 0']
    poses = camera_poses({'cameras': ['front', 'wrist', 'top'], 'camera_pose': texts})
    assert {name: pose.frame for name, pose in poses.items()} == {'front': 'a', 'top': 'b'}
    assert poses['front'].to_frame.apply((1, 1, 1)) == (2, 3, 4)
    assert poses['top'].to_frame.apply((1, 1, 1)) == (-2, -1, 2)


def test_the_demonstration_checkpoint_never_stands_in_for_a_model_that_was_forgotten():
    for make in (engine_config, profile):
        with pytest.raises(BrainError, match=r"model is '', but must be the directory .* or 'tiny'") as caught:
            make(DEFAULTS)
        assert caught.value.code is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize(
    ('name', 'written', 'meant'),
    [
        ('decode_kernels', False, 'off'),
        ('flaggems.profile', False, 'off'),
        ('timeout_s', 5, 5.0),
        ('max_pixels', 1e6, 1000000),
        ('cameras', None, ['']),
        ('cameras', [], ['']),
        ('flaggems.include', None, ['']),
        ('cameras', ['front', 'wrist'], ['front', 'wrist']),
        ('guided_decoding', True, True),
        ('model', 'tiny', 'tiny'),
    ],
)
def test_values_are_read_as_yaml_writes_them(name, written, meant):
    read = BY_NAME[name].read(written)
    assert (read, type(read)) == (meant, type(BY_NAME[name].default))


@pytest.mark.parametrize(
    ('name', 'written', 'says'),
    [
        ('timeout_s', True, 'timeout_s is True, but must be a number, such as 60.0'),
        ('timeout_s', '5', "timeout_s is '5', but must be a number"),
        ('timeout_s', None, 'timeout_s is None, but must be a number'),
        ('timeout_s', 5000, 'timeout_s is 5000.0, but must lie in 0.1 .. 3600.0'),
        ('max_pixels', 2048.5, 'max_pixels is 2048.5, but must be a whole number'),
        ('queue_size', True, 'queue_size is True, but must be a whole number'),
        ('guided_decoding', 0, 'guided_decoding is 0, but must be true or false'),
        ('decode_kernels', True, "decode_kernels is True, but must be one of 'auto', 'off'; YAML reads on"),
        ('image_transport', False, "image_transport is False, but must be one of 'raw', 'compressed'; YAML"),
        ('model', 25, 'model is 25, but must be text'),
        ('cameras', 'front', "cameras is 'front', but must be a list of texts"),
        ('cameras', 'front', "cameras is 'front', but must be a list of texts, such as ['front']"),
        ('target_frame', 3, 'target_frame is 3, but must be text'),
        ('cameras', [True], "cameras is [True], but must be a list of texts, such as ['']; YAML reads on"),
        ('depth_window_px', 4, 'depth_window_px is 4, but must be odd'),
    ],
)
def test_what_cannot_be_meant_is_quoted(name, written, says):
    with pytest.raises(BrainError, match=f'^{re.escape(says)}'):
        BY_NAME[name].read(written)


def test_unknown_names_are_told_with_the_nearest():
    names = ['modell', 'use_sim_time', 'timeout_s', 'qos_overrides./clock.subscription.depth', 'xyzzy']
    assert unknown(names, BY_NAME) == [
        "parameter 'modell' is unknown and has no effect; did you mean 'model'?",
        "parameter 'xyzzy' is unknown and has no effect",
    ]


def test_a_directory_without_a_model_is_named(tmp_path):
    for make in (engine_config, profile):
        with pytest.raises(BrainError, match=str(tmp_path)) as caught:
            make(DEFAULTS | {'model': str(tmp_path)})
        assert caught.value.code is ErrorCode.BAD_REQUEST


def test_a_model_of_a_kind_that_tells_no_profile_needs_one_by_name(tmp_path):
    (tmp_path / 'config.json').write_text(json.dumps({'model_type': 'llama'}))
    values = DEFAULTS | {'model': str(tmp_path)}
    with pytest.raises(BrainError, match="'llama'"):
        profile(values)
    assert profile(values | {'model_profile': 'robobrain-2.0'}) == PROFILES['robobrain-2.0']


def test_a_tilde_is_the_home_directory(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    (tmp_path / 'config.json').write_text('{}')
    assert engine_config(DEFAULTS | {'model': '~'}).model == tmp_path


def test_what_decides_between_requests_is_no_option_of_one():
    assert {parameter.name: parameter.mark for parameter in PARAMETERS if parameter.shared} == {
        'preemption': '+',
        'queue_size': '+',
        **{name: '+' for name in BY_NAME if name.startswith(('monitor.', 'track.'))},
    }
    assert {parameter.mark for parameter in PARAMETERS if parameter.per_request} == {'*'}
    assert {parameter.mark for parameter in PARAMETERS if not parameter.dynamic} == {''}
