# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Sizes of the tiny Qwen3-VL, and its configuration file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

STATIC = Path(__file__).parents[1] / 'robobrain_ros' / 'checkpoints' / 'tiny'
"""The shipped checkpoint: its tokenizer, chat template and processor files stay as they are."""
CANVAS = (512, 384)
"""(width, height) at which the model sees every image, in pixels."""
PATCH = 16
"""Side of a patch in pixels."""
SPECIAL = {'image': 884, 'video': 885, 'vision_start': 881, 'vision_end': 882, 'end': 872, 'turn_start': 873,
           'turn_end': 874}  # fmt: skip
"""Ids of the shipped tokenizer."""
VOCABULARY = 960


@dataclass(frozen=True)
class Sizes:
    """Dimensions of the network and of its input.

    The vision tower has most of the parameters: binding a colour and a shape to a place is what the first checkpoint
    failed at. Head sizes (32 and 64) are ones that vLLM's CPU and GPU attention know.
    """

    rows: int = CANVAS[1] // PATCH
    columns: int = CANVAS[0] // PATCH
    vision_width: int = 192
    vision_depth: int = 8
    vision_heads: int = 6
    vision_inner: int = 576
    grid: int = 24
    """Side of the square table of learned positions."""
    deepstack: tuple[int, ...] = (3,)
    """Layers of the vision tower whose output also enters the first layers of the language model."""
    width: int = 192
    depth: int = 6
    heads: int = 4
    kv_heads: int = 2
    head: int = 64
    inner: int = 512
    theta: float = 10000.0
    sections: tuple[int, int, int] = (12, 10, 10)
    epsilon: float = 1e-6

    @property
    def patches(self) -> int:
        """How many patches an image has."""
        return self.rows * self.columns

    @property
    def tokens(self) -> int:
        """How many tokens an image has, after merging 2 x 2 patches."""
        return self.patches // 4


def model_config(sizes: Sizes) -> dict[str, Any]:
    """Return config.json of ``Qwen3VLForConditionalGeneration`` (transformers 4.57 and later, vLLM)."""
    rope = {'rope_type': 'default', 'mrope_interleaved': True, 'mrope_section': list(sizes.sections)}
    return {
        'architectures': ['Qwen3VLForConditionalGeneration'],
        'model_type': 'qwen3_vl',
        'dtype': 'bfloat16',
        'torch_dtype': 'bfloat16',
        'tie_word_embeddings': False,
        'image_token_id': SPECIAL['image'],
        'video_token_id': SPECIAL['video'],
        'vision_start_token_id': SPECIAL['vision_start'],
        'vision_end_token_id': SPECIAL['vision_end'],
        'text_config': {
            'model_type': 'qwen3_vl_text',
            'vocab_size': VOCABULARY,
            'hidden_size': sizes.width,
            'intermediate_size': sizes.inner,
            'num_hidden_layers': sizes.depth,
            'num_attention_heads': sizes.heads,
            'num_key_value_heads': sizes.kv_heads,
            'head_dim': sizes.head,
            'max_position_embeddings': 8192,
            'rms_norm_eps': sizes.epsilon,
            'hidden_act': 'silu',
            'attention_bias': False,
            'attention_dropout': 0.0,
            'tie_word_embeddings': False,
            'use_cache': True,
            'initializer_range': 0.02,
            'dtype': 'bfloat16',
            'rope_theta': sizes.theta,
            'rope_scaling': rope,
            'rope_parameters': {**rope, 'rope_theta': sizes.theta},
            'bos_token_id': SPECIAL['end'],
            'eos_token_id': SPECIAL['turn_end'],
            'pad_token_id': SPECIAL['end'],
        },
        'vision_config': {
            'model_type': 'qwen3_vl',
            'depth': sizes.vision_depth,
            'hidden_size': sizes.vision_width,
            'intermediate_size': sizes.vision_inner,
            'num_heads': sizes.vision_heads,
            'in_channels': 3,
            'patch_size': PATCH,
            'spatial_merge_size': 2,
            'temporal_patch_size': 2,
            'out_hidden_size': sizes.width,
            'num_position_embeddings': sizes.grid**2,
            'deepstack_visual_indexes': list(sizes.deepstack),
            'hidden_act': 'gelu_pytorch_tanh',
            'initializer_range': 0.02,
        },
    }
