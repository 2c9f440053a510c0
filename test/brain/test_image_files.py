"""Pictures from files."""

import cv2
import numpy as np
import pytest

from robobrain_ros.brain.image_files import read
from robobrain_ros.errors import BrainError


def test_a_jpeg_that_is_not_whole_is_refused(tmp_path):
    """Decoders fill what is missing with grey, and warn on stderr only."""
    whole = cv2.imencode('.jpg', np.random.default_rng(1).integers(0, 255, (60, 80, 3), np.uint8))[1].tobytes()
    path = tmp_path / 'cut.jpg'
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BrainError, match='incomplete JPEG'):
        read(path)
    path.write_bytes(whole)
    assert read(path).shape == (60, 80, 3)
