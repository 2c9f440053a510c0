"""What a request looks at: a camera's image, how the model gets it, and what is known about the space in it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from robobrain_ros.errors import BrainError
from robobrain_ros.geometry.camera_model import CameraModel, Transform
from robobrain_ros.geometry.letterbox import Letterbox
from robobrain_ros.geometry.locate import Located, Scene, transformed, without_positions


class Frame(Protocol):
    """One camera image and what came with it. The methods may take milliseconds and run in a thread of their own."""

    age: float
    """Seconds from the image's stamp until it was taken for this request; 0 without a stamp."""
    light: bool
    """``rgb`` takes about as long as the way to another thread and back, or less."""

    def rgb(self) -> np.ndarray:
        """Height x width x 3, uint8. BrainError BAD_IMAGE if the image cannot be used."""

    def depth(self) -> np.ndarray | None:
        """Metres, NaN where unknown, registered to the image; None if there is none; BrainError if it is unusable."""

    def camera(self) -> CameraModel | None:
        """The intrinsics; None if unknown; ValueError if they are unusable."""

    def transform(self) -> Transform | None:
        """From the camera's optical frame to the frame that positions are wanted in; None if that is the same.

        :raises LookupError: if it is not known, with the reason
        """


@dataclass(frozen=True)
class PreparedImage:
    """An image that was taken for a request."""

    frame: Frame
    letterbox: Letterbox
    image: np.ndarray
    """The picture as the model gets it."""

    def locate(self, find: Callable[[Scene], Located]) -> tuple[Located, tuple[str, ...]]:
        """Targets in the frame that positions are wanted in. May take milliseconds, or wait for a transform.

        :param find: locates them in the camera's optical frame
        :returns: them, and what could not be used for it: that costs the position, not the answer
        """
        scene, faults = self._scene()
        return self._move(find(scene)), faults

    def _scene(self) -> tuple[Scene, tuple[str, ...]]:
        faults = []
        camera = depth = None
        try:
            camera = self.frame.camera()
        except (BrainError, ValueError) as error:
            faults.append(f'camera_info: {error}')
        try:
            depth = self.frame.depth()
        except BrainError as error:
            faults.append(str(error))
        return Scene(self.letterbox.image, camera, depth), tuple(faults)

    def _move(self, located: Located) -> Located:
        if not any(target.position for target in located.targets):
            return located
        try:
            return transformed(located, self.frame.transform())
        except LookupError as error:
            return without_positions(located, str(error))
