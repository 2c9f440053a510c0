# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Finding out, before a robot relies on it, what a server serves and what it takes."""

import json
import re
from contextlib import suppress
from typing import Any

import numpy as np
from PIL import Image

from robobrain_ros.engines.base import EngineRefused, Generation
from robobrain_ros.engines.server.completion import Offers, data_url
from robobrain_ros.engines.server.endpoint import Endpoint
from robobrain_ros.engines.server.faults import Fault, Kind
from robobrain_ros.tasks.base import Guide

HEALTH, MODELS = '/health', '/v1/models'
_TWO_DIGITS = Guide(regex='[0-9]{2}')
_QUESTION = 'What is in the image?'
_SIDE = 64
"""Pixels."""


async def probe(endpoint: Endpoint) -> None:
    """Find the model, what the server offers, and that it sees images. The endpoint knows it afterwards, and is there.

    :raises Fault: with a sentence that names what mends it
    """
    await healthy(endpoint)
    endpoint.model = choose(await endpoint.get(MODELS), endpoint.model, endpoint.address)
    picture = data_url(Image.fromarray(np.full((_SIDE, _SIDE, 3), 127, np.uint8)), 'png')
    try:
        endpoint.offers = Offers(extended=True, guides=True)
        said = await _ask(endpoint, picture, _TWO_DIGITS)
        endpoint.offers = Offers(extended=True, guides=re.fullmatch('[0-9]{2}', said) is not None)
    except Fault as fault:
        if fault.kind is not Kind.REFUSED:
            raise
        endpoint.offers = Offers()
        await _ask_plainly(endpoint, picture)
    endpoint.fault = ''


async def healthy(endpoint: Endpoint) -> None:
    """Ask a server how it is, without its model.

    :raises Fault: if it is not well
    """
    try:
        await endpoint.get(HEALTH)
    except Fault as fault:
        if fault.status not in (401, 403, 404, 405):
            raise
        await endpoint.get(MODELS)  # not all servers have a page for health


def choose(listed: bytes, wanted: str, address: str) -> str:
    """Find the model's name among those that a server lists.

    :param listed: the answer to GET /v1/models
    :param wanted: as server.model has it; empty takes the only one
    :raises Fault: if it is not there, or there are several
    """
    names = [model['id'] for model in models(listed, address)]
    shown = ', '.join(repr(name) for name in names[:20]) or 'none'
    if wanted and wanted not in names:
        text = f'server.model is {wanted!r}, but {address} serves {shown}: set server.model to one of these'
        raise Fault(Kind.DENIED, text if names else f'{address} serves no model')
    if not wanted and len(names) != 1:
        raise Fault(Kind.DENIED, f'{address} serves {shown}: set server.model to the one to ask')
    return wanted or str(names[0])


def models(listed: bytes, address: str) -> list[dict[str, Any]]:
    """Read the answer to GET /v1/models.

    :returns: an object for each model; ``id`` is its name
    :raises Fault: if it is no such list
    """
    with suppress(ValueError, RecursionError, KeyError, TypeError):
        found = json.loads(listed)['data']
        if all(isinstance(model['id'], str) for model in found):
            return list(found)
    text = f'{address}{MODELS} is no list of models: is an OpenAI-compatible server there? Check server.url'
    raise Fault(Kind.DENIED, text)


async def _ask(endpoint: Endpoint, picture: str, guide: Guide | None) -> str:
    """One small question; what the server answers."""
    pixel = np.zeros((1, 1, 3), np.uint8)  # the picture is packed already
    generation = Generation((pixel, _QUESTION), 4, 'probe', guide=guide, alternatives=1)
    return ''.join([delta.text async for delta in endpoint.answer(generation, [picture])])


async def _ask_plainly(endpoint: Endpoint, picture: str) -> None:
    """Ask once more without what only some servers take; then without the picture, to tell what is refused."""
    try:
        await _ask(endpoint, picture, None)
        return
    except Fault as fault:
        if fault.kind is not Kind.REFUSED:
            raise
        with_picture = fault
    plain = {
        'model': endpoint.model,
        'messages': [{'role': 'user', 'content': _QUESTION}],
        'max_tokens': 4,
        'stream': True,
    }
    try:
        async for _ in endpoint.chunks(plain, 'probe'):
            continue
    except (Fault, EngineRefused):
        raise Fault(Kind.DENIED, f'{endpoint.address} takes no chat request: {with_picture}') from None
    raise Fault(
        Kind.DENIED,
        f'model {endpoint.model!r} of {endpoint.address} takes no images ({with_picture}): serve a vision-language '
        'model such as RoboBrain 2.5 there, or set server.model to one',
    )
