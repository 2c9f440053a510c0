# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A picture of the best and the worst episodes: before, the answer, after."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from robobrain_ros.brain.canvas import Canvas
from robobrain_ros.brain.frame import Rgb
from robobrain_ros.brain.image_files import write
from robobrain_ros.brain.overlay import FAILED, WHITE
from robobrain_ros.commands.episodes import Outcome

SIZE = (560, 420)
"""(width, height) of each picture in pixels."""
MARGIN, TITLE = 8, 28
COLUMNS = ('before', 'answer', 'after')


class ContactSheet:
    """Keeps the best and the worst outcome of each kind; the others are forgotten at once."""

    def __init__(self) -> None:
        self._best: dict[str, Outcome] = {}
        self._worst: dict[str, Outcome] = {}

    def add(self, outcome: Outcome) -> None:
        """Consider one outcome."""
        kind = outcome.episode.kind
        if kind not in self._best or _rank(outcome) > _rank(self._best[kind]):
            self._best[kind] = outcome
        if kind not in self._worst or _rank(outcome) < _rank(self._worst[kind]):
            self._worst[kind] = outcome

    def write(self, path: Path) -> None:
        """Write the picture, a row for each outcome that was kept; the file's ending says the format.

        :raises BrainError: if the file cannot be written
        """
        write(path, np.vstack([_row(place, outcome) for place, outcome in self._rows()]))

    def _rows(self) -> Iterator[tuple[str, Outcome]]:
        """Yield each outcome once, with what it is among those of its kind; nothing, if it is the only one."""
        for kind, best in self._best.items():
            worst = self._worst[kind]
            if worst is best:
                yield '', best
            else:
                yield from (('best', best), ('worst', worst))


def _rank(outcome: Outcome) -> tuple[bool, bool, float]:
    return outcome.success, outcome.moved, -outcome.metres


def _title(place: str, outcome: Outcome) -> str:
    episode = outcome.episode
    parts = [
        f'{", ".join(filter(None, [episode.kind, place]))}: {"done" if outcome.success else "failed"}',
        f'{100 * outcome.metres:.1f} cm away',
        f'"{episode.question[1]}"',
        f'seed {episode.seed}',
        '' if outcome.moved else outcome.answer.error_message or 'nothing moved',
    ]
    return ', '.join(filter(None, parts))


def _row(place: str, outcome: Outcome) -> Rgb:
    pictures = _beside(_named(picture, name) for picture, name in zip(outcome.pictures, COLUMNS, strict=True))
    row = Canvas(np.vstack([np.zeros((TITLE, pictures.shape[1], 3), np.uint8), pictures]))
    row.block([(_title(place, outcome), WHITE if outcome.success else FAILED)], top=True)
    return row.image


def _beside(pictures: Iterable[Rgb]) -> Rgb:
    gap = np.full((SIZE[1] + 2 * MARGIN, MARGIN, 3), 255, np.uint8)
    parts = [gap]
    for picture in pictures:
        parts += [np.pad(picture, ((MARGIN, MARGIN), (0, 0), (0, 0)), constant_values=255), gap]
    return np.hstack(parts)


def _named(picture: Rgb, name: str) -> Rgb:
    small = Canvas(cv2.resize(picture, SIZE, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False))
    if name != 'answer':  # that one has words on it already
        small.label(0, 0, name, WHITE)
    return small.image
