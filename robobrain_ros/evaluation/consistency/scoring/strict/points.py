# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Points in an answer, read as a careful person would: in any brackets, JSON too; what lies outside is a miss."""

import re
from collections.abc import Iterator

from robobrain_ros.evaluation.consistency.scoring.masks import Region
from robobrain_ros.evaluation.consistency.scoring.strict.extraction import statement
from robobrain_ros.tasks.profiles import Scale
from robobrain_ros.tasks.structure import NUMBER, Group, read_groups
from robobrain_ros.tasks.wrappers import clean

_NUMBER = re.compile(NUMBER)
_OUTSIDE = Region(range(-1, 0), range(-1, 0))


def read(text: str, size: tuple[int, int], scale: Scale) -> tuple[Region, ...]:
    """Return the points that an answer states in the end, each once.

    Those behind the last "Answer:" count; without any there, those of the last line, then all. A box of four numbers
    stands for its pixels. A point beyond the scale names a pixel outside the image, and so counts as a miss.

    :param size: (width, height) of the image, pixels
    :param scale: range of the coordinates that were asked for: 1 or 1000
    """
    said = statement(text)
    for part in (said.text, said.text.split('\n')[-1], clean(text)):
        places = dict.fromkeys(place for top in read_groups(part) for place in _places(part, top.group))
        if places:
            return tuple(_region(place, size, scale) for place in places)
    return ()


def _places(text: str, group: Group) -> Iterator[tuple[float, ...]]:
    """Numbers of the groups that are points or boxes, in their order."""
    atoms = [text[item.value.start : item.value.end] for item in group.items if not isinstance(item.value, Group)]
    if not group.flaw and len(atoms) == len(group.items) in (2, 4) and all(map(_NUMBER.fullmatch, atoms)):
        yield tuple(map(float, atoms))
    for item in group.items:
        if isinstance(item.value, Group):
            yield from _places(text, item.value)


def _region(place: tuple[float, ...], size: tuple[int, int], scale: Scale) -> Region:
    corners = list(zip(place[::2], place[1::2], strict=True))
    if not all(scale.contains(x, y) for x, y in corners):
        return _OUTSIDE
    pixels = [scale.to_pixel(x, y, *size) for x, y in corners]
    (left, right), (top, bottom) = (sorted(side) for side in zip(pixels[0], pixels[-1], strict=True))
    return Region(range(left, right + 1), range(top, bottom + 1))
