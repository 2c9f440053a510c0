# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Which family of models a server has: its prompts, and the sizes of image that it takes."""

import re
from collections.abc import Iterable
from pathlib import Path

import httpx

from robobrain_ros import checkpoints
from robobrain_ros.engines.base import EngineDead
from robobrain_ros.engines.server.config import ServerConfig, addresses
from robobrain_ros.engines.server.endpoint import CONNECT_S, QUICK_S
from robobrain_ros.engines.server.faults import Fault, of_status, of_transport
from robobrain_ros.engines.server.probe import MODELS, choose, models
from robobrain_ros.engines.vllm.image_processor import ImageLimits
from robobrain_ros.errors import BadRequest
from robobrain_ros.tasks.profiles import PROFILES, Profile, detect_profile, get_profile

TINY_PROFILE = 'robobrain-tiny'
_NAMES = {
    r'robobrain[-_ ]?2[._-]?5': 'robobrain-2.5',
    r'robobrain[-_ ]?2[._-]?0': 'robobrain-2.0',
    r'(^|/|robobrain[-_])tiny/?$': TINY_PROFILE,
}
"""Patterns of models' names, in lower case, and their profiles."""
_QWEN2_5, _QWEN3 = (28, 28 * 28 * 4), (32, 32 * 32 * 64)
"""Factor and least pixels of the image processors that the two generations have."""


def find(config: ServerConfig, name: str = 'auto', directory: Path | None = None) -> tuple[Profile, ImageLimits]:
    """Find how a model on a server is to be asked. Blocks for some seconds where the server has to be asked its name.

    :param name: the profile's name; ``auto``: as the directory says, or the model's name
    :param directory: files of the same model on this machine, if there are any
    :raises BadRequest: if nothing tells which profile is right
    :raises EngineDead: if the server has to be asked, and does not answer
    """
    try:
        if name == 'auto' and directory is None:
            name = by_name([config.model]) or _of_server(config)
        if directory is None and name == TINY_PROFILE:
            directory = checkpoints.TINY_MODEL
        if directory is not None:
            profile = detect_profile(directory, '' if name == 'auto' else name)
            return profile, ImageLimits.read(directory, config.max_pixels)
        profile = get_profile(name)
    except ValueError as error:
        raise BadRequest(str(error)) from error
    factor, least = _QWEN3 if profile.relative else _QWEN2_5
    return profile, ImageLimits(factor, least, max(least, config.max_pixels))


def by_name(names: Iterable[str]) -> str:
    """Find the profile that names of a model tell; empty if they tell none."""
    texts = [name.lower() for name in names]
    return next((profile for pattern, profile in _NAMES.items() if any(re.search(pattern, one) for one in texts)), '')


def _of_server(config: ServerConfig) -> str:
    names = served(config)
    if profile := by_name(names):
        return profile
    shown = ' and '.join(map(repr, dict.fromkeys(names)))
    raise BadRequest(
        f"model_profile is 'auto', but the server's model {shown} tells no profile: set model_profile to one of "
        f'{", ".join(PROFILES)}'
    )


def served(config: ServerConfig) -> list[str]:
    """Ask the first server that answers for the names of its model. Blocks, for some seconds at most.

    :returns: its name there, and the place that it was loaded from, if the server tells it
    :raises EngineDead: if none answers
    """
    key, faults = config.api_key(), []
    headers = {'Authorization': f'Bearer {key}'} if key else {}
    for address in addresses(config.url):
        try:
            listed = _get(address, headers, key)
            name = choose(listed, config.model, address)
        except Fault as fault:
            faults.append(fault.text)
            continue
        known = next(model for model in models(listed, address) if model['id'] == name)
        return [name, *(place for place in (known.get('root'),) if isinstance(place, str))]
    raise EngineDead(f'no server can be used: {"; ".join(faults)}')


def _get(address: str, headers: dict[str, str], key: str) -> bytes:
    timeout = httpx.Timeout(QUICK_S, connect=CONNECT_S)
    try:
        answer = httpx.get(address + MODELS, headers=headers, timeout=timeout)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise of_transport(error, address, False, CONNECT_S) from error
    if answer.status_code != 200:
        raise of_status(answer.status_code, answer.headers, answer.content, address, key, MODELS)
    return answer.content
