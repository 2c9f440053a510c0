# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The files of Robo-Dopamine-Bench, the public benchmark of progress: its runs, how they are sampled, its results.

A benchmark is a folder with ``jsons/SET.json`` = ``{"sample_path_list": [NAME, ...], "sample_path_task": [TASK, ...]}``
and ``images/NAME/{cam_high,cam_left_wrist,cam_right_wrist}/*.png`` or ``.jpg``. What is read, how it is sampled and
which files are written follow ``eval/evaluation_grm.py`` of FlagOpen/Robo-Dopamine.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from statistics import fmean
from typing import Any

from robobrain_ros.errors import BadRequest

INTERVAL = 30
"""A run is sampled evenly, once for so many frames."""
CAMERAS = ('cam_high', 'cam_left_wrist', 'cam_right_wrist')
FRAMES = ('.png', '.jpg')
_FRONT_ONLY = 'egodex'
"""Runs with this in their names were filmed from the front alone."""
SIGNS = {'+': 'positive', '-': 'negative'}


@dataclass(frozen=True)
class Run:
    """One run of a robot: its frames in the order of time, as many for each camera."""

    name: str
    task: str
    front: tuple[Path, ...]
    left: tuple[Path, ...]
    right: tuple[Path, ...]

    def sampled(self) -> list[int]:
        """Return the places of the frames to look at: evenly spread, the first and the last among them.

        Fewer than three have no order to be judged by: the benchmark counts such a run 0.
        """
        number, last = len(self.front) // INTERVAL, len(self.front) - 1
        return [round(place * last / (number - 1)) for place in range(number)] if number > 1 else [last]


def sets(folder: Path) -> dict[str, tuple[Run, ...]]:
    """Read a benchmark: the runs by the names of their sets.

    :raises BadRequest: if a file or folder is missing, is not what it should be, or lies outside of the benchmark
    """
    if not folder.is_dir():
        raise BadRequest(f"'{folder}' is no folder; give the one that holds the benchmark's jsons/ and images/")
    if not (folder / 'images').is_dir():
        raise BadRequest(
            f"'{folder}' has no folder 'images'; the benchmark is published with it as image.zip, unpack it"
        )
    files = sorted((folder / 'jsons').glob('*.json'))
    if not files:
        raise BadRequest(f"'{folder / 'jsons'}' holds no .json file; a benchmark has one for each of its sets there")
    return {file.stem: _runs(file, folder / 'images') for file in files}


def _runs(file: Path, images: Path) -> tuple[Run, ...]:
    try:
        known = json.loads(file.read_text(encoding='utf-8'))
    except (OSError, ValueError, RecursionError) as error:
        raise BadRequest(f"'{file}' cannot be read as JSON: {error}") from error
    names, tasks = (_texts(known, key, file) for key in ('sample_path_list', 'sample_path_task'))
    if len(names) != len(tasks):
        raise BadRequest(f"'{file}' has {len(names)} names and {len(tasks)} tasks; there must be a task for each name")
    return tuple(_run(name, task, images, file) for name, task in zip(names, tasks, strict=True))


def _texts(known: Any, key: str, file: Path) -> list[str]:
    texts = known.get(key) if isinstance(known, dict) else None
    if not (isinstance(texts, list) and texts and all(isinstance(text, str) and text.strip() for text in texts)):
        raise BadRequest(f"'{file}' must be a JSON object in which '{key}' is a list of texts, not {str(texts)[:80]}")
    return texts


def _run(name: str, task: str, images: Path, file: Path) -> Run:
    place = PurePosixPath(name)
    try:
        inside = '..' not in place.parts and (images / place).resolve().is_relative_to(images.resolve())
    except (OSError, ValueError):  # a name that no file system takes
        inside = False
    if not inside:
        raise BadRequest(f"'{file}' names {name!r}, which is not in '{images}'")
    front, *wrists = (
        _frames(images / place / ('cam_high' if _FRONT_ONLY in name else camera), file) for camera in CAMERAS
    )
    counts = [len(frames) for frames in (front, *wrists)]
    if len(set(counts)) > 1:
        told = ', '.join(f'{count} in {camera}' for count, camera in zip(counts, CAMERAS, strict=True))
        raise BadRequest(f"'{images / place}' must have as many frames of each camera, not {told}")
    return Run(name, task, front, *wrists)


def _frames(folder: Path, file: Path) -> tuple[Path, ...]:
    try:
        found = sorted(path for path in folder.glob('*') if path.suffix.lower() in FRAMES and path.is_file())
    except OSError as error:
        raise BadRequest(f"cannot read '{folder}', whose run '{file}' names: {error.strerror}") from error
    if not found:
        raise BadRequest(f"'{folder}' holds no {' or '.join(FRAMES)}, but '{file}' names its run")
    return tuple(found)


def write_result(to: Path, name: str, sign: str, found: Sequence[tuple[str, float]], meta: Mapping[str, Any]) -> float:
    """Write the result file of one set, as the published evaluation does.

    :param to: the folder of all results
    :param name: of the set
    :param sign: '+' for the runs as they were, '-' for those judged backwards
    :param found: name and correlation of each run, no correlation being NaN
    :param meta: what else is known: ``model_path``, ``interval``, ``input_json`` and ``base_dir`` there
    :returns: their mean
    :raises OSError: if it cannot be written
    """
    values = [value for _, value in found]
    mean = fmean(values)
    folder = to / name / f'voc_{SIGNS[sign]}'
    known = {**meta, 'inverse': sign == '-', 'out_root': str(folder)}
    known |= {'sum_voc': sum(values), 'num_voc': len(found), 'avg_voc': mean}
    results = [{'name': run, 'voc': value} for run, value in found]
    file = folder / f'result_interval_{meta["interval"]}_voc{sign}_{mean:.6f}.json'
    _write(file, {'meta': known, 'results': results})
    return mean


def write_summary(to: Path, means: Mapping[str, Mapping[str, float]], meta: Mapping[str, Any]) -> None:
    """Write ``summary_voc.json``.

    :param to: the folder of all results
    :param means: ``{'SET': {'voc+': 0.9, 'voc-': 0.9}}``
    :param meta: ``model_path``, ``interval``, ``input_json_dir`` and ``base_dir`` in the published evaluation
    :raises OSError: if it cannot be written
    """
    known = {**meta, 'out_root_dir': str(to), 'inverse_modes': ['false', 'true'], 'evaluation_list': list(means)}
    _write(to / 'summary_voc.json', {'meta': known, 'summary': means})


def _write(file: Path, content: Mapping[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, ensure_ascii=False, indent=2) + '\n', encoding='utf-8')
