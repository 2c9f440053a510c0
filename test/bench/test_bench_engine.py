# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``robobrain bench engine`` and ``node``: what they measure is told as it is; figures take a host with time."""

import dataclasses
import json
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest

from robobrain_ros.bench import bars, engine, plain_vllm
from robobrain_ros.bench.cases import CASES, NOISE, SEED, WARM_UP, Plan, requests
from robobrain_ros.bench.engine import Result, run, table
from robobrain_ros.bench.own_engine import answer_all
from robobrain_ros.bench.served import flags
from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.cli import main
from robobrain_ros.engines.vllm import launch as ways
from robobrain_ros.engines.vllm.flaggems import FlagGemsSettings
from robobrain_ros.sim.questions import questions
from robobrain_ros.sim.scene import TableTop

PLAN = Plan(TINY_MODEL, (320, 256), 2, 'cpu')


def result(path: str, *milliseconds: float, tokens: int = 10) -> Result:
    """As if the path had answered one question of each case in so long."""
    answers = [
        {'tokens': tokens, 'stages': {'prepare': 1.0, 'first_token': 2.0, 'decode': ms - 3}} for ms in milliseconds
    ]
    made = Result(path)
    made.answers.update({case.task: [dict(answer) for answer in answers] for case in CASES})
    return made


def test_every_path_gets_the_same_images_and_each_is_new():
    first, second = list(requests(PLAN)), list(requests(PLAN))
    assert len(first) == len(CASES) * (WARM_UP + 2)
    assert sum(request.counts for request in first) == len(CASES) * 2
    assert all(np.array_equal(one.rgb, other.rgb) for one, other in zip(first, second, strict=True))
    assert len({request.rgb.tobytes() for request in first}) == len(first)


def test_the_questions_are_about_what_the_images_show():
    scene = TableTop(SEED)
    for request in requests(PLAN):
        asked = [one for one in questions(scene, np.random.default_rng(SEED)) if one.instruction == request.instruction]
        assert (request.case.task, request.case.kind) in [(one.task, one.kind) for one in asked]
        small = cv2.resize(scene.render()[0], PLAN.size, interpolation=cv2.INTER_AREA)
        assert np.abs(request.rgb.astype(int) - small).max() <= NOISE


def test_answers_can_be_made_as_long_as_those_of_another_path():
    plan = Plan(TINY_MODEL, (320, 256), 2, 'cpu', {'pointing': [7, 9]})
    assert Plan.from_json(plan.to_json()) == plan
    assert [request.length for request in requests(plan) if request.counts] == [7, 9, 0, 0]


def test_the_table_begins_with_ratios_to_the_engine():
    slow = result('reference', 100.0, 300.0, 200.0)
    slow.notes.append('something to know')
    lines = table([result('engine', 20.0, 20.0, 20.0), slow])
    assert lines[0].split()[:2] == ['pointing:', 'ratio']
    assert lines[1].split()[:6] == ['engine', '1.00x', '10', '20.0', '20.0', '1.89']
    assert lines[3].split()[:6] == ['reference', '10.00x', '10', '200.0', '290.0', '21.89']
    assert lines[-1] == 'something to know'
    assert lines[2].split() == ['prepare', '1.0,', 'first_token', '2.0,', 'decode', '17.0']


def test_the_95th_percentile_of_20_answers_is_not_their_maximum():
    assert table([result('engine', *range(10, 200, 10), 1000)])[1].split()[4] == '230.5'


def test_without_the_engine_there_are_no_ratios():
    assert table([result('vllm', 20.0)])[1].split()[:2] == ['vllm', '-']


def test_one_token_has_no_further_ones():
    assert table([result('engine', 20.0, tokens=1)])[1].split()[:6] == ['engine', '1.00x', '1', '20.0', '20.0', 'nan']


