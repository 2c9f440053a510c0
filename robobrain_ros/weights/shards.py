# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Which files hold a model's weights, and whether they and their index agree."""

import re

from robobrain_ros.weights.folder import ModelFolder, Unusable, quoted
from robobrain_ros.weights.manifest import usable_name
from robobrain_ros.weights.safetensors_header import tensors

INDEX = 'model.safetensors.index.json'
MOST_INDEX = 32_000_000
"""Bytes of an index."""
NUMBERED = re.compile(r'.+-[0-9]{5}-of-[0-9]{5}\.safetensors', re.ASCII)


class Shards:
    """The ``*.safetensors`` files of a model, compared with ``model.safetensors.index.json`` if there is one.

    :param folder: the model's
    :param names: of the files in it
    """

    def __init__(self, folder: ModelFolder, names: set[str]) -> None:
        self.faults: list[tuple[str, str]] = []
        """Each file at fault, with a sentence."""
        self.tensors: dict[str, int] = {}
        """Bytes of each tensor that is loaded, by its name."""
        self.unused: list[str] = []
        """Files with weights that the index does not name."""
        there = sorted(name for name in names if name.endswith('.safetensors'))
        self.used = there
        """Files whose weights are loaded."""
        index = self._index(folder) if INDEX in names else None
        if index is not None:
            self.used = sorted(set(index[0].values()))
            self.unused = sorted(set(there) - set(self.used))
        elif INDEX not in names:
            self._complain_of_gaps(names)
        held = self._read(folder, names)
        if index is not None and not self.faults:
            self._compare(held, *index)

    @property
    def tensor_bytes(self) -> int:
        """Bytes of all tensors that are loaded."""
        return sum(self.tensors.values())

    def _index(self, folder: ModelFolder) -> tuple[dict[str, str], object] | None:
        """Read which tensor is in which file, and how many bytes all have."""
        try:
            if folder.is_pointer(INDEX):
                raise Unusable(f'{INDEX} is a git-lfs pointer, not the index')
            fields = folder.json(INDEX, MOST_INDEX)
        except Unusable as error:
            self.faults.append((INDEX, str(error)))
            return None
        places = fields.get('weight_map')
        if not isinstance(places, dict) or not places or not all(map(usable_name, places.values())):
            self.faults.append((INDEX, f'{INDEX} has no "weight_map" of tensors\' names to files\' names'))
            return None
        metadata = fields.get('metadata')
        return places, metadata.get('total_size') if isinstance(metadata, dict) else None

    def _complain_of_gaps(self, names: set[str]) -> None:
        """Without an index, the names tell how many shards there should be."""
        if not self.used:
            pickles = sorted(name for name in names if name.endswith(('.bin', '.pt', '.pth')))
            words = f'; {pickles[0]} is no substitute: convert it to safetensors' if pickles else ''
            self.faults.append(('weights', f'there is no *.safetensors file{words}'))
        numbered = [name for name in self.used if NUMBERED.fullmatch(name)]
        if numbered:
            self.faults.append((INDEX, f'{INDEX} is missing, but {numbered[0]} is one of several'))

    def _read(self, folder: ModelFolder, names: set[str]) -> dict[str, dict[str, int]]:
        held = {}
        for name in self.used:
            try:
                held[name] = tensors(folder, name)
                self.tensors |= held[name]
            except Unusable as error:
                found = name in names or '/' in name
                self.faults.append((name, str(error) if found else f'{name} is missing, but {INDEX} names it'))
        return held

    def _compare(self, held: dict[str, dict[str, int]], places: dict[str, str], total: object) -> None:
        lost = [tensor for tensor, name in places.items() if tensor not in held[name]]
        if lost:
            words = f'{places[lost[0]]} lacks {len(lost)} tensor(s) that {INDEX} names, such as {lost[0][:80]!r}'
            self.faults.append((places[lost[0]], f'{words}: files of two downloads are mixed'))
        stray = [(tensor, name) for name, known in held.items() for tensor in known if places.get(tensor) != name]
        if stray:
            tensor, name = stray[0]
            words = f'{name} holds {len(stray)} tensor(s) that {INDEX} does not place there, such as {tensor[:80]!r}'
            self.faults.append((name, f'{words}: files of two downloads are mixed'))
        if total is not None and total != self.tensor_bytes:
            words = f'{INDEX} says that all tensors have {quoted(total)} bytes, but they have {self.tensor_bytes}'
            self.faults.append((INDEX, words))
