# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Films: what they show, for how long, and how large the files are."""

import cv2
import numpy as np
import pytest
from PIL import Image
from robobrain_ros.msg import Answer

from robobrain_ros.brain.canvas import Canvas
from robobrain_ros.commands.episodes import Episode, Outcome
from robobrain_ros.commands.film import SIZE, Video, scene, shot, write_gif
from robobrain_ros.errors import BadRequest


def outcome(success: bool) -> Outcome:
    pictures = tuple(np.full((480, 640, 3), shade, np.uint8) for shade in (60, 120, 180))
    episode = Episode(7, 'put', 'red cube', 'white bowl')
    return Outcome(episode, Answer(), success, 0.2, True, pictures, 1.0)


def film(success: bool) -> list:
    return scene(outcome(success), [shot(np.full((480, 640, 3), 90, np.uint8), 0.1, 'moving') for _ in range(4)])


@pytest.fixture
def words(monkeypatch):
    heard, block = [], Canvas.block
    monkeypatch.setattr(
        Canvas, 'block', lambda canvas, texts, **at: heard.append(texts[0][0]) or block(canvas, texts, **at)
    )
    return heard


def test_a_film_shows_the_picture_the_answer_the_motion_and_the_end(words):
    shots = film(True)
    assert [int(one.picture[180, 240, 0]) for one in shots] == [60, 120, 90, 90, 90, 90, 180]
    assert {one.picture.shape for one in shots} == {(SIZE[1], SIZE[0], 3)}
    asked = 'mission: put the red cube in the white bowl'
    assert words == ['moving'] * 4 + [asked, f'{asked}: done']


def test_a_film_of_a_failure_says_why(words):
    film(False)
    assert words[-2:] == ['mission: put the red cube in the white bowl: failed', 'their middles are 20.0 cm away']


def test_a_gif_plays_each_picture_as_long_as_it_says_and_repeats(tmp_path):
    write_gif(tmp_path / 'film.gif', [film(True), film(False)])
    with Image.open(tmp_path / 'film.gif') as gif:
        assert gif.info['loop'] == 0
        durations, shades = [], []
        for number in range(gif.n_frames):
            gif.seek(number)
            durations.append(gif.info['duration'])
            shades.append(int(np.asarray(gif.convert('RGB'))[180, 240, 0]))
    # Pillow joins equal pictures.
    assert durations == [1200, 3000, 400, 1800] * 2
    assert np.allclose(shades, [60, 120, 90, 180] * 2, atol=3)


def test_a_video_lasts_as_long_as_its_scenes(tmp_path):
    path = tmp_path / 'film.mp4'
    video = Video(path)
    video.add(film(True))
    video.close()
    read = cv2.VideoCapture(str(path))
    assert read.get(cv2.CAP_PROP_FRAME_COUNT) == 12 + 30 + 4 + 18
    read.set(cv2.CAP_PROP_POS_FRAMES, 30)
    assert abs(int(read.read()[1][180, 240, 0]) - 120) < 8


def test_a_video_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(BadRequest, match='nowhere'):
        Video(tmp_path / 'nowhere' / 'film.mp4')
