# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The commands ``robobrain bench ...`` run and judge; good figures take longer, and a host with nothing else to do."""

import re
import subprocess
import sys

import pytest

COMMANDS = {
    'transport': ('--seconds', '1', '--requests', '2'),
    'soak': ('--minutes', '0.1'),
    'faults': ('--kills', '1'),
}
pytestmark = [pytest.mark.ros, pytest.mark.engine, pytest.mark.timeout(240)]


@pytest.fixture(scope='module')
def commands():
    """All of them at once: most of their time, they wait for engines."""
    running = {
        kind: subprocess.Popen(
            [sys.executable, '-m', 'robobrain_ros.cli', 'bench', kind, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for kind, arguments in COMMANDS.items()
    }
    yield running
    for process in running.values():
        process.terminate()
        process.wait(30)


def outcome(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, _ = process.communicate(timeout=230)
    return process.returncode, output


def test_transport(commands):
    code, output = outcome(commands['transport'])
    judged = re.findall(r'(holds|MISSED)$', output, re.MULTILINE)
    assert len(judged) == 4, output
    assert code == ('MISSED' in judged)


def test_soak(commands):
    code, output = outcome(commands['soak'])
    assert re.search(r'growth [+-]\d+\.\d+%', output), output
    assert '0 requests failed' in output
    grown = float(re.search(r'growth ([+-][\d.]+)%', output)[1]) > 2
    assert code == grown


def test_faults(commands):
    code, output = outcome(commands['faults'])
    assert '1 kills: 1 recoveries, 0 hung goals, 0 orphans' in output
    assert code == 0
