# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A benchmark's questions from FlagEvalMM's layout: a folder with ``data.json`` and the images that it names.

Nothing is downloaded. What is wrong with the data is said in sentences, all of it before the first question is asked.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.data import media, prompts, sets, validation
from robobrain_ros.evaluation.consistency.data.grouping import groups
from robobrain_ros.evaluation.consistency.data.media import quoted
from robobrain_ros.evaluation.consistency.data.sets import SetRule
from robobrain_ros.evaluation.consistency.items import Item

MOST_BYTES = 1 << 28
"""Larger files of questions are not read: EmbodiedVerse's has some 10 MB."""
DEEP = 4
"""Sets are looked for in so many folders below one another."""
MOST_FOLDERS = 20_000
"""After so many folders, looking for sets ends: the folder was hardly meant."""
SHOWN = 5
"""So many of the questions that are wrong are told."""


def find_sets(root: Path) -> dict[str, Path]:
    """Look for sets in a folder: FlagEvalMM's data folder, one of its sets, or a folder of folders named after sets.

    A set lies where FlagEvalMM keeps it (such as ``ERQA/test/data.json``), or in a folder with its task name
    (``erqa/data.json``). Sets that this package does not know are left out. A task with two conventions for points is
    found twice, under both names, in the same folder.

    :returns: folder of each set by its name, in the order of the release's table; the folder and the name are what
        ``read_set`` takes
    :raises BadRequest: if there is no such folder, no known set in it, or one set at two places
    """
    if not root.is_dir():
        raise BadRequest(f"'{root}' is no folder: name one that holds sets, such as ERQA/test/data.json")
    found: dict[str, Path] = {}
    others = []
    for folder, files in _folders(Path(os.path.abspath(root))):
        names = [rule.name for rule in sets.RULES if _file(folder, rule, files)]
        others += [] if names else [folder]
        for name in names:
            if name in found:
                raise BadRequest(f"set {name} lies in '{found[name]}' and in '{folder}': name the one that is meant")
            found[name] = folder
    if not found:
        seen = f"'{others[0]}' is not one of them" if others else 'there is no data.json'
        raise BadRequest(f"'{root}' has no set that is known here; {seen}. Known are {', '.join(sets.NAMES)}")
    return {name: found[name] for name in sets.NAMES if name in found}


def read_set(folder: Path, name: str = '') -> tuple[Item, ...]:
    """Read all questions of a set, and check them and their images; blocks, for some seconds with thousands of images.

    :param folder: the one with ``data.json``
    :param name: of the set; if empty, it is told by the folder: of two conventions for points that from 0 to 1000
    :raises BadRequest: if anything is wrong: the file, a question, a label, an image, a mask; says which
    """
    folder = Path(os.path.abspath(folder))  # its name counts, even where it is a link
    files = _listing(folder)
    rule = sets.find(name) if name else _recognise(folder, files)
    path = folder / (_file(folder, rule, files, named=True) or rule.file)
    items, wrong = [], []
    names: dict[str, int] = {}
    for index, entry in enumerate(_entries(path)):
        try:
            item = _item(entry, rule, folder.resolve())
            if item.question_id in names:
                raise BadRequest(f'its question_id is that of entry {names[item.question_id]}, too')
            names[item.question_id] = index
            items.append(item)
        except BadRequest as error:
            wrong.append(f'entry {index} ({quoted(_name(entry))}): {error}')
    if wrong:
        more = f'; and {len(wrong) - SHOWN} more' if len(wrong) > SHOWN else ''
        raise BadRequest(f"'{path}' has questions that cannot be asked: {'; '.join(wrong[:SHOWN])}{more}")
    return _grouped(items, rule)


def content(item: Item) -> tuple[str | NDArray[np.uint8], ...]:
    """Read a question's images and put them where the prompt has them: what ``engines.base.Generation`` takes.

    Texts keep their spaces. Without ``<image N>`` images follow the text; frames of a video always do. Every image has
    been through JPEG of quality 95, as ``media.as_sent`` says.

    :raises BadRequest: if an image cannot be read
    """
    if item.frames:
        return item.prompt, *_frames(item.images)
    found = prompts.pieces(item.prompt)
    if not any(isinstance(piece, int) for piece in found):
        found = (*found, *range(1, len(item.images) + 1))
    return tuple(piece if isinstance(piece, str) else media.as_sent(item.images[piece - 1]) for piece in found)


def _frames(images: tuple[Path, ...]) -> tuple[NDArray[np.uint8], ...]:
    if len(images) == 1 and images[0].suffix.lower() in media.VIDEOS:
        return media.frames_of(images[0])
    return tuple(media.as_sent(path) for path in images)


