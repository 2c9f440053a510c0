# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Shortcuts to the vision tower, in the worker's process: what lies between an image's arrival and its computation.

Each takes the place of a function of vLLM's first model runner, which the package chooses in 0.25 and 0.26
(cuda_graphs.py), adds nothing to what is computed, and leaves the result the same to the last bit. Figures:
docs/performance.md.
"""

import functools
import itertools
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from robobrain_ros.engines.vllm.image_processor import PIXELS, Patches

QWEN = 'qwen3_vl'
GRIDS = 8
"""Sizes of images that are remembered; each takes some 2.3 kB of the GPU's memory for a patch, 2.7 MB for 640x480."""

_log = logging.getLogger(__name__)


def install(runner: Any) -> str:
    """Take them all, after vLLM's graphs are recorded.

    :param runner: vLLM's model runner
    :returns: of what type the rows are that it makes of PIXELS; empty if nothing was changed: for other models and
        model runners
    """
    from vllm.v1.worker import gpu_model_runner

    config = runner.model_config
    if not _suits(runner):
        if config.hf_config.model_type == QWEN:
            _log.warning('images take the long way to the vision tower: vLLM runs the model by %s', type(runner))
        return ''
    remember_grids(runner.get_model().visual)
    encode_first(runner)
    spread_pixels(gpu_model_runner, Patches.read(Path(config.model)), config.dtype, runner.device)
    return str(config.dtype)


def compile_grids(runner: Any) -> None:
    """Have the tower's positions compiled for every kind of grid; vLLM's own warm-up sees one.

    Triton makes one kernel for sides that are multiples of 16 and others for those that are not: without this the first
    image of another kind would wait for a quarter of a second (measured on an H200).

    :param runner: vLLM's model runner, its model loaded
    """
    if _suits(runner):
        visual = runner.get_model().visual
        with torch.inference_mode():
            for high, wide in itertools.product((16, 18), repeat=2):  # even: the tower merges 2 x 2 patches
                visual.prepare_encoder_metadata([[1, high, wide]])


def _suits(runner: Any) -> bool:
    from vllm.v1.worker import gpu_model_runner

    known = isinstance(runner, gpu_model_runner.GPUModelRunner)
    return known and runner.model_config.hf_config.model_type == QWEN


def spread_pixels(module: Any, patches: Patches, dtype: torch.dtype, device: torch.device) -> None:
    """Let requests bring PIXELS, from which the tower's rows are made here, on its device.

    :param module: the model runner's, in which it finds ``group_and_batch_mm_kwargs``
    :param dtype: of the rows: the model's
    """
    batches = module.group_and_batch_mm_kwargs
    levels = patches.levels(dtype).to(device)

    @functools.wraps(batches)
    def spread(*arguments: Any, **options: Any) -> Iterator[Any]:
        for modality, count, batch in batches(*arguments, **options):
            if PIXELS in batch:
                pixels = batch.pop(PIXELS)
                batch['pixel_values'] = patches.spread(pixels, batch['image_grid_thw'].tolist(), levels)
            yield modality, count, batch

    module.group_and_batch_mm_kwargs = spread


def remember_grids(tower: Any) -> None:
    """Compute positions and rotary tables once for each grid, not for each image: some twenty small kernels.

    Not before the tower's graphs are recorded: what is computed for recording becomes the graphs' own buffers.

    :param tower: Qwen3-VL's (``visual``)
    """
    compute = tower.prepare_encoder_metadata

    @functools.lru_cache(GRIDS)
    def remembered(grids: tuple[tuple[int, ...], ...], options: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
        return compute([list(grid) for grid in grids], **dict(options))

    @functools.wraps(compute)
    def prepare(grids: Sequence[Sequence[int]], **options: Any) -> dict[str, Any]:
        return dict(remembered(tuple(tuple(grid) for grid in grids), tuple(sorted(options.items()))))

    tower.prepare_encoder_metadata = prepare


def encode_first(runner: Any) -> None:
    """Start the tower as soon as the step's requests are known: the GPU computes while the host prepares the rest.

    :param runner: vLLM's model runner, which starts it after everything else
    """
    update, encode = runner._update_states, runner._execute_mm_encoder
    begun: list[Any] = []
    """The step whose images are under way, and what came of them."""

    @functools.wraps(update)
    def updated(step: Any) -> Any:
        later: list[Any] = []
        runner._init_mrope_positions = later.append  # of a request's tokens: not needed for its image
        try:
            result = update(step)
        finally:
            del runner._init_mrope_positions
        begun[:] = [step, encode(step)] if step.scheduled_encoder_inputs else []
        for request in later:
            runner._init_mrope_positions(request)
        return result

    @functools.wraps(encode)
    def encoded(step: Any) -> Any:
        if begun and begun[0] is step:
            outputs = begun[1]
            begun.clear()
            return outputs
        return encode(step)

    runner._update_states, runner._execute_mm_encoder = updated, encoded
