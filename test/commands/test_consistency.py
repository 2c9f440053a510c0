# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The command ``robobrain consistency``: one line makes the whole table, and the exit code is the gate's."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from scripted_engine import ScriptedEngine
from stand_in_runs import CHOICE, flipped, write_choice, write_points, write_run

from robobrain_ros import cli
from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.commands import consistency_runs
from robobrain_ros.commands.stack_spec import StackSpec, stack
from robobrain_ros.engines.base import EngineRefused
from robobrain_ros.evaluation.consistency.answers import run_files
from robobrain_ros.evaluation.consistency.answers.journal import Journal
from robobrain_ros.tasks.profiles import PROFILES

RIGHT = [index % 3 != 0 for index in range(200)]


@pytest.fixture(scope='module')
def runs(tmp_path_factory) -> Path:
    """A folder with answers that are native, native again, the same, worse, and few."""
    root = tmp_path_factory.mktemp('runs')
    data = write_choice(root / 'data', 200)
    lots = write_points(root / 'data', 60)
    for name, right in {'native': RIGHT, 'again': flipped(RIGHT, 1, 1), 'same': flipped(RIGHT, 2, 2),
                        'worse': flipped(RIGHT, 40, 0)}.items():  # fmt: skip
        write_run(root / name, data, right, f'8B-{name}')
        write_run(root / name, lots, [True] * 60)
    for name in ('few', 'fewer'):
        write_run(root / name, write_choice(root / 'small', 20) if name == 'few' else root / 'small' / CHOICE,
                  flipped(RIGHT[:20], name == 'fewer', 0))  # fmt: skip
    return root


def compare(capsys, *arguments: object) -> tuple[int, str, str]:
    code = cli.main(['consistency', 'compare', *map(str, arguments)])
    return code, *capsys.readouterr()


@pytest.mark.parametrize(
    ('a', 'b', 'code', 'word'),
    [
        ('native', 'same', 0, 'Consistent'),
        ('native', 'worse', 1, 'Different'),
        ('few', 'fewer', 2, 'Not enough questions'),
    ],
)
def test_the_gate_ends_as_flagreleases_tools_do(runs, tmp_path, capsys, a, b, code, word):
    words = (runs / a, runs / b, '--to', tmp_path)
    assert compare(capsys, *words, '--gate', 'margin=5')[0] == code
    without, out, _ = compare(capsys, *words)
    assert without == 0
    assert f'{word}, with a margin of 5 points.' in out


def test_one_command_makes_the_whole_table(runs, tmp_path, capsys):
    code, out, _ = compare(capsys, runs / 'native', runs / 'same', '--again', runs / 'again', '--to', tmp_path / 'new')
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    assert {file.name for file in (tmp_path / 'new').iterdir()} == set(consistency_runs.FILES)
    assert (tmp_path / 'new' / 'table.md').read_text().startswith('| Metrics | 8B-native | 8B-same |\n')
    found = json.loads((tmp_path / 'new' / 'consistency.json').read_text())
    assert [one['dataset'] for one in found['details']] == [CHOICE, 'robobrain_mini_point_norm1k']
    assert found['again']['name'] == '8B-again'
    assert found['details'][0]['answers_again']['right_flips'] == 2


def test_a_folder_that_is_not_there_ends_the_gate_with_2(runs, tmp_path, capsys):
    code, _, err = compare(capsys, runs / 'native', runs / 'nowhere', '--to', tmp_path, '--json', '--gate', 'margin=5')
    assert code == 2
    assert "nowhere' is no directory with answers" in err


def test_a_json_line_is_all_of_stdout(runs, tmp_path, capfd):
    # results() writes to the process's own stdout, which only capfd sees.
    assert cli.main(
        ['consistency', 'compare', str(runs / 'native'), str(runs / 'same'), '--to', str(tmp_path), '--json']
    ) == 0  # fmt: skip
    (line,) = capfd.readouterr().out.splitlines()
    assert json.loads(line) == json.loads((tmp_path / 'consistency.json').read_text())


def test_what_cannot_be_compared_is_no_difference(runs, tmp_path, capsys):
    file = tmp_path / 'file'
    file.write_text('')
    code, _, err = compare(capsys, runs / 'native', runs / 'same', '--to', file, '--gate', 'margin=5')
    assert (code, 'cannot write' in err) == (2, True)
    code, _, err = compare(capsys, runs / 'native', runs / 'native', '--to', tmp_path, '--gate', 'margin=5')
    assert (code, 'are the same run' in err) == (2, True)


