# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Camera messages -> what the brain works with: RGB arrays, depth in metres, intrinsics.

Colour and depth are told apart by the encoding only (REP-118), and neither is ever taken for the other.
"""

import struct
from typing import Any

import cv2
import numpy as np
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.geometry.camera_model import CameraModel
from robobrain_ros.ros.camera import image_bridge
from robobrain_ros.ros.camera.bridge_choice import BRIDGE, BRIDGE_NAME, BRIDGE_REASON
from robobrain_ros.ros.camera.compressed import decode
from robobrain_ros.ros.camera.encodings import COLOUR, DEPTH, CvBridgeError, find, pixels
from robobrain_ros.ros.camera.rvl import decode_rvl

__all__ = ['BRIDGE_NAME', 'BRIDGE_REASON', 'camera_from_info', 'to_depth', 'to_rgb']

_OURS = image_bridge.CvBridge()
_HOLE = 65535
"""16 bit depth that some drivers write where there is no measurement."""
FARTHEST_M = 1000.0
"""More than this is no measurement of a depth camera, metres."""


def to_rgb(msg: Image | CompressedImage) -> np.ndarray:
    """Colour picture of a camera message.

    Accepted are all encodings of ``encodings.COLOUR``, 16 bits scaled to 8, alpha dropped; of a CompressedImage, JPEG
    and PNG. OpenCV's plain types (8UC1, 8UC3) do not say what their channels mean: refused, as cv_bridge refuses them.

    :returns: HxWx3 uint8, contiguous; may share the message's memory, do not write into it
    :raises BrainError: BAD_IMAGE with a sentence that quotes encoding and numbers
    """
    try:
        return np.ascontiguousarray(_compressed_rgb(msg) if isinstance(msg, CompressedImage) else _raw_rgb(msg))
    except CvBridgeError as error:
        raise BrainError(ErrorCode.BAD_IMAGE, f'unusable image: {error}') from error


def to_depth(msg: Image | CompressedImage) -> np.ndarray:
    """Depth image of a camera message, measured along the optical axis.

    Accepted are the encodings of REP-118: 16UC1 in millimetres where 0 is invalid, and 32FC1 in metres; and mono16, as
    depth_image_proc takes it, for millimetres. Raw, or by the transports ``compressedDepth`` (PNG, RVL) and (16 bits)
    ``compressed``. NaN, infinity (REP-117), zero, negative values, 65535 mm and more than FARTHEST_M become NaN.

    :returns: HxW float32 metres, NaN where there is no measurement
    :raises BrainError: BAD_IMAGE with a sentence that quotes encoding and numbers
    """
    try:
        if isinstance(msg, CompressedImage):
            depth = _compressed_depth(msg)
        else:
            _check_depth(msg.encoding)
            depth = _bridged(BRIDGE, msg, 'passthrough')
    except CvBridgeError as error:
        raise BrainError(ErrorCode.BAD_IMAGE, f'unusable depth image: {error}') from error
    metres = depth.astype(np.float32)
    if depth.dtype.kind == 'u':
        metres *= np.float32(0.001)
        metres[depth == _HOLE] = np.nan
    metres[~(np.isfinite(metres) & (metres > 0) & (metres <= FARTHEST_M))] = np.nan
    return metres


def camera_from_info(msg: CameraInfo) -> CameraModel:
    """Intrinsics of the image that comes with this CameraInfo (the raw, not the rectified image).

    :raises ValueError: if the camera is not calibrated, or the message makes no sense; the sentence quotes the values
    """
    roi = msg.roi
    return CameraModel.from_calibration(
        width=msg.width,
        height=msg.height,
        k=[float(value) for value in msg.k],
        d=[float(value) for value in msg.d],
        model=msg.distortion_model,
        frame_id=msg.header.frame_id,
        binning=(msg.binning_x, msg.binning_y),
        roi=(roi.x_offset, roi.y_offset, roi.width, roi.height),
    )


def _check_colour(encoding: str) -> None:
    if encoding in DEPTH:
        raise CvBridgeError(f'{encoding} is a depth image (REP-118), not colour; colour is {", ".join(COLOUR)}')
    if not find(encoding).is_colour:
        raise CvBridgeError(
            f'encoding {encoding} does not say what its channels mean; expected one of {", ".join(COLOUR)}'
        )


def _check_depth(encoding: str) -> None:
    if encoding not in (*DEPTH, 'mono16'):
        raise CvBridgeError(f'encoding {encoding!r} is no depth image (REP-118); depth is {" or ".join(DEPTH)}')


def _raw_rgb(msg: Image) -> np.ndarray:
    _check_colour(msg.encoding)
    if msg.encoding == 'nv24':
        return _nv24_rgb(msg)
    # No cv_bridge knows planar images.
    return _bridged(_OURS if COLOUR[msg.encoding].planar else BRIDGE, msg, 'rgb8')


def _nv24_rgb(msg: Image) -> np.ndarray:
    """Brightness, then colour pairs of the same resolution (V4L2_PIX_FMT_NV24); limited range of ITU-R BT.601."""
    if msg.step != msg.width:
        raise CvBridgeError(
            f'{msg.width}x{msg.height} nv24 image: step is {msg.step}, but padded rows are not supported'
        )
    flat = pixels(msg).reshape(-1)
    count = msg.width * msg.height
    yuv = np.dstack([flat[:count].reshape(msg.height, msg.width), flat[count:].reshape(msg.height, msg.width, 2)])
    y, u, v = 1.164, 2.018, 1.596
    rows = [[y, 0, v], [y, -0.391, -0.813], [y, u, 0]]
    return np.asarray(cv2.transform(yuv, np.array([[*row, -16 * row[0] - 128 * (row[1] + row[2])] for row in rows])))


def _bridged(bridge: Any, msg: Image, desired: str) -> np.ndarray:
    pixels(msg)  # checks the message: the host's cv_bridge trusts it
    try:
        image: np.ndarray = bridge.imgmsg_to_cv2(msg, desired)
    except Exception as error:  # the host's cv_bridge has errors of its own
        raise CvBridgeError(f'{msg.width}x{msg.height} {msg.encoding} image: {error}') from error
    return image


def _compressed_rgb(msg: CompressedImage) -> np.ndarray:
    """``format`` is free text, or by image_transport "<encoding>; <jpeg or png> compressed <order of the channels>"."""
    source, _, how = msg.format.partition(';')
    if source in DEPTH or 'compressedDepth' in msg.format:
        raise CvBridgeError(f'format {msg.format!r} is a depth image (REP-118), not colour')
    image = decode(msg.data)
    encoding = image_bridge.decoded_encoding(image)
    if encoding.name == 'mono16' and source not in COLOUR:
        raise CvBridgeError(
            f'format {msg.format!r} holds 16 bit grey, which may be depth; brightness is "mono16; png compressed"'
        )
    if 'compressed rgb' in how and encoding.family == 'BGR':  # the publisher gave RGB to an encoder that expects BGR
        encoding = COLOUR[encoding.name.replace('bgr', 'rgb')]
    return image_bridge.convert(image, encoding, 'rgb8')


def _compressed_depth(msg: CompressedImage) -> np.ndarray:
    """Layout and formula of compressedDepth: image_transport_plugins, compressed_depth_image_transport/codec.cpp."""
    source, _, how = (part.strip() for part in msg.format.partition(';'))
    _check_depth(source)
    data = memoryview(msg.data).cast('B')
    if how.startswith('png compressed') and source != '32FC1':
        return _grey16(data, msg.format)
    if how not in ('compressedDepth', 'compressedDepth png', 'compressedDepth rvl'):
        raise CvBridgeError(
            f'format {msg.format!r}; supported: "compressedDepth png", "compressedDepth rvl" and, for 16UC1, '
            '"png compressed"'
        )
    if len(data) < 12:
        raise CvBridgeError(f'format {msg.format!r} with {len(data)} bytes: the header alone has 12')
    _, a, b = struct.unpack('<iff', data[:12])
    try:
        stored = decode_rvl(data[12:]) if how.endswith('rvl') else _grey16(data[12:], msg.format)
    except CvBridgeError as error:
        raise CvBridgeError(f'format {msg.format!r}: {error}') from error
    if source != '32FC1':
        return stored
    if not (0 < a < np.inf and -np.inf < b < 1):  # a = q (q + 1), b = 1 - a / farthest, both of the publisher
        raise CvBridgeError(f'format {msg.format!r}: the header says A {a:g}, B {b:g}; expected finite A > 0, B < 1')
    inverse = stored.astype(np.float32)
    with np.errstate(all='ignore'):  # where nothing was measured
        return np.where(stored > 0, np.float32(a) / (inverse - np.float32(b)), np.float32(np.nan))


def _grey16(data: memoryview, text: str) -> np.ndarray:
    image = decode(data)
    if image.ndim != 2 or image.dtype != np.uint16:
        raise CvBridgeError(f'format {text!r} holds {image.shape} {image.dtype}; depth is one channel of 16 bits')
    return image
