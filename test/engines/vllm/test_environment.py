# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What the engine's processes are told, and that a program is as it was before when its brain is closed."""

import json
import os
import subprocess
import sys
import textwrap
from importlib.util import find_spec
from pathlib import Path

import pytest
from repository import FIXTURES

from robobrain_ros.engines.vllm.environment import offline, openmp_library, variables


def test_what_the_user_has_set_stays_unless_vllm_could_not_work_with_it(monkeypatch, tmp_path):
    for name in ('HF_HUB_OFFLINE', 'OMP_NUM_THREADS', 'VLLM_LOGGING_LEVEL', 'TORCHDYNAMO_DISABLE'):
        monkeypatch.delenv(name, raising=False)
    told = variables(True, str(tmp_path))
    assert (told['HF_HUB_OFFLINE'], told['OMP_NUM_THREADS'], told['VLLM_LOGGING_LEVEL']) == ('1', '1', 'ERROR')
    monkeypatch.setenv('OMP_NUM_THREADS', '4')
    monkeypatch.setenv('VLLM_LOGGING_LEVEL', 'INFO')
    monkeypatch.setenv('VLLM_WORKER_MULTIPROC_METHOD', 'fork')
    monkeypatch.setenv('TORCHDYNAMO_DISABLE', '0')
    before = dict(os.environ)
    told = variables(True, str(tmp_path))
    assert (told['OMP_NUM_THREADS'], told['VLLM_LOGGING_LEVEL']) == ('4', 'INFO')
    assert (told['VLLM_WORKER_MULTIPROC_METHOD'], told['TORCHDYNAMO_DISABLE']) == ('spawn', '1')
    on_gpu = variables(False, str(tmp_path))
    assert not {'OMP_NUM_THREADS', 'TORCHDYNAMO_DISABLE', 'TORCHINDUCTOR_CACHE_DIR'} & on_gpu.keys()
    assert dict(os.environ) == before


def test_the_loader_finds_openmp_in_a_folder_with_a_space(tmp_path, monkeypatch):
    monkeypatch.delenv('LD_PRELOAD', raising=False)
    lib = Path(find_spec('torch').origin).parent / 'lib'
    if not list(lib.glob('libgomp*.so*')):
        pytest.skip('this torch has its OpenMP library elsewhere')
    torch = tmp_path / 'ein Häuschen' / 'torch'
    torch.mkdir(parents=True)
    (torch / 'lib').symlink_to(lib)
    told = openmp_library(torch)
    maps = subprocess.run(
        ['cat', '/proc/self/maps'], env=os.environ | told, capture_output=True, text=True, check=True, timeout=20
    )
    assert maps.stderr == ''  # where the loader complains
    assert 'libgomp' in maps.stdout


def test_openmp_is_left_to_vllm_without_a_space_and_to_the_user(tmp_path, monkeypatch):
    monkeypatch.delenv('LD_PRELOAD', raising=False)
    assert openmp_library(tmp_path / 'torch') == {}
    library = tmp_path / 'a b' / 'torch' / 'lib' / 'libgomp.so.1'
    library.parent.mkdir(parents=True)
    library.touch()
    monkeypatch.setenv('LD_PRELOAD', '/usr/lib/other.so')
    monkeypatch.delenv('LD_LIBRARY_PATH', raising=False)
    told = openmp_library(library.parents[1])
    assert told == {'LD_PRELOAD': '/usr/lib/other.so:libgomp.so.1', 'LD_LIBRARY_PATH': str(library.parent)}
    monkeypatch.setenv('LD_PRELOAD', '/opt/intel/libiomp5.so')
    assert openmp_library(library.parents[1]) == {}


