# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Enabling FlagGems, with stand-ins for both generations of its interface; what the worker reports, and its counts."""

import sys
import tempfile
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from robobrain_ros import __version__
from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.engines.vllm import caches, memory_check
from robobrain_ros.engines.vllm.config import EngineConfig
from robobrain_ros.engines.vllm.flaggems import Choice
from robobrain_ros.engines.vllm.launch import FP8, launch
from robobrain_ros.engines.vllm.worker.flaggems_worker import enable
from robobrain_ros.engines.vllm.worker.report import WorkerReport
from robobrain_ros.errors import BrainError


def operator(name):
    """A function of that name, as FlagGems has them."""

    def function():
        raise AssertionError('not to be called')

    function.__name__ = name
    return function


TABLE = (
    ('mm', operator('mm')),
    ('mm.out', operator('mm_out')),
    ('gelu', operator('gelu')),
    ('arange', operator('arange')),
    ('arange.start', operator('arange')),
    ('_to_copy', operator('to_copy'), lambda: True),
    ('future', operator('future'), lambda: False),
)


class Registrar:
    """What both generations share: keeps what it would register with PyTorch."""

    by_key = False

    def __init__(self, config, **options):
        include, exclude = (
            options.get('user_include_ops'),
            options.get('user_exclude_ops') or options.get('unused') or [],
        )
        rows = [row for row in config if len(row) < 3 or row[2]()]
        if include:
            rows = [row for row in rows if row[1].__name__ in include]
        self.rows = [row for row in rows if row[1].__name__ not in exclude]

    def get_all_ops(self):
        return [row[0] if self.by_key else row[1].__name__ for row in self.rows]


class KeyRegistrar(Registrar):
    """4.2.0 lists the keys of aten."""

    by_key = True


def old_gems() -> ModuleType:
    """4.2.0: only what is not wanted can be named."""
    gems = ModuleType('flag_gems')

    def enable(lib=None, unused=None, registrar=KeyRegistrar, record=False, once=False, path=None):
        gems.current_work_registrar = registrar(TABLE, unused=list(unused or []), lib=lib)

    gems.enable = enable
    return gems


def new_gems() -> ModuleType:
    """5.x: unknown names are ignored without a word."""
    gems = ModuleType('flag_gems')

    def enable(lib=None, unused=None, registrar=Registrar, record=False, once=False, path=None):
        gems.current_work_registrar = registrar(TABLE, user_include_ops=[], user_exclude_ops=unused, lib=lib)

    def only_enable(lib=None, include=None, registrar=Registrar, record=False, once=False, path=None):
        gems.current_work_registrar = registrar(TABLE, user_include_ops=include, lib=lib)

    gems.enable, gems.only_enable = enable, only_enable
    return gems


@pytest.fixture(params=[old_gems, new_gems])
def gems(request, monkeypatch):
    module = request.param()
    monkeypatch.setitem(sys.modules, 'flag_gems', module)
    return module


def test_exactly_the_wanted_operators_are_enabled(gems):
    assert enable(Choice('custom', include=('mm_out', 'arange'))) == ['arange', 'mm_out']
    assert {row[0] for row in gems.current_work_registrar.rows} == {'mm.out', 'arange', 'arange.start'}


def test_all_but_some(gems):
    assert enable(Choice('full', exclude=('mm',))) == ['arange', 'gelu', 'mm_out', 'to_copy']


def test_names_that_it_does_not_register_here_are_refused_before_anything_is_enabled(gems):
    with pytest.raises(BrainError, match=r"no operator 'future', 'gelus' \(but gelu\)"):
        enable(Choice('custom', include=('future', 'gelus')))
    assert not hasattr(gems.current_work_registrar, 'rows')


def test_the_list_goes_to_the_file_that_flagos_names(gems, tmp_path, monkeypatch):
    monkeypatch.setenv('FLAGGEMS_ENABLE_OPLIST_PATH', str(tmp_path / 'oplist.txt'))
    enable(Choice('custom', include=('mm', 'gelu')))
    assert (tmp_path / 'oplist.txt').read_text() == 'gelu\nmm\n'


