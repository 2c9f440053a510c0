# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The camera over a table top with an arm: colour and depth of its MuJoCo model."""

from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robobrain_ros.sim.arm_model import LOOKS
from robobrain_ros.sim.view import View


class ArmCamera:
    """Draws what a model's camera sees, some 0.1 s for colour and depth once it has begun.

    Use and close it in one thread: OpenGL wants that. It begins when it draws for the first time.

    :param model: a mujoco.MjModel of ``arm_model``
    :param view: of its camera
    :param shows_arm: whether the arm is in the images; without it, they show what is behind it
    """

    def __init__(self, model: Any, view: View, shows_arm: bool = True) -> None:
        import mujoco

        self._model, self._view = model, view
        self._option = mujoco.MjvOption()
        self._option.geomgroup[LOOKS] = shows_arm
        self._colour: Any = None
        self._depth: Any = None
        self._far = float(model.vis.map.zfar * model.stat.extent)

    def __enter__(self) -> 'ArmCamera':
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def picture(self, data: Any, camera: Any = 'camera') -> NDArray[np.uint8]:
        """Return rgb (height, width, 3).

        :param data: the model's mujoco.MjData
        :param camera: the camera's name, or a mujoco.MjvCamera
        """
        if self._colour is None:
            self._colour = self._renderer()
        self._colour.update_scene(data, camera=camera, scene_option=self._option)
        rgb: NDArray[np.uint8] = self._colour.render()
        return rgb

    def depth(self, data: Any) -> NDArray[np.float32]:
        """Return depth (height, width), metres along the optical axis; NaN where there is nothing."""
        if self._depth is None:
            quality = self._model.vis.quality
            samples, quality.offsamples = quality.offsamples, 0  # depth is no colour that may be averaged
            try:
                self._depth = self._renderer()
            finally:
                quality.offsamples = samples
            self._depth.enable_depth_rendering()
        self._depth.update_scene(data, camera='camera', scene_option=self._option)
        depth: NDArray[np.float32] = self._depth.render()
        depth[depth > 0.99 * self._far] = np.nan
        return depth

    def close(self) -> None:
        """Give back what OpenGL holds; the next drawing begins again."""
        for renderer in (self._colour, self._depth):
            if renderer is not None:
                renderer.close()
        self._colour = self._depth = None

    def _renderer(self) -> Any:
        import mujoco

        return mujoco.Renderer(self._model, self._view.height, self._view.width)
