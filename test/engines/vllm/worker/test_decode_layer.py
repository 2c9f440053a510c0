# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Steps of one token, made by kernels of our own: the cases of decode_*cases.py, in processes that have Triton."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest
from repository import FIXTURES

CASES = [str(FIXTURES / name) for name in ('decode_cases.py', 'decode_layer_cases.py')]
KERNELS = Path(sys.prefix) / 'kernels'
"""Where ./run test puts Triton; with --gpu it is a part of the environment."""


@pytest.mark.skipif(not KERNELS.is_dir() and find_spec('triton') is None, reason='no Triton: ./run test installs it')
@pytest.mark.timeout(300)
@pytest.mark.parametrize('interpreted', [True, False], ids=['interpreted', 'compiled'])
def test_the_kernels(interpreted):
    environment = os.environ | {'PYTHONPATH': str(KERNELS), 'TRITON_INTERPRET': '1' if interpreted else '0'}
    marked = ['-m', 'interpreted' if interpreted else 'compiled']
    command = [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', '-o', 'addopts=', *marked, *CASES]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


class Model:
    """A DecodingModel of a process with Triton."""

    def __init__(self, outcome=''):
        self.outcome, self.asked = outcome, []

    def decide(self, compilation):
        self.asked.append(compilation)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


@pytest.fixture
def worker(monkeypatch):
    """vLLM's worker, whose model is loaded."""
    gpu_worker = pytest.importorskip('robobrain_ros.engines.vllm.worker.gpu_worker')
    done = []
    monkeypatch.setattr(gpu_worker.Worker, 'load_model', lambda self, **options: done.append(options))
    made = object.__new__(gpu_worker.GpuWorker)
    made.vllm_config = SimpleNamespace(additional_config={'vllm_decodes': ''}, compilation_config='compilation')
    made._report, made._keep = gpu_worker.WorkerReport(), lambda: done.append(made._report.decode)
    made.model, made.done = Model(), done
    made.get_model = lambda: made.model
    return made


@pytest.mark.parametrize(
    ('outcome', 'told'),
    [('', ''), ('another GPU', 'another GPU'), (AttributeError('x'), "this vLLM is another one: AttributeError('x')")],
)
def test_the_worker_has_the_loaded_model_decide_and_says_why_not(worker, outcome, told):
    worker.model = Model(outcome)
    worker.load_model(load_dummy_weights=True)
    assert worker.model.asked == ['compilation']
    assert worker.done == [{'load_dummy_weights': True}, told]


def test_they_stay_away_where_they_are_not_wanted(worker):
    worker._report.operators = ['layer_norm', 'mm_out']
    worker.load_model()
    assert worker._report.decode == "FlagGems' products are wanted"
    worker._report.operators = ['layer_norm']
    worker.vllm_config.additional_config['vllm_decodes'] = 'decode_kernels is off'
    worker.load_model()
    assert worker._report.decode == 'decode_kernels is off'
    assert not worker.model.asked
