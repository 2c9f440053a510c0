# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The model class that plugin.py registers: Qwen3-VL whose language model is built of the layers of decode_layer.py.

vLLM 0.25 names the layer's class inside ``Qwen3Model.__init__``, three constructors below the model's, where no
subclass reaches it (0.32 asks an attribute, ``decoder_layer_type``). So the name is another one while the language
model is built, and the same as before afterwards.

Whether the layers then take the package's kernels is decided for all together when the weights are loaded: which
products a layer has, in which form its matrices lie and what its attention is cannot be known before (``decide``).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from vllm.model_executor.models import qwen3
from vllm.model_executor.models.qwen3_vl import Qwen3VLForConditionalGeneration


class DecodingModel(Qwen3VLForConditionalGeneration):
    """Computes what Qwen3VLForConditionalGeneration does; until ``decide`` says otherwise by the same kernels."""

    def __init__(self, *, vllm_config: Any, prefix: str = 'model') -> None:
        # here, since other processes look at this class, but build no model, and need no Triton
        from robobrain_ros.engines.vllm.worker.decode_layer import DecodingLayer

        with built_of(DecodingLayer):
            super().__init__(vllm_config=vllm_config, prefix=prefix)

    def decide(self, compilation: Any) -> str:
        """Let all layers take the package's kernels, or none. To be called once, between loading and compilation.

        :param compilation: vLLM's compilation_config
        :returns: why none does; empty if all do
        """
        from robobrain_ros.engines.vllm.worker.decode_layer import install

        return install(self, compilation)


@contextmanager
def built_of(layer: type) -> Iterator[None]:
    """Have vLLM's Qwen3 models built of these layers meanwhile."""
    before = qwen3.Qwen3DecoderLayer
    qwen3.Qwen3DecoderLayer = layer
    try:
        yield
    finally:
        qwen3.Qwen3DecoderLayer = before
