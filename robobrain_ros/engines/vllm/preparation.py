# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Requests for vLLM, made here: tokens from the text, patches or plain pixels from the image, in one pass.

vLLM's renderer does the same by way of Hugging Face's processor, and hashes its output, which takes several times as
long. What it makes is vLLM's own business and changes between versions, so nothing about it is taken for granted: the
first request with images of these sizes goes through the renderer, and only where ours is equal to it, value by value,
the next ones are made here.
"""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from robobrain_ros.engines.base import EngineRefused
from robobrain_ros.engines.vllm.config import MAX_IMAGES
from robobrain_ros.engines.vllm.image_processor import PIXELS, Patches
from robobrain_ros.geometry.resize import resize

_log = logging.getLogger(__name__)

Shapes = tuple[tuple[int, ...], ...]
"""The shapes of a request's images, each (height, width, 3)."""

PARTS = {'type', 'prompt_token_ids', 'mm_kwargs', 'mm_hashes', 'mm_placeholders', 'prompt', 'arrival_time'}
"""What a request of vLLM consists of; one with other parts is left to vLLM."""


class Preparation:
    """Makes the requests of one engine.

    :param render: vLLM's renderer: takes a prompt with its images, returns the request
    :param tokenizer: the model's
    :param model: directory with the model's files
    :param pixels: the worker takes PIXELS and makes rows of this type of them (see vision_encoder.py);
        empty if it takes none
    """

    def __init__(
        self, render: Callable[[dict[str, Any]], Awaitable[Any]], tokenizer: Any, model: Path, pixels: str = ''
    ) -> None:
        self._render = render
        self._pixels = pixels
        self._tokenizer = tokenizer
        self._encode = lru_cache(maxsize=64)(lambda text: tokenizer.encode(text, add_special_tokens=False))
        self._patches = Patches.read(model)
        self._image_token = json.loads((model / 'config.json').read_text()).get('image_token_id')
        self._known: dict[Shapes, dict[str, Any] | None] = {}
        """By shapes of the images: vLLM's request for such ones, without their pixels; None where ours is not equal."""

    async def prepare(self, prompt: str, images: Sequence[np.ndarray]) -> Any:
        """Make a request for ``AsyncLLM.generate``, in another thread.

        :param prompt: in the model's chat format, with places for the images in it
        :param images: in their order, each height x width x 3, uint8, of a size that the model needs no resizing for
        :returns: vLLM's own form of a request
        """
        shapes = tuple(rgb.shape for rgb in images)
        known = self._known.get(shapes)
        made = await asyncio.to_thread(self._make, known, prompt, images) if known else None
        if made is not None:
            return made
        from PIL import Image

        pictures = [Image.fromarray(rgb) for rgb in images]
        rendered = await self._render({'prompt': prompt, 'multi_modal_data': {'image': pictures}})
        if shapes not in self._known:
            self._known[shapes] = await asyncio.to_thread(self._learn, rendered, prompt, images)
        return rendered

    def single_tokens(self, texts: Sequence[str]) -> list[int]:
        """Find the texts that are one token each.

        :returns: their tokens
        """
        return [tokens[0] for tokens in map(self._encode, texts) if len(tokens) == 1]

    def _make(self, known: dict[str, Any], prompt: str, images: Sequence[np.ndarray]) -> dict[str, Any] | None:
        """Make a request like the known one; None for prompts that have not a place for each image."""
        texts = _split(self._tokenizer.encode(prompt), self._image_token)
        if len(texts) != len(images) + 1:
            return None
        made: dict[int, tuple[Any, str]] = {}  # what comes several times is made once
        tokens, items, names, places = list(texts[0]), [], [], []
        known_images = zip(known['mm_placeholders']['image'], known['mm_kwargs']['image'], strict=True)
        for rgb, text, (place, item) in zip(images, texts[1:], known_images, strict=True):
            if id(rgb) not in made:
                made[id(rgb)] = self._item(item, rgb), _name(rgb)
            new, name = made[id(rgb)]
            items.append(new)
            names.append(name)
            places.append(replace(place, offset=len(tokens)))
            tokens += [*[self._image_token] * place.length, *text]
        return {
            **known,
            'prompt_token_ids': tokens,
            'mm_kwargs': type(known['mm_kwargs'])({'image': items}),
            'mm_hashes': {'image': names},
            'mm_placeholders': {'image': places},
            'prompt': prompt,
            'arrival_time': time.time(),
        }

    def _item(self, known: Any, rgb: np.ndarray) -> Any:
        """Make vLLM's form of an image, like that of a known one of its size."""
        parts = dict(known)
        element = parts.pop('pixel_values')
        if str(element.data.dtype) == self._pixels:
            parts[PIXELS] = replace(element, data=self._patches.pixels(rgb))
        else:
            parts['pixel_values'] = replace(element, data=self._patches.rows(rgb, element.data.dtype))
        return type(known)(parts)

    def _learn(self, rendered: Any, prompt: str, images: Sequence[np.ndarray]) -> dict[str, Any] | None:
        """Keep what such requests are made from; None, with the reason in the log, where ours would differ."""
        try:
            if made := self._make(rendered, prompt, images):
                different = _difference(made, rendered, self._patches)
                if not different:
                    return _without_pixels(rendered)
            else:
                different = 'the number of images'
        except Exception as error:  # whatever another version of vLLM makes: its renderer goes on working
            different = repr(error)
        sizes = sorted({rgb.shape for rgb in images})
        _log.warning('vLLM prepares the images of size %s, which takes longer; different: %s', sizes, different)
        return None


