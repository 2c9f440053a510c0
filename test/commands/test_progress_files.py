# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What ``robobrain progress`` looks at, and the files that it leaves behind."""

import json
from math import nan

import cv2
import numpy as np
import pytest

from robobrain_ros.brain.tracker import Sample, Views
from robobrain_ros.commands.progress_files import RunFolder, check_writable
from robobrain_ros.commands.progress_frames import Frames, sampled, synchronous
from robobrain_ros.commands.progress_pictures import STRIP, WIDTH, Film, plot
from robobrain_ros.errors import BadRequest, BrainError
from robobrain_ros.tasks.progress import Mode

ALL = tuple(Mode)
HALF = dict.fromkeys(ALL, '<score>+50%</score>')


def grey(level, height=48, width=64):
    return np.full((height, width, 3), level, np.uint8)


@pytest.fixture
def clip(tmp_path):
    """Thirty frames, 10 a second, each as bright as its number."""
    path = tmp_path / 'clip.avi'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'MJPG'), 10, (64, 48))
    for number in range(30):
        writer.write(grey(8 * number))
    writer.release()
    return str(path)


@pytest.fixture
def pictures(tmp_path):
    """A folder of thirty pictures."""
    folder = tmp_path / 'pictures'
    folder.mkdir()
    for number in range(30):
        cv2.imwrite(str(folder / f'{number:03d}.png'), grey(8 * number))
    return str(folder)


# --- frames ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ('count', 'every', 'expected'),
    [(30, 10, [0, 10, 20, 29]), (31, 10, [0, 10, 20, 30]), (3, 30, [0, 2]), (1, 1, [0]), (3, 1, [0, 1, 2])],
)
def test_the_last_frame_is_always_looked_at(count, every, expected):
    assert sampled(count, every) == expected


@pytest.mark.parametrize('kind', ['clip', 'pictures'])
def test_frames_are_found_by_their_numbers(kind, request):
    frames = Frames(request.getfixturevalue(kind))
    assert frames.count == 30
    assert frames.fps == (10 if kind == 'clip' else 30)
    for _ in range(2):
        found = list(frames.at([0, 7, 29]))
        assert all(abs(float(rgb.mean()) - 8 * number) < 4 for rgb, number in zip(found, (0, 7, 29), strict=True))


def test_colours_are_red_green_blue(tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), np.full((4, 4, 3), (0, 0, 200), np.uint8))
    (rgb,) = Frames(str(tmp_path)).at([0])
    assert rgb[0, 0].tolist() == [200, 0, 0]


def test_frames_that_are_not_there(clip):
    with pytest.raises(BrainError, match=r'frame 30 of .*clip.avi'):
        list(Frames(clip).at([30]))


@pytest.mark.parametrize('name', ['nowhere.mp4', '0', '', 'notes.txt'])
def test_what_is_no_video(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'notes.txt').touch()
    with pytest.raises(BrainError, match=f'{name!r} is neither a folder|no picture in the folder'):
        Frames(name)


def test_cameras_are_synchronous(clip, pictures, tmp_path):
    assert list(synchronous(clip)) == ['front']
    assert list(synchronous(clip, right=pictures)) == ['front', 'right']
    (tmp_path / 'pictures' / 'more.png').write_bytes((tmp_path / 'pictures' / '000.png').read_bytes())
    with pytest.raises(BadRequest, match=r"30 of .*clip.avi', 31 of .*pictures'"):
        synchronous(clip, left=pictures)


def test_one_frame_is_too_few(tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), grey(1))
    with pytest.raises(BadRequest, match='has a single frame'):
        synchronous(str(tmp_path))


# --- files -----------------------------------------------------------------------------------------------------------
def read(folder, name):
    return json.loads((folder.path / name).read_text())


def test_files_are_those_of_the_published_scripts(tmp_path):
    folder = RunFolder(tmp_path / 'runs', 'put the mug away', [Mode.INCREMENTAL], grey(9))
    folder.add(0, Views(grey(0), grey(1), grey(2)), Sample(0.0, 0.0))
    for number in (30, 60):
        sample = Sample(number / 30, 0.5, 0.25, {Mode.INCREMENTAL: 0.5}, nan, {Mode.INCREMENTAL: '<score>+25%</score>'})
        folder.add(number, Views(grey(number), grey(number + 1), grey(number + 2)), sample)
    folder.write()
    cache, stamp = folder.path / '.cache', folder.path.name
    one, two = read(folder, 'sample.json')
    assert one['id'] == f'step-{stamp}-0000-bf_000000-af_000030'
    assert two == {
        'id': f'step-{stamp}-0001-bf_000030-af_000060',
        'task': 'put the mug away',
        'image': [
            str(cache / 'cam_high' / 'frame_000000.png'),
            str(cache / 'ref_end.png'),
            *(str(cache / f'cam_{camera}' / 'frame_000030.png') for camera in ('high', 'left_wrist', 'right_wrist')),
            *(str(cache / f'cam_{camera}' / 'frame_000060.png') for camera in ('high', 'left_wrist', 'right_wrist')),
        ],
    }
    assert read(folder, 'pred_vllm.json')[1] == two | {'pred': '<score>+25%</score>', 'hop': 0.25, 'progress': 0.5}
    assert cv2.imread(two['image'][4])[0, 0, 0] == 32
    assert cv2.imread(two['image'][1])[0, 0, 0] == 9