def _folders(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Yield the folders that hold questions, with their files; what lies below one is its own."""
    seen: set[Path] = set()
    at_hand = [(root, 0)]
    while at_hand:
        folder, depth = at_hand.pop()
        if (real := folder.resolve()) in seen or len(seen) > MOST_FOLDERS:
            continue
        seen.add(real)
        try:
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name, reverse=True)
        except OSError:  # one that this user must not read
            continue
        files = [entry.name for entry in listed if entry.name.endswith('.json') and entry.is_file()]
        if any(name in ('data.json', 'data_ev.json', 'data_tiny.json') for name in files):
            yield folder, files
        elif depth < DEEP:
            inner = [entry.name for entry in listed if entry.is_dir() and not entry.name.startswith('.')]
            at_hand += [(folder / name, depth + 1) for name in inner]


def _listing(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError as error:
        raise BadRequest(f"cannot read '{folder}': {error.strerror}") from error


def _file(folder: Path, rule: SetRule, files: list[str], named: bool = False) -> str:
    """Return the name of the file with a set's questions; empty if there is none, or the folder is not the set's.

    :param named: the folder is the set's, whatever its name is
    """
    place = Path(rule.place).parts
    if place and folder.parts[-len(place) :] == place:  # other files there have other questions
        return rule.file if rule.file in files else ''
    if named or folder.name == rule.name:
        return next((name for name in (rule.file, 'data.json') if name in files), '')
    return ''


def _recognise(folder: Path, files: list[str]) -> SetRule:
    known = [rule for rule in sets.RULES if _file(folder, rule, files)]
    if not known:
        raise BadRequest(
            f"cannot tell which set '{folder}' is: it needs a data.json, and the name of a set: {', '.join(sets.NAMES)}"
        )
    return next((rule for rule in known if rule.points == 'norm1k'), known[0])


def _entries(path: Path) -> list[Any]:
    try:
        size = path.stat().st_size if path.is_file() else -1
        if size < 0:
            raise BadRequest(f"there is no file '{path}'")
        if size > MOST_BYTES:
            raise BadRequest(f"'{path}' has {size >> 20} MiB, but may have {MOST_BYTES >> 20} at the most")
        entries = json.loads(path.read_text(encoding='utf-8'), parse_constant=_no_number)
    except OSError as error:
        raise BadRequest(f"cannot read '{path}': {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"'{path}' is no JSON: {error}") from error
    if not isinstance(entries, list) or not entries:
        raise BadRequest(f"'{path}' has {type(entries).__name__} {quoted(entries)[:40]}, not a list of questions")
    return entries


def _no_number(name: str) -> None:
    raise ValueError(f'{name} is no number of JSON')


def _name(entry: object) -> object:
    return entry.get('question_id') if isinstance(entry, Mapping) else entry


def _item(entry: object, rule: SetRule, folder: Path) -> Item:
    if not isinstance(entry, Mapping):
        raise BadRequest('it is no object with question_id, question and so on')
    question_id = validation.identity(entry)
    kind = validation.kind_of(entry, rule)
    validation.check_texts(entry)
    label = validation.label_of(entry, kind)
    names, frames = validation.images_of(entry)
    images = tuple(media.inside(folder, name) for name in names)
    for path in images:
        if path.suffix.lower() not in media.VIDEOS:
            media.size_of(path)
        elif frames and len(images) == 1:
            media.check_video(path)
        else:
            raise BadRequest(f'{quoted(path.name)} is a video, but is named among images')
    prompt = prompts.build(entry, kind, rule.pre, rule.post, tagged=bool(images) and not frames)
    if not frames:
        validation.check_tags(prompt, len(images))
    mask, size = _mask(entry, folder, images) if kind == 'point' else (None, (0, 0))
    stratum = _text(entry, rule.stratum)
    if rule.weights and stratum not in rule.weights:
        raise BadRequest(f'its {rule.stratum} is {quoted(stratum)}, but {rule.name} has {", ".join(rule.weights)}')
    return Item(
        rule.name, question_id, prompt, kind, label, images, frames, mask, size, stratum=stratum, extra=entry
    )  # fmt: skip


def _mask(entry: Mapping[str, Any], folder: Path, images: tuple[Path, ...]) -> tuple[Path, tuple[int, int]]:
    """Return the mask of a question that asks for points, and the size of image, mask and entry, which must agree."""
    if not images:
        raise BadRequest('it asks for points, but has no image')
    mask = media.inside(folder, entry.get('mask_path'))
    size = (entry.get('image_width'), entry.get('image_height'))
    for what, found in (('its image', media.size_of(images[0])), ('its mask', media.size_of(mask))):
        if found != size or any(isinstance(side, bool) for side in size):
            raise BadRequest(f'{what} has {found[0]} x {found[1]} pixels, but the entry says {size[0]!r} x {size[1]!r}')
    return mask, found


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key, '') if key else ''
    return value if isinstance(value, str) else str(value)


def _grouped(items: list[Item], rule: SetRule) -> tuple[Item, ...]:
    """Tell each question which others share its scene or an image."""
    scenes = [
        '\n'.join(_text(item.extra, key) for key in rule.scene) if all(item.extra.get(k) for k in rule.scene) else ''
        for item in items
    ]
    try:
        found = groups(scenes, [item.images for item in items], [item.question_id for item in items])
    except OSError as error:
        raise BadRequest(f'cannot read an image: {error}') from error
    return tuple(replace(item, group=group) for item, group in zip(items, found, strict=True))
