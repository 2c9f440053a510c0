# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""The engine that robot and HTTP clients share: how quick its server is, and what chats cost the robot."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from robobrain_ros.bench.cases import CHATS, Plan, note
from robobrain_ros.bench.own_engine import answer_all
from robobrain_ros.bench.served import END_S, ask_all
from robobrain_ros.brain.brain import Brain
from robobrain_ros.engines import children
from robobrain_ros.engines.vllm.embedded import EmbeddedEngine
from robobrain_ros.serving.config import ServeConfig
from robobrain_ros.serving.server import HttpServer


def http(plan: Plan) -> None:
    """Measure this package's server, asked by the client that asks vLLM's; blocks."""
    with _shared(plan) as (_, _, server):
        asyncio.run(ask_all(server.url, server.model_name, plan))


def chats(plan: Plan) -> None:
    """Measure the engine by the robot's door while chats come in by the other; blocks."""
    with _shared(plan) as (engine, brain, server):
        command = [sys.executable, '-m', 'robobrain_ros.bench.chatter', server.url, str(CHATS[plan.variant])]
        talking = children.start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            assert talking.stdout is not None
            talking.stdout.readline()  # all chats have begun
            brain.loop.submit(answer_all(engine, plan)).result()
            note(f'{plan.variant}: {talking.communicate(timeout=END_S)[0].strip()}')
        finally:
            children.end([talking], END_S)


@contextmanager
def _shared(plan: Plan) -> Iterator[tuple[EmbeddedEngine, Brain, HttpServer]]:
    engine = EmbeddedEngine(replace(plan.config, shared=True))
    brain = Brain(engine, plan.profile)
    try:
        brain.start(lambda text: None, plan.size, ('pointing',)).result()
        server = HttpServer(brain, ServeConfig(port=0))
        server.start()
        try:
            yield engine, brain, server
        finally:
            server.close()
    finally:
        brain.close()
