# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Lines of text in any language as masks of letters: chooses a font that has them, or says in words what is missing."""

import importlib.util
import math
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Mask = NDArray[np.uint8]
"""height x width: how much of a pixel the letters cover, 0 .. 255."""

LONGEST = 2000
"""Characters of a text that are looked at; more hardly fit on an image."""
ALWAYS_THERE = '\u0525'
"""The last of the letters that DejaVu Sans is known to have: Latin, Greek and Cyrillic."""
EAST_ASIAN = (
    'Noto Sans CJK SC',
    'Noto Sans CJK JP',
    'Noto Sans SC',
    'Source Han Sans SC',
    'WenQuanYi Micro Hei',
    'WenQuanYi Zen Hei',
    'Droid Sans Fallback',
    'AR PL UMing CN',
    'Unifont',
)
"""Names of fonts with Chinese letters that a system may have, the best first."""
LANGUAGES = {
    'cjk': 'Chinese',
    'ideographic': 'Chinese',
    'fullwidth': 'Chinese',
    'hiragana': 'Japanese',
    'katakana': 'Japanese',
    'hangul': 'Korean',
}
"""What readers call the writing that Unicode's names of letters begin with."""


def line_height(size: int) -> int:
    """Return the height in pixels of a mask of letters of this size."""
    return math.ceil(1.25 * size)


def length(text: str, size: int) -> int:
    """Return the width in pixels of a text that ``printable`` has returned."""
    glyphs = _glyphs(_font_file(text), size)
    return math.ceil(sum(glyphs[letter].advance for letter in text))


def written(text: str, size: int) -> Mask:
    """Draw a line of text that ``printable`` has returned: a mask of ``line_height(size)`` rows.

    :param size: height of a capital letter with room above and below, in pixels
    """
    glyphs = _glyphs(_font_file(text), size)
    sheet = np.zeros((line_height(size), length(text, size) + 3 * size), np.uint8)
    left = float(size)
    for glyph in map(glyphs.__getitem__, text):
        start = round(left) - glyph.overhang
        ground = sheet[:, start : start + glyph.mask.shape[1]]
        np.maximum(ground, glyph.mask[:, : ground.shape[1]], out=ground)
        left += glyph.advance
    return sheet[:, size : -2 * size]


def printable(text: str) -> str:
    """Return the text with blanks for control characters, and with words in brackets for what no font here has.

    Such as ``[8 Chinese characters, no font]`` or ``[robot face]``.
    """
    text = text[:LONGEST]
    if text.isascii() and text.isprintable():
        return text
    text = ''.join(filter(None, map(_plain, unicodedata.normalize('NFC', text))))
    if max(text, default='') <= ALWAYS_THERE:
        return text
    there = _letters(_font_file(text))
    runs = groupby(text, key=lambda letter: '' if ord(letter) in there else _writing(letter))
    return ''.join(_in_words(writing, ''.join(run)) if writing else ''.join(run) for writing, run in runs)


def _plain(letter: str) -> str:
    """Turn white space and controls into blanks, halves of letters into question marks; drop what only directs."""
    category = unicodedata.category(letter)
    if category == 'Cs':
        return '?'
    if category in ('Cf', 'Mn', 'Me'):  # writing directions, joiners, variants and accents that join no letter
        return ''
    return ' ' if category.startswith(('Z', 'Cc')) else letter


def _writing(letter: str) -> str:
    """Name the writing that a letter belongs to, or the letter itself where it is a picture."""
    name = unicodedata.name(letter, f'U+{ord(letter):04X}')
    if unicodedata.category(letter).startswith(('L', 'P')):
        first = name.split()[0].lower()
        return LANGUAGES.get(first, first.capitalize())
    return name.lower()


def _in_words(writing: str, run: str) -> str:
    if writing[0].isupper():
        return f'[{len(run)} {writing} {"character" if len(run) == 1 else "characters"}, no font]'
    return f'[{writing}]' * len(run)


def _font_file(text: str) -> str:
    """Choose the font that has most of a text's letters: DejaVu Sans, or one of the system for East Asia."""
    if max(text, default='') <= ALWAYS_THERE:
        return _plain_font()
    return _best_font(text)


@lru_cache(maxsize=128)
def _best_font(text: str) -> str:
    letters = set(map(ord, text))
    return min([_plain_font(), *_system_fonts()], key=lambda file: len(letters - _letters(file)))


@lru_cache(maxsize=1)
def _plain_font() -> str:
    """Find DejaVu Sans, which matplotlib brings; without importing that, which takes most of a second."""
    spec = importlib.util.find_spec('matplotlib')
    if spec and spec.origin:
        file = Path(spec.origin).parent / 'mpl-data' / 'fonts' / 'ttf' / 'DejaVuSans.ttf'
        if file.is_file():
            return str(file)
    from matplotlib import font_manager  # a system's package may keep its fonts elsewhere

    return str(font_manager.findfont('DejaVu Sans'))


@lru_cache(maxsize=1)
def _system_fonts() -> list[str]:
    """Return the files of the system's East Asian fonts, the best first."""
    return [file for name in EAST_ASIAN for file in _named(name)]


def _named(name: str) -> Iterator[str]:
    from matplotlib import font_manager

    yield from sorted({entry.fname for entry in font_manager.fontManager.ttflist if entry.name == name})


@lru_cache(maxsize=16)
def _letters(file: str) -> frozenset[int]:
    """Return the numbers of the letters that a font has."""
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(file).get_charmap())


@dataclass(frozen=True)
class _Glyph:
    """One letter, drawn once."""

    mask: Mask
    overhang: int
    """How many columns of the mask lie left of where the letter begins."""
    advance: float
    """Pixels from where it begins to where the next one does."""


class _Glyphs(dict[str, _Glyph]):
    """The letters of a font in one size, each drawn when it is first needed: drawing whole lines takes much longer.

    :param font: from which they are drawn
    :param size: of the font in pixels
    """

    def __init__(self, font: ImageFont.FreeTypeFont, size: int) -> None:
        super().__init__()
        self._font, self._size = font, size

    def __missing__(self, letter: str) -> _Glyph:
        left, _, right, _ = self._font.getbbox(letter, anchor='ls')
        overhang = min(max(0, -math.floor(left)), self._size)
        wide = overhang + min(max(1, math.ceil(right)), 2 * self._size)
        sheet = Image.new('L', (wide, line_height(self._size)))
        ImageDraw.Draw(sheet).text((overhang, round(0.95 * self._size)), letter, 255, font=self._font, anchor='ls')
        self[letter] = glyph = _Glyph(np.asarray(sheet), overhang, self._font.getlength(letter))
        return glyph


@lru_cache(maxsize=16)
def _glyphs(file: str, size: int) -> _Glyphs:
    font = ImageFont.truetype(file, size, layout_engine=ImageFont.Layout.BASIC)
    return _Glyphs(font, size)
