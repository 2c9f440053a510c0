# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``robobrain evaluate --progress`` by judges that are known: one sees all, one praises all, one says nothing."""

import asyncio
import json
import shutil
from math import isnan, nan

import cv2
import numpy as np
import pytest
from brain_fixtures import make  # noqa: F401 - a fixture
from scripted_engine import Die, ScriptedEngine

from robobrain_ros.brain.brain import Brain
from robobrain_ros.brain.progress_values import hop
from robobrain_ros.brain.tracker import Views
from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.cli import main
from robobrain_ros.errors import BrainError
from robobrain_ros.evaluation.dopamine_bench import CAMERAS
from robobrain_ros.evaluation.progress_runs import Run, judge, judge_back
from robobrain_ros.evaluation.progress_scores import walked_back
from robobrain_ros.evaluation.progress_table import FUSED, Judged, figures

SHADES = 200
"""A picture as bright as this shows the task done; black shows its start."""


def shade(progress):
    return np.full((48, 64, 3), round(SHADES * progress), np.uint8)


def sees_all(before, after):
    return f'<score>{100 * hop(before, after):+.1f}%</score>'


def praises_all(before, after):
    return '<score>+30%</score>'


@pytest.fixture
def judged_by(make, monkeypatch):  # noqa: F811
    """``Brain.load`` gives a brain whose answers depend on what two pictures show, before and after."""

    def judged_by(answer):
        engine = ScriptedEngine()
        brain, generate = make(engine, 'robobrain-tiny'), engine.generate

        def answered(generation):
            shown = [min(int(image[0, 0, 0]) / SHADES, 1.0) for image in generation.images]
            engine.script = (answer(*shown[-2:]),)
            return generate(generation)

        monkeypatch.setattr(engine, 'generate', answered)
        monkeypatch.setattr(Brain, 'load', lambda *_, **options: brain)
        return brain, engine

    return judged_by


# --- runs ------------------------------------------------------------------------------------------------------------
TRUTH = [0.0, 0.2, 0.5, 0.4, 0.8, 1.0]
RUN = Run('put the mug away', [Views(shade(value)) for value in TRUTH], shade(1.0))


def test_who_sees_all_is_right_in_every_mode(judged_by):
    brain, _ = judged_by(sees_all)
    samples = asyncio.run(judge(brain, RUN))
    for mode in samples[0].modes:
        assert [sample.modes[mode] for sample in samples] == pytest.approx(TRUTH[1:], abs=0.01)


def test_who_sees_all_is_right_backwards(judged_by):
    brain, engine = judged_by(sees_all)
    hops = asyncio.run(judge_back(brain, RUN))
    assert walked_back(hops) == pytest.approx(TRUTH[:-1], abs=0.01)
    assert len(hops) == len(TRUTH) - 1
    assert all(asked.images[0].max() == 0 and asked.images[1].max() == SHADES for asked in engine.asked)


def test_what_the_last_look_was_compared_with_must_be_known(judged_by):
    first = iter(['none'])
    brain, _ = judged_by(lambda before, after: next(first, '') or sees_all(before, after))
    hops = asyncio.run(judge_back(brain, RUN))
    assert isnan(hops[-1])
    assert not any(map(isnan, hops[:-1]))


def test_a_dead_engine_is_no_bad_judge(judged_by):
    brain, _ = judged_by(lambda before, after: Die())
    with pytest.raises(BrainError, match='the engine process died'):
        asyncio.run(judge(brain, RUN))


# --- figures ---------------------------------------------------------------------------------------------------------
def test_figures_of_runs():
    truth = [0.3, 0.6, 0.9, 1.0]
    poor = [0.1, 0.2, 0.1, 0.2]
    good = Judged('', True, truth, {'incremental': truth, FUSED: truth}, [-1, -0.5, -0.3, -0.1], [10, 20, 30, 40])
    lost = Judged('drop', False, poor, {'incremental': [nan, 0.5, 0.9, 0.9], FUSED: [nan, 0.5, 0.9, 0.9]}, [], [50])
    known = figures([good, lost])
    assert known['modes']['incremental'] == pytest.approx(
        {
            'runs': 2,
            'voc_plus': 1.0,
            'voc_minus': 1.0,
            'outcome_right': 0.5,
            'false_success': 1.0,
            'mean_absolute_error': (0 + (0.3 + 0.8 + 0.7) / 3) / 2,
        }
    )
    assert known['modes'][FUSED]['voc_minus'] is None
    assert (known['invalid'], known['median_step_ms']) == (1 / 8, 30)
    assert known['faults']['none']['outcome_right'] == 1
    assert known['faults']['none']['false_success'] is None
    assert known['faults']['drop']['voc_plus'] is None
    assert known['without_goal_image']['runs'] == 1
    assert known['opd']['true']['SR'] == 0.5


# --- the command on the simulated table ------------------------------------------------------------------------------
def test_praise_is_found_out(judged_by, capfd):
    judged_by(praises_all)
    assert main(['evaluate', '--progress', '--scenes', '4', '--json']) == 0
    known = json.loads(capfd.readouterr().out)
    assert known['runs'] == 4
    assert known['modes']['incremental']['voc_plus'] == pytest.approx(1)
    assert known['modes']['incremental']['voc_minus'] == 0
    assert known['modes']['backward']['runs'] == 2, 'only where there is a picture of the goal'
    assert known['invalid'] == 0
    assert sum(part['runs'] for part in known['faults'].values()) == 4
    assert known['faults']['none']['runs'] == 2


