# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Texts in any language: a font that has the letters, or words that say which ones are missing."""

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import font_manager

from robobrain_ros.brain import lettering
from robobrain_ros.brain.lettering import length, line_height, printable, written


@pytest.fixture
def no_system_fonts(monkeypatch):
    monkeypatch.setattr(lettering, 'EAST_ASIAN', ())
    forget()
    yield
    forget()


@pytest.fixture
def east_asian_font(monkeypatch, tmp_path):
    """A font of this system whose Chinese letters are black squares, and which has Latin letters, too."""
    pen = TTGlyphPen(None)
    for step, corner in enumerate([(0, 0), (0, 900), (900, 900), (900, 0)]):
        (pen.lineTo if step else pen.moveTo)(corner)
    pen.closePath()
    square = pen.glyph()
    names = ['.notdef', 'a', 'square']
    font = FontBuilder(1000)
    font.setupGlyphOrder(names)
    font.setupCharacterMap({ord(' '): 'a', ord('a'): 'a', ord('红'): 'square', ord('杯'): 'square'})
    font.setupGlyf({'.notdef': TTGlyphPen(None).glyph(), 'a': TTGlyphPen(None).glyph(), 'square': square})
    font.setupHorizontalMetrics(dict.fromkeys(names, (1000, 0)))
    font.setupHorizontalHeader(ascent=900, descent=-200)
    font.setupNameTable({'familyName': lettering.EAST_ASIAN[0], 'styleName': 'Regular'})
    font.setupOS2()
    font.setupPost()
    font.save(tmp_path / 'squares.ttf')
    monkeypatch.setattr(font_manager.fontManager, 'ttflist', list(font_manager.fontManager.ttflist))
    font_manager.fontManager.addfont(tmp_path / 'squares.ttf')
    forget()
    yield
    forget()


def forget() -> None:
    lettering._best_font.cache_clear()
    lettering._system_fonts.cache_clear()


@pytest.mark.parametrize('text', ['Gib mir die Tasse für den Käfer', 'Ångström, Łódź, œuvre', 'белая чашка', 'η κούπα'])
def test_european_languages_are_written_as_they_are(text):
    assert printable(text) == text
    letters = [written(letter, 20) for letter in text if letter != ' ']
    assert all(letter.any() for letter in letters)


def test_an_accent_is_seen():
    assert (written('u', 20) != written('ü', 20)).any()
    assert printable('u\u0308') == 'ü'


@pytest.mark.usefixtures('no_system_fonts')
@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('把红色的杯子给我', '[8 Chinese characters, no font]'),
        ('take 红, please', 'take [1 Chinese character, no font], please'),
        ('杯子，碗。', '[5 Chinese characters, no font]'),
        ('빨간 컵', '[2 Korean characters, no font] [1 Korean character, no font]'),
        ('ok 🤖🤖', 'ok [robot face][robot face]'),
        ('\U000f0000', '[u+f0000]'),
    ],
)
def test_letters_without_a_font_are_counted(text, expected):
    assert printable(text) == expected


@pytest.mark.usefixtures('east_asian_font')
def test_a_font_of_the_system_is_used_where_it_has_the_letters():
    assert printable('a 红杯') == 'a 红杯'
    assert (written('红', 20) == 255).sum() > 200
    assert printable('für') == 'für'
    assert not (written('ü', 20) == 255).sum() > 200


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('tabs\tand\nlines\r\0\x1b[31m', 'tabs and lines   [31m'),
        ('\u202eright to left\u202c', 'right to left'),
        ('half \ud800', 'half ?'),
        ('x' * 5000, 'x' * lettering.LONGEST),
    ],
)
def test_what_is_no_letter(text, expected):
    assert printable(text) == expected


@given(st.text(max_size=40), st.integers(10, 60))
def test_the_mask_is_as_large_as_the_text(text, size):
    text = printable(text)
    mask = written(text, size)
    assert mask.shape == (line_height(size), length(text, size))
    assert mask.dtype == np.uint8
