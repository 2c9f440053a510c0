# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Which questions belong together: they are about one scene, or show the same image.

Answers about one image are right or wrong together more often than others; an interval that takes them for independent
is too narrow. The public sets name each image after its question, so equal images are found by what is in them.
"""

import hashlib
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path


def groups(scenes: Sequence[str], images: Sequence[Sequence[Path]], names: Sequence[str]) -> tuple[str, ...]:
    """Put questions together that share a scene or an image, directly or through others.

    Only files of the same size are read, since others cannot be the same.

    :param scenes: of each question; empty where that is not known
    :param images: files of each question
    :param names: of each question; a group is named after its first one
    :returns: name of each question's group
    :raises OSError: if a file cannot be read
    """
    contents = _contents({path for some in images for path in some})
    leader = list(range(len(names)))

    def first(index: int) -> int:
        while leader[index] != index:
            leader[index] = leader[leader[index]]
            index = leader[index]
        return index

    seen: dict[Hashable, int] = {}
    for index, (scene, some) in enumerate(zip(scenes, images, strict=True)):
        marks: list[Hashable] = [contents[path] for path in some]
        for mark in [*marks, ('scene', scene)] if scene else marks:
            one, other = first(seen.setdefault(mark, index)), first(index)
            leader[max(one, other)] = min(one, other)
    return tuple(names[first(index)] for index in range(len(names)))


def _contents(paths: Iterable[Path]) -> dict[Path, Hashable]:
    """Return something for each file that is equal only where the contents are."""
    found = list(paths)
    sizes = Counter(path.stat().st_size for path in found)
    marks: dict[Path, Hashable] = {}
    for path in found:
        size = path.stat().st_size
        marks[path] = (size, _digest(path)) if sizes[size] > 1 else (size, str(path))
    return marks


def _digest(path: Path) -> bytes:
    found = hashlib.sha256()
    with path.open('rb') as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.digest()
