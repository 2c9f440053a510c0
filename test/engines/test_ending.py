# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Programs end by the first signal: within a limit, with one line and the signal's exit code."""

import os
import signal
import subprocess
import sys
import textwrap
from signal import SIGHUP, SIGINT, SIGTERM

import pytest

SOON = 30.0
WORDS = {SIGINT: 'ended by Ctrl-C', SIGTERM: 'ended by SIGTERM', SIGHUP: 'ended by SIGHUP: its terminal was closed'}


@pytest.fixture
def program():
    """Starts a program whose work is given; returns it when it has begun."""
    started: list[subprocess.Popen] = []

    def start(work: str, *command: str) -> subprocess.Popen:
        code = f"""
import sys, threading, time
from robobrain_ros.engines import ending

def work():
{textwrap.indent(textwrap.dedent(work), '    ')}

sys.exit(ending.run('program', work))
"""
        process = subprocess.Popen(
            [*command, sys.executable, '-c', code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout.readline() == 'begun\n', process.stderr.read()
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


FOR_EVER = """
    try:
        print('begun', flush=True)
        time.sleep(600)  # until the signal comes
    finally:
        print('cleaned up')
"""


@pytest.mark.parametrize('number', [SIGINT, SIGTERM, SIGHUP])
def test_the_signal_interrupts_and_is_told_in_one_line(program, number):
    process = program(FOR_EVER)
    process.send_signal(number)
    out, error = process.communicate(timeout=SOON)
    assert (process.returncode, out, error) == (128 + number, 'cleaned up\n', f'program: {WORDS[number]}\n')


def test_without_a_signal_the_exit_code_is_that_of_the_work(program):
    process = program("print('begun', flush=True); return 7")
    assert process.communicate(timeout=SOON) == ('', '')
    assert process.returncode == 7


SLOW_TO_CLEAN_UP = """
    try:
        print('begun', flush=True)
        time.sleep(600)  # until the signal comes
    finally:
        print('cleaning up', flush=True)
        sys.stdin.readline()
"""


def test_later_signals_do_no_harm(program):
    process = program(SLOW_TO_CLEAN_UP)
    process.send_signal(SIGINT)
    assert process.stdout.readline() == 'cleaning up\n'
    for number in (SIGINT, SIGTERM, SIGHUP, SIGINT):
        process.send_signal(number)
    _, error = process.communicate('\n', timeout=SOON)
    assert (process.returncode, error) == (130, 'program: ended by Ctrl-C\n')


@pytest.mark.parametrize(
    'work',
    [
        SLOW_TO_CLEAN_UP,
        """
        thread = threading.Thread(target=time.sleep, args=(600,))
        thread.start()
        print('begun', flush=True)
        thread.join()  # as Python does at its end
        """,
        """
        try:
            print('begun', flush=True)
            time.sleep(600)  # until the signal comes
        except KeyboardInterrupt:  # as Python does where C code calls back
            time.sleep(600)  # until the signal comes
        """,
    ],
    ids=['it cleans up for ever', 'a thread keeps it', 'nobody hears the interrupt'],
)
def test_it_ends_in_any_case(program, work):
    process = program(work)
    process.send_signal(SIGINT)
    assert process.wait(SOON) == 130
    assert process.stderr.read() == 'program: ended by Ctrl-C\n'


def test_a_signal_that_another_thread_takes_is_heard_too(program):
    process = program("""
        thread = threading.Thread(target=time.sleep, args=(600,), daemon=True)
        thread.start()
        print('begun', flush=True)
        print(thread.native_id, flush=True)
        time.sleep(600)  # until the signal comes
    """)
    os.kill(int(process.stdout.readline()), SIGTERM)  # Linux: to the whole process, this thread first
    assert process.wait(SOON) == 143


def test_what_fails_on_the_way_out_is_no_news(program):
    process = program("""
        try:
            print('begun', flush=True)
            time.sleep(600)  # until the signal comes
        finally:
            raise RuntimeError('the context is invalid')
    """)
    process.send_signal(SIGTERM)
    assert process.communicate(timeout=SOON)[1] == 'program: ended by SIGTERM\n'
    assert process.returncode == 143


def test_what_fails_by_itself_is_raised(program):
    process = program("print('begun', flush=True); raise RuntimeError('oh')")
    assert process.communicate(timeout=SOON)[1].endswith('RuntimeError: oh\n')
    assert process.returncode == 1


def test_nohup_is_respected(program):
    process = program(FOR_EVER, 'nohup')
    process.send_signal(SIGHUP)
    process.send_signal(SIGTERM)  # of the two, the only one that counts
    process.communicate(timeout=SOON)
    assert process.returncode == 143


def test_uninterrupted_work_is_finished_first(program):
    process = program("""
        with ending.uninterrupted():
            print('begun', flush=True)
            sys.stdin.readline()
            print('finished', flush=True)
        print('never', flush=True)
    """)
    process.send_signal(SIGINT)
    assert process.communicate('\n', timeout=SOON) == ('finished\n', 'program: ended by Ctrl-C\n')


def test_a_gone_terminal_is_no_error(program):
    process = program(FOR_EVER)
    process.stdout.close()
    process.stderr.close()
    process.send_signal(SIGHUP)
    assert process.wait(SOON) == 129


def test_other_signals_are_not_its_business(program):
    process = program("""
        import os, signal
        # Not print: the signal may come while the one below still writes, and that is no place for another.
        signal.signal(signal.SIGUSR1, lambda *_: os.write(1, b'heard\\n'))
        print('begun', flush=True)
        time.sleep(600)  # until the signal comes
    """)
    process.send_signal(signal.SIGUSR1)
    assert process.stdout.readline() == 'heard\n', process.stderr.read()
    process.send_signal(SIGTERM)
    assert process.wait(SOON) == 143
