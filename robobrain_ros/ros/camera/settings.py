# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How one camera is listened to. No ROS in here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CameraSettings:
    """How a camera is listened to.

    :param name: prefix of its topics; empty: none
    :param image_transport: ``raw`` or ``compressed``
    :param depth_transport: ``raw`` or ``compressedDepth``
    :param depth_slop_s: most that the stamps of an image and its depth may differ, seconds
    :param stamp_source: ``header``, or ``arrival`` for drivers whose stamps cannot be used: each message gets the
        node's time when it came
    :param idle_s: subscribe only when a request waits, and let go this long after it, seconds; None: always
    """

    name: str = ''
    image_transport: str = 'raw'
    depth_transport: str = 'raw'
    depth_slop_s: float = 0.05
    idle_s: float | None = None
    stamp_source: str = 'header'
