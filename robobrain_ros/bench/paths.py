# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Ways to ask the model without ROS, each a process of its own: ``python -m robobrain_ros.bench.paths PATH PLAN``."""

import asyncio
import inspect
import sys
from typing import Any

from robobrain_ros.bench.cases import Laps, Plan, requests, tell
from robobrain_ros.bench.own_engine import engine
from robobrain_ros.bench.plain_vllm import vllm
from robobrain_ros.bench.served import server
from robobrain_ros.bench.shared import chats, http
from robobrain_ros.engines.processes import Family
from robobrain_ros.engines.vllm.launch import runs_on_cpu
from robobrain_ros.engines.vllm.preparation import chat_format


async def reference(plan: Plan) -> None:
    """Measure Hugging Face's ``generate``, called as in the model's public script."""
    import torch
    from PIL import Image
    from transformers import AutoModelForImageTextToText, AutoProcessor

    device = 'cpu' if runs_on_cpu(plan.config) else 'cuda'
    dtype = torch.float32 if device == 'cpu' else 'auto'
    model = AutoModelForImageTextToText.from_pretrained(plan.model, dtype=dtype).to(device).eval()
    processor = AutoProcessor.from_pretrained(plan.model)
    form = chat_format(processor.tokenizer, plan.model)

    class Streamer:
        """Hears of the prompt, then of each token."""

        def __init__(self, laps: Laps) -> None:
            self.laps, self.heard = laps, 0

        def put(self, tokens: Any) -> None:
            """Hear of tokens; ``generate`` calls it with the prompt's first."""
            self.heard += 1
            if self.heard == 2:
                self.laps.lap('first_token')

        def end(self) -> None:
            """Do nothing; ``generate`` calls it at its end."""

    for request in requests(plan):
        length = request.length or request.case.max_tokens
        laps = Laps()
        prompt = form((request.rgb, request.prompt)) + plan.profile.reply_prefix
        inputs = processor(text=[prompt], images=[Image.fromarray(request.rgb)], return_tensors='pt').to(device)
        laps.lap('prepare')
        limits = {'max_new_tokens': length, 'min_new_tokens': length, 'do_sample': False}
        with torch.inference_mode():
            model.generate(**inputs, **limits, streamer=Streamer(laps))
        laps.lap('decode')
        tell(request, laps.stages, length)


def main() -> None:
    """Run the path on the command line with the plan behind it; blocks."""
    paths = {'engine': engine, 'vllm': vllm, 'reference': reference, 'server': server, 'http': http, 'chats': chats}
    path, plan = paths[sys.argv[1]], Plan.from_json(sys.argv[2])
    family = Family()  # vLLM's own processes would outlive this one, if it is killed
    try:
        with family.adopt():
            work = path(plan)
            if inspect.iscoroutine(work):
                asyncio.run(work)
    finally:
        family.close()


if __name__ == '__main__':
    main()