def test_what_it_fails_to_enable_is_an_error(gems, monkeypatch):
    monkeypatch.setattr(Registrar, 'get_all_ops', lambda self: [])
    with pytest.raises(RuntimeError, match='did not enable gelu, mm'):
        enable(Choice('custom', include=('mm', 'gelu')))


def test_a_report_is_read_as_it_was_written(tmp_path):
    assert WorkerReport.read(tmp_path) is None
    report = WorkerReport(['mm'], compiled=3, loaded=2, tuned=1)
    report.write(tmp_path)
    assert WorkerReport.read(tmp_path) == report
    assert report.pauses == 6
    assert [file.name for file in tmp_path.iterdir()] == ['worker.json']
    failed = WorkerReport(error='of another rank', refused=True)
    failed.write(tmp_path)
    report.write(tmp_path)  # the first rank goes on until it is ended
    assert WorkerReport.read(tmp_path) == failed


def test_compilations_are_counted_and_others_go_on_listening(monkeypatch):
    gpu_worker = pytest.importorskip('robobrain_ros.engines.vllm.worker.gpu_worker')
    heard = []
    knobs = SimpleNamespace(compilation=SimpleNamespace(listener=lambda **event: heard.append(event)))
    tuner = type('Autotuner', (), {'_bench': lambda self, config: f'{config} timed'})
    monkeypatch.setitem(sys.modules, 'triton', SimpleNamespace(knobs=knobs))
    monkeypatch.setitem(sys.modules, 'triton.runtime', SimpleNamespace())
    monkeypatch.setitem(sys.modules, 'triton.runtime.autotuner', SimpleNamespace(Autotuner=tuner))
    report, changes = WorkerReport(), []
    gpu_worker.count_compilations(report, lambda: changes.append(report.pauses))
    knobs.compilation.listener(cache_hit=False, times=1)
    knobs.compilation.listener(cache_hit=True, times=1)
    assert tuner()._bench(config='fast') == 'fast timed'
    assert (report.compiled, report.loaded, report.tuned, changes) == (1, 1, 1, [1, 2, 3])
    assert [event['cache_hit'] for event in heard] == [False, True]


@pytest.fixture
def worker(monkeypatch, tmp_path):
    """One whose GPU is there, and whose Triton cannot be listened to."""
    gpu_worker = pytest.importorskip('robobrain_ros.engines.vllm.worker.gpu_worker')
    monkeypatch.setattr(gpu_worker.Worker, 'init_device', lambda self: None)
    monkeypatch.setitem(sys.modules, 'triton', SimpleNamespace())
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path / 'gone'))
    made = object.__new__(gpu_worker.GpuWorker)
    made.rank, made.vllm_config = 0, SimpleNamespace(additional_config={})
    return made


def test_what_is_only_for_knowing_does_not_stop_the_engine(worker, caplog):
    worker.init_device()
    assert 'what Triton compiles is not counted' in caplog.text
    assert "the worker's report cannot be written" in caplog.text


def test_why_flaggems_could_not_be_enabled_is_reported(worker, gems, tmp_path):
    (tmp_path / 'gone').mkdir()
    worker.vllm_config.additional_config = {'flaggems': {'profile': 'custom', 'include': ('gelus',)}}
    with pytest.raises(BrainError, match='gelus'):
        worker.init_device()
    told = WorkerReport.read(tmp_path / 'gone')
    assert told.refused
    assert 'gelus' in told.error


def test_of_several_workers_the_first_reports_and_those_that_fail(worker, gems, tmp_path):
    (tmp_path / 'gone').mkdir()
    worker.rank = 1
    worker.init_device()
    assert WorkerReport.read(tmp_path / 'gone') is None
    worker.vllm_config.additional_config = {'flaggems': {'profile': 'custom', 'include': ('gelus',)}}
    with pytest.raises(BrainError, match='gelus'):
        worker.init_device()
    assert WorkerReport.read(tmp_path / 'gone').refused