def fitted(images: Sequence[np.ndarray], size: Callable[[int, int], tuple[int, int]]) -> list[np.ndarray]:
    """Scale images to the sizes at which the model sees them; one that comes several times is scaled once.

    :param size: makes (width, height) as taken into (width, height) as seen, pixels
    :raises EngineRefused: for more images than the engine was started for
    """
    if len(images) > MAX_IMAGES:
        raise EngineRefused(f'the request has {len(images)} images, and the engine takes {MAX_IMAGES} at most')
    made: dict[int, np.ndarray] = {}
    for rgb in images:
        if id(rgb) not in made:
            made[id(rgb)] = np.asarray(resize(rgb, size(rgb.shape[1], rgb.shape[0])))
    return [made[id(rgb)] for rgb in images]


def _split(tokens: list[int], image: int) -> list[list[int]]:
    """The tokens between those that stand for an image."""
    ends = [index for index, token in enumerate(tokens) if token == image]
    return [tokens[begin:end] for begin, end in zip([0, *(end + 1 for end in ends)], [*ends, None], strict=True)]


def _name(rgb: np.ndarray) -> str:
    """An image's name in vLLM's caches: a second question about it finds what the first one computed."""
    from blake3 import blake3  # vLLM's own hash, and one of its requirements

    return f'{rgb.shape}{blake3(rgb.tobytes()).hexdigest()}'


def _difference(made: dict[str, Any], rendered: Any, patches: Patches) -> str:
    """Where the two requests differ; empty if they are equal."""
    import torch

    if rendered.keys() != PARTS:
        return f'its parts {sorted(rendered.keys() ^ PARTS)}'
    for name in ('prompt_token_ids', 'mm_placeholders', 'prompt'):
        if made[name] != rendered[name]:
            return name
    if rendered['mm_kwargs'].keys() != {'image'}:
        return 'mm_kwargs'
    for ours, theirs in zip(made['mm_kwargs']['image'], rendered['mm_kwargs']['image'], strict=True):
        if theirs.keys() != {'pixel_values', 'image_grid_thw'}:
            return 'mm_kwargs'
        right = theirs['pixel_values'].data
        if PIXELS in ours:
            grids, levels = [ours['image_grid_thw'].data.tolist()], patches.levels(right.dtype)
            rows = patches.spread(ours[PIXELS].data, grids, levels)
        else:
            rows = ours['pixel_values'].data
        if not torch.equal(rows, right):
            return 'pixel_values'
    return ''


def _without_pixels(rendered: Any) -> dict[str, Any]:
    """Copy a request without its images' pixels, which would stay in memory."""

    def without(item: Any) -> Any:
        element = item['pixel_values']
        return type(item)({**item, 'pixel_values': replace(element, data=element.data[:0].clone())})

    items = [without(item) for item in rendered['mm_kwargs']['image']]
    return {**rendered, 'mm_kwargs': type(rendered['mm_kwargs'])({'image': items})}


def chat_template(tokenizer: Any, model: Path) -> str:
    """Find the model's chat template; parameters as those of ``chat_format``."""
    template: str = getattr(tokenizer, 'chat_template', None) or ''
    if not template:  # older checkpoints keep it apart
        template = json.loads((model / 'chat_template.json').read_text())['chat_template']
    return template


def chat_format(tokenizer: Any, model: Path) -> Callable[[Sequence[str | np.ndarray]], str]:
    """Find the model's chat format.

    :param tokenizer: the model's, which has the template in newer checkpoints
    :param model: directory with the model's files
    :returns: a function that puts a user's texts and images into that format
    """
    template = chat_template(tokenizer, model)

    def render(pieces: Sequence[str | np.ndarray]) -> str:
        content = [{'type': 'text', 'text': piece} if isinstance(piece, str) else {'type': 'image'} for piece in pieces]
        prompt: str = tokenizer.apply_chat_template(
            [{'role': 'user', 'content': content}], chat_template=template, tokenize=False, add_generation_prompt=True
        )
        return prompt

    return render
