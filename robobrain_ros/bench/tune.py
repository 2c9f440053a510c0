# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``robobrain tune``: fill the caches of compiled kernels ahead of time, and show what the next start will cost."""

import time

from robobrain_ros.brain.brain import Brain
from robobrain_ros.engines.vllm.config import EngineConfig
from robobrain_ros.engines.vllm.embedded import EmbeddedEngine
from robobrain_ros.tasks.profiles import detect_profile


def run(config: EngineConfig, image_size: tuple[int, int]) -> int:
    """Start and warm up the engine twice, and print what was compiled. Blocks for minutes.

    :param image_size: (width, height) of the camera's images in pixels
    :returns: the exit code 0
    """
    for which in ('first', 'second'):
        engine = EmbeddedEngine(config)
        brain = Brain(engine, detect_profile(config.model))
        begin = time.monotonic()
        try:
            brain.start(lambda text: print(f'  {text}', flush=True), image_size).result()
            took = time.monotonic() - begin
            health, (all_of_it, _) = engine.health(), engine.compilations()
        finally:
            brain.close()
        if not health.details:
            print(f'start: {took:.1f} s; the engine runs on the CPU, where nothing is compiled: nothing to tune')
            return 0
        print(
            f'{which} start: {took:.1f} s; kernels: {all_of_it.compiled} compiled, {all_of_it.loaded} from the cache, '
            f'{all_of_it.tuned} variants timed; FlagGems {health.details["FlagGems"]}'
        )
    return 0