@pytest.mark.parametrize('error', [ValueError('odd'), ImportError('no matplotlib'), KeyError('a defect')])
def test_what_keeps_a_gate_from_a_verdict_is_no_difference(runs, tmp_path, capsys, monkeypatch, error):
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(consistency_runs, 'show', fail)
    code, _, err = compare(capsys, runs / 'native', runs / 'same', '--to', tmp_path, '--gate', 'margin=5')
    assert code == 2
    assert f'robobrain consistency compare: {error}' in err
    assert ('Traceback' in err) == isinstance(error, KeyError)


def test_a_reader_who_has_enough_does_not_change_the_verdict(runs, tmp_path):
    """The pipe's other end is closed, as head closes it."""
    words = (runs / 'native', runs / 'same', '--to', tmp_path, '--gate', 'margin=5')
    script = 'import sys; from robobrain_ros import cli; sys.exit(cli.main(sys.argv[1:]))'
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [sys.executable, '-c', script, 'consistency', 'compare', *map(str, words)],
            stdout=write, stderr=subprocess.PIPE, text=True, timeout=120, check=False,
        )  # fmt: skip
    finally:
        os.close(write)
    assert (done.returncode, 'Error' in done.stderr) == (0, False), done.stderr


@pytest.mark.parametrize(
    ('words', 'says'),
    [
        (['--gate', '5'], "'5' must be 'margin='"),
        (['--gate', 'margin=0'], "'0' must be a difference in points"),
        (['--margin', 'nan'], "'nan' must be a difference in points"),
        (['--margin', '5', '--gate', 'margin=5'], 'not allowed with argument'),
        (['--sets', 'erqa,,SAT'], 'must be names of sets'),
        (['--scoring', 'strikt'], "did you mean 'strict'?"),
    ],
)
def test_a_wrong_command_line_says_what_is_wrong(runs, capsys, words, says):
    with pytest.raises(SystemExit) as end:
        compare(capsys, runs / 'native', runs / 'same', *words)
    assert end.value.code == 2
    assert says in capsys.readouterr().err


@pytest.fixture
def engine(monkeypatch) -> ScriptedEngine:
    """What ``--engine`` makes here: a model that always answers B."""
    made = ScriptedEngine(('B',))
    monkeypatch.setattr(StackSpec, 'make', lambda self, concurrency, max_tokens: (made, PROFILES['robobrain-2.5']))
    return made


def ask(data: Path, to: Path, *more: str) -> int:
    return cli.main(['consistency', 'run', str(data), '--to', str(to), *more])


def test_a_stack_is_asked_everything_and_then_compared(engine, tmp_path, capsys):
    data = write_choice(tmp_path / 'data', 12).parent
    assert ask(data, tmp_path / 'a', '--name', 'always-B') == 0
    assert '25.00' in capsys.readouterr().out
    assert run_files.read_info(tmp_path / 'a', CHOICE)['engine'] == 'tiny'
    assert ask(data, tmp_path / 'b', '--concurrency', '4') == 0
    assert compare(capsys, tmp_path / 'a', tmp_path / 'b', '--to', tmp_path / 'c')[0] == 0
    (details,) = json.loads((tmp_path / 'c' / 'consistency.json').read_text())['details']
    assert (details['base_acc'], details['answers']['same_text']) == (25, 12)
    assert (tmp_path / 'c' / 'table.md').read_text().startswith('| Metrics | always-B | scripted |')


def test_a_run_goes_on_where_it_was(engine, tmp_path):
    data = write_choice(tmp_path / 'data', 12).parent
    assert ask(data, tmp_path / 'a', '--limit', '5') == 0
    assert ask(data, tmp_path / 'a') == 0
    assert len(engine.asked) == 12


def test_a_run_does_not_mix_stacks(engine, tmp_path, capsys):
    data = write_choice(tmp_path / 'data', 2).parent
    assert ask(data, tmp_path / 'a') == 0
    assert ask(data, tmp_path / 'a', '--engine', 'tiny,quantization=fp8') == 1
    assert "engine 'tiny', but this run has 'tiny,quantization=fp8'" in capsys.readouterr().err


def test_two_runs_do_not_write_into_one_folder_at_once(engine, tmp_path, capsys):
    data = write_choice(tmp_path / 'data', 2).parent
    with Journal(tmp_path / 'a', CHOICE).alone():
        assert ask(data, tmp_path / 'a') == 1
        assert f"another run is writing answers into '{tmp_path / 'a' / CHOICE}'" in capsys.readouterr().err
        assert engine.starts == 0
        assert ask(data, tmp_path / 'b') == 0
    assert ask(data, tmp_path / 'a') == 0


