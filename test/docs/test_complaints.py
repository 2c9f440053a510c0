# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Answers to complaints (docs/behaviour.md) that no other test shows."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from repository import ROOT
from scripted_engine import ScriptedEngine, words

from robobrain_ros.brain.brain import Brain
from robobrain_ros.brain.pipeline import Pipeline, Settings
from robobrain_ros.engines.base import Generation
from robobrain_ros.errors import BadRequest
from robobrain_ros.tasks import TASKS
from robobrain_ros.tasks.profiles import PROFILES


def imported(module: str) -> set[str]:
    """Top packages that are there after importing a module in a fresh process."""
    code = f'import sys, {module}; print(*{{name.partition(".")[0] for name in sys.modules}})'
    return set(subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True).stdout.split())


def test_heavy_packages_are_imported_late():
    packages = imported('robobrain_ros.ros.node')
    assert 'rclpy' in packages
    assert not packages & {'torch', 'vllm', 'transformers', 'mujoco'}


def test_the_pure_half_needs_no_ros():
    packages = imported('robobrain_ros.brain.brain, robobrain_ros.brain.overlay, robobrain_ros.engines.vllm.embedded')
    assert 'robobrain_ros' in packages
    assert not packages & {'rclpy', 'sensor_msgs', 'std_msgs', 'torch', 'vllm'}


def test_every_task_is_warmed_up():
    class Engine(ScriptedEngine):
        async def warm_up(self, generations: list[Generation]) -> list[float]:  # type: ignore[override]
            warmed.extend(generations)
            return await super().warm_up(generations)

    warmed: list[Generation] = []
    profile = PROFILES['robobrain-2.5']
    brain = Brain(Engine(), profile)  # type: ignore[arg-type]
    try:
        brain.start(lambda text: None, (320, 200)).result(10)
    finally:
        brain.close()
    assert {words(one) for one in warmed} == {task.prompt('the table', profile) for task in TASKS.values()}
    assert {one.images[0].shape for one in warmed} == {(200, 320, 3)}


def test_a_start_may_warm_up_for_fewer_tasks():
    asked = Pipeline(ScriptedEngine(), PROFILES['robobrain-2.5']).rehearsal
    assert [words(one) for one in asked(['general'], (64, 48), Settings())] == ['the table']
    assert len(asked(['mission', 'general'], (64, 48), Settings())) == len(TASKS)
    with pytest.raises(BadRequest, match='dancing'):
        asked(['dancing'], (64, 48), Settings())
    with pytest.raises(BadRequest, match='no task is named'):
        asked([], (64, 48), Settings())


@pytest.mark.engine
def test_the_engine_stays_offline(tiny_brain):
    pids = tiny_brain.engine.health().pids
    assert pids
    for pid in pids:
        assert b'HF_HUB_OFFLINE=1' in Path(f'/proc/{pid}/environ').read_bytes().split(b'\0')


def test_the_documents_say_what_was_not_run():
    for page in ('README.md', 'docs/index.md'):
        text = (ROOT / page).read_text()
        assert re.search(r'\*\*Never run:\*\*[^.]*a Jetson', text), page
    assert re.search(r'## Not measured\s.*Jetson', (ROOT / 'docs' / 'performance.md').read_text(), re.DOTALL)
