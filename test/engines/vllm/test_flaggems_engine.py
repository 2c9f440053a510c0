# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""An engine whose FlagGems fails starts natively, in a fresh process, and says so; what is wrong in the configuration
is an error. vLLM itself is left out here."""

import os
from pathlib import Path

import pytest

from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.engines.base import EngineDead, EngineState
from robobrain_ros.engines.loop import LoopThread
from robobrain_ros.engines.vllm import embedded, flaggems
from robobrain_ros.engines.vllm.config import EngineConfig
from robobrain_ros.engines.vllm.embedded import EmbeddedEngine
from robobrain_ros.engines.vllm.flaggems import FlagGemsSettings
from robobrain_ros.engines.vllm.launch import Launch
from robobrain_ros.engines.vllm.worker.report import WorkerReport


@pytest.fixture
def loop():
    thread = LoopThread('test')
    yield thread
    thread.close()


def start(engine, loop) -> tuple[list[str], str]:
    """(what was reported, why it did not start)."""
    heard: list[str] = []
    with pytest.raises(EngineDead) as caught:
        loop.submit(engine.start(heard.append)).result(60)
    assert engine.health().state is EngineState.DEAD
    assert engine._family is None, 'its processes and folder are gone'
    return heard, str(caught.value)


@pytest.fixture
def gpu(monkeypatch):
    """A host with a GPU whose engine fails: natively at once, with FlagGems as its ``worker`` says."""
    folders: list[tuple[str, bool]] = []

    def launch(config, folder, choice, on_cpu):
        folders.append((folder, choice.on))
        return Launch({}, {}, on_cpu)

    def create(engine, family, how):
        folder, with_flaggems = folders[-1]
        if not with_flaggems:
            raise RuntimeError('the native start was tried')
        gpu.worker(Path(folder))
        raise RuntimeError('engine core initialization failed')

    def gpu() -> list[tuple[str, bool]]:
        return folders

    gpu.worker = lambda folder: None
    monkeypatch.setattr(embedded, 'runs_on_cpu', lambda config: False)
    monkeypatch.setattr(embedded, 'launch', launch)
    monkeypatch.setattr(EmbeddedEngine, '_create', create)
    monkeypatch.setattr(flaggems, 'obstacle', lambda: '')
    return gpu


def test_a_worker_that_cannot_enable_it_is_replaced_by_a_native_one(gpu, loop):
    gpu.worker = lambda folder: WorkerReport(error='ImportError: no such thing').write(folder)
    engine = EmbeddedEngine(EngineConfig(TINY_MODEL, flaggems=FlagGemsSettings('safe')))
    asked = 'FlagGems safe (parameter flaggems.profile)'
    lost = f'{asked} is without effect: FlagGems could not be enabled: ImportError: no such thing'
    heard, why = start(engine, loop)
    again = ['loading vLLM', lost, f'starting the engine with {TINY_MODEL}']
    assert heard == ['loading vLLM', asked, f'starting the engine with {TINY_MODEL}', *again]
    assert why == 'the engine did not start: the native start was tried'
    (first, with_flaggems), (second, without) = gpu()
    assert (with_flaggems, without) == (True, False)
    assert first != second, 'a fresh family of processes'
    assert start(engine, loop)[0] == again, 'it is not tried again by this engine'


def test_a_worker_that_dies_without_a_word_is_replaced_too(gpu, loop):
    heard, _ = start(EmbeddedEngine(EngineConfig(TINY_MODEL, flaggems=FlagGemsSettings('safe'))), loop)
    assert heard[-2].endswith(' is without effect: engine core initialization failed')


def test_operators_that_there_are_not_fail_the_start(gpu, loop):
    gpu.worker = lambda folder: WorkerReport(error="no operator 'layernorm'", refused=True).write(folder)
    _, why = start(EmbeddedEngine(EngineConfig(TINY_MODEL, flaggems=FlagGemsSettings('custom', ('layernorm',)))), loop)
    assert why == "the engine did not start: no operator 'layernorm'"
    assert len(gpu()) == 1


def test_a_cpu_refuses_a_profile(loop):
    engine = EmbeddedEngine(EngineConfig(TINY_MODEL, device='cpu', flaggems=FlagGemsSettings('full')))
    heard, why = start(engine, loop)
    assert heard == ['loading vLLM']
    assert "flaggems.profile is 'full', but the model runs on the CPU" in why


def test_ranks_without_cores_of_their_own_are_refused(loop, monkeypatch):
    monkeypatch.setattr(os, 'sched_getaffinity', lambda pid: {5})
    _, why = start(EmbeddedEngine(EngineConfig(TINY_MODEL, device='cpu', tensor_parallel_size=2)), loop)
    assert why == 'the engine did not start: tensor_parallel_size is 2, but this process has 1 CPU cores'


def test_diagnostics_hear_what_is_on_and_what_was_compiled_since_warm_up(tmp_path):
    engine = EmbeddedEngine(EngineConfig(TINY_MODEL))
    engine._state, engine._on_cpu = EngineState.READY, False
    engine._family = type('Family', (), {'folder': str(tmp_path)})()
    engine._choice = flaggems.Choice('safe', decided_by='a test')
    engine._warm = WorkerReport(['gelu'], compiled=5, loaded=7, tuned=9)
    WorkerReport(['gelu'], decode='', compiled=6, loaded=9, tuned=12).write(tmp_path)
    said = engine.health().details
    assert said == {
        'FlagGems': 'safe: gelu',
        'decode kernels': "this package's",
        'kernels compiled, loaded or tuned since warm-up': '6',
    }
    whole, since = engine.compilations()
    assert (whole.compiled, since.compiled, since.loaded, since.tuned) == (6, 1, 2, 3)
    WorkerReport(decode='another GPU').write(tmp_path)
    assert engine.health().details['decode kernels'] == "vLLM's (another GPU)"
