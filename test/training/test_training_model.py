# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The training forward is the same function as stock transformers, and what it saves loads there."""

import json

import jinja2
import numpy as np
import pytest

torch = pytest.importorskip('torch')
tokenizers = pytest.importorskip('tokenizers')

from robobrain_ros.tasks import get_profile  # noqa: E402
from robobrain_ros.tasks.progress import pieces  # noqa: E402
from training.config import SPECIAL, STATIC, Sizes  # noqa: E402
from training.episodes import context_pieces, tail  # noqa: E402
from training.export import export  # noqa: E402
from training.model import Forward, prefix_ids  # noqa: E402
from training.parameters import draw  # noqa: E402

SMALL = Sizes(rows=8, columns=12, vision_width=64, vision_depth=3, vision_heads=2, vision_inner=96, grid=6,
              deepstack=(0, 1), width=48, depth=3, heads=2, kv_heads=1, inner=64)  # fmt: skip
QUESTIONS = ('Point to the red mug', 'Is there a ball?', 'the leftmost object. Answer')


@pytest.fixture(scope='module')
def case(tmp_path_factory):
    torch.manual_seed(0)
    parameters = draw(SMALL, seed=1)
    for name, value in parameters.items():  # norms and biases that do something
        if value.ndim == 1:
            value += 0.1 * torch.randn(value.shape)
        parameters[name] = value.to(torch.bfloat16).float()
    folder = tmp_path_factory.mktemp('checkpoint')
    export(parameters, SMALL, folder)
    image = np.random.default_rng(0).integers(0, 256, (SMALL.rows * 16, SMALL.columns * 16, 3), dtype=np.uint8)
    return parameters, folder, image


def stock_logits(folder, images, ids):
    from transformers import Qwen3VLForConditionalGeneration

    model = Qwen3VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1
    patches = pixels.view(-1, 3, SMALL.rows // 2, 2, 16, SMALL.columns // 2, 2, 16).permute(0, 2, 5, 3, 6, 1, 4, 7)
    patches = patches.reshape(-1, 3, 1, 16, 16).expand(-1, -1, 2, -1, -1).flatten(1)
    ids = torch.tensor([ids])
    with torch.no_grad():
        return model(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            mm_token_type_ids=(ids == SPECIAL['image']).int(),
            pixel_values=patches,
            image_grid_thw=torch.tensor([[1, SMALL.rows, SMALL.columns]] * len(images)),
        ).logits[0]


def test_many_questions_at_once_give_what_transformers_gives_one_by_one(case):
    parameters, folder, image = case
    tokenizer = tokenizers.Tokenizer.from_file(str(STATIC / 'tokenizer.json'))
    prefix = prefix_ids(lambda text: tokenizer.encode(text).ids)
    rows = [tokenizer.encode(f'<|vision_end|>{text}<|im_end|>\n<|im_start|>assistant\n').ids for text in QUESTIONS]
    length = max(map(len, rows)) + 3
    ids = torch.tensor([[row + [0] * (length - len(row)) for row in rows]])
    forward = Forward(SMALL, prefix, 'cpu', torch.float32)
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 127.5 - 1
    with torch.no_grad():
        seen, deep, _ = forward.see(parameters, pixels)
        (hidden, *_) = forward.read(parameters, seen, deep, [ids, ids[:, :1]])
    logits = hidden @ parameters['lm_head.weight'].T
    for row, ours in zip(rows, logits[0], strict=True):
        context = prefix + [SPECIAL['image']] * SMALL.tokens
        theirs = stock_logits(folder, image[None], context + row)[len(context) :]
        torch.testing.assert_close(ours[: len(row)], theirs, atol=2e-4, rtol=1e-3)


def test_several_images_in_one_context_give_what_transformers_gives(case):
    parameters, folder, image = case
    encode = lambda text: tokenizers.Tokenizer.from_file(str(STATIC / 'tokenizer.json')).encode(text).ids  # noqa: E731
    images = np.stack([image, 255 - image, image[::-1], image[:, ::-1]])
    texts = context_pieces(encode)
    rows = [tail(text, encode) for text in ('put the red cube on the blue plate', 'pick up the mug')]
    ids = torch.tensor([[row + [0] * (max(map(len, rows)) - len(row)) for row in rows]])
    forward = Forward(SMALL, prefix_ids(encode), 'cpu', torch.float32)
    context = forward.context(texts)
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.no_grad():
        seen, deep, _ = forward.see(parameters, pixels)
        flat = seen.flatten(0, 1)[None], [each.flatten(0, 1)[None] for each in deep]
        (hidden,) = forward.ask(parameters, forward.remember(parameters, *flat, context), [ids], context)
    logits = hidden @ parameters['lm_head.weight'].T
    before = [token for piece in texts for token in [*piece, *[SPECIAL['image']] * SMALL.tokens]]
    assert context.ids.tolist() == before
    for row, ours in zip(rows, logits[0], strict=True):
        theirs = stock_logits(folder, images, before + row)[len(before) :]
        torch.testing.assert_close(ours[: len(row)], theirs, atol=2e-4, rtol=1e-3)


def test_the_context_is_what_the_chat_template_makes_of_the_prompt():
    encode = lambda text: tokenizers.Tokenizer.from_file(str(STATIC / 'tokenizer.json')).encode(text).ids  # noqa: E731
    template = json.loads((STATIC / 'chat_template.json').read_text())['chat_template']
    texts = pieces('pick up the red mug', get_profile('robobrain-tiny'))
    parts = [{'type': 'text', 'text': texts[0]}]
    for text in texts[1:]:
        parts += [{'type': 'image'}, {'type': 'text', 'text': text}]
    turn = [{'role': 'user', 'content': parts}]
    whole = jinja2.Template(template).render(messages=turn, add_generation_prompt=True)
    image = [SPECIAL['image']]
    ours = [token for piece in context_pieces(encode) for token in [*piece, *image]] + tail(
        'pick up the red mug', encode
    )
    assert ours == encode(whole)
