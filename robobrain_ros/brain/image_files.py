"""Pictures from files and into files, by OpenCV."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from robobrain_ros.brain import jpeg
from robobrain_ros.errors import BadRequest, BrainError, ErrorCode


def read(path: Path) -> NDArray[np.uint8]:
    """Read a picture; turned as its EXIF data says.

    :returns: height x width x 3, RGB
    :raises BrainError: BAD_IMAGE if there is no such file, OpenCV cannot read it, or it is a JPEG that is not whole
    """
    try:
        found = path.is_file()
    except (OSError, ValueError):  # a name that no file system takes
        found = False
    if not found:
        raise BrainError(ErrorCode.BAD_IMAGE, f"'{path}' is no file")
    try:
        with path.open('rb') as file:
            if file.read(3) == jpeg.MAGIC:
                file.seek(0)
                jpeg.decode_whole(file.read())
        bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    except cv2.error as error:  # such as a header with more pixels than OpenCV allows
        raise BrainError(ErrorCode.BAD_IMAGE, f"OpenCV refuses to read '{path}': {error.err}") from error
    except OSError as error:
        raise BrainError(ErrorCode.BAD_IMAGE, f"cannot read '{path}': {error.strerror}") from error
    except ValueError as error:
        raise BrainError(ErrorCode.BAD_IMAGE, f"'{path}' is a {error}") from error
    if bgr is None:
        raise BrainError(ErrorCode.BAD_IMAGE, f"'{path}' is no picture that OpenCV can read")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def write(path: Path, rgb: NDArray[np.uint8]) -> None:
    """Write a picture; the file's ending says the format.

    :param rgb: height x width x 3
    :raises BadRequest: if it cannot be written
    """
    try:
        written = cv2.imwrite(str(path), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    except cv2.error:
        written = False
    if not written:
        raise _unwritable(path)


def check_writable(path: Path) -> None:
    """Find out before long work whether a picture can be written there.

    :raises BadRequest: if the folder does not exist, or OpenCV writes no pictures of that ending
    """
    if not path.parent.is_dir() or not cv2.haveImageWriter(str(path)):
        raise _unwritable(path)


def _unwritable(path: Path) -> BadRequest:
    return BadRequest(f"cannot write '{path}'; the folder must exist, and the name end in .png or .jpg")
