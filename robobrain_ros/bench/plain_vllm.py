# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""vLLM as it comes, with the same memory and limits as this package's engine."""

import os
import tempfile
import uuid
from typing import Any

from robobrain_ros.bench.cases import Laps, Plan, requests, tell
from robobrain_ros.engines.vllm import caches
from robobrain_ros.engines.vllm.environment import variables
from robobrain_ros.engines.vllm.flaggems import Choice
from robobrain_ros.engines.vllm.launch import launch, runs_on_cpu
from robobrain_ros.engines.vllm.preparation import chat_format

KEPT = (
    'model',
    'dtype',
    'max_model_len',
    'max_num_seqs',
    'tensor_parallel_size',
    'kv_cache_memory_bytes',
    'gpu_memory_utilization',
    'limit_mm_per_prompt',
    'structured_outputs_config',
    'disable_log_stats',
    'seed',
    'enforce_eager',
    'block_size',
)
"""Those of our arguments that say what is computed, not how."""


def arguments(plan: Plan) -> dict[str, Any]:
    """Return what vLLM needs here, without what this package adds for speed. Sets environment variables."""
    settings = plan.config
    folder = tempfile.gettempdir()
    how = launch(settings, folder, Choice('off'), runs_on_cpu(settings))
    needed = {*caches.PLACES, *variables(how.on_cpu, folder)}
    os.environ.update({name: value for name, value in how.environment.items() if name in needed})
    return {name: value for name, value in how.arguments.items() if name in KEPT}


async def vllm(plan: Plan) -> None:
    """Measure vLLM's AsyncLLM, which prepares the image by itself."""
    kept = arguments(plan)  # first: it sets what vLLM reads at its import
    from PIL import Image

    from robobrain_ros.engines.vllm import compat

    llm = compat.start(kept)
    try:
        form = chat_format(await compat.tokenizer(llm), plan.model)
        for request in requests(plan):
            length = request.length or request.case.max_tokens
            params = compat.SamplingParams(temperature=0, max_tokens=length, ignore_eos=True)
            prompt = form((request.rgb, request.prompt)) + plan.profile.reply_prefix
            laps, tokens = Laps(), 0
            image = Image.fromarray(request.rgb)
            given = {'prompt': prompt, 'multi_modal_data': {'image': image}}
            async for output in llm.generate(given, params, uuid.uuid4().hex):
                if not tokens:
                    laps.lap('first_token')
                tokens = len(output.outputs[0].token_ids)
            laps.lap('decode')
            tell(request, laps.stages, tokens)
    finally:
        compat.shutdown(llm)
