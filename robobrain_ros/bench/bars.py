"""Bars of stages, one bar a path, as a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

COLOURS = (
    (180, 119, 31),
    (14, 127, 255),
    (44, 160, 44),
    (40, 39, 214),
    (189, 103, 148),
    (75, 86, 140),
    (194, 119, 227),
    (127, 127, 127),
    (34, 189, 188),
    (207, 190, 23),
)
"""Colours of the stages, as (blue, green, red) in 0 .. 255."""
WIDTH, LEFT, ROW, MARGIN = 1200, 260, 44, 30
INK = (40, 40, 40)


def draw(file: Path, title: str, bars: Sequence[tuple[str, Mapping[str, float]]]) -> None:
    """Draw bars into a picture file.

    :param bars: each a label and milliseconds by stage, drawn from left to right
    :raises RuntimeError: if the file cannot be written
    """
    stages = list(dict.fromkeys(stage for _, parts in bars for stage in parts))
    colours = {stage: COLOURS[number % len(COLOURS)] for number, stage in enumerate(stages)}
    longest = max((sum(parts.values()) for _, parts in bars), default=0.0) or 1.0
    scale = (WIDTH - LEFT - 120) / longest
    picture = np.full((2 * MARGIN + ROW * (len(bars) + 2), WIDTH, 3), 255, np.uint8)
    _write(picture, title, MARGIN, MARGIN + 8, 0.7)
    top = MARGIN + ROW
    for label, parts in bars:
        _write(picture, label, MARGIN, top + 20)
        left = float(LEFT)
        for stage, took in parts.items():
            right = left + max(took, 0.0) * scale
            cv2.rectangle(picture, (round(left), top), (round(right), top + ROW - 14), colours[stage], cv2.FILLED)
            left = right
        _write(picture, f'{sum(parts.values()):.1f} ms', round(left) + 8, top + 20)
        top += ROW
    left = LEFT
    for stage in stages:
        cv2.rectangle(picture, (left, top + 4), (left + 14, top + 18), colours[stage], cv2.FILLED)
        _write(picture, stage, left + 20, top + 17)
        left += 40 + 10 * len(stage)
    if not cv2.imwrite(str(file), picture):
        raise RuntimeError(f"cannot write '{file}'")


def _write(picture: NDArray[np.uint8], text: str, left: int, bottom: int, size: float = 0.5) -> None:
    cv2.putText(picture, text, (left, bottom), cv2.FONT_HERSHEY_SIMPLEX, size, INK, 1, cv2.LINE_AA)
