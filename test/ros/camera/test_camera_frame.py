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