def test_people_get_tables(judged_by, capfd):
    judged_by(lambda before, after: 'I cannot tell.')
    assert main(['evaluate', '--progress', '--scenes', '2']) == 0
    out = capfd.readouterr().out
    assert 'Runs: 2, from seed 1000000. Go wrong: 0. Without a goal image: 1.' in out
    assert 'Answers without a score: 100.0 %' in out
    assert max(map(len, out.splitlines())) <= 80
    for words in ('judged by', 'VOC+', 'fused, with goal image', 'how it went wrong', 'the robot, by', 'MaxP'):
        assert words in out


# --- the command on the public benchmark's layout --------------------------------------------------------------------
@pytest.fixture
def bench(tmp_path):
    """Two runs of 120 and 150 frames, and one that is too short."""
    names = ['one', 'two', 'short']
    (tmp_path / 'jsons').mkdir()
    content = {'sample_path_list': names, 'sample_path_task': ['put the mug away'] * 3}
    (tmp_path / 'jsons' / 'libero_test_100.json').write_text(json.dumps(content))
    for name, frames in zip(names, (120, 150, 50), strict=True):
        for camera in CAMERAS:
            folder = tmp_path / 'images' / name / camera
            folder.mkdir(parents=True)
            for number in range(frames):
                cv2.imwrite(str(folder / f'{number:04d}.png'), shade(number / (frames - 1)))
    return tmp_path


@pytest.mark.parametrize(('answer', 'plus', 'minus'), [(sees_all, 1.0, 1.0), (praises_all, 1.0, 0.0)])
def test_the_benchmark_is_judged(judged_by, bench, capfd, answer, plus, minus):
    judged_by(answer)
    assert main(['evaluate', '--progress', '--bench', str(bench), '--json']) == 0
    found = json.loads(capfd.readouterr().out)['sets']['libero_test_100']
    two_of_three = pytest.approx(2 / 3)
    assert found == {
        'runs': 3,
        'voc_plus': two_of_three if plus else 0,
        'voc_minus': two_of_three if minus else 0,
        'runs_without_score': 0,
    }
    place = bench / 'results' / 'tiny'
    assert json.loads((place / 'summary_voc.json').read_text())['summary'] == {
        'libero_test_100': {'voc+': found['voc_plus'], 'voc-': found['voc_minus']}
    }
    (written,) = place.glob('libero_test_100/voc_positive/result_interval_30_voc+_0.666667.json')
    results = json.loads(written.read_text())['results']
    assert results == [{'name': 'one', 'voc': 1.0}, {'name': 'two', 'voc': 1.0}, {'name': 'short', 'voc': 0.0}]


def test_a_run_with_an_answer_without_score_counts_nothing(judged_by, bench, capfd):
    said = iter(['<score>+30%</score>', 'none'])
    judged_by(lambda before, after: next(said, '<score>+30%</score>'))
    assert main(['evaluate', '--progress', '--bench', str(bench), '--to', str(bench / 'here')]) == 0
    (written,) = (bench / 'here').glob('libero_test_100/voc_positive/*_0.333333.json')
    assert [one['voc'] for one in json.loads(written.read_text())['results']].count(0.0) == 2
    assert '33.33' in capfd.readouterr().out


@pytest.mark.parametrize(
    ('arguments', 'says'),
    [
        (('--progress', '--bench', 'nowhere'), "'nowhere' is no folder"),
        (('--bench', 'nowhere'), '--bench goes with --progress'),
        (('--progress', '--to', 'here'), '--to with --bench'),
        (('--progress', '--plot', 'x.png'), '--progress asks for none'),
    ],
)
def test_what_cannot_be_done_is_said_before_the_model_is_loaded(tmp_path, monkeypatch, capfd, arguments, says):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Brain, 'load', lambda *_, **__: pytest.fail('loaded'))
    assert main(['evaluate', *arguments]) == 1
    assert says in capfd.readouterr().err


def test_a_task_that_is_not_fit_is_said_before_the_model_is_loaded(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(Brain, 'load', lambda *_, **__: pytest.fail('loaded'))
    folder = tmp_path / 'images' / 'egodex' / 'cam_high'
    for place in (folder, tmp_path / 'jsons'):
        place.mkdir(parents=True)
    (folder / '0.png').touch()
    content = {'sample_path_list': ['egodex'] * 2, 'sample_path_task': ['tidy up', 'do as in <image>']}
    (tmp_path / 'jsons' / 'set.json').write_text(json.dumps(content))
    assert main(['evaluate', '--progress', '--bench', str(tmp_path)]) == 1
    assert "the instruction contains '<image>'" in capfd.readouterr().err


@pytest.mark.parametrize('command', [('evaluate', '--progress'), ('progress', '--video', 'v.mp4', '--task', 'tidy up')])
def test_a_model_without_the_task_is_not_loaded(tmp_path, monkeypatch, capfd, command):
    monkeypatch.setattr(Brain, 'load', lambda *_, **__: pytest.fail('loaded'))
    model = shutil.copytree(TINY_MODEL, tmp_path / 'old', ignore=shutil.ignore_patterns('*.safetensors'))
    (model / 'robobrain.json').write_text('{"profile": "robobrain-2.0"}')
    assert main([*command, '--model', str(model)]) == 1
    assert "profile 'robobrain-2.0' cannot tell progress" in capfd.readouterr().err
