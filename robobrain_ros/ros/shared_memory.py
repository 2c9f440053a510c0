# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Shared memory that DDS leaves behind: Fast DDS removes what a killed process had (35 MB with images) only by hand.

See ``fastdds shm clean``, which does the same for all that it finds.
"""

import fcntl
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from robobrain_ros.engines.processes import shared_memory

FOLDER = Path('/dev/shm')
SEGMENT = re.compile(r'(fastdds|fastrtps)_[0-9a-f]{16}')
"""What one participant of Fast DDS 3, or 2, shares. While it lives, it holds the lock of a file beside it, ..._el."""
LEAST_AGE_S = 60.0
"""Younger files may belong to a participant that has not locked its own yet."""


def of(pids: Iterable[int]) -> set[Path]:
    """Find the segments that processes use: their own, and those of whom they hear."""
    paths = map(Path, shared_memory(pids, [f'{FOLDER}/fast']))
    return {path for path in paths if SEGMENT.fullmatch(path.name)}


def remove(segments: Iterable[Path]) -> None:
    """Remove segments whose owner is gone; those of living ones stay."""
    for segment in segments:
        lock = segment.with_name(f'{segment.name}_el')
        with suppress(OSError), lock.open('rb') as file:  # gone, of another user, or locked: its owner lives
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            segment.unlink(missing_ok=True)
            lock.unlink()


def remove_leftovers() -> None:
    """Remove what killed processes of this user have left behind."""
    oldest = time.time() - LEAST_AGE_S
    for lock in FOLDER.glob('fast*_el'):
        segment = lock.with_name(lock.name.removesuffix('_el'))
        with suppress(OSError):  # gone meanwhile
            if SEGMENT.fullmatch(segment.name) and lock.stat().st_mtime < oldest:
                remove([segment])
