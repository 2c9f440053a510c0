# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

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


def test_a_file_that_would_fill_the_memory_is_not_read(tmp_path):
    path = tmp_path / 'huge.png'
    with path.open('wb') as file:
        file.truncate(1 << 30)  # takes no room on the disk
    with pytest.raises(BrainError, match=r"huge.png' has 1024 MiB, but a picture may have 256 MiB"):
        read(path)
