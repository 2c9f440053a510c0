"""Pixels <-> rays <-> points for one camera. Frames: camera optical (REP-103: x right, y down, z forward), metres.

Pixel (0, 0) is the centre of the top left pixel. Distortion models are those of sensor_msgs/CameraInfo (REP-104).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_COEFFICIENTS = {'plumb_bob': (4, 5), 'rational_polynomial': (8, 12, 14), 'equidistant': (4,)}


@dataclass(frozen=True)
class CameraModel:
    """Intrinsics of an image as it is published: region of interest and binning are already in the numbers.

    :param width: of the image, pixels
    :param height: of the image, pixels
    :param fx: focal length across, pixels
    :param fy: focal length down, pixels
    :param cx: column of the optical axis, pixels
    :param cy: row of the optical axis, pixels
    :param model: plumb_bob, rational_polynomial or equidistant
    :param distortion: coefficients in OpenCV's order; empty for a camera without distortion
    :param frame_id: name of the optical frame in tf2
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    model: str = 'plumb_bob'
    distortion: tuple[float, ...] = ()
    frame_id: str = ''

    def __post_init__(self) -> None:
        """Numbers become Python's own, since NumPy's cannot be written as JSON.

        :raises ValueError: for numbers that make no sense, and for a distortion model that is not known
        """
        numbers = {name: float(getattr(self, name)) for name in ('fx', 'fy', 'cx', 'cy')}
        if not all(map(math.isfinite, numbers.values())) or min(numbers['fx'], numbers['fy']) <= 0:
            raise ValueError(f'the camera has {numbers}: expected finite numbers with fx, fy > 0')
        if self.width < 1 or self.height < 1:
            raise ValueError(f'camera image of {self.width}x{self.height} pixels: width and height must be positive')
        model, distortion = _distortion(self.model, self.distortion)
        for name, value in (numbers | {'model': model, 'distortion': distortion}).items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_calibration(
        cls,
        *,
        width: int,
        height: int,
        k: Sequence[float],
        d: Sequence[float] = (),
        model: str = '',
        frame_id: str = '',
        binning: tuple[int, int] = (1, 1),
        roi: tuple[int, int, int, int] = (0, 0, 0, 0),
    ) -> 'CameraModel':
        """Make a camera from a calibration of the full sensor; the arguments are fields of sensor_msgs/CameraInfo.

        :param width: of the calibrated, full image in pixels
        :param height: of the calibrated, full image in pixels
        :param k: 3x3 matrix, row by row: fx, 0, cx, 0, fy, cy, 0, 0, 1
        :param d: distortion coefficients; empty for none
        :param model: plumb_bob, rational_polynomial, equidistant, or empty where ``d`` is empty or zero
        :param binning: pixels (x, y) combined to one; 0 means 1. A binned pixel's centre is the centre of those it
            combines: c' = (c + 0.5) / binning - 0.5
        :param roi: (x_offset, y_offset, width, height) in full, unbinned pixels; all zero is the full image
        :raises ValueError: if the camera is not calibrated or the values make no sense
        """
        fx, fy, cx, cy = _focal(k)
        model, distortion = _distortion(model, d)
        if width < 1 or height < 1:
            raise ValueError(f'camera image of {width}x{height} pixels: width and height must be positive')
        x, y, w, h = roi if any(roi) else (0, 0, width, height)
        if min(x, y) < 0 or min(w, h) < 1 or x + w > width or y + h > height:
            raise ValueError(f'region of interest {w}x{h} at ({x}, {y}) does not lie in the {width}x{height} image')
        if min(binning) < 0 or w < binning[0] or h < binning[1]:
            raise ValueError(f'binning {binning} does not fit an image of {w}x{h} pixels')
        bx, by = max(binning[0], 1), max(binning[1], 1)
        return cls(
            width=w // bx,
            height=h // by,
            fx=fx / bx,
            fy=fy / by,
            cx=(cx - x + 0.5) / bx - 0.5,
            cy=(cy - y + 0.5) / by - 0.5,
            model=model,
            distortion=distortion,
            frame_id=frame_id,
        )

    def ray(self, u: float, v: float) -> tuple[float, float, float]:
        """Find the direction in which a pixel looks; multiply it by z to get the point.

        :param u: column of the pixel, may have a fraction
        :param v: row of the pixel, may have a fraction
        :returns: (x, y, 1) in the optical frame
        :raises ValueError: if the pixel is not finite, or the distortion model maps no direction in front to it
        """
        if not (math.isfinite(u) and math.isfinite(v)):
            raise ValueError(f'pixel ({u}, {v}) is not finite')
        x, y = (u - self.cx) / self.fx, (v - self.cy) / self.fy
        if self.distortion:
            solved = self._undistort(x, y)
            if solved is None:
                raise ValueError(f'pixel ({u:g}, {v:g}): {self.model} distortion {self.distortion} has no inverse')
            x, y = solved
        return x, y, 1.0

    def deproject(self, u: float, v: float, z: float) -> tuple[float, float, float]:
        """Find the point that a pixel shows.

        :param u: column of the pixel, may have a fraction
        :param v: row of the pixel, may have a fraction
        :param z: depth along the optical axis, metres
        :returns: (x, y, z) in the optical frame, metres
        :raises ValueError: if the pixel is not finite, the distortion model maps no direction in front to it, or z is
            not finite and positive
        """
        if not (math.isfinite(z) and z > 0):
            raise ValueError(f'depth {z} m: expected a finite, positive number')
        x, y, _ = self.ray(u, v)
        return x * z, y * z, z

    def project(self, point: Sequence[float]) -> tuple[float, float]:
        """Find the pixel that shows a point.

        :param point: (x, y, z) in the optical frame, metres
        :returns: (u, v), column and row; may lie outside the image
        :raises ValueError: if the point is not finite or not in front of the camera
        """
        x, y, z = (float(value) for value in point)
        if not (math.isfinite(x) and math.isfinite(y) and math.isfinite(z) and z > 0):
            raise ValueError(f'point ({x}, {y}, {z}): expected finite numbers with z > 0')
        x, y = x / z, y / z
        if self.distortion:
            x, y = self._distort(np.array([[x, y]]))[0]
        return float(x * self.fx + self.cx), float(y * self.fy + self.cy)

    def _distort(self, directions: np.ndarray) -> np.ndarray:
        """Nx2 directions (x, y) at z = 1 -> the same, distorted."""
        import cv2

        points = np.column_stack([directions, np.ones(len(directions))])[None]
        zero, eye, d = np.zeros(3), np.eye(3), np.array(self.distortion)
        if self.model == 'equidistant':
            return cv2.fisheye.projectPoints(points, zero, zero, eye, d)[0].reshape(-1, 2)
        return cv2.projectPoints(points, zero, zero, eye, d)[0].reshape(-1, 2)

    def _undistort(self, x: float, y: float) -> tuple[float, float] | None:
        """Inverse of ``_distort``: OpenCV's estimate, refined by Newton's method, as OpenCV stops after a few rounds.

        None where that does not converge to 0.01 px, or on a branch where the distorted image is folded over.
        """
        import cv2

        goal, eye, d = np.array([x, y]), np.eye(3), np.array(self.distortion)
        undistort = cv2.fisheye.undistortPoints if self.model == 'equidistant' else cv2.undistortPoints
        guess = undistort(goal.reshape(1, 1, 2), eye, d).reshape(2)
        step = 1e-6
        for _ in range(20):
            if not np.all(np.abs(guess) < 100):  # further than 89.4 degrees off the axis
                return None
            here, right, down = self._distort(guess + step * np.array([[0, 0], [1, 0], [0, 1]]))
            jacobian = np.column_stack([right - here, down - here]) / step
            if not np.linalg.det(jacobian) > 0:
                return None
            error = goal - here
            if np.abs(error).max() * max(self.fx, self.fy) < 1e-6:
                break
            guess = guess + np.linalg.solve(jacobian, error)
        off = np.abs(goal - self._distort(guess[None])[0]).max() * max(self.fx, self.fy)
        return (float(guess[0]), float(guess[1])) if off < 0.01 else None


