# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``robobrain progress`` as a whole: with scripted answers, and with the test session's engine."""

import json
import os

import cv2
import numpy as np
import pytest
from brain_fixtures import make  # noqa: F401 - a fixture
from scripted_engine import Die, ScriptedEngine
from stand_in_server import listening

from robobrain_ros.brain.brain import Brain
from robobrain_ros.brain.tracker import Tracker
from robobrain_ros.cli import main
from robobrain_ros.sim.scene import TableTop

TASK = 'put the red mug on the plate'


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with a clip of 25 frames, a folder of 25 pictures, and a picture of the goal."""
    monkeypatch.chdir(tmp_path)
    writer = cv2.VideoWriter('clip.avi', cv2.VideoWriter.fourcc(*'MJPG'), 10, (64, 48))
    (tmp_path / 'wrist').mkdir()
    for number in range(25):
        frame = np.full((48, 64, 3), 8 * number, np.uint8)
        writer.write(frame)
        cv2.imwrite(f'wrist/{number:03d}.png', frame)
    writer.release()
    cv2.imwrite('done.png', np.full((48, 64, 3), 255, np.uint8))
    return tmp_path


@pytest.fixture
def scripted(make, monkeypatch):  # noqa: F811
    """``Brain.load`` gives a brain that answers one score after the other, then the last one again."""

    def answer(*scores, profile='robobrain-tiny'):
        engine = ScriptedEngine()
        brain = make(engine, profile)
        rest = list(scores)
        generate = engine.generate

        def next_one(generation):
            engine.script = (rest.pop(0) if len(rest) > 1 else rest[0],)
            return generate(generation)

        monkeypatch.setattr(engine, 'generate', next_one)
        monkeypatch.setattr(Brain, 'load', lambda *_, **options: brain)
        return engine

    return answer


def run(*options):
    return main(['progress', '--video', 'clip.avi', '--task', TASK, '--every', '10', *options])


def lines(capfd):
    return [json.loads(line) for line in capfd.readouterr().out.splitlines()]


def results(folder):
    (place,) = (folder / 'progress').iterdir()
    return place


def test_one_mode_gives_what_the_published_script_gives(folder, scripted, capfd):
    engine = scripted('<score>+50%</score>', '<score>-20%</score>', '<score>+100%</score>')
    assert run('--mode', 'incremental', '--json') == 0
    *samples, last = lines(capfd)
    assert [(one['frame'], one['stamp_s'], one['progress'], one['hop']) for one in samples] == [
        (0, 0.0, 0.0, None),
        (10, 1.0, 0.5, 0.5),
        (20, 2.0, 0.4, -0.2),
        (24, 2.4, 1.0, 1.0),
    ]
    assert (last['progress'], last['highest'], last['outcome']) == (1, 1, 'success')
    assert (last['invalid'], last['answers']) == (0, 3)
    assert 'simulated table' in last['caution']
    answers = json.loads((results(folder) / 'pred_vllm.json').read_text())
    assert [answer['progress'] for answer in answers] == pytest.approx([0.5, 0.4, 1.0])
    assert str(results(folder)) == last['folder']
    assert len(engine.asked) == 3
    assert [len(asked.images) for asked in engine.asked] == [4] * 3
    assert not list(results(folder).glob('*.mp4')) + list(results(folder).glob('*.png'))


def test_without_a_goal_nothing_is_compared_with_it(folder, scripted, capfd):
    engine = scripted('<score>+50%</score>')
    assert run('--json') == 0
    samples = lines(capfd)
    assert list(samples[1]['modes']) == ['incremental', 'forward']
    assert all(int(asked.images[1].min()) == int(asked.images[1].max()) == 128 for asked in engine.asked)


def test_the_goal_is_the_given_one_and_never_a_frame_of_the_run(folder, scripted, capfd):
    engine = scripted('<score>-50%</score>')
    assert run('--goal', 'done.png', '--json') == 0
    samples = lines(capfd)
    assert list(samples[1]['modes']) == ['incremental', 'forward', 'backward']
    assert samples[1]['modes'] == {'incremental': 0.0, 'forward': 0.0, 'backward': 0.5}
    assert samples[1]['progress'] == pytest.approx(0.5 / 3)
    assert all(asked.images[1].max() == 255 for asked in engine.asked)
    assert cv2.imread(str(results(folder) / '.cache' / 'ref_end.png')).min() == 255


def test_answers_without_a_score_are_counted_and_never_0(folder, scripted, capfd):
    scripted('<score>+50%</score>', '<score>-25.0.0.5.6.6</score>', '<score>+50%</score>')
    assert run('--mode', 'incremental') == 0
    out = ' '.join(capfd.readouterr().out.split())
    assert '1 of 3 answers gave no score; they count as unknown, not as 0' in out
    assert 'Progress at the end: 75 %; highest: 75 %' in out
    answers = json.loads((results(folder) / 'pred_vllm.json').read_text())
    assert [answer['progress'] for answer in answers] == [0.5, None, 0.75]
    assert [answer['hop'] for answer in answers] == [0.5, None, 0.5]


def test_what_a_monitor_would_say_is_told(folder, scripted, capfd):
    scripted('<score>+96%</score>')
    assert run('--mode', 'forward') == 0
    said = ' '.join(capfd.readouterr().out.split())
    assert 'A monitor would say at frame 24: succeeded; progress is 0.96, at least 0.95, by the last 3 samples.' in said


def test_nothing_but_answers_without_a_score_is_a_failure(folder, scripted, capfd):
    scripted('I cannot tell.')
    assert run('--json') == 1
    last = lines(capfd)[-1]
    assert (last['progress'], last['highest'], last['outcome'], last['invalid']) == (None, None, None, 6)


def test_a_dead_engine_is_no_unknown_progress(folder, scripted, capfd):
    scripted('<score>+50%</score>', Die())
    assert run('--mode', 'forward') == 1
    assert 'the engine process died' in capfd.readouterr().err
    assert len(json.loads((results(folder) / 'pred_vllm.json').read_text())) == 1


def test_an_interrupted_run_keeps_what_was_found_and_says_where(folder, scripted, monkeypatch, capfd):
    scripted('<score>+50%</score>')
    step, left = Tracker.step, iter(range(2))

    def interrupted(tracker, views, stamp_s):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return step(tracker, views, stamp_s)

    monkeypatch.setattr(Tracker, 'step', interrupted)
    with pytest.raises(KeyboardInterrupt):
        run('--mode', 'forward', '--plot')
    assert len(json.loads((results(folder) / 'pred_vllm.json').read_text())) == 1
    assert (results(folder) / 'progress.png').is_file()
    assert f'What was found until then is in {results(folder)}' in capfd.readouterr().err


def test_pictures_are_drawn_if_asked_for(folder, scripted):
    scripted('<score>+50%</score>')
    assert run('--goal', 'done.png', '--plot') == 0
    assert cv2.imread(str(results(folder) / 'progress.png')) is not None
    film = cv2.VideoCapture(str(results(folder) / 'reward_vis.mp4'))
    assert film.get(cv2.CAP_PROP_FRAME_COUNT) == 4
    film.release()


def test_a_server_sees_three_cameras(folder, capfd):
    with listening() as server:
        server.models = {'data': [{'id': 'RoboBrain2.5-8B'}]}
        options = ['--server', server.url, '--right', 'wrist', '--mode', 'forward', '--json']
        assert run(*options) == 1  # the stand-in's answer is a point
    samples = lines(capfd)
    assert 'is no score' in samples[1]['fault']
    assert samples[-1]['model'] == 'RoboBrain2.5-8B'
    (asked,) = json.loads((results(folder) / 'sample.json').read_text())[:1]
    assert [path.split('.cache/')[1] for path in asked['image'][5:]] == [
        'cam_high/frame_000010.png',
        'cam_high/frame_000010.png',
        'cam_right_wrist/frame_000010.png',
    ]


@pytest.mark.parametrize(
    ('arguments', 'says', 'code'),
    [
        (('--goal', 'no.png'), "'no.png' is no file", 1),
        (('--left', 'wrist'), 'see the front camera alone', 1),
        (('--mode', 'backward'), 'give its picture with --goal', 2),
        (('--mode', 'forwards'), "did you mean 'forward'?", 2),
        (('--every', '0'), "'0' must be a whole number above 0", 2),
        (('--video', ''), "'' is neither a folder of pictures nor a video", 1),
        (('--video', 'no.mp4'), 'neither a folder of pictures nor a video', 1),
        (('--task', 'say </score>'), "'</score>'", 1),
        (('--task', ' '), 'the instruction is empty', 1),
        (('--to', 'done.png'), "cannot write into 'done.png'", 1),
    ],
)
def test_what_cannot_be_done_is_said_before_the_model_is_loaded(folder, monkeypatch, capfd, arguments, says, code):
    monkeypatch.setattr(Brain, 'load', lambda *_, **__: pytest.fail('loaded'))
    try:
        found = run(*arguments)
    except SystemExit as end:
        found = end.code
    assert found == code
    assert says in ' '.join(capfd.readouterr().err.split())
    assert sorted(os.listdir(folder)) == ['clip.avi', 'done.png', 'wrist']


@pytest.mark.engine
def test_the_tiny_model_watches_its_table(tmp_path, tiny_brain, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Brain, 'load', lambda *_, **__: tiny_brain)
    monkeypatch.setattr(tiny_brain, 'close', lambda: None)
    (tmp_path / 'table').mkdir()
    for number in range(3):
        cv2.imwrite(f'table/{number}.png', TableTop(7).render()[0][..., ::-1])
    main(['progress', '--video', 'table', '--task', 'pick up the red mug', '--every', '1', '--json'])
    *samples, last = lines(capfd)
    assert [one['frame'] for one in samples] == [0, 1, 2]
    assert all(one['progress'] is None or 0 <= one['progress'] <= 1 for one in samples)
    assert all(set(one['texts']) == {'incremental', 'forward'} for one in samples[1:])
    assert last['answers'] == 4