def test_native_and_flaggems_keep_their_kernels_apart(tmp_path):
    native, gems = (caches.environment(str(tmp_path), on) for on in (False, True))
    assert (
        native.keys()
        == gems.keys()
        == {
            'VLLM_CACHE_ROOT',
            'TRITON_CACHE_DIR',
            'TORCHINDUCTOR_CACHE_DIR',
            'FLAGGEMS_CACHE_DIR',
        }
    )
    assert len({*native.values(), *gems.values()}) == 8
    assert all(Path(place).is_dir() for place in (*native.values(), *gems.values()))
    assert caches.environment('', True) == {}


def test_a_cache_directory_that_cannot_be_made_is_quoted(tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(BrainError, match=r"cache_directory is '.*/file/x', but cannot be used .*name one that can be"):
        caches.environment(f'{tmp_path}/file/x', False)


def test_on_a_gpu_the_worker_is_ours_and_knows_the_choice(tmp_path):
    config = EngineConfig(TINY_MODEL, cache_directory=str(tmp_path), quantization='fp8')
    choice = Choice('safe', include=('mm',), decided_by='who chose is not for the caches')
    how = launch(config, str(tmp_path), choice, on_cpu=False)
    assert how.arguments['worker_cls'] == 'robobrain_ros.engines.vllm.worker.gpu_worker.GpuWorker'
    told = how.arguments['additional_config']['flaggems']
    assert Choice(**told) == Choice('safe', include=('mm',))
    assert how.arguments['quantization'] == 'fp8_per_tensor'
    assert how.environment['NCCL_SOCKET_IFNAME'] == how.environment['GLOO_SOCKET_IFNAME'] == 'lo'
    assert how.environment['VLLM_CACHE_ROOT'] == str(tmp_path / 'flaggems' / 'vllm')
    native = launch(config, str(tmp_path), Choice('off'), on_cpu=False)
    assert native.arguments['additional_config'].keys() == {'package', 'vllm_decodes'}
    assert native.arguments['additional_config']['package'] == __version__
    assert native.environment['TRITON_CACHE_DIR'] == str(tmp_path / 'native' / 'triton')


def test_vllm_leaves_the_vision_tower_and_nothing_else_as_it_is():
    names = pytest.importorskip('vllm.model_executor.layers.quantization.compressed_tensors.utils')
    config = pytest.importorskip('vllm.config.quantization')
    made = config.resolve_quantization_config(**FP8)
    assert made.linear is not None
    tower = ('visual.blocks.0.attn.qkv', 'visual.merger.linear_fc1')
    assert all(names.should_ignore_layer(name, made.ignore) for name in tower)
    assert not names.should_ignore_layer('language_model.model.layers.0.mlp.down_proj', made.ignore)


def test_files_that_are_quantized_already_are_not_quantized_again(tmp_path, monkeypatch):
    monkeypatch.setattr(memory_check, 'quantized', lambda model: 'compressed-tensors')
    config = EngineConfig(TINY_MODEL, quantization='fp8', cache_directory='')
    with pytest.raises(BrainError, match=r"quantized already \(compressed-tensors\); set it to 'none'"):
        launch(config, str(tmp_path), Choice('off'), on_cpu=False)


@pytest.mark.parametrize(
    ('options', 'on_cpu', 'says'),
    [
        ({'quantization': 'fp8'}, True, "'fp8', but the model runs on the CPU; set it to 'none'"),
        ({'tensor_parallel_size': 7}, False, r"cannot share the model's \d+ attention heads"),
        ({'quantization': 'fp8', 'dtype': 'float32'}, False, "'fp8', but dtype is 'float32'"),
    ],
)
def test_what_does_not_go_together_is_refused(options, on_cpu, says, tmp_path):
    with pytest.raises(BrainError, match=says):
        launch(EngineConfig(TINY_MODEL, **options), str(tmp_path), Choice('off'), on_cpu)
