"""The language model's output layer (``lm_head``) in 8 bit floats (e4m3), which vLLM leaves in bfloat16.

It is read whole for every token of an answer: 1.2 GB of the 8B, a tenth of the time that its other weights take in fp8.
"""

from typing import Any

import torch


def narrow(model: Any) -> bool:
    """Quantize it, after the model was loaded; its bfloat16 weight is given back.

    :param model: vLLM's, with its language model as ``language_model``
    :returns: whether that was done: not on GPUs without products of fp8 (before compute capability 8.9), where vLLM
        only stores weights in fp8, and not where the input's embedding is the same weight
    """
    from vllm.model_executor.layers.quantization.utils.w8a8_utils import cutlass_fp8_supported

    language = model.language_model
    head = language.lm_head
    if not cutlass_fp8_supported() or head.weight is language.model.embed_tokens.weight:
        return False
    head.quant_method = Fp8(head.weight.data)
    head.weight.data = head.weight.data.new_empty(0)
    torch.cuda.empty_cache()
    return True


class Fp8:
    """In the place of vLLM's method for the layer: a scale for each token of the vocabulary, and one for each input."""

    def __init__(self, weight: torch.Tensor) -> None:
        """Quantize.

        :param weight: (tokens, hidden units), on the GPU
        """
        from vllm import _custom_ops as ops

        self._ops = ops
        self._weight, self._scales = ops.scaled_fp8_quant(weight, use_per_token_if_dynamic=True)

    def apply(self, layer: Any, states: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
        """The logits (n, tokens) of hidden states (n, hidden units)."""
        narrowed, scales = self._ops.scaled_fp8_quant(states, use_per_token_if_dynamic=True)
        return self._ops.cutlass_scaled_mm(narrowed, self._weight.t(), scales, self._scales, states.dtype, bias)
