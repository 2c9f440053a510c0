# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Shortcuts to the vision tower: the same values by a shorter way, with stand-ins for vLLM's model runner."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest

from robobrain_ros.engines.vllm.image_processor import PIXELS, Patches

torch = pytest.importorskip('torch')
vision_encoder = pytest.importorskip('robobrain_ros.engines.vllm.worker.vision_encoder')

random = np.random.default_rng(3)


def image(height: int, width: int) -> np.ndarray:
    return random.integers(0, 256, (height, width, 3), np.uint8)


@pytest.fixture(params=[14, 16])
def patches(request) -> Patches:
    return Patches(request.param, 2, 2, (0.48, 0.46, 0.41), (0.27, 0.26, 0.28))


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16, torch.float32, torch.uint8])
def test_pixels_spread_to_what_the_rows_are(patches, dtype):
    grids = [[1, 6, 8], [1, 4, 2]]
    images = [image(high * patches.patch, wide * patches.patch) for _, high, wide in grids]
    pixels = torch.cat([patches.pixels(rgb) for rgb in images])
    rows = patches.spread(pixels, grids, patches.levels(dtype))
    assert rows.dtype is dtype
    assert torch.equal(rows, torch.cat([patches.rows(rgb, dtype) for rgb in images]))


def test_pixels_are_a_copy_of_any_image(patches):
    whole = image(4 * patches.patch, 6 * patches.patch)
    part = whole[:, : 4 * patches.patch]  # not contiguous
    pixels = patches.pixels(part)
    before = part.tobytes()
    whole[:] = 0
    assert pixels.numpy().tobytes() == before


def test_a_batch_of_pixels_becomes_rows_and_others_stay(patches):
    rgb, other = image(4 * patches.patch, 6 * patches.patch), torch.ones(2)
    grid = torch.tensor([[1, 4, 6]])

    def batches(items, *, device):
        assert (items, device) == ('items', 'cpu')
        yield 'image', 1, {PIXELS: patches.pixels(rgb), 'image_grid_thw': grid}
        yield 'image', 2, {'pixel_values': other, 'image_grid_thw': grid}

    module = SimpleNamespace(group_and_batch_mm_kwargs=batches)
    vision_encoder.spread_pixels(module, patches, torch.bfloat16, torch.device('cpu'))
    first, second = module.group_and_batch_mm_kwargs('items', device='cpu')
    assert first[:2] == ('image', 1)
    assert first[2].keys() == {'pixel_values', 'image_grid_thw'}
    assert torch.equal(first[2]['pixel_values'], patches.rows(rgb, torch.bfloat16))
    assert second[:2] == ('image', 2)
    assert second[2]['pixel_values'] is other


def test_a_grid_is_computed_once():
    asked = []

    def compute(grids, *, max_batch_size=None):
        asked.append((grids, max_batch_size))
        return {'positions': len(asked)}

    visual = SimpleNamespace(prepare_encoder_metadata=compute)
    vision_encoder.remember_grids(visual)
    first = visual.prepare_encoder_metadata([[1, 30, 40]], max_batch_size=1)
    first['pixel_values'] = 'an image'  # as vLLM may
    assert visual.prepare_encoder_metadata([(1, 30, 40)], max_batch_size=1) == {'positions': 1}
    assert visual.prepare_encoder_metadata([[1, 40, 30]], max_batch_size=1) == {'positions': 2}
    assert visual.prepare_encoder_metadata([[1, 30, 40]]) == {'positions': 3}
    assert asked == [([[1, 30, 40]], 1), ([[1, 40, 30]], 1), ([[1, 30, 40]], None)]


class Runner:
    """Takes a step in the order of vLLM's, and notes it."""

    def __init__(self):
        self.done = []

    def _update_states(self, step):
        self.done.append('update')
        for request in step.new:
            self._init_mrope_positions(request)
        return 'corrections'

    def _init_mrope_positions(self, request):
        self.done.append(f'positions of {request}')

    def _execute_mm_encoder(self, step):
        self.done.append(f'encode {step.scheduled_encoder_inputs}')
        return [step.scheduled_encoder_inputs]

    def execute(self, step):
        assert self._update_states(step) == 'corrections'
        self.done.append('inputs')
        return self._execute_mm_encoder(step)


