# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Whether a safetensors file is whole, by the arithmetic of its header; the weights themselves are not read.

Eight bytes give the header's length, the header is JSON, and the tensors follow without gaps
(https://huggingface.co/docs/safetensors). So a file that was cut, or is something else, does not add up.
"""

import os
from itertools import pairwise
from math import prod
from typing import Any

from robobrain_ros.weights.folder import LFS, ModelFolder, Unusable, json_object, quoted

MOST_HEADER = 16 * 2**20
"""Bytes of a header. The largest of published models have some MiB."""
BITS = {
    **dict.fromkeys(('F64', 'I64', 'U64', 'C64'), 64),
    **dict.fromkeys(('F32', 'I32', 'U32'), 32),
    **dict.fromkeys(('F16', 'BF16', 'I16', 'U16'), 16),
    **dict.fromkeys(('I8', 'U8', 'BOOL', 'F8_E4M3', 'F8_E5M2', 'F8_E8M0', 'F8_E4M3FNUZ', 'F8_E5M2FNUZ'), 8),
    **dict.fromkeys(('F6_E2M3', 'F6_E3M2'), 6),
    'F4': 4,
}
"""Bits of one number by the name of its type."""
MOST_DIMENSIONS = 16


def tensors(folder: ModelFolder, name: str) -> dict[str, int]:
    """Read which tensors a file holds, and check that it holds all of them.

    :param name: the file's, in the folder
    :returns: bytes by a tensor's name
    :raises Unusable: saying what does not add up
    """
    with folder.open(name) as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(8)
        length = int.from_bytes(head, 'little')
        rest = file.read(length) if length <= MOST_HEADER else b''
    if size == 0:
        raise Unusable(f'{name} is empty')
    if LFS.startswith(head):
        raise Unusable(f'{name} is a git-lfs pointer, not the weights')
    if size < 8 or rest[:1] != b'{':
        raise Unusable(f'{name} is no safetensors file: it begins with {head!r}')
    if len(rest) < length:
        raise Unusable(f'{name} is cut off inside its header, after {size} bytes')
    return _checked(json_object(rest, f'the header of {name}'), name, size - 8 - length)


def _checked(header: dict[str, Any], name: str, data: int) -> dict[str, int]:
    spans = []
    for tensor, entry in header.items():
        if tensor != '__metadata__':
            spans.append((*_span(entry, f'{name}: tensor {tensor[:80]!r}'), tensor))
    spans.sort()
    edges = [(0, 0, ''), *spans]
    for (_, end, _), (begin, _, tensor) in pairwise(edges):
        if begin != end:
            raise Unusable(f'{name}: tensor {tensor[:80]!r} begins at byte {begin} of the data, but {end} comes next')
    promised = edges[-1][1]
    if promised > data:
        raise Unusable(f'{name} is cut off: it has {data} of {promised} bytes of tensors')
    if promised < data:
        raise Unusable(f'{name} is {data - promised} bytes longer than its tensors')
    if not spans:
        raise Unusable(f'{name} holds no tensors')
    return {tensor: end - begin for begin, end, tensor in spans}


def _span(entry: Any, what: str) -> tuple[int, int]:
    """Return where a tensor begins and ends, in bytes of the data."""
    fields = entry if isinstance(entry, dict) else {}
    dtype, shape, offsets = fields.get('dtype'), fields.get('shape'), fields.get('data_offsets')
    if not isinstance(dtype, str) or dtype not in BITS:
        raise Unusable(f'{what} has the unknown type {quoted(dtype)}')
    if not isinstance(shape, list) or len(shape) > MOST_DIMENSIONS or not all(map(_is_count, shape)):
        raise Unusable(f'{what} has no shape that can be, but {quoted(shape)}')
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(map(_is_count, offsets)):
        raise Unusable(f'{what} has no place that can be, but {quoted(offsets)}')
    begin, end = offsets
    if (end - begin) * 8 != prod(shape) * BITS[dtype]:
        raise Unusable(f'{what} has {end - begin} bytes, which is not {dtype} of shape {quoted(shape)}')
    return begin, end


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**63
