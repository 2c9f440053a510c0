# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How vLLM is asked for an answer: its sampling parameters for one request, and what it tells of each token."""

from typing import Any

from robobrain_ros.engines.base import Generation
from robobrain_ros.engines.vllm.preparation import Preparation
from robobrain_ros.tasks.certainty import Token


def spelled(piece: Any) -> tuple[Token, ...]:
    """Read the tokens of one of vLLM's outputs, with their alternatives; none where none were asked for."""
    return tuple(
        Token(
            places[token].decoded_token or '',
            tuple((choice.decoded_token or '', choice.logprob) for choice in places.values()),
        )
        for token, places in zip(piece.token_ids, piece.logprobs or (), strict=False)
    )


def sampling(generation: Generation, preparation: Preparation) -> Any:
    """Make vLLM's SamplingParams of a request.

    Stop strings are found by the client, in the text; until the engine hears of it, it has begun another step or two.
    Where a string is one token, the engine ends by itself. Not so with a grammar: there, stop tokens may come only
    behind the whole answer, so that its closing bracket would be forbidden.

    :param preparation: knows which strings are one token
    """
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

    guide = generation.guide
    return SamplingParams(
        temperature=generation.temperature,
        max_tokens=generation.max_tokens,
        stop=list(generation.stop),
        stop_token_ids=None if guide else preparation.single_tokens(generation.stop),
        include_stop_str_in_output=True,
        logprobs=generation.alternatives or None,
        output_kind=RequestOutputKind.DELTA,
        structured_outputs=StructuredOutputsParams(regex=guide.regex, json=guide.json_schema) if guide else None,
    )
