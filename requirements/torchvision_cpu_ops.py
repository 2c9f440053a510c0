# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Lets the torchvision of PyPI import beside a CPU build of torch; ./run puts this file and its .pth into the venv.

The wheel's C++ library is linked against CUDA and does not load there. torchvision goes on without it, but stops with
"operator torchvision::nms does not exist" when it describes the shapes of two operators that the library would have
defined. The Qwen-VL processors of transformers import torchvision and never use these two: naming them is enough.
This runs at the start of every Python process of the venv, the engine's included, so it imports torch only when
torchvision is about to be imported.
"""

import sys

SCHEMAS = (
    'nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor',
    'qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor',
)


class NameOperatorsFirst:
    """An import hook that finds nothing: it only acts before torchvision is looked for."""

    library = None  # the definitions last as long as this object

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name != 'torchvision' or self.library is not None:
            return
        import torch

        if torch.version.cuda is None:
            self.library = torch.library.Library('torchvision', 'FRAGMENT')
            for schema in SCHEMAS:
                self.library.define(schema)


sys.meta_path.insert(0, NameOperatorsFirst())  # type: ignore[arg-type]
