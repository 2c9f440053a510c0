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
