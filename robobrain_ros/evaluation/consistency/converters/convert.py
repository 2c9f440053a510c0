# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""From a download of a public set to FlagEvalMM's layout: which sets can be converted, and the conversion."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.converters import choices, other_kinds
from robobrain_ros.evaluation.consistency.converters.choices import Maker, Reader
from robobrain_ros.evaluation.consistency.converters.rows import rows
from robobrain_ros.evaluation.consistency.converters.store import Store
from robobrain_ros.evaluation.consistency.data import layout, sets


@dataclass(frozen=True)
class Original:
    """A public set as its project ships it.

    :param project: name of the data set on the hubs
    :param read: yields its rows from the folder of the download
    :param make: makes a question of a row
    """

    project: str
    read: Reader
    make: Maker


_TEST = partial(rows, split='test')
_WHERE2PLACE = Original('FlagEval/Where2Place', _TEST, other_kinds.where2place)
_ROBO_SPATIAL = Original('chanhee-luke/RoboSpatial-Home', other_kinds.robo_spatial_rows, other_kinds.robo_spatial)
ORIGINALS = {
    'erqa': Original('FlagEval/ERQA', _TEST, choices.erqa),
    'Where2Place': _WHERE2PLACE,
    'Where2Place_norm1k': _WHERE2PLACE,
    'blink_val_ev': Original('BLINK-Benchmark/BLINK', choices.blink_rows, choices.blink),
    'cv_bench_test': Original('nyu-visionx/CV-Bench', _TEST, choices.cv_bench),
    'embspatial_bench': Original('FlagEval/EmbSpatial-Bench', _TEST, choices.embspatial),
    'SAT': Original('FlagEval/SAT', _TEST, choices.sat),
    'vsi_bench_tiny': Original('nyu-visionx/VSI-Bench', other_kinds.vsi_rows, other_kinds.vsi),
    'robo_spatial_home_all': _ROBO_SPATIAL,
    'robo_spatial_home_all_norm1k': _ROBO_SPATIAL,
    'embodied_verse': Original('FlagEval/EmbodiedVerse-Bench', partial(rows, split='open'), other_kinds.embodied_verse),
    'ERQAPlus': Original('FlagEval/ERQAPlus', _TEST, other_kinds.erqa_plus),
}
"""The sets that can be converted, by name."""


def convert(name: str, source: Path, root: Path, done: Callable[[int], Any] = lambda number: None) -> Path:
    """Write a public set into FlagEvalMM's layout, and read it back to see that it can be asked; blocks for minutes.

    :param name: of the set, one of ``ORIGINALS``
    :param source: folder that the original was downloaded to, with its Parquet or JSON files, and videos or zip files
    :param root: data folder: the set comes to FlagEvalMM's place in it, such as ``root/ERQA/test``
    :param done: hears how many questions are written, after each
    :returns: the set's folder
    :raises BadRequest: for a set that cannot be converted or is there already, and for what is wrong with the original
    """
    rule = sets.find(name)
    original = ORIGINALS.get(name)
    if original is None:
        raise BadRequest(
            f"'{name}' cannot be converted: its public form is not known. Known are {', '.join(ORIGINALS)}"
        )
    store = Store(root, rule, source)
    for number, row in enumerate(original.read(source), 1):
        try:
            store.add(original.make(row, store))
        except BadRequest as error:
            raise BadRequest(f"row {number} of '{source}': {error}") from error
        done(number)
    store.end()
    layout.read_set(store.folder, name)
    return store.folder
