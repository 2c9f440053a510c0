# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Mistakes on the command line end in a sentence, before anything is started."""

import os
import subprocess
import sys
from argparse import ArgumentTypeError

import pytest

from robobrain_ros.cli import main
from robobrain_ros.commands.arguments import image_size, positive, with_suggestion


@pytest.mark.parametrize(
    ('command', 'says'),
    [
        ('demo --seed -1', "--seed: '-1' must be a whole number in 0 .. 2147483647"),
        ('bag record --seconds nan', "--seconds: 'nan' must be a number above 0"),
        ('bag record --seed 99999999999', "--seed: '99999999999' must be"),
        ('demo --episodes 0', "robobrain demo: error: argument --episodes: '0' must be a whole number above 0"),
        ('demo --episodes 2 --faults 1.5', "argument --faults: '1.5' must be a number from 0 to 1, such as 0.3"),
        ('demo --episodes 2 --faults nan', "argument --faults: 'nan' must be"),
        ('evaluate --scenes 0', "--scenes: '0' must be a whole number above 0"),
        ('parity --scenes 0', "--scenes: '0' must be"),
        ('parity --dtype float12', "'float12'"),
        ('parity --quantization int3', "'int3'"),
        ('tune --quantization int3', "'int3'"),
        ('tune --image-size 640', "'640' must be WIDTHxHEIGHT"),
        ('tune --image-size 0x0', "'0x0' must be WIDTHxHEIGHT"),
        ('bench engine --image-size 640x', "'640x' must be WIDTHxHEIGHT"),
        ('bench node --repetitions 0', "--repetitions: '0'"),
        ('bench soak --minutes -1', "--minutes: '-1' must be a number above 0"),
        ('bench soak --minutes nan', "--minutes: 'nan' must be a number above 0"),
        ('bench soak --minutes inf', "--minutes: 'inf' must be a number above 0"),
        ('bench faults --kills -2', "--kills: '-2'"),
        ('bench faults --kills 1.5', "--kills: '1.5' must be a whole number"),
        ('bench transport --seconds 0', "--seconds: '0'"),
        ('bench transport --requests x', "--requests: 'x'"),
        ('up --sim --seed -1', "--seed: '-1' must be a whole number"),
        ('up --sim --seed 2147483648', "--seed: '2147483648' must be a whole number in 0 .. 2147483647"),
    ],
)
def test_bad_values_are_refused(command, says, capsys):
    with pytest.raises(SystemExit) as end:
        main(command.split())
    assert end.value.code == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize('wrong', ['640', '640x', 'x480', '0x480', '640x0', '-640x480', 'axb', '640x480x3', '٦٤٠x480'])
def test_image_sizes(wrong):
    assert image_size('640x480') == (640, 480)
    with pytest.raises(ArgumentTypeError, match='must be WIDTHxHEIGHT'):
        image_size(wrong)


def test_positive_keeps_the_kind():
    assert [positive(int)('7'), positive(float)('0.5')] == [7, 0.5]
    assert type(positive(int)('7')) is int


@pytest.mark.parametrize(
    ('command', 'says'),
    [
        ('evaluate --card nosuch/dir/x.md', "robobrain evaluate: cannot use 'nosuch/dir/x.md': No such file"),
        ('bench engine --output FILE/x', "robobrain bench engine: cannot use 'FILE/x': Not a directory"),
        ('bench engine --paths engine,other', "robobrain bench engine: unknown path 'other'"),
        ('parity --dtype bfloat16 --output nosuch/x.json', "robobrain parity: cannot write 'nosuch/x.json'"),
        ('parity', 'robobrain parity: nothing to compare'),
        ('demo --faults 0.3', 'robobrain demo: --faults spoils episodes: say how many, such as --episodes 10'),
        ('demo --episodes 3 --no-monitor', 'robobrain demo: --no-monitor leaves out what --faults and --arm add'),
        ('demo --arm', 'robobrain demo: --arm carries out episodes: say how many, such as --episodes 10'),
        ('demo --arm --episodes 3 --faults 0.3', 'robobrain demo: --arm has no faults on purpose: leave out --faults'),
        ('up --seed 3', 'robobrain up: --seed chooses a simulated table top, so it needs --sim'),
        (
            'up -- --ros-args --params-file no.yaml',
            "robobrain up: --params-file is 'no.yaml', but there is no such file",
        ),
        ('up --sim -- --ros-args --params-file .', "robobrain up: --params-file is '.', but that is a folder"),
        ('bag replay nowhere', "robobrain bag replay: 'nowhere' is no rosbag2 recording"),
    ],
)
def test_errors_are_sentences_that_name_the_command(command, says, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'FILE').touch()
    assert main(command.split()) == 1
    assert capsys.readouterr().err.startswith(says)


@pytest.mark.parametrize(
    'command', ['demo', 'up', 'query x', 'monitor x', 'remember x', 'bag record', 'bench soak', 'bench transport']
)
def test_without_ros_it_says_how_to_get_it(command, capsys, monkeypatch):
    for name in (
        'commands.demo',
        'commands.local_stack',
        'commands.querying',
        'commands.monitoring',
        'commands.running_node',
        'bags.record',
        'bench.soak',
        'bench.transport',
    ):
        monkeypatch.delitem(sys.modules, f'robobrain_ros.{name}', raising=False)
    monkeypatch.setitem(sys.modules, 'rclpy', None)
    assert main(command.split()) == 1
    error = capsys.readouterr().err
    assert error.startswith(f'robobrain {command.removesuffix(" x")}: ')
    assert 'rclpy' in error
    assert 'source a ROS 2' in error
    assert './run exec' in error


