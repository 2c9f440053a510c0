# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Processes that share a model: what they are told, where they meet, that they agree; and a real engine of two."""

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from engine_helpers import ENDLESS, SOON, begun, deltas, generation, text

from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.engines.base import EngineDead, EngineState
from robobrain_ros.engines.loop import LoopThread
from robobrain_ros.engines.processes import ended, shared_memory
from robobrain_ros.engines.vllm import ranks
from robobrain_ros.engines.vllm.config import EngineConfig
from robobrain_ros.engines.vllm.embedded import EmbeddedEngine
from robobrain_ros.sim.scene import TableTop


def test_they_talk_by_the_loopback_device_unless_told_otherwise(monkeypatch):
    for name in ('GLOO_SOCKET_IFNAME', 'NCCL_SOCKET_IFNAME', 'VLLM_CPU_OMP_THREADS_BIND'):
        monkeypatch.delenv(name, raising=False)
    on_gpus = ranks.environment(on_cpu=False)
    assert (on_gpus['GLOO_SOCKET_IFNAME'], on_gpus['NCCL_SOCKET_IFNAME']) == ('lo', 'lo')
    assert 'VLLM_CPU_OMP_THREADS_BIND' not in on_gpus
    assert ranks.environment(on_cpu=True)['VLLM_CPU_OMP_THREADS_BIND'] == 'nobind'
    monkeypatch.setenv('NCCL_SOCKET_IFNAME', 'eth1')
    monkeypatch.setenv('VLLM_CPU_OMP_THREADS_BIND', '0-7|8-15')
    mine = ranks.environment(on_cpu=True)
    assert (mine['NCCL_SOCKET_IFNAME'], mine['VLLM_CPU_OMP_THREADS_BIND']) == ('eth1', '0-7|8-15')


def test_workers_meet_in_a_file_of_their_engine_s_folder(monkeypatch, tmp_path):
    gpu_worker = pytest.importorskip('robobrain_ros.engines.vllm.worker.gpu_worker')
    given: list[dict] = []
    monkeypatch.setattr(gpu_worker.Worker, '__init__', lambda self, **options: given.append(options))
    monkeypatch.setenv('TMPDIR', str(tmp_path))
    for rank in (0, 1):
        gpu_worker.GpuWorker(rank=rank, distributed_init_method='tcp://192.0.2.7:4711')
    place = f'file://{tmp_path}/ranks'
    assert given == [{'rank': rank, 'distributed_init_method': place} for rank in (0, 1)]


@pytest.mark.parametrize(('answers', 'all_of_them'), [((True, True), True), ((True, False), False)])
@pytest.mark.timeout(60)
def test_they_agree(answers, all_of_them, monkeypatch):
    state = pytest.importorskip('vllm.distributed.parallel_state')
    import torch.distributed

    store, here = torch.distributed.HashStore(), threading.local()
    monkeypatch.setattr(state, 'get_world_group', lambda: SimpleNamespace(cpu_group=here.group))

    def rank(number: int) -> bool:
        here.group = torch.distributed.ProcessGroupGloo(store, number, 2, timedelta(seconds=30))
        return ranks.in_all(answers[number])

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(rank, (0, 1))) == [all_of_them] * 2


@pytest.fixture
def loop():
    loop = LoopThread('ranks')
    yield loop
    loop.close()


@pytest.mark.engine
@pytest.mark.timeout(240)
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason='two ranks need two cores')
def test_two_answer_as_one_and_when_one_is_killed_the_engine_is_dead(tiny_brain, loop):
    questions = [('Point to all objects.', TableTop(seed).render()[0]) for seed in (3, 4)]
    engine = EmbeddedEngine(EngineConfig(TINY_MODEL, device='cpu', tensor_parallel_size=2))

    async def ask(asked) -> list[str]:
        return [text(await deltas(asked, generation(words, image))) for words, image in questions]

    async def life() -> list[str]:
        await engine.start(lambda _: None)
        return await ask(engine)

    async def death() -> None:
        task = await begun(engine, generation(max_tokens=700, guide=ENDLESS))
        os.kill(workers[-1], signal.SIGKILL)
        with pytest.raises(EngineDead, match='the engine process died'):
            await task

    try:
        answers = loop.submit(life()).result(120)
        pids = engine.health().pids
        workers = [pid for pid in pids if psutil.Process(pid).ppid() in pids]
        listening = [
            socket.laddr.ip
            for pid in pids
            for socket in psutil.Process(pid).net_connections('inet')
            if socket.status == psutil.CONN_LISTEN
        ]
        shared = shared_memory(pids)
        loop.submit(death()).result(SOON)
        assert engine.health().state is EngineState.DEAD
    finally:
        loop.submit(engine.close()).result(SOON)
    assert answers == tiny_brain.loop.submit(ask(tiny_brain.engine)).result(SOON)
    assert all(answers)
    assert len(workers) == 2
    assert set(listening) == {'127.0.0.1'}
    assert shared
    assert not [path for path in shared if Path(path).exists()]
    assert all(ended(pid) for pid in pids)
