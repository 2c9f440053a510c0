# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""This package's engine without the node, as ``robobrain bench engine`` measures it."""

import time

from robobrain_ros.bench.cases import Laps, Plan, note, requests, tell
from robobrain_ros.brain.pipeline import generation
from robobrain_ros.engines.vllm.embedded import EmbeddedEngine


async def engine(plan: Plan) -> None:
    """Measure this package's engine, or a variant of it."""
    own, begin = EmbeddedEngine(plan.config), time.monotonic()
    await own.start(lambda text: None)
    note(f'{plan.variant or "engine"}: started in {time.monotonic() - begin:.1f} s, before its warm-up')
    try:
        await answer_all(own, plan)
    finally:
        await own.close()


async def answer_all(own: EmbeddedEngine, plan: Plan) -> None:
    """Put all requests to an engine that has been started, and tell how long each took."""
    warm = False
    for request in requests(plan):
        given = generation(
            request.task,
            request.instruction,
            request.rgb,
            plan.profile,
            max_tokens=request.case.max_tokens,
        )
        if not warm:
            await own.warm_up([given])
            warm = True
        laps, tokens = Laps(), 0
        async for delta in own.generate(given):
            if not delta.tokens and not delta.finish_reason:
                laps.lap('prepare')
            elif not tokens:
                laps.lap('first_token')
            tokens += delta.tokens
        laps.lap('decode')
        tell(request, laps.stages, tokens)
    _, since = own.compilations()
    name = plan.variant or 'engine'
    note(f'{name}: {since.compiled} kernels compiled, {since.loaded} loaded, {since.tuned} tuned after warm-up')
