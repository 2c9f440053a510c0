"""A picture of the best and the worst episodes: before, the answer, after."""

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from robobrain_ros.brain.image_files import write
from robobrain_ros.commands.episodes import Outcome

SIZE = (560, 420)
"""(width, height) of each picture in pixels."""
MARGIN, TITLE, INK = 8, 34, (25, 25, 25)
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
        rows = [
            _row(word, chosen[kind])
            for kind in self._best
            for word, chosen in (('best', self._best), ('worst', self._worst))
        ]
        write(path, np.vstack(rows))


def _rank(outcome: Outcome) -> tuple[bool, bool, float]:
    return outcome.success, outcome.moved, -outcome.metres


def _row(word: str, outcome: Outcome) -> np.ndarray:
    instruction = outcome.episode.question[1]
    end = 'done' if outcome.success else 'failed'
    title = f'{word} {outcome.episode.kind}: "{instruction}" (seed {outcome.episode.seed}): {end}, {outcome.remark()}'
    pictures = _beside(_named(picture, name) for picture, name in zip(outcome.pictures, COLUMNS, strict=True))
    head = np.full((TITLE, pictures.shape[1], 3), 255, np.uint8)
    _say(head, title, 0.6)
    return np.vstack([head, pictures])


def _beside(pictures: Iterable[np.ndarray]) -> np.ndarray:
    gap = np.full((SIZE[1] + MARGIN, MARGIN, 3), 255, np.uint8)
    parts = [gap]
    for picture in pictures:
        parts += [np.vstack([picture, np.full((MARGIN, SIZE[0], 3), 255, np.uint8)]), gap]
    return np.hstack(parts)


def _named(picture: np.ndarray, name: str) -> np.ndarray:
    small = cv2.resize(picture, SIZE, interpolation=cv2.INTER_AREA)
    if name != 'answer':  # that one has words on it already
        plate = small[:26, : 14 * len(name)]
        plate[:] = 255
        _say(plate, name, 0.55)
    return small


def _say(picture: np.ndarray, text: str, size: float) -> None:
    letters = ''.join(letter if ' ' <= letter <= '~' else '?' for letter in text)
    baseline = picture.shape[0] - 9
    cv2.putText(picture, letters, (MARGIN, baseline), cv2.FONT_HERSHEY_SIMPLEX, size, INK, 1, cv2.LINE_AA)
