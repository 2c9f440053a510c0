# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How likely a model finds an answer that is given: for comparing two engines, token by token."""

from robobrain_ros.engines.base import EngineDead, Generation
from robobrain_ros.engines.vllm.embedded import EmbeddedEngine


async def likelihood(
    engine: EmbeddedEngine, generation: Generation, answer: str, top: int = 20
) -> list[dict[int, float]]:
    """Ask an engine how likely each token of an answer is after those before it.

    :param answer: what the model might have said
    :param top: how many of the likeliest tokens are told
    :returns: for each token of the answer the log-probabilities of the ``top`` likeliest ones and of itself, by id
    :raises EngineDead: if the engine is not ready
    """
    llm = engine.client
    if llm is None:
        raise EngineDead(engine.health().error or 'the engine is not ready')
    from vllm import SamplingParams

    from robobrain_ros.engines.vllm import compat

    length = len((await compat.tokenizer(llm)).encode(answer, add_special_tokens=False))
    params = SamplingParams(temperature=0, max_tokens=1, prompt_logprobs=top)
    output = None
    async for output in llm.generate(await engine.prepare(generation, answer), params, generation.request_id):  # noqa: B007
        continue
    assert output is not None
    return [
        {token: entry.logprob for token, entry in place.items()}
        for place in output.prompt_logprobs[len(output.prompt_logprobs) - length :]
    ]
