# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What a frame knows of its image before anyone looks at it."""

import array

import pytest
from sensor_msgs.msg import CompressedImage, Image

from robobrain_ros.ros.camera.camera_frame import CameraFrame

pytestmark = [pytest.mark.ros]


def raw(width: int, height: int) -> Image:
    image = Image(width=width, height=height, encoding='rgb8', step=3 * width)
    image.data = array.array('B', bytes(3 * width * height))
    return image


@pytest.mark.parametrize(
    ('image', 'light'),
    [(raw(640, 480), True), (raw(1280, 720), False), (CompressedImage(format='jpeg', data=array.array('B')), False)],
    ids=['VGA', 'HD', 'compressed'],
)
def test_small_raw_images_are_light(image, light):
    assert CameraFrame(image, None, 0.0).light == light
