# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A robot whose model runs on a server installs neither vLLM nor torch, and no other version of what it shares."""

import re
import subprocess
import sys

import pytest
from repository import ROOT

LOCKS = ROOT / 'requirements'
PROGRAM = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in ('torch', 'vllm', 'transformers', 'tokenizers', 'triton', 'psutil', 'mujoco'):
            raise ImportError(f'{name} is not installed')

sys.meta_path.insert(0, Missing())
sys.path.insert(0, FIXTURES)
from stand_in_server import listening
import numpy as np
import robobrain_ros as rb
import robobrain_ros.ros.node

with listening() as server, rb.Brain.load(server.url, profile='robobrain-2.5', warm_up=['pointing']) as brain:
    answer = brain.ask('the mug', np.zeros((480, 640, 3), np.uint8))
    answer.raise_for_error()
    rb.draw(np.zeros((480, 640, 3), np.uint8), answer)
    print(answer.targets[0].pixel)
"""


def pins(name: str) -> dict[str, str]:
    """Versions by package, in lower case."""
    lines = (LOCKS / name).read_text().lower().splitlines()
    return dict(line.split('==') for line in lines if re.fullmatch(r'[\w.-]+==\S+', line))


@pytest.mark.ros
def test_node_and_front_door_work_without_what_only_an_embedded_engine_needs():
    program = PROGRAM.replace('FIXTURES', repr(str(ROOT / 'test' / 'fixtures')))
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout) == (0, '(320, 120)\n'), done.stderr


def test_the_client_s_packages_are_those_of_the_whole_environment():
    client, whole = pins('client.lock'), pins('cpu.lock') | pins('commands.lock')
    assert len(client) > 10
    assert {name: version for name, version in client.items() if whole.get(name) != version} == {}
