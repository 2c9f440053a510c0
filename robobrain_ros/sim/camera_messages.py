# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What a camera says, as ROS messages: images, intrinsics, pose."""

import array
import io
import sys

import numpy as np
from geometry_msgs.msg import TransformStamped
from numpy.typing import NDArray
from PIL import Image as PillowImage
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from robobrain_ros.sim.view import OPTICAL_FRAME, WORLD_FRAME, View


def image_message(pixels: NDArray[np.uint8] | NDArray[np.float32], encoding: str) -> Image:
    """Return (height, width) or (height, width, channels) pixels as an unstamped message without row padding."""
    height, width = pixels.shape[:2]
    message = Image(height=height, width=width, encoding=encoding, step=pixels.nbytes // height)
    message.header.frame_id = OPTICAL_FRAME
    message.is_bigendian = sys.byteorder == 'big'
    message.data = array.array('B', pixels.tobytes())
    return message


def jpeg_message(rgb: NDArray[np.uint8]) -> CompressedImage:
    """Return an RGB image as an unstamped JPEG message, described as compressed_image_transport does it."""
    buffer = io.BytesIO()
    PillowImage.fromarray(rgb).save(buffer, 'JPEG', quality=90)
    message = CompressedImage(format='rgb8; jpeg compressed bgr8')
    message.header.frame_id = OPTICAL_FRAME
    message.data = array.array('B', buffer.getvalue())
    return message


def camera_info(view: View) -> CameraInfo:
    """Return the intrinsics of an ideal pinhole camera (REP-104)."""
    k = view.k
    message = CameraInfo(width=view.width, height=view.height, distortion_model='plumb_bob')
    message.header.frame_id = OPTICAL_FRAME
    message.d = [0.0] * 5
    message.k = k.ravel()
    message.r = np.eye(3).ravel()
    message.p = np.column_stack([k, np.zeros(3)]).ravel()
    return message


def pose_of(view: View) -> TransformStamped:
    """Return the unstamped transform from the world to the camera's optical frame."""
    import mujoco  # was loaded by the scene, with the right backend

    quaternion = np.empty(4)
    mujoco.mju_mat2Quat(quaternion, view.rotation.ravel())
    message = TransformStamped(child_frame_id=OPTICAL_FRAME)
    message.header.frame_id = WORLD_FRAME
    translation, rotation = message.transform.translation, message.transform.rotation
    translation.x, translation.y, translation.z = map(float, view.position)
    rotation.w, rotation.x, rotation.y, rotation.z = map(float, quaternion)
    return message
