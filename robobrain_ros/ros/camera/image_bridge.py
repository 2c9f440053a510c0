# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Image messages <-> numpy arrays with the method names, encodings and errors of cv_bridge.CvBridge.

For hosts without a cv_bridge that works (see ``bridge_choice``): runs with NumPy 1 and 2 and with OpenCV 4 and 5.
The rules of conversion are those of cv_bridge's ``cvtColor``.
"""

import array
import sys

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from robobrain_ros.ros.camera.encodings import COLOUR, CvBridgeError, Encoding, find, pixels

_KINDS = {'u1': '8U', 'i1': '8S', 'u2': '16U', 'i2': '16S', 'i4': '32S', 'f4': '32F', 'f8': '64F'}


class CvBridge:
    """Stands in for cv_bridge.CvBridge, with its conversions; has no state."""

    def imgmsg_to_cv2(self, img_msg: Image, desired_encoding: str = 'passthrough') -> np.ndarray:
        """Array of an Image message, HxW or HxWxC.

        :param desired_encoding: ``passthrough`` or an encoding to convert to
        :returns: may share the message's memory; do not write into it
        :raises CvBridgeError: if the message is malformed or the conversion makes no sense
        """
        image = pixels(img_msg)
        return image if desired_encoding == 'passthrough' else convert(image, find(img_msg.encoding), desired_encoding)

    def compressed_imgmsg_to_cv2(
        self, cmprs_img_msg: CompressedImage, desired_encoding: str = 'passthrough'
    ) -> np.ndarray:
        """Array of a CompressedImage message as OpenCV decodes it (colours as BGR), or converted.

        Whatever size the data claims is decoded: see ``compressed.decode`` for untrusted data.

        :raises CvBridgeError: if the data cannot be decoded or the conversion makes no sense
        """
        data = np.frombuffer(cmprs_img_msg.data, np.uint8) if len(cmprs_img_msg.data) else None
        try:
            image = None if data is None else cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        except cv2.error as error:
            raise CvBridgeError(f'OpenCV: {error}') from error
        if image is None:
            raise CvBridgeError(f'cannot decode {len(cmprs_img_msg.data)} bytes of format {cmprs_img_msg.format!r}')
        if desired_encoding == 'passthrough':
            return image
        return convert(image, decoded_encoding(image), desired_encoding)

    def cv2_to_imgmsg(self, cvim: np.ndarray, encoding: str = 'passthrough', header: Header | None = None) -> Image:
        """Image message of an array HxW or HxWxC.

        :param encoding: ``passthrough`` for OpenCV's type name (such as 8UC3), or an encoding of the array's type
        :raises TypeError: if ``cvim`` is no array
        :raises CvBridgeError: if the array is empty, or its type or number of channels is not the encoding's
        """
        channels, kind = _describe(cvim)
        name = f'{kind}C{channels}'
        if encoding == 'passthrough':
            encoding = name
        else:
            wanted = find(encoding)
            if (_KINDS[wanted.dtype.str[1:]], wanted.channels) != (kind, channels) or wanted.planar:
                raise CvBridgeError(f'encoding {encoding} does not fit an array of type {name}')
        order = cvim.dtype.byteorder
        msg = Image(
            height=cvim.shape[0],
            width=cvim.shape[1],
            encoding=encoding,
            is_bigendian=int(order == '>' or (order in '=|' and sys.byteorder == 'big')),
        )
        if header is not None:
            msg.header = header
        msg.data = _bytes(np.ascontiguousarray(cvim))
        msg.step = len(msg.data) // cvim.shape[0]
        return msg

    def cv2_to_compressed_imgmsg(self, cvim: np.ndarray, dst_format: str = 'jpg') -> CompressedImage:
        """CompressedImage message of an array HxW or HxWx3 (BGR).

        :param dst_format: a file name extension that OpenCV can write, such as jpg or png
        :raises TypeError: if ``cvim`` is no array
        :raises CvBridgeError: if OpenCV cannot encode it so
        """
        _describe(cvim)
        try:
            done, data = cv2.imencode('.' + dst_format, cvim)
        except cv2.error as error:
            raise CvBridgeError(f'OpenCV: {error}') from error
        if not done:
            raise CvBridgeError(f'cannot encode a {cvim.shape} {cvim.dtype} array as {dst_format!r}')
        return CompressedImage(format=dst_format, data=_bytes(data))


def convert(image: np.ndarray, source: Encoding, target_name: str) -> np.ndarray:
    """Convert an array of encoding ``source`` to another encoding.

    Colours do not become plain numbers of another count, nor plain numbers colours; 8 and 16 bits are scaled to the
    full range of each other.

    :raises CvBridgeError: if there is no such conversion
    """
    target = find(target_name)
    if source.name == target.name:
        return image
    if target.is_colour and not source.is_colour:
        raise CvBridgeError(f'{source.name} says nothing about colour, so it cannot become {target.name}')
    if not target.is_colour:
        if source.channels != target.channels:
            raise CvBridgeError(f'{source.name} and {target.name} differ in their number of channels')
        return image.astype(target.dtype)
    if source.cvt != target.cvt:
        code = getattr(cv2, source.cvt.format(target.family), None) if target.family else None
        if code is None:
            raise CvBridgeError(f'there is no conversion from {source.name} to {target.name}')
        try:
            image = cv2.cvtColor(np.ascontiguousarray(image), code)
        except cv2.error as error:
            raise CvBridgeError(f'OpenCV: {error}') from error
    if image.dtype.itemsize > target.dtype.itemsize:
        return cv2.convertScaleAbs(np.ascontiguousarray(image), alpha=255 / 65535)
    return image if image.dtype == target.dtype else image.astype(target.dtype) * np.uint16(257)  # 255 -> 65535


def decoded_encoding(image: np.ndarray) -> Encoding:
    """Encoding of an array that ``cv2.imdecode`` made: grey, BGR or BGRA with 8 or 16 bits.

    :raises CvBridgeError: if it is none of these (TIFF and EXR files hold other types)
    """
    names = {1: 'mono', 2: '', 3: 'bgr', 4: 'bgra'}
    name = f'{names[_describe(image)[0]]}{image.dtype.itemsize * 8}'
    if image.dtype.kind != 'u' or name not in COLOUR:
        raise CvBridgeError(f'a decoded image of shape {image.shape} and type {image.dtype} has no encoding')
    return COLOUR[name]


def _describe(image: np.ndarray) -> tuple[int, str]:
    """Channels and OpenCV's name of the type of an array."""
    if not isinstance(image, np.ndarray):
        raise TypeError(f'expected a numpy array, got {type(image).__name__}')
    channels = image.shape[2] if image.ndim == 3 else 1
    kind = _KINDS.get(image.dtype.str[1:])
    if image.ndim not in (2, 3) or image.size == 0 or channels > 4 or kind is None:
        raise CvBridgeError(f'an array of shape {image.shape} and type {image.dtype} is no image')
    return channels, kind


def _bytes(contiguous: np.ndarray) -> 'array.array[int]':
    """One copy into what rclpy stores; assigning an ndarray or bytes to a message is 100 times slower."""
    data = array.array('B')
    data.frombytes(contiguous.view(np.uint8).data.cast('B'))
    return data
