# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What commands print: progress, tables that fit, and JSON for programs."""

import io
import json
import subprocess
import sys

import pytest
from rich.console import Console
from rich.progress import Task

from robobrain_ros.commands import progress_bar
from robobrain_ros.commands.output import WIDTH, Rows, allow_any_letter, results
from robobrain_ros.commands.progress_bar import Progress, figures


def test_rows_are_laid_out_alike_and_fit(capsys):
    rows = Rows({'task': 10, 'answer': None, 'more': None, 'ms': 4})
    rows.add('pointing', 'short', '', '1')
    rows.add('trajectory', 'word [1] ' * 9, 'x' * 70, '2345')
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert len({line.index(word) for line, word in zip(lines, ('answer', 'short', 'word'), strict=False)}) == 1
    text = ''.join(lines).replace(' ', '')
    assert text.count('word') == text.count('[1]') == 9
    assert text.count('x') == 70


def test_a_terminal_without_umlauts_shows_question_marks(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, 'stdout', io.TextIOWrapper(raw, 'ascii', write_through=True))
    allow_any_letter()
    Rows({'a': 4, 'b': None}).add('…', 'Größe 杯')
    assert b'Gr??e ?' in raw.getvalue()


SCRIPT = """
import subprocess, sys
from robobrain_ros.commands.output import results
with results(True) as tell:
    print('for people')
    subprocess.run([sys.executable, '-c', 'print("of a child")'])
    tell({'value': float('nan'), 'all': (1, 'ä')})
print('after')
"""


def test_stdout_holds_nothing_but_json():
    done = subprocess.run([sys.executable, '-c', SCRIPT], capture_output=True, text=True, timeout=60, check=True)
    first, *rest = done.stdout.splitlines()
    assert json.loads(first) == {'value': None, 'all': [1, 'ä']}
    assert rest == ['after']
    assert done.stderr.splitlines() == ['for people', 'of a child']


def test_without_json_results_go_nowhere(capfd):
    with results(False) as tell:
        print('for people')
        tell({'value': 1})
    assert capfd.readouterr() == ('for people\n', '')


@pytest.mark.parametrize(
    ('times', 'unit', 'says'),
    [
        ((0.0, 0.5, 1.0), 'scenes', '2 of 10 scenes, 2.0/s, 0:00:04 left'),
        ((0.0, 5.0, 10.0), 'scenes', '2 of 10 scenes, 5.0 s each, 0:00:40 left'),
        ((0.0, 1.0, 2.0), 's', '2 of 10 s, 0:00:08 left'),
        ((0.0,), 'scenes', '0 of 10 scenes'),
    ],
)
def test_rate_and_remaining_time(times, unit, says):
    now = [times[0]]
    bar = progress_bar.progress.Progress(console=Console(file=io.StringIO()), disable=True, get_time=lambda: now[0])
    number = bar.add_task('x', total=10)
    bar.advance(number, 0)
    for now[0] in times[1:]:
        bar.advance(number, 1)
    task: Task = bar.tasks[0]
    assert figures(task, unit) == says


def test_where_no_terminal_is_a_line_comes_now_and_then(monkeypatch, capsys):
    monkeypatch.setattr(progress_bar, 'LINE_S', 0.0)
    with Progress('evaluate', 3, 'scenes') as bar:
        bar.say('loading')
        for _ in range(3):
            bar.advance()
    said = capsys.readouterr()
    assert said.out == ''
    lines = said.err.splitlines()
    assert lines[0] == 'loading'
    assert [line.split(',')[0] for line in lines[1:]] == [f'evaluate: {number} of 3 scenes' for number in (1, 2, 3)]
    assert lines[-1].endswith('in all')


def test_lines_are_rare_and_can_be_left_out(capsys):
    with Progress('evaluate', 1000, 'scenes') as bar, Progress('learning', 2, 's', lines=False) as other:
        for _ in range(999):
            bar.advance()
        other.reach(2)
    assert capsys.readouterr().err == ''


def test_an_error_inside_is_not_swallowed():
    with pytest.raises(KeyboardInterrupt), Progress('evaluate', 3, 'scenes'):
        raise KeyboardInterrupt
