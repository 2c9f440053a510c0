# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Names of sets and stacks come from folders and files of others: they may hold anything, and are shown as they are."""

import io
import json
import warnings
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
from rich.console import Console
from stand_in_runs import flipped, write_choice, write_run

from robobrain_ros.evaluation.consistency.compare import compare
from robobrain_ros.evaluation.consistency.report import picture
from robobrain_ros.evaluation.consistency.report.findings import Report, to_json
from robobrain_ros.evaluation.consistency.report.tables import markdown, noise_table, table
from robobrain_ros.evaluation.consistency.scored_runs import Runs

ODD = ('[red]RoboBrain[/b]', 'a $x_{$ b', 'two\nlines|', '\x1b[31mred', 'half \ud800', '智源 \U0001f916', 'long' * 100)


@pytest.fixture(scope='module')
def report(tmp_path_factory) -> Report:
    """What was found on a set of 20 questions."""
    root = tmp_path_factory.mktemp('runs')
    data = write_choice(root / 'data', 20)
    right = [True] * 20
    return compare(Runs(write_run(root / 'a', data, right), write_run(root / 'b', data, flipped(right, 1))))


def named(report: Report, name: str) -> Report:
    """Return the same of a set and of stacks with another name."""
    side = replace(report.a, name=name)
    return replace(report, a=side, b=side, sets=(replace(report.sets[0], dataset=name),), missing={name: 'none has it'})


@pytest.mark.parametrize('name', ODD)
def test_every_name_can_be_written(report, tmp_path: Path, name):
    odd, file = named(report, name), tmp_path / 'consistency.png'
    with warnings.catch_warnings(action='error'):
        picture.plot(odd, file)
    assert cv2.imread(str(file)).shape[1] == 1000
    text = markdown(odd)
    assert text.encode().decode() == text
    assert len(text.splitlines()) == len(markdown(named(report, 'name')).splitlines())
    assert json.loads(json.dumps(to_json(odd)))['details'][0]['dataset'] == name


def test_brackets_of_a_name_are_no_style(report):
    out = Console(file=io.StringIO(), width=80)
    out.print(table(named(report, '[red]s')), noise_table(named(report, '[/b]')))
    shown = out.file.getvalue()
    assert '[red]s ' in shown
    assert '[/b] ' in shown