@pytest.mark.parametrize(('said', 'inside'), [(None, True), ('0', False)])
def test_hugging_face_is_offline_meanwhile_unless_the_user_says_otherwise(said, inside, monkeypatch):
    constants = pytest.importorskip('huggingface_hub.constants')
    monkeypatch.delenv('HF_HUB_OFFLINE', raising=False)
    if said:
        monkeypatch.setenv('HF_HUB_OFFLINE', said)
    monkeypatch.setattr(constants, 'HF_HUB_OFFLINE', False)
    found = []

    def fail() -> None:
        with offline():
            found.append(constants.HF_HUB_OFFLINE)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert (found, constants.HF_HUB_OFFLINE) == ([inside], False)


PROGRAM = """
    import json, os, sys, warnings

    def settings():
        return {'environment': dict(os.environ), 'filters': [str(entry) for entry in warnings.filters]}

    def graphs():
        import torch

        made = []

        def backend(module, inputs):
            made.append(module)
            return module.forward

        torch.compile(lambda x: 2 * x + 1, backend=backend)(torch.ones(3))
        return len(made)

    async def ask(engine):
        return [delta.finish_reason async for delta in engine.generate(generation(max_tokens=4, guide=ENDLESS))][-1]

    if __name__ == '__main__':
        for module in sys.argv[1:]:
            __import__(module)
        from engine_helpers import ENDLESS, generation
        from robobrain_ros.brain.brain import Brain
        from robobrain_ros.checkpoints import TINY_MODEL
        from robobrain_ros.engines.vllm.config import EngineConfig
        from robobrain_ros.engines.vllm.embedded import EmbeddedEngine
        from robobrain_ros.tasks.profiles import detect_profile

        brain = Brain(EmbeddedEngine(EngineConfig(TINY_MODEL, device='cpu')), detect_profile(TINY_MODEL))
        before = settings()
        try:
            brain.start(lambda text: None).result()
            running = settings()
            end = brain.loop.submit(ask(brain.engine)).result(60)
        finally:
            brain.close()
        closed = settings()
        from huggingface_hub import constants

        told = {'end': end, 'graphs': graphs(), 'offline': constants.HF_HUB_OFFLINE}
        print(json.dumps({'before': before, 'running': running, 'closed': closed} | told))
"""


@pytest.mark.engine
@pytest.mark.timeout(240)
@pytest.mark.parametrize('imported', [(), ('torch', 'huggingface_hub')], ids=['first', 'torch before'])
def test_a_program_is_as_before_when_its_brain_is_closed(imported, tmp_path):
    """Whether or not the program had imported torch before."""
    script = tmp_path / 'program.py'
    script.write_text(textwrap.dedent(PROGRAM))
    path = os.pathsep.join([str(FIXTURES), os.environ.get('PYTHONPATH', '')])
    environment = {**os.environ, 'PYTHONPATH': path}
    for name in ('HF_HUB_OFFLINE', 'TORCHDYNAMO_DISABLE'):
        environment.pop(name, None)
    run = subprocess.run(
        [sys.executable, str(script), *imported], env=environment, capture_output=True, text=True, timeout=200
    )
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout.splitlines()[-1])
    assert told['end'] == 'length', 'it answered'
    assert told['running'] == told['before']
    assert told['closed'] == told['before']
    assert told['graphs'] == 1
    assert told['offline'] is False


def test_torch_does_not_complain_that_there_is_no_triton():
    program = """
        import sys

        from robobrain_ros.checkpoints import TINY_MODEL
        from robobrain_ros.engines.vllm.config import EngineConfig
        from robobrain_ros.engines.vllm.launch import runs_on_cpu

        runs_on_cpu(EngineConfig(model=TINY_MODEL, device='cpu'))
        sys.modules['triton'] = None  # importing it fails, as where it is not installed
        from torch._library.triton import get_inner_triton_kernels
        get_inner_triton_kernels(print)
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith('TORCH_')}
    run = subprocess.run(
        [sys.executable, '-c', textwrap.dedent(program)], env=environment, capture_output=True, text=True, timeout=300
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, '', '')
