# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``python -m training.export --weights ema.safetensors --to DIR``: a checkpoint folder for transformers and vLLM."""

import argparse
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from training.config import CANVAS, STATIC, Sizes, model_config
from training.parameters import Parameters, shapes

COPIED = ('chat_template.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json',
          'video_preprocessor_config.json')  # fmt: skip


def export(parameters: Parameters, sizes: Sizes, folder: Path) -> None:
    """Write all files of a checkpoint; parameters become bfloat16.

    :raises ValueError: if the parameters do not fit the sizes
    """
    expected = shapes(sizes)
    if {name: tuple(value.shape) for name, value in parameters.items()} != expected:
        raise ValueError('the parameters are not those of these sizes')
    folder.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        if (STATIC / name).resolve() != (folder / name).resolve():
            shutil.copy(STATIC / name, folder / name)
    _write(folder / 'config.json', model_config(sizes))
    processor = json.loads((STATIC / 'preprocessor_config.json').read_text())
    pixels = CANVAS[0] * CANVAS[1]
    _write(folder / 'preprocessor_config.json', processor | {'size': {'shortest_edge': pixels, 'longest_edge': pixels}})
    _write(folder / 'robobrain.json', {'profile': 'robobrain-tiny', 'canvas': list(CANVAS)})
    half = {name: value.detach().to(torch.bfloat16).cpu().contiguous() for name, value in parameters.items()}
    partial = folder / 'model.safetensors.part'
    save_file(half, partial, metadata={'format': 'pt'})
    partial.replace(folder / 'model.safetensors')  # whoever copies the folder meanwhile gets a whole file


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1) + '\n')


def main() -> None:
    """Write the checkpoint that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--weights', type=Path, required=True, help='safetensors file with the parameters')
    parser.add_argument('--to', type=Path, required=True, help='folder to write')
    chosen = parser.parse_args()
    export(load_file(chosen.weights), Sizes(), chosen.to)


if __name__ == '__main__':
    main()
