"""Image messages for tests: of any encoding, padding and byte order."""

import array

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage, Image

HEIGHT, WIDTH = 6, 8
RGB = np.arange(HEIGHT * WIDTH * 3, dtype=np.uint8).reshape(HEIGHT, WIDTH, 3) + np.uint8(40)
GREY = RGB[..., 0]


def message(encoding, image, width, height, pad=0, order='<'):
    """Image message whose rows are those of ``image`` followed by ``pad`` bytes of rubbish."""
    image = np.asarray(image)
    rows = np.frombuffer(image.astype(image.dtype.newbyteorder(order)).tobytes(), np.uint8).reshape(image.shape[0], -1)
    data = np.hstack([rows, np.full((rows.shape[0], pad), 201, np.uint8)])
    msg = Image(width=width, height=height, encoding=encoding, step=data.shape[1], is_bigendian=int(order == '>'))
    msg.data = array.array('B', data.tobytes())
    return msg


def compressed(text, data):
    return CompressedImage(format=text, data=array.array('B', bytes(data)))


def png(image):
    return cv2.imencode('.png', image)[1].tobytes()