@pytest.mark.parametrize(
    ('command', 'says'),
    [
        ('aks', "did you mean 'ask'?"),
        ('bench soka', "did you mean 'soak'?"),
        ('query --task plannin x', "did you mean 'planning'?"),
        ('serve --prot 9020', 'robobrain serve: error: unrecognized arguments: --prot (did you mean --port?)'),
        ('ask --image x.jpg --taks=general x', '--taks=general (did you mean --task?)'),
        ('query --max-depth 1 x', 'robobrain query: error: unrecognized arguments: --max-depth'),
        (
            'bench soak --minuts 3',
            'robobrain bench soak: error: unrecognized arguments: --minuts (did you mean --minutes?)',
        ),
        ('nothinglikeit', "invalid choice: 'nothinglikeit' (choose from"),
    ],
)
def test_a_typo_is_answered_with_the_nearest_choice(command, says, capsys):
    with pytest.raises(SystemExit) as end:
        main(command.split())
    assert end.value.code == 2
    assert says in capsys.readouterr().err


def test_suggestions_know_how_each_python_writes_choices():
    for choices in ("'soak', 'faults'", 'soak, faults'):  # up to 3.11, and since
        message = f"argument KIND: invalid choice: 'soka' (choose from {choices})"
        assert with_suggestion(message) == (
            f"argument KIND: invalid choice: 'soka' (did you mean 'soak'? choose from {choices})"
        )
    assert with_suggestion('the following arguments are required: x') == 'the following arguments are required: x'


@pytest.mark.parametrize('encoding', ['ascii', 'latin-1'])
def test_letters_that_a_terminal_does_not_have_end_no_command(encoding):
    script = "from robobrain_ros import cli; import sys; sys.exit(cli.main(['bag', 'replay', 'kü … 桌']))"
    environment = os.environ | {'PYTHONIOENCODING': encoding, 'LC_ALL': 'C'}
    done = subprocess.run([sys.executable, '-c', script], env=environment, capture_output=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith(b"robobrain bag replay: 'k")
    assert b'Traceback' not in done.stderr


@pytest.mark.parametrize(
    ('command', 'says'),
    [
        ('ask --image - x <&-', 'standard input is no picture'),
        ('completion bash >&-', ''),
        ('ask --image - x <&- >&-', ''),
    ],
)
def test_closed_standard_streams_are_like_dev_null(command, says):
    done = subprocess.run(
        [f'{sys.executable} -m robobrain_ros.cli {command}'], shell=True, capture_output=True, text=True, timeout=60
    )
    assert says in done.stderr
    assert 'Traceback' not in done.stderr


def test_a_package_that_is_missing_is_a_sentence():
    script = "import sys; sys.modules['rich'] = None; from robobrain_ros import cli; sys.exit(cli.main(['doctor']))"
    done = subprocess.run([sys.executable, '-c', script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith('robobrain: ')
    assert 'rich' in done.stderr
    assert 'Traceback' not in done.stderr


def test_help_fits_80_columns(capsys, monkeypatch):
    monkeypatch.setenv('COLUMNS', '80')
    for command in ('', 'demo', 'up', 'doctor', 'bag record'):
        with pytest.raises(SystemExit):
            main([*command.split(), '--help'])
        assert max(map(len, capsys.readouterr().out.splitlines())) <= 80, command


def test_signals_are_heard_before_most_modules_are_imported():
    script = 'import sys, robobrain_ros.cli; print([name for name in sys.argv[1:] if name in sys.modules])'
    heavy = ['rich', 'numpy', 'robobrain_ros.tasks', 'robobrain_ros.bench.commands', 'robobrain_ros.commands.ask']
    done = subprocess.run([sys.executable, '-c', script, *heavy], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == '[]', done.stderr


def test_whoever_reads_the_output_may_have_enough(tmp_path):
    done = subprocess.run(
        [f'{sys.executable} -m robobrain_ros.cli completion bash | head -1'],
        shell=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert 'shtab' in done.stdout
    assert done.stderr == ''


@pytest.mark.parametrize('shell', ['bash', 'zsh', 'tcsh'])
def test_completion_knows_the_commands(shell, capsys):
    assert main(['completion', shell]) == 0
    script = capsys.readouterr().out
    for word in ('query', 'target-frame', 'bench', 'soak', 'pointing'):
        assert word in script


@pytest.mark.parametrize(
    ('typed', 'completed'),
    [('robobrain que', ['query']), ('robobrain ask --task gr', ['grounding']), ('robobrain ask --image no', ['notes'])],
)
def test_bash_completes(typed, completed, capsys, tmp_path):
    main(['completion', 'bash'])
    (tmp_path / 'notes').touch()
    (tmp_path / 'script').write_text(capsys.readouterr().out)
    words = typed.split()
    state = f'COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; _shtab_robobrain robobrain {words[-1]} {words[-2]}'
    command = ['bash', '--norc', '-c', f'source ./script; {state}; echo "${{COMPREPLY[@]}}"']
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == completed, done.stderr


def test_completion_without_shtab_says_how_to_get_it(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, 'shtab', None)
    assert main(['completion', 'bash']) == 1
    assert (
        capsys.readouterr().err
        == 'robobrain completion: completion needs the Python package shtab; pip install shtab\n'
    )


def test_up_shows_where_the_node_s_arguments_go(capsys):
    with pytest.raises(SystemExit):
        main(['up', '--help'])
    assert '[-- NODE_ARGUMENTS' in capsys.readouterr().out.splitlines()[0]
