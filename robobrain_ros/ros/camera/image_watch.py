# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Says in the log that a camera is silent: once when its images stop, and once when they come back."""

from collections.abc import Iterable

from rclpy.impl.rcutils_logger import RcutilsLogger

from robobrain_ros.ros.camera.camera_input import CameraStatus

SILENCE_S = 5.0
"""A subscribed camera without an image for so long is warned about, seconds."""


class ImageWatch:
    """Remembers which cameras are silent.

    :param logger: of the node
    """

    def __init__(self, logger: RcutilsLogger) -> None:
        self._logger = logger
        self._silent: set[str] = set()
        """Topics that were warned about."""

    def look(self, cameras: Iterable[CameraStatus]) -> None:
        """Compare with the look before; to be called about once a second, with all cameras of the node."""
        before, self._silent = self._silent, set()
        for camera in cameras:
            if camera.silent_s >= SILENCE_S:
                self._silent.add(camera.topic)
                if camera.topic not in before:
                    self._logger.warning(
                        f"no image on '{camera.topic}' for {camera.silent_s:.0f} s; its publishers: "
                        f'{camera.publishers or "none"}'
                    )
            elif camera.topic in before and camera.subscribed:
                self._logger.info(f"images on '{camera.topic}' are back")