@pytest.mark.parametrize(
    ('variant', 'differs'),
    [
        ('fp8', {'quantization': 'fp8'}),
        ('safe', {'flaggems': FlagGemsSettings('safe')}),
        ('gemm', {'flaggems': FlagGemsSettings('gemm')}),
        ('full', {'flaggems': FlagGemsSettings('full')}),
        ('off', {'decode_kernels': 'off'}),
        ('tp2', {'tensor_parallel_size': 2}),
    ],
)
def test_a_variant_differs_in_one_thing_and_is_a_process_of_its_own(variant, differs, tmp_path, monkeypatch):
    assert variant in engine.PATHS
    script = tmp_path / 'python'
    script.write_text('#!/bin/sh\nshift $(($# - 2))\necho "$1 $2"')  # what follows the module
    script.chmod(0o755)
    monkeypatch.setattr(engine.sys, 'executable', str(script))
    engine._measure(variant, PLAN, tmp_path / 'log')
    path, _, plan = (tmp_path / 'log').read_text().partition(' ')
    assert path == 'engine'
    assert Plan.from_json(plan).config == dataclasses.replace(PLAN.config, **differs)


def test_what_the_node_adds_is_told():
    node = result('node', 50.0)
    for answers in node.answers.values():
        answers[0]['stages'] |= {'publish': 0.3, 'image': 0.5, 'convert': 2.5, 'reply': 0.5, 'answer': 1.2}
    lines = table([result('engine', 20.0), node])
    text = '\n'.join(lines)
    assert '5.0 ms, +10.0% of its engine (the node 3.0, messages in and out 2.0)' in ' '.join(text.split())
    assert max(map(len, text.splitlines())) <= 80
    assert lines[3].split()[:2] == ['node', '1.10x']  # of its own engine, whose answers may be longer


@pytest.mark.parametrize(('missing', 'kept'), [(0, True), (1, False)])
def test_a_path_that_fails_at_its_end_has_done_its_work(tmp_path, monkeypatch, missing, kept):
    rows = [json.dumps({'task': case.task, 'tokens': 1, 'stages': {}}) for case in CASES for _ in range(2)]
    script = tmp_path / 'path'
    script.write_text('\n'.join(['#!/bin/sh', *(f"echo '{row}'" for row in rows[missing:]), 'exit 3']))
    script.chmod(0o755)
    monkeypatch.setattr(engine.sys, 'executable', str(script))
    ended = engine._measure('engine', PLAN, tmp_path / 'log')
    assert bool(ended.answers) == kept
    assert ended.failed  # the command's exit code tells
    assert 'exit code 3' in ended.notes[0]


def test_a_path_that_fails_says_why_and_the_others_go_on(tmp_path, monkeypatch, capsys):
    def fails(path, plan, log, heard):
        if path == 'vllm':
            return Result(path, notes=["vllm failed with exit code 1: No module named 'vllm'"])
        return result(path, 20.0)

    monkeypatch.setattr(engine, '_measure', fails)
    assert run(TINY_MODEL, 'cpu', (320, 256), 1, ['vllm', 'engine', 'reference'], tmp_path) == 1
    output, progress = capsys.readouterr()
    assert "No module named 'vllm'" in output
    assert progress.index('engine:') < progress.index('vllm:') < progress.index('reference:')
    told = json.loads((tmp_path / 'engine.json').read_text())
    assert [row['path'] for row in told['paths']] == ['engine', 'vllm', 'reference']
    assert told['paths'][0]['median_ms'] == {'pointing': 20.0, 'trajectory': 20.0}
    assert told.keys() >= {'host', 'processor', 'gpus', 'versions', 'date', 'commit', 'model', 'image_size'}
    assert told['versions'].keys() >= {'robobrain_ros', 'python', 'torch'}
    assert cv2.imread(str(tmp_path / 'engine.png')) is not None


def test_a_path_s_own_error_is_kept(tmp_path):
    gone = Plan(tmp_path, (320, 256), 1)
    failed = engine._measure('engine', gone, tmp_path / 'log')
    assert not failed.answers
    assert "no directory with a model's config.json" in failed.notes[0]