@pytest.mark.parametrize(
    ('mode', 'name', 'before'),
    [
        (Mode.FORWARD, 'start_000000', ['cam_high/frame_000000.png'] * 3),
        (Mode.BACKWARD, 'goal', ['ref_end.png'] * 3),
    ],
)
def test_other_modes_compare_with_start_and_goal(tmp_path, mode, name, before):
    folder = RunFolder(tmp_path, 'x', [mode], None)
    folder.add(0, Views(grey(0)), Sample(0.0, 0.0))
    for number, progress in ((5, 0.2), (10, nan), (15, 0.5)):
        folder.add(number, Views(grey(1)), Sample(1.0, progress, nan, {mode: progress}, nan, {mode: 'text'}))
    folder.write()
    answers = read(folder, 'pred_vllm.json')
    assert answers[2]['id'].endswith(f'-0002-{name}-af_000015')
    assert [path.split('.cache/')[1] for path in answers[2]['image'][2:5]] == before
    assert [path.split('.cache/')[1] for path in answers[2]['image'][5:]] == ['cam_high/frame_000015.png'] * 3
    assert [answer['hop'] for answer in answers] == pytest.approx([0.2, None, 0.3])
    assert cv2.imread(str(folder.path / '.cache' / 'ref_end.png'))[0, 0, 0] == 128


def test_the_unknown_is_null_and_nothing_is_compared_with_it(tmp_path):
    folder = RunFolder(tmp_path, 'x', ALL, grey(9))
    unknown = Sample(1.0, nan, nan, dict.fromkeys(ALL, nan), nan, dict.fromkeys(ALL, '<score>-25.0.0.5'))
    folder.add(0, Views(grey(0)), Sample(0.0, 0.0))
    folder.add(1, Views(grey(1)), Sample(1.0, 0.5, 0.5, dict.fromkeys(ALL, 0.5), 1.0, HALF))
    folder.add(2, Views(grey(2)), unknown)
    latest = read(folder, 'latest_progress.json')
    assert (latest['step'], latest['progress'], latest['progress_percent']) == (2, None, None)
    assert latest['modes']['forward'] == {'pred': '<score>-25.0.0.5', 'score': None, 'progress': None}
    folder.add(3, Views(grey(3)), Sample(1.0, 0.5, 0.0, dict.fromkeys(ALL, 0.5), 1.0, HALF))
    folder.write()
    answers = read(folder, 'pred_vllm.json')
    assert [answer['progress'] for answer in answers] == [0.5, None, 0.5]
    assert [answer['id'].split('-bf_')[1] for answer in answers] == [
        '000000-af_000001',
        '000001-af_000002',
        '000001-af_000003',
    ]
    assert answers[0]['modes']['backward'] == {'pred': '<score>+50%</score>', 'score': 0.5, 'progress': 0.5}
    assert not list(folder.path.glob('*.part'))


def test_no_run_replaces_another_one(tmp_path):
    folders = [RunFolder(tmp_path, 'x', ALL, None) for _ in range(3)]
    assert len({folder.path for folder in folders}) == 3


def test_where_nothing_can_be_written(tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(BadRequest, match=r"cannot write into '.*file'"):
        check_writable(tmp_path / 'file')
    check_writable(tmp_path / 'new' / 'folder')
    assert list((tmp_path / 'new' / 'folder').iterdir()) == []


# --- pictures --------------------------------------------------------------------------------------------------------
def samples():
    values = (0.0, 0.3, nan, 0.6)
    return [
        (10 * at, Sample(at, value, 0.1 if value else nan, dict.fromkeys(ALL, value)))
        for at, value in enumerate(values)
    ]


def test_a_film_has_all_frames_and_a_curve(tmp_path):
    with Film(tmp_path / 'film.mp4', 30) as film:
        for number, sample in samples():
            film.add(number, grey(100, 90, 160), sample)
    frames = list(Frames(str(tmp_path / 'film.mp4')).at(range(4)))
    assert {frame.shape for frame in frames} == {(360 + STRIP, WIDTH, 3)}
    drawn = [int((frame[-STRIP:, :, 1].astype(int) - frame[-STRIP:, :, 0] > 60).sum()) for frame in frames]
    assert drawn[0] < drawn[1] < drawn[3], 'the curve grows'
    reddish = [int((frame[-STRIP:, :, 0].astype(int) - frame[-STRIP:, :, 1] > 60).sum()) for frame in frames]
    assert reddish[1] == 0 < reddish[2], 'what is unknown is marked'


@pytest.mark.parametrize('shape', [(1, 3000), (3000, 1)])
def test_a_film_of_pictures_of_any_shape(tmp_path, shape):
    with Film(tmp_path / 'film.mp4', 10) as film:
        film.add(0, grey(100, *shape), Sample(0.0, 0.5))
    assert Frames(str(tmp_path / 'film.mp4')).count == 1


def test_a_film_that_cannot_be_written(tmp_path):
    with Film(tmp_path / 'nowhere' / 'film.mp4', 30) as film, pytest.raises(BadRequest, match='cannot write a video'):
        film.add(0, grey(1), Sample(0.0, 0.0))
    with Film(tmp_path / 'none.mp4', 30):
        pass
    assert not (tmp_path / 'none.mp4').exists()


@pytest.mark.parametrize('modes', [ALL, ALL[:1]])
# such as letters that no font has; but what engines of other tests have left is not this test's
@pytest.mark.filterwarnings('error', 'ignore::ResourceWarning', 'ignore::pytest.PytestUnraisableExceptionWarning')
def test_a_plot_is_drawn(tmp_path, modes):
    shown = [
        (number, Sample(at.stamp_s, at.progress, at.hop, dict.fromkeys(modes, at.progress))) for number, at in samples()
    ]
    plot(shown, tmp_path / 'plot.png', '把 the $mug_ away')
    drawn = cv2.imread(str(tmp_path / 'plot.png'))
    assert drawn.shape == (600, 900, 3)
    assert drawn.std() > 10