def test_the_tower_starts_before_the_rest_is_prepared():
    runner = Runner()
    vision_encoder.encode_first(runner)
    assert runner.execute(SimpleNamespace(new=['a'], scheduled_encoder_inputs={'a': [0]})) == [{'a': [0]}]
    assert runner.done == ['update', "encode {'a': [0]}", 'positions of a', 'inputs']
    runner.done.clear()
    assert runner.execute(SimpleNamespace(new=[], scheduled_encoder_inputs={})) == [{}]
    assert runner.done == ['update', 'inputs', 'encode {}']


def test_a_step_that_fails_leaves_the_runner_as_it_was():
    runner = Runner()
    vision_encoder.encode_first(runner)
    with pytest.raises(AttributeError):
        runner.execute(SimpleNamespace(new=[]))
    runner.done.clear()
    runner._init_mrope_positions('b')
    assert runner.done == ['positions of b']


def test_other_model_runners_are_left_alone(caplog):
    pytest.importorskip('vllm.v1.worker.gpu_model_runner')
    runner = SimpleNamespace(model_config=SimpleNamespace(hf_config=SimpleNamespace(model_type='qwen3_vl')))
    before = vars(runner).copy()
    assert vision_encoder.install(runner) == ''
    assert vars(runner) == before
    assert 'SimpleNamespace' in caplog.text


def test_positions_are_compiled_for_every_kind_of_grid(monkeypatch):
    asked = []
    visual = SimpleNamespace(prepare_encoder_metadata=asked.extend)
    runner = SimpleNamespace(get_model=lambda: SimpleNamespace(visual=visual))
    monkeypatch.setattr(vision_encoder, '_suits', lambda runner: False)
    vision_encoder.compile_grids(runner)
    assert asked == []
    monkeypatch.setattr(vision_encoder, '_suits', lambda runner: True)
    vision_encoder.compile_grids(runner)
    assert {(high % 16 == 0, wide % 16 == 0) for _, high, wide in asked} == set(
        itertools.product((True, False), repeat=2)
    )
    assert all(high % 2 == wide % 2 == 0 for _, high, wide in asked)


@pytest.mark.parametrize(('fails', 'others'), [(False, True), (True, True), (False, False)])
def test_the_worker_takes_them_after_its_graphs_and_says_so(monkeypatch, fails, others):
    gpu_worker = pytest.importorskip('robobrain_ros.engines.vllm.worker.gpu_worker')
    done = []
    monkeypatch.setattr(gpu_worker.Worker, 'compile_or_warm_up_model', lambda _: done.append('graphs') or 'times')
    monkeypatch.setattr(gpu_worker.torch, 'set_num_threads', done.append)

    def install(runner):
        done.append(runner)
        if fails:
            raise AttributeError('another version')
        return 'torch.bfloat16'

    def compile_grids(runner):
        done.append('grids')
        if fails:
            raise AttributeError('another version')

    monkeypatch.setattr(gpu_worker.vision_encoder, 'install', install)
    monkeypatch.setattr(gpu_worker.vision_encoder, 'compile_grids', compile_grids)
    monkeypatch.setattr(gpu_worker.ranks, 'in_all', lambda this: this and others)
    worker = object.__new__(gpu_worker.GpuWorker)
    worker.model_runner, worker._report = 'runner', gpu_worker.WorkerReport(operators=['mm'])
    worker._keep = lambda: done.append(worker._report.pixels)
    assert worker.compile_or_warm_up_model() == 'times'
    assert done == ['grids', 'graphs', 1, 'runner', 'torch.bfloat16' if others and not fails else '']
    assert worker._report.operators == ['mm']
