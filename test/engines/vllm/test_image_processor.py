# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Image sizes as the model sees them: the rule of Hugging Face's processor, and limits from a checkpoint's files."""

import json
import random

import numpy as np
import pytest

from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.engines.vllm.image_processor import ImageLimits
from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.geometry.resize import resize

LIMITS = ImageLimits(32, 65536, 307200)


@pytest.fixture(scope='module')
def smart_resize():
    """Hugging Face's own; its import takes some seconds."""
    module = pytest.importorskip('transformers.models.qwen2_vl.image_processing_qwen2_vl')
    return module.smart_resize


@pytest.mark.parametrize(
    'limits', [LIMITS, ImageLimits(32, 65536, 90112), ImageLimits(28, 3136, 12845056), ImageLimits(32, 1024, 1024)]
)
def test_sizes_equal_those_of_the_hugging_face_processor(smart_resize, limits):
    random_ = random.Random(1)
    sizes = [
        (640, 480),
        (1920, 1080),
        (1, 1),
        (1, 200),
        (200, 1),
        (31, 33),
        (16, 16),
        (48, 80),
        (32, 6400),
        (7680, 4320),
    ]
    sizes += [(random_.randint(1, 4000), random_.randint(1, 4000)) for _ in range(1000)]
    sizes += [(random_.randint(1, 60), random_.randint(1, 60)) for _ in range(1000)]
    sizes = [(width, height) for width, height in sizes if max(width, height) <= 200 * min(width, height)]
    assert len(sizes) > 1900
    for width, height in sizes:
        expected = smart_resize(height, width, limits.factor, limits.min_pixels, limits.max_pixels)
        assert limits.size(width, height) == expected[::-1], (width, height)


@pytest.mark.parametrize('size', [(640, 480), (1920, 1080), (1280, 720), (848, 480), (100, 100), (333, 777), (3, 2)])
def test_a_size_made_for_the_model_is_kept(size):
    assert LIMITS.size(*LIMITS.size(*size)) == LIMITS.size(*size)


@pytest.mark.parametrize('size', [(201, 1), (1, 201), (0, 5), (5, 0), (0, 0), (40000, 199)])
def test_extreme_shapes_are_refused_and_quoted(size):
    with pytest.raises(BrainError, match=f'{size[0]}x{size[1]}') as caught:
        LIMITS.size(*size)
    assert caught.value.code is ErrorCode.BAD_IMAGE


def test_the_limits_come_from_the_checkpoint_below_the_caller_s_cap(tmp_path):
    sizes = {'size': {'shortest_edge': 65536, 'longest_edge': 90112}, 'patch_size': 16, 'merge_size': 2}
    write(tmp_path, sizes)
    assert ImageLimits.read(tmp_path, 640 * 480) == ImageLimits(32, 65536, 90112)
    assert ImageLimits.read(tmp_path, 80000) == ImageLimits(32, 65536, 80000)
    assert ImageLimits.read(TINY_MODEL, 640 * 480).size(640, 480) == (512, 384)


def write(folder, config) -> None:
    text = config if isinstance(config, str) else json.dumps(config)
    (folder / 'preprocessor_config.json').write_text(text)


def test_older_files_name_the_limits_differently(tmp_path):
    write(tmp_path, {'min_pixels': 3136, 'max_pixels': 12845056, 'patch_size': 14, 'merge_size': 2})
    assert ImageLimits.read(tmp_path, 10**6) == ImageLimits(28, 3136, 10**6)
    write(tmp_path, {'size': None, 'min_pixels': 3136, 'max_pixels': 5000, 'patch_size': 14, 'merge_size': 2})
    assert ImageLimits.read(tmp_path, 10**6) == ImageLimits(28, 3136, 5000)


def test_a_cap_below_the_model_s_least_is_refused():
    with pytest.raises(BrainError, match=r'max_pixels is 65535.* no less than \d+ pixels') as caught:
        ImageLimits.read(TINY_MODEL, 65535)
    assert caught.value.code is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize(
    'config',
    [
        None,
        'not json',
        '[]',
        '"text"',
        {},
        {'size': {'shortest_edge': 1, 'longest_edge': 2}},
        {'size': {'shortest_edge': 'a', 'longest_edge': 2}, 'patch_size': 14, 'merge_size': 2},
        {'size': {'shortest_edge': [1], 'longest_edge': 2}, 'patch_size': 14, 'merge_size': 2},
        {'size': [1, 2], 'patch_size': 14, 'merge_size': 2},
        {'size': {'shortest_edge': 1, 'longest_edge': 2}, 'patch_size': None, 'merge_size': 2},
        {'size': {'shortest_edge': 1, 'longest_edge': 2}, 'patch_size': 0, 'merge_size': 2},
        {'size': {'shortest_edge': 9, 'longest_edge': 2}, 'patch_size': 14, 'merge_size': 2},
    ],
)
def test_files_that_cannot_be_used_are_named(tmp_path, config):
    if config is not None:
        write(tmp_path, config)
    with pytest.raises(BrainError, match=r'preprocessor_config\.json') as caught:
        ImageLimits.read(tmp_path, 307200)
    assert caught.value.code is ErrorCode.BAD_REQUEST


def test_resizing_gives_rgb_of_the_size_and_leaves_fitting_images_alone():
    rgb = np.zeros((480, 640, 3), np.uint8)
    rgb[:, 320:] = (255, 128, 0)
    small = resize(rgb, (320, 256))
    assert (small.size, small.mode) == ((320, 256), 'RGB')
    assert small.getpixel((10, 10)) == (0, 0, 0)
    assert small.getpixel((300, 200)) == (255, 128, 0)
    assert np.array_equal(np.asarray(resize(rgb, (640, 480))), rgb)


def test_downscaling_averages():
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 255
    grey = np.asarray(resize(stripes, (64, 64)))[:, 4:-4]
    assert grey.min() > 117
    assert grey.max() < 138


def test_views_and_read_only_images_can_be_resized():
    rgb = np.zeros((480, 640, 3), np.uint8)[:, ::-1]
    rgb.setflags(write=False)
    assert resize(rgb, (32, 32)).size == (32, 32)
