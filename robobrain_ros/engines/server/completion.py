# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A request to the engine as the body of POST /v1/chat/completions."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from robobrain_ros.engines.base import EngineRefused, Generation

JPEG_QUALITY = 95


@dataclass(frozen=True)
class Offers:
    """What a server takes beyond OpenAI's API, as its probe showed.

    :param extended: the fields of vLLM's API; without them an answer is no more than text
    :param guides: ``structured_outputs`` is obeyed, and with it stop strings can be kept in the answer
    """

    extended: bool = False
    guides: bool = False


def data_url(image: Any, image_format: str) -> str:
    """Pack an image for a message.

    :param image: a PIL image, RGB
    :param image_format: ``jpeg`` or ``png``
    """
    packed = io.BytesIO()
    if image_format == 'png':
        image.save(packed, 'PNG', compress_level=1)
    else:  # colours in full resolution: small things are told apart by them
        image.save(packed, 'JPEG', quality=JPEG_QUALITY, subsampling=0)
    return f'data:image/{image_format};base64,{base64.b64encode(packed.getvalue()).decode()}'


def body(generation: Generation, image_urls: Sequence[str], model: str, offers: Offers) -> dict[str, Any]:
    """Write a request in the server's terms.

    :param image_urls: its images, packed by ``data_url``
    :param model: its name on the server
    :raises EngineRefused: for what the server does not offer
    """
    urls = iter(image_urls)
    content = [
        {'type': 'text', 'text': piece}
        if isinstance(piece, str)
        else {'type': 'image_url', 'image_url': {'url': next(urls)}}
        for piece in generation.content
    ]
    asked: dict[str, Any] = {
        'model': model,
        'messages': [{'role': 'user', 'content': content}],
        'max_tokens': generation.max_tokens,
        'temperature': generation.temperature,
        'top_p': 1.0,
        'stream': True,
        'stream_options': {'include_usage': True},
    }
    _check(generation, offers)
    if not offers.extended:
        return asked
    # what a checkpoint's generation_config.json says of sampling is for chats: servers would take it up
    asked |= {'top_k': 0, 'min_p': 0.0, 'repetition_penalty': 1.0}
    asked['stream_options'] |= {'continuous_usage_stats': True}
    if generation.alternatives:
        asked |= {'logprobs': True, 'top_logprobs': generation.alternatives}
    if generation.reply_prefix:
        asked['messages'].append({'role': 'assistant', 'content': generation.reply_prefix})
        asked |= {'continue_final_message': True, 'add_generation_prompt': False}
    if generation.stop and offers.guides:
        asked |= {'stop': list(generation.stop), 'include_stop_str_in_output': True}
    if guide := generation.guide:
        grammar = {'regex': guide.regex} if guide.regex is not None else {'json': guide.json_schema}
        asked['structured_outputs'] = grammar | {'disable_any_whitespace': True}
    return asked


def _check(generation: Generation, offers: Offers) -> None:
    if generation.guide and not offers.guides:
        raise EngineRefused(
            'guided_decoding is on, but the server does not obey structured_outputs: set guided_decoding to false, or '
            'serve the model with vLLM 0.12 or newer'
        )
    if generation.reply_prefix and not offers.extended:
        raise EngineRefused(
            'this profile of model has its answers begun for it, and the server does not take continue_final_message: '
            'serve the model with vLLM'
        )
