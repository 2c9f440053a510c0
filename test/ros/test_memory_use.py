# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Memory for diagnostics: processes that are there and gone, GPUs that are there and not."""

import os
import sys
from types import SimpleNamespace

import pytest

from robobrain_ros.ros import diagnostics


class NVMLError(Exception):
    """As in pynvml."""


def driver(gpus: int):
    return SimpleNamespace(
        NVMLError=NVMLError,
        nvmlInit=lambda: None,
        nvmlDeviceGetCount=lambda: gpus,
        nvmlDeviceGetHandleByIndex=lambda number: number,
        nvmlDeviceGetMemoryInfo=lambda number: SimpleNamespace(used=(number + 1) * 2**30, total=24 * 2**30),
    )


@pytest.fixture(autouse=True)
def fresh():
    diagnostics._nvml.cache_clear()
    yield
    diagnostics._nvml.cache_clear()


def test_this_process_takes_memory_and_one_that_is_gone_none():
    mine = diagnostics.resident_mib([os.getpid()])
    assert 10 < mine < 100_000
    assert diagnostics.resident_mib([os.getpid(), 2**22 + 1]) == pytest.approx(mine, abs=5)


def test_each_gpu_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, 'pynvml', driver(2))
    assert diagnostics.gpu_memory() == {
        'memory of GPU 0, used / total (MiB)': '1024 / 24576',
        'memory of GPU 1, used / total (MiB)': '2048 / 24576',
    }


def test_without_a_driver_nothing_is_said(monkeypatch):
    broken = driver(1)

    def fail():
        raise NVMLError('no driver')

    broken.nvmlInit = fail
    monkeypatch.setitem(sys.modules, 'pynvml', broken)
    assert diagnostics.gpu_memory() == {}


def test_without_the_library_nothing_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, 'pynvml', None)
    assert diagnostics.gpu_memory() == {}
