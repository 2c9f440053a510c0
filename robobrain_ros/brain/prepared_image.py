# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A frame as the model gets it, and the way from the model's pixels to metres."""

from collections.abc import Callable
from dataclasses import dataclass

from robobrain_ros.brain.frame import Frame, Rgb
from robobrain_ros.errors import BrainError
from robobrain_ros.geometry.letterbox import Letterbox
from robobrain_ros.geometry.locate import Located, Scene, transformed, without_positions
from robobrain_ros.geometry.orientation import PoseOrientation, oriented


@dataclass(frozen=True)
class PreparedImage:
    """A frame that was taken for a request, on the canvas that the model sees."""

    frame: Frame
    letterbox: Letterbox
    rgb: Rgb
    """The picture as the model gets it."""

    def locate(
        self, find: Callable[[Scene], Located], how: PoseOrientation, way: bool
    ) -> tuple[Located, tuple[str, ...]]:
        """Place targets in the frame that positions are wanted in. May take milliseconds, or wait for a transform.

        :param find: places them in the camera's optical frame
        :param how: where their poses' z points
        :param way: whether they are a way
        :returns: the targets, and what could not be used for it: that costs the position, not the answer
        :raises BadRequest: if ``how`` cannot be had in that frame
        """
        scene, faults = self._scene()
        located = find(scene)
        if not any(target.position for target in located.targets):
            return located, faults
        try:
            transform = self.frame.transform()
        except LookupError as error:
            return without_positions(located, str(error)), faults
        return oriented(transformed(located, transform), scene, how, transform, way), faults

    def _scene(self) -> tuple[Scene, tuple[str, ...]]:
        faults = []
        camera = depth = None
        depth_fault = ''
        try:
            camera = self.frame.camera()
        except (BrainError, ValueError) as error:
            faults.append(f'camera_info: {error}')
        try:
            depth = self.frame.depth()
            depth_fault = self.frame.depth_fault() if depth is None else ''
        except BrainError as error:
            depth_fault = str(error)
        return Scene(self.letterbox.image, camera, depth, depth_fault), tuple(faults)