def test_paths_are_checked(capsys):
    assert main(['bench', 'engine', '--paths', 'engine,other']) == 1
    errors = capsys.readouterr().err
    assert f"unknown path 'other'; there are {', '.join(engine.PATHS)}" in ' '.join(errors.split())


def test_bars_are_as_long_as_their_stages(tmp_path):
    panel = [bars.Bar('one', 40.0, {'a': 10.0, 'b': 30.0}), bars.Bar('two', 20.0, {'b': 40.0})]
    bars.draw(tmp_path / 'x.png', 'title', {'panel': panel})
    picture = cv2.imread(str(tmp_path / 'x.png'))
    colours = [(180, 119, 31), (14, 127, 255)]  # C0 and C1, blue first
    first, second = (int((picture == np.array(colour)).all(axis=2).sum()) for colour in colours)
    assert second / first == pytest.approx(5, rel=0.15)


def test_bars_without_stages_are_drawn_whole(tmp_path):
    bars.draw(tmp_path / 'x.png', 'title', {'panel': [bars.Bar('one', 40.0, {})]})
    assert (cv2.imread(str(tmp_path / 'x.png')) == np.array((180, 119, 31))).all(axis=2).sum() > 1000


def test_arguments_become_options_of_the_server():
    assert flags({'max_num_seqs': 8, 'enforce_eager': True, 'use_it': False, 'limits': {'image': 1}}) == [
        '--max-num-seqs=8',
        '--enforce-eager',
        '--no-use-it',
        '--limits={"image": 1}',
    ]


def test_plain_vllm_gets_nothing_that_makes_ours_faster(monkeypatch, tmp_path):
    monkeypatch.setattr(os, 'environ', {**os.environ, 'HOME': str(tmp_path)})
    monkeypatch.setattr(plain_vllm, 'runs_on_cpu', lambda config: False)
    monkeypatch.setattr(ways.memory_check, 'memory', lambda device, gpus: (2**36, 2**37))
    monkeypatch.setattr(ways, 'installed_version', lambda name: '0.25.1')
    kept = plain_vllm.arguments(PLAN)
    assert {'model', 'kv_cache_memory_bytes', 'max_model_len'} <= kept.keys()
    assert not {'compilation_config', 'worker_cls', 'mm_processor_cache_gb'} & kept.keys()
    assert 'VLLM_USE_V2_MODEL_RUNNER' not in os.environ
    assert os.environ['VLLM_CACHE_ROOT'].startswith(str(tmp_path))


@pytest.mark.engine
def test_the_engine_is_measured(tiny_brain, capsys):
    tiny_brain.loop.submit(answer_all(tiny_brain.engine, PLAN)).result(120)
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert told.pop() == {'note': 'engine: 0 kernels compiled, 0 loaded, 0 tuned after warm-up'}
    assert [row['task'] for row in told] == [case.task for case in CASES for _ in range(PLAN.repetitions)]
    for row in told:
        assert row['tokens'] > 0
        assert list(row['stages']) == list(engine.ENGINE_STAGES)
        assert all(took > 0 for took in row['stages'].values())


@pytest.mark.ros
@pytest.mark.engine
@pytest.mark.timeout(240)
def test_the_node_is_measured(tmp_path):
    command = [sys.executable, '-m', 'robobrain_ros.cli', 'bench', 'node', '--paths', 'node', '--repetitions', '1']
    options = ['--image-size', '320x256', '--device', 'cpu', '--output', str(tmp_path)]
    done = subprocess.run([*command, *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (row,) = json.loads((tmp_path / 'engine.json').read_text())['paths']
    assert row['path'] == 'node'
    for case in CASES:
        (answer,) = row['answers'][case.task]
        assert answer['tokens'] > 0
        stages = answer['stages']
        assert list(stages) == [
            'publish',
            'image',
            'convert',
            *engine.ENGINE_STAGES,
            'parse',
            'project',
            'reply',
            'answer',
        ]
        assert all(stages[stage] > 0 for stage in ('publish', *engine.ENGINE_STAGES, 'reply', 'answer'))
    assert 'of which the node and DDS' in done.stdout
