# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The contact sheet shows each episode once, and says which one it is."""

import cv2
import numpy as np
import pytest
from robobrain_ros.msg import Answer

from robobrain_ros.brain.canvas import Canvas
from robobrain_ros.commands.contact_sheet import ContactSheet
from robobrain_ros.commands.episodes import Episode, Outcome


def outcome(seed: int, kind: str, success: bool, metres: float, moved: bool = True) -> Outcome:
    pictures = tuple(np.full((480, 640, 3), shade, np.uint8) for shade in (60, 120, 180))
    episode = Episode(seed, kind, 'red cube', 'white bowl' if kind == 'put' else '')
    return Outcome(episode, Answer(), success, metres, moved, pictures, 1.0)


@pytest.fixture
def titles(monkeypatch):
    """What is written along the upper edge of each row."""
    heard, block = [], Canvas.block
    monkeypatch.setattr(
        Canvas, 'block', lambda canvas, texts, **at: heard.append(texts[0][0]) or block(canvas, texts, **at)
    )
    return heard


def test_a_single_episode_is_shown_once(titles, tmp_path):
    sheet = ContactSheet()
    sheet.add(outcome(7, 'put', True, 0.012))
    sheet.write(tmp_path / 'sheet.png')
    assert titles == ['put: done, 1.2 cm away, "put the red cube in the white bowl", seed 7']
    picture = cv2.imread(str(tmp_path / 'sheet.png'))
    assert picture.shape == (28 + 420 + 16, 3 * 560 + 4 * 8, 3)
    assert [int(picture[200, x, 0]) for x in (200, 800, 1400)] == [60, 120, 180]


def test_the_best_and_the_worst_of_each_kind(titles, tmp_path):
    sheet = ContactSheet()
    for seed, success, metres in ((1, True, 0.03), (2, True, 0.01), (3, False, 0.2), (4, False, 0.1)):
        sheet.add(outcome(seed, 'point', success, metres))
    sheet.add(outcome(5, 'reach', False, 0.4, moved=False))
    sheet.write(tmp_path / 'sheet.png')
    assert titles == [
        'point, best: done, 1.0 cm away, "the red cube", seed 2',
        'point, worst: failed, 20.0 cm away, "the red cube", seed 3',
        'reach: failed, 40.0 cm away, "reach the red cube", seed 5, nothing moved',
    ]


def test_episodes_that_are_alike_are_one(titles, tmp_path):
    sheet = ContactSheet()
    for seed in (1, 2):
        sheet.add(outcome(seed, 'point', True, 0.01))
    sheet.write(tmp_path / 'sheet.png')
    assert len(titles) == 1
