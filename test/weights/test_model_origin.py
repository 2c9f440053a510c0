# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""Where a model's files came from, in the engine that runs it."""

import shutil

from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.engines.vllm.config import EngineConfig
from robobrain_ros.engines.vllm.embedded import EmbeddedEngine
from robobrain_ros.weights.manifest import FILE, Entry, Manifest


def test_an_engine_knows_the_origin_of_its_model(tmp_path):
    assert EmbeddedEngine(EngineConfig(TINY_MODEL)).origin == ''
    model = tmp_path / 'model'
    shutil.copytree(TINY_MODEL, model)
    manifest = Manifest('modelscope', 'OWNER/NAME', 'master', '', (Entry('config.json', 3, 'a' * 64),))
    manifest.write(model)
    assert EmbeddedEngine(EngineConfig(model)).origin == str(manifest)
    assert 'OWNER/NAME, master' in str(manifest)
    (model / FILE).write_text('{')
    assert EmbeddedEngine(EngineConfig(model)).origin == '', 'doctor and model check say what is wrong'
