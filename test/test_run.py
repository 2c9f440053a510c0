# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""./run on machines that are not as they should be: no Python, no room, no rights, odd folders, an impatient user."""

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from repository import ROOT

COPIED = (
    *('CMakeLists.txt', 'package.xml', 'setup.py', 'run', 'action', 'cmake', 'config', 'launch', 'msg', 'requirements'),
    *('robobrain_ros/__init__.py', 'robobrain_ros/commands/machine.py', 'scripts', 'srv', 'worlds'),
)
STATES = """
ROOT=$PWD GPU=
for part in terminal system environment; do . scripts/$part.sh; done
choose_environment
mkdir -p "$VENV/bin" "$VENV/share/robobrain_ros"
requirements_state >"$VENV/.requirements"
interfaces_state >"$VENV/.interfaces"
cp -R config launch worlds "$VENV/share/robobrain_ros"
"""
"""Marks an environment as one that ./run setup has made."""


class Checkout:
    """A clone of this repository that ./run starts in, with stand-ins for the machine's programs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / 'ein Häuschen' / 'robobrain'
        for name in COPIED:
            copy = self.folder / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, copy)
            else:
                shutil.copy2(ROOT / name, copy)
        self.programs = folder / 'programs'
        self.programs.mkdir()
        self.program('dpkg', 'echo Status: install ok installed')
        for name in ('c++', 'apt-get', 'sudo', 'nvidia-smi'):
            self.program(name, 'exit 1')
        self.environment = {
            'HOME': str(folder),
            'LC_ALL': 'C',
            'PATH': f'{self.programs}:{os.environ["PATH"]}',
            'PYTHON': sys.executable,
        }

    def program(self, name: str, script: str) -> None:
        """Put a stand-in into PATH."""
        (self.programs / name).write_text(f'#!/bin/sh\n{script}\n')
        (self.programs / name).chmod(0o755)

    def python(self, script: str) -> None:
        """Put a stand-in for the Python of an environment that is being made."""
        python = self.folder / '.venv' / 'bin' / 'python'
        python.parent.mkdir(parents=True, exist_ok=True)
        python.write_text(f'#!/bin/sh\n{script}\n')
        python.chmod(0o755)

    def make_environment(self) -> None:
        subprocess.run(['bash', '-euc', STATES], cwd=self.folder, env=self.environment, check=True, timeout=20)

    def start(self, *arguments: str, before: tuple[str, ...] = (), **variables: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*before, self.folder / 'run', *arguments],
            env=self.environment | variables,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding='utf-8',
            start_new_session=True,
        )

    def run(self, *arguments: str, **options) -> tuple[int, str]:
        process = self.start(*arguments, **options)
        try:
            return process.wait(60), process.communicate(timeout=60)[0]
        finally:
            process.kill()


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path)


def test_version_and_help_need_nothing(checkout):
    assert checkout.run('--version') == (0, 'robobrain_ros 0.1.0\n')
    assert checkout.run('help') == checkout.run()
    for command in ('demo', 'ask', 'doctor', 'setup', 'exec', 'shell', 'test', 'lint', 'docs'):
        assert f'./run {command} ' in checkout.run('help')[1]
    assert 'pytest --help' in checkout.run('test', '--help')[1]
    assert not (checkout.folder / '.venv').exists()


def test_a_python_that_is_not_there(checkout):
    code, said = checkout.run('demo', PYTHON='/nonexistent')
    assert code == 1
    assert said == "run: PYTHON is '/nonexistent', which cannot be used: there is no such program\n"


def test_gpu_stands_before_or_after_the_command(checkout):
    assert checkout.run('--gpu', 'demo') == checkout.run('demo', '--gpu')
    assert 'needs an NVIDIA GPU' in checkout.run('demo', '--gpu')[1]


@pytest.mark.parametrize('distro', ['humble', 'jazy'])
def test_a_distribution_without_wheels(checkout, distro):
    code, said = checkout.run('setup', ROS_DISTRO=distro)
    assert code == 1
    assert f"ROS_DISTRO is '{distro}', but must be jazzy or kilted" in said


def test_what_runs_in_it_reads_and_writes_utf8_whatever_the_locale(checkout):
    """setuptools writes the folder's name in the locale's encoding, and Python reads it so, also in UTF-8 mode."""
    checkout.make_environment()
    (checkout.folder / '.venv' / 'bin' / 'python').symlink_to(sys.executable)
    script = 'import locale, os, sys; print(locale.getencoding(), sys.flags.utf8_mode, os.environ["VIRTUAL_ENV"])'
    code, said = checkout.run('exec', 'python', '-c', script)
    assert (code, said) == (0, f'UTF-8 1 {checkout.folder}/.venv\n'), said


def test_doctor_installs_nothing_and_says_what_setup_would_do(checkout):
    checkout.program('dpkg', 'exit 1')
    before = sorted(checkout.folder.rglob('*'))
    code, said = checkout.run('doctor')
    assert code == 1
    assert './run setup installs libegl1' in said
    assert '.venv is not there: ./run setup makes it' in said
    assert sorted(checkout.folder.rglob('*')) == before


def test_no_room_is_said_before_anything_is_installed(checkout):
    checkout.program('df', r"printf 'Filesystem 1M-blocks Used Available\ndisk 9000 8900 100\n'")
    code, said = checkout.run('setup')
    assert code == 1
    assert 'needs 2700 MB' in said
    assert '100 MB are free' in said
    assert not (checkout.folder / '.venv').exists()


def test_a_disk_that_fills_up_meanwhile(checkout):
    checkout.python('case $* in *install*) echo "[Errno 28] No space left on device"; exit 1; esac')
    code, said = checkout.run('setup')
    assert code == 1
    assert 'the disk is full' in said
    assert 'pip' not in said.partition('the disk is full')[0]


def test_interrupted_while_pip_works(checkout):
    """Neither pip nor what it started is left, and one line says so."""
    checkout.python(f'case $* in *install*) sleep 60 & echo $! >{checkout.programs}/pid; wait ;; esac')
    process = checkout.start('setup')
    try:
        pid = checkout.programs / 'pid'
        deadline = time.monotonic() + 30
        while not (pid.exists() and pid.read_text().strip()):
            assert time.monotonic() < deadline, 'pip was not started'
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        said = process.communicate(timeout=60)[0].splitlines()
        assert said[-1] == 'run: interrupted; what was installed stays, and the same command goes on from here'
        assert said[-2].startswith('run: 1/5')
        assert not psutil.pid_exists(int(pid.read_text()))
    finally:
        process.kill()


def test_a_second_call_waits_for_the_first_one_s_environment(checkout):
    began = checkout.programs / 'began'
    checkout.python(f'case $* in *install*) echo began >>{began}; sleep 60 & wait ;; esac')

    def until_installs(count):
        deadline = time.monotonic() + 30
        while not began.exists() or len(began.read_text().split()) < count:
            assert time.monotonic() < deadline, 'pip was not started'
            time.sleep(0.05)

    first = checkout.start('setup')
    second = None
    try:
        until_installs(1)
        second = checkout.start('exec', 'true')
        assert select.select([second.stdout], [], [], 30)[0], 'it says nothing'
        assert second.stdout.readline() == 'run: another ./run is setting up .venv: waiting for it\n'
        assert began.read_text().split() == ['began']
        first.send_signal(signal.SIGINT)
        assert first.wait(60) == 130
        until_installs(2)
        second.send_signal(signal.SIGINT)
        assert second.wait(60) == 130
    finally:
        for process in (first, second):
            if process is not None:
                process.kill()


class AnotherUser:
    """Starts programs as a user who owns nothing, where this is root."""

    def __init__(self) -> None:
        if os.geteuid() != 0 or not shutil.which('setpriv'):
            pytest.skip('needs root and setpriv')
        self.prefix = ('setpriv', '--reuid=65534', '--regid=65534', '--clear-groups')


def test_an_environment_of_another_user_is_used_and_not_written(tmp_path):
    user = AnotherUser()
    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)  # pytest's folders are for their owner alone
    checkout = Checkout(tmp_path)
    checkout.make_environment()
    assert checkout.run('exec', 'echo', 'works', before=user.prefix, PYTHON='') == (0, 'works\n')
    (checkout.folder / 'config' / 'new.yaml').touch()
    code, said = checkout.run('exec', 'echo', 'works', before=user.prefix, PYTHON='')
    assert code == 1
    assert 'config/ has changed since ./run setup' in said
    assert 'it belongs to root' in said
    (checkout.folder / 'setup.py').write_text('')
    code, said = checkout.run('exec', 'echo', 'works', before=user.prefix, PYTHON='')
    assert code == 1
    assert 'the environment .venv is not there or out of date, but nobody cannot write to' in said
    assert len(said.splitlines()) == 1