def _focal(k: Sequence[float]) -> tuple[float, float, float, float]:
    """fx, fy, cx, cy of a checked 3x3 matrix."""
    if len(k) != 9:
        raise ValueError(f'K has {len(k)} numbers; expected 9')
    if not any(k):
        raise ValueError('K is all zero: the camera is not calibrated')
    fx, skew, cx, zero_3, fy, cy, *last = k
    if not all(math.isfinite(value) for value in k) or fx <= 0 or fy <= 0:
        raise ValueError(f'K has fx {fx}, fy {fy}, cx {cx}, cy {cy}: expected finite numbers with fx, fy > 0')
    if (skew, zero_3, *last) != (0, 0, 0, 0, 1):
        raise ValueError(f'K is {list(k)}; expected [fx, 0, cx, 0, fy, cy, 0, 0, 1]')
    return fx, fy, cx, cy


def _distortion(model: str, d: Sequence[float]) -> tuple[str, tuple[float, ...]]:
    """Checked model name and coefficients; no coefficients where they change nothing."""
    if not all(math.isfinite(value) for value in d):
        raise ValueError(f'distortion {list(d)}: expected finite numbers')
    if not model and not any(d):
        model = 'plumb_bob'
    if model not in _COEFFICIENTS:
        raise ValueError(f'distortion model {model!r} is not supported; supported are {", ".join(_COEFFICIENTS)}')
    if model != 'equidistant' and not any(d):
        return model, ()  # zero coefficients of an equidistant lens still bend
    if len(d) not in _COEFFICIENTS[model]:
        counts = ' or '.join(str(count) for count in _COEFFICIENTS[model])
        raise ValueError(f'distortion model {model} has {counts} coefficients; got {list(d)}')
    return model, tuple(float(value) for value in d)


@dataclass(frozen=True)
class Transform:
    """A rigid motion: coordinates in one frame to coordinates in another, metres."""

    translation: tuple[float, float, float]
    rotation: tuple[tuple[float, float, float], ...]
    """Three rows of a rotation matrix."""

    @classmethod
    def from_quaternion(
        cls, translation: tuple[float, float, float], quaternion: tuple[float, float, float, float]
    ) -> 'Transform':
        """Make a motion from a translation and a quaternion.

        :param translation: (x, y, z), metres
        :param quaternion: (x, y, z, w), as ROS orders it; of any length but zero
        :raises ValueError: for a quaternion that is no rotation
        """
        norm = math.hypot(*quaternion)
        if not norm > 0 or not math.isfinite(norm):
            raise ValueError(f'the quaternion {quaternion} is no rotation')
        x, y, z, w = (value / norm for value in quaternion)
        rows = (
            (1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
            (2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
            (2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)),
        )
        return cls(translation, rows)

    def apply(self, point: tuple[float, float, float]) -> tuple[float, float, float]:
        """Move a point.

        :param point: (x, y, z) in the one frame, metres
        :returns: (x, y, z) in the other frame, metres
        """
        x, y, z = (
            sum(factor * value for factor, value in zip(row, point, strict=True)) + shift
            for row, shift in zip(self.rotation, self.translation, strict=True)
        )
        return x, y, z
