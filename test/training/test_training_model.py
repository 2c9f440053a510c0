# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The training forward is the same function as stock transformers, and what it saves loads there."""

import numpy as np
import pytest

torch = pytest.importorskip('torch')
tokenizers = pytest.importorskip('tokenizers')

from training.config import SPECIAL, STATIC, Sizes  # noqa: E402
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


def stock_logits(folder, image, ids):
    from transformers import Qwen3VLForConditionalGeneration

    model = Qwen3VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
    pixels = torch.from_numpy(image).permute(2, 0, 1).float() / 127.5 - 1
    patches = pixels.view(3, SMALL.rows // 2, 2, 16, SMALL.columns // 2, 2, 16).permute(1, 4, 2, 5, 0, 3, 6)
    patches = patches.reshape(SMALL.patches, 3, 1, 16, 16).expand(-1, -1, 2, -1, -1).reshape(SMALL.patches, -1)
    ids = torch.tensor([ids])
    with torch.no_grad():
        return model(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            mm_token_type_ids=(ids == SPECIAL['image']).int(),
            pixel_values=patches,
            image_grid_thw=torch.tensor([[1, SMALL.rows, SMALL.columns]]),
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
        theirs = stock_logits(folder, image, context + row)[len(context) :]
        torch.testing.assert_close(ours[: len(row)], theirs, atol=2e-4, rtol=1e-3)