def test_questions_without_an_answer_end_with_1(engine, tmp_path, capsys):
    engine.script = (EngineRefused('too long'),)
    data = write_choice(tmp_path / 'data', 3).parent
    assert ask(data, tmp_path / 'a') == 1
    assert len(engine.asked) == 3


def test_two_scales_of_points_are_asked_once_unless_named(engine, tmp_path):
    data = tmp_path / 'Where2Place' / 'test'
    shutil.copytree(write_points(tmp_path / 'points', 3), data)
    assert ask(tmp_path / 'Where2Place', tmp_path / 'a') == 0
    assert run_files.sets_of(tmp_path / 'a') == ('Where2Place_norm1k',)
    assert ask(tmp_path / 'Where2Place', tmp_path / 'b', '--sets', 'Where2Place,Where2Place_norm1k') == 0
    assert run_files.sets_of(tmp_path / 'b') == ('Where2Place', 'Where2Place_norm1k')


def test_sets_that_are_not_there_are_named_before_anything_starts(engine, tmp_path, capsys):
    data = write_choice(tmp_path / 'data', 3).parent
    assert ask(data, tmp_path / 'a', '--sets', 'erqa') == 1
    assert "has no set 'erqa': there are robobrain_mini_choice" in capsys.readouterr().err
    assert engine.starts == 0
    assert not (tmp_path / 'a').exists()


def test_a_seed_needs_the_shuffled_order(engine, tmp_path, capsys):
    with pytest.raises(SystemExit):
        ask(tmp_path, tmp_path / 'a', '--seed', '3')
    assert '--seed is that of --order shuffled' in capsys.readouterr().err


def test_mini_sets_can_be_asked(engine, tmp_path, capsys):
    assert cli.main(['consistency', 'data', 'mini', str(tmp_path / 'mini'), '--scenes', '1']) == 0
    assert ask(tmp_path / 'mini', tmp_path / 'a') == 0
    assert len(run_files.sets_of(tmp_path / 'a')) >= 5  # a table top may have no question about two images
    assert 'robobrain_mini_mixed' in capsys.readouterr().out


def test_a_stack_is_a_model_with_options():
    found = stack('tiny,flaggems=full,max_model_len=2048')
    assert found.model == TINY_MODEL
    assert (found.options['flaggems'].profile, found.options['max_model_len']) == ('full', 2048)
    served = stack('http://a:9010,http://b:9010,served_model=RoboBrain,timeout_s=5')
    assert served.model == 'http://a:9010,http://b:9010'
    assert (served.options['served_model'], served.options['timeout_s']) == ('RoboBrain', 5.0)


@pytest.mark.parametrize(
    ('text', 'says'),
    [
        ('tiny,flagems=full', "there is no option 'flagems'; there are cache_directory, "),
        ('tiny,flaggems=fast', "is 'fast', but must be one of"),
        ('tiny,max_model_len=lots', "max_model_len is 'lots', but must be a whole number"),
        ('tiny,fp8', 'with options behind it'),
        ('localhost:9010,timeout_s=5', 'must be an address such as http://localhost:9010'),
        ('http://host:9010,quantization=fp8', "there is no option 'quantization'"),
        ('http://', 'http://'),
    ],
)
def test_a_stack_that_cannot_be_is_refused(capsys, text, says):
    with pytest.raises(SystemExit) as end:
        cli.main(['consistency', 'run', 'data', '--to', 'a', '--engine', text])
    assert end.value.code == 2
    assert says in capsys.readouterr().err


def test_rates_that_cannot_be_compared_end_with_2(monkeypatch, capsys):
    def gone(self, concurrency, max_tokens):
        raise EngineRefused('the server is gone')

    monkeypatch.setattr(StackSpec, 'make', gone)
    assert cli.main(['consistency', 'throughput', 'tiny', 'tiny', '--at', '1']) == 2
    assert 'the server is gone' in ''.join(capsys.readouterr())


def test_numbers_in_flight_are_checked(capsys):
    with pytest.raises(SystemExit):
        cli.main(['consistency', 'throughput', 'tiny', 'tiny', '--at', '1,0'])
    assert "'1,0' must be whole numbers above 0" in capsys.readouterr().err
