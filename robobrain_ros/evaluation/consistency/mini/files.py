# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Our own mini sets, one for each kind of question, from the simulator: in FlagEvalMM's layout, with true answers.

They show what two stacks do with questions of each form where the public sets are not at hand. What a model scores on
them says nothing about what it scores on a public set.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import count, islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robobrain_ros.brain import image_files
from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency import json_files
from robobrain_ros.evaluation.consistency.mini import questions
from robobrain_ros.evaluation.consistency.mini.questions import Asked
from robobrain_ros.evaluation.consistency.mini.scene import Scene, find

PREFIX = 'robobrain_mini_'
SETS: Mapping[str, Callable[[Scene], Iterator[Asked]]] = MappingProxyType(
    {
        f'{PREFIX}choice': questions.choice,
        f'{PREFIX}views': questions.views,
        f'{PREFIX}yes_no': questions.yes_no,
        f'{PREFIX}point_norm1k': questions.points,
        f'{PREFIX}frames': questions.film,
        f'{PREFIX}mixed': questions.mixed,
    }
)
"""Name of each set, and who asks its questions about a scene."""
FIRST_SEED = 3_000_000
"""Scenes from here on are asked about nowhere else."""
SOURCE = 'robobrain_mini: simulated by robobrain_ros, no public benchmark'


def write(folder: Path, scenes: int, seed: int = 0, done: Callable[[], None] = lambda: None) -> Mapping[str, int]:
    """Write all mini sets, each as ``folder/<name>/data.json`` with its pictures beside; blocks, some 4 s a scene.

    The same numbers give the same files. Table tops on which something is hidden are passed over.

    :param scenes: how many table tops are asked about; each gives two to nine questions a set
    :param seed: table tops from ``FIRST_SEED + seed`` on
    :param done: called after each table top
    :returns: how many questions each set has; few table tops may have none about two images
    :raises BadRequest: if the folder holds one of the sets already, or cannot be written to
    :raises RuntimeError: no OpenGL here; says what to install
    """
    for name in SETS:
        if (folder / name).exists():
            raise BadRequest(f"'{folder / name}' is there already: name another folder, or delete it")
    sets = {name: _Set(folder / name) for name in SETS}
    for scene in islice(_scenes(FIRST_SEED + seed), scenes):
        for name, ask in SETS.items():
            for asked in ask(scene):
                sets[name].add(asked, scene)
        done()
    for one in sets.values():
        one.end()
    return {name: len(one.entries) for name, one in sets.items()}


def _scenes(seed: int) -> Iterator[Scene]:
    for number in count(seed):
        if scene := find(number):
            yield scene


class _Set:
    """The folder of one set; ``data.json`` is written last, so that half a set is never taken for a whole one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.entries: list[dict[str, Any]] = []
        try:
            (folder / 'img').mkdir(parents=True)
        except OSError as error:
            raise BadRequest(f"cannot write into '{folder}': {error.strerror}") from error

    def add(self, asked: Asked, scene: Scene) -> None:
        """Write the files of one question, as far as they are not there yet."""
        seed = scene.first.seed
        name = f'{seed}_{sum(entry["scene"] == str(seed) for entry in self.entries)}'
        pictures = {file: rgb for picture in asked.pictures for file, rgb in _pictures(scene, picture)}
        for file, rgb in pictures.items():
            if not (self._folder / file).exists():
                image_files.write(self._folder / file, rgb)
        entry: dict[str, Any] = {
            'question_id': name,
            'question': asked.question,
            'question_type': asked.kind,
            'answer': asked.answer,
            'img_path': list(pictures),
            'sub_task': asked.sub_task,
            'scene': str(seed),
            'source': SOURCE,
        }
        if asked.options:
            entry['options'] = list(asked.options)
        if asked.pictures == ('film',):
            entry['frames'] = True
        if asked.mask is not None:
            height, width = asked.mask.shape
            entry |= {'mask_path': f'mask/{name}.png', 'image_width': width, 'image_height': height}
            (self._folder / 'mask').mkdir(exist_ok=True)
            image_files.write(self._folder / entry['mask_path'], _white(asked.mask))
        self.entries.append(entry)

    def end(self) -> None:
        """Write ``data.json``; a set without a question leaves no folder."""
        if not self.entries:
            (self._folder / 'img').rmdir()
            self._folder.rmdir()
            return
        json_files.write(self._folder / 'data.json', self.entries)


def _pictures(scene: Scene, name: str) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Yield file names and pictures, RGB."""
    if name == 'film':
        for number, rgb in enumerate(scene.film):
            yield f'img/{scene.first.seed}_frame_{number}.jpg', rgb
        return
    found = {'first': scene.first, 'side': scene.side, 'moved': scene.moved and scene.moved[0]}[name]
    assert found is not None, f'no question shows a picture that is not there: {name}'
    yield f'img/{scene.first.seed}_{name}.jpg', found.render()[0]


def _white(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return a picture that is white where the mask is true."""
    return np.repeat(np.where(mask, 255, 0).astype(np.uint8)[..., None], 3, axis=2)
