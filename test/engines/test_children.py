# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Programs that another one starts: they end with it, and before it where it says so."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from robobrain_ros.engines import children

SOON = 30.0
SLEEPING = 'import time; print("there", flush=True); time.sleep(600)'  # lives until it is killed
STUBBORN = f'import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPING}'
PARENT = f"""
import sys
from robobrain_ros.engines import children
child = children.start([sys.executable, '-I', '-S', '-c', {SLEEPING!r}], stdout=sys.stdout)
print(child.pid, flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, None])
def test_a_child_ends_with_its_parent_however_that_ends(number):
    with subprocess.Popen(
        [sys.executable, '-c', PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        words = {parent.stdout.readline().strip() for _ in range(2)}
        (pid,) = words - {'there'}
        child = psutil.Process(int(pid))
        if number:
            parent.send_signal(number)
        else:
            parent.stdin.close()
        parent.wait(SOON)
        child.wait(SOON)


def test_a_child_whose_parent_is_gone_already_ends_at_once():
    code = f'from robobrain_ros.engines.children import end_with; end_with({os.getpid()} + 1)'
    assert subprocess.run([sys.executable, '-c', f'{code}; print("lives")'], capture_output=True).stdout == b''


def start(code: str) -> subprocess.Popen:
    child = children.start([sys.executable, '-I', '-S', '-c', code], stdout=subprocess.PIPE)
    assert child.stdout.readline() == b'there\n'
    return child


def test_they_share_no_session_with_the_terminal():
    child = start(SLEEPING)
    assert os.getsid(child.pid) == child.pid
    children.end([child], SOON)
    child.stdout.close()


def test_end_waits_and_kills_what_stays():
    willing, stubborn = start(SLEEPING), start(STUBBORN)
    begin = time.monotonic()
    children.end([stubborn, willing], 0.5)
    assert time.monotonic() - begin >= 0.5
    assert (willing.returncode, stubborn.returncode) == (-signal.SIGTERM, -signal.SIGKILL)
    willing.stdout.close()
    stubborn.stdout.close()


def test_end_does_not_mind_those_that_have_ended():
    child = start(SLEEPING)
    child.kill()
    child.wait(SOON)
    children.end([child], SOON)
    assert child.returncode == -signal.SIGKILL
    child.stdout.close()
