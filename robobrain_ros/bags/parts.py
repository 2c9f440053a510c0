# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Which files a recording consists of, also where its recorder was killed; and warnings about what is missing."""

import re
import shlex
from pathlib import Path

from robobrain_ros.bags.cut_mcap import CutMcap, is_cut
from robobrain_ros.bags.databases import require_whole
from robobrain_ros.bags.storage import Part, WholePart, unreadable

SUFFIXES = ('.mcap', '.db3')


def parts_of(path: Path) -> tuple[list[Part], list[str]]:
    """Open a recording: as a whole, or what is left of it.

    :param path: a rosbag2 folder, or one of its files
    :returns: its parts by time, and a sentence about each thing that is missing: nothing if it is whole
    :raises ValueError: nothing of it can be read; says why, and how it may be recovered
    """
    try:
        return _parts_of(path)
    except OSError as error:
        raise unreadable(path, error.strerror) from error


def _parts_of(path: Path) -> tuple[list[Part], list[str]]:
    if path.is_dir():
        for file in _files(path):
            if file.suffix == '.db3':
                require_whole(file)
    elif path.suffix in SUFFIXES and path.is_file():
        return _file(path)
    try:
        return [WholePart(path)], []
    except ValueError as error:
        files = _files(path) if path.is_dir() else []
        if not files:
            raise
        reason = str(error.__cause__).rstrip('.')
    if (path / 'metadata.yaml').exists():
        return _folder(path, files, f'{str(path)!r} is not what its metadata.yaml says: {reason}')
    return _folder(path, files, f'{str(path)!r} has no metadata.yaml; its recorder was killed')


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.suffix in SUFFIXES)


def _folder(folder: Path, files: list[Path], why: str) -> tuple[list[Part], list[str]]:
    """Open a folder file by file."""
    names = {re.sub(r'_\d+$', '', file.stem) for file in files}
    if len(names) > 1:
        raise ValueError(f'{why}; it holds files of several recordings, choose one: {", ".join(map(str, files))}')
    parts: list[Part] = []
    warnings: list[str] = []
    errors: list[ValueError] = []
    for file in files:
        try:
            found, missing = _file(file)
        except ValueError as error:
            errors.append(error)
        else:
            parts += found
            warnings += missing
    if not parts:
        raise errors[0]
    warnings += map(str, errors)
    if not warnings:  # else that is why
        warnings.append(f'{why}. ros2 bag reindex {shlex.quote(str(folder))} writes a new one')
    return sorted(parts, key=lambda part: part.span), warnings


def _file(path: Path) -> tuple[list[Part], list[str]]:
    if path.suffix == '.mcap' and is_cut(path):
        cut = CutMcap(path)
        return [cut], [cut.warning]
    if path.suffix == '.db3':
        require_whole(path)
    return [WholePart(path)], []
