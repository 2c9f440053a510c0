# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The folder that a converted set is written into: images as FlagEvalMM saves them, and the file of its questions."""

import io
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from PIL import ExifTags, Image, ImageOps

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.data import media, validation
from robobrain_ros.evaluation.consistency.data.media import quoted
from robobrain_ros.evaluation.consistency.data.sets import SetRule

AS_JPEG = ('1', 'L', 'RGB', 'CMYK', 'YCbCr')
"""Kinds of pixels that JPEG takes; others are made RGB."""


class Store:
    """One set's folder while it is written. The file of questions comes last: half a set is never taken for a whole.

    :param root: data folder, below which the set gets FlagEvalMM's place for it
    :param source: folder that rows may name images in
    :raises BadRequest: if the set is there already
    """

    def __init__(self, root: Path, rule: SetRule, source: Path) -> None:
        self.folder = root / (rule.place or rule.name)
        self.source = source.resolve()
        self._file = self.folder / rule.file
        self._entries: list[Mapping[str, Any]] = []
        if self._file.exists():
            raise BadRequest(f"'{self._file}' is there already: name another folder, or delete it")

    def picture(self, cell: object) -> Image.Image:
        """Read an image of a row: bytes, an object with bytes or a path, or a path below the source.

        :returns: turned as its EXIF data says, as the hubs' library does it
        :raises BadRequest: if it is none of these, or no picture
        """
        if isinstance(cell, Mapping):
            cell = cell.get('bytes') or cell.get('path')
        if isinstance(cell, str):
            data: IO[bytes] | Path = media.inside(self.source, cell)
        elif isinstance(cell, bytes):
            data = io.BytesIO(cell)
        else:
            raise BadRequest(f'an image is {quoted(cell)}, but must be bytes or the name of a file')
        image = media.opened(data, quoted(cell))
        try:
            turned = image.getexif().get(ExifTags.Base.Orientation)
            image.load()
            return (turned and ImageOps.exif_transpose(image)) or image
        except media.DAMAGED as error:
            raise BadRequest(f'cannot read the image {quoted(cell)}: {error}') from error

    def save(self, image: Image.Image, name: str) -> str:
        """Write an image; JPEG gets the quality that FlagEvalMM's processing uses, Pillow's default.

        :param name: below the set's folder; its ending says the format
        :returns: the name
        :raises BadRequest: if it cannot be written
        """
        path = self._free(name)
        if path.suffix == '.jpg' and image.mode not in AS_JPEG:
            image = image.convert('RGB')
        try:
            image.save(path)
        except (OSError, ValueError) as error:
            raise BadRequest(f"cannot write '{path}': {error}") from error
        return name

    def write(self, data: bytes, name: str) -> str:
        """Write an image's file as it is.

        :raises BadRequest: if it is no picture, or cannot be written
        """
        media.opened(io.BytesIO(data), name).close()
        try:
            self._free(name).write_bytes(data)
        except OSError as error:
            raise BadRequest(f"cannot write '{name}': {error.strerror}") from error
        return name

    def copy(self, file: IO[bytes], name: str) -> str:
        """Copy a file, such as a video, unless it has been copied already."""
        path = self._free(name)
        if not path.exists():
            part = path.with_name(f'.{path.name}.part')
            try:
                with part.open('wb') as copied:
                    shutil.copyfileobj(file, copied, 1 << 20)
                os.replace(part, path)
            except OSError as error:
                raise BadRequest(f"cannot write '{path}': {error.strerror}") from error
        return name

    def add(self, entry: Mapping[str, Any]) -> None:
        """Take a question in; its images are written before or after."""
        self._entries.append(entry)

    def end(self) -> None:
        """Write the file of questions.

        :raises BadRequest: if there are none, or it cannot be written
        """
        if not self._entries:
            raise BadRequest(f"'{self.source}' has no question")
        part = self._file.with_name(f'.{self._file.name}.part')
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(self._entries, indent=2, ensure_ascii=False) + '\n', encoding='utf-8')
            os.replace(part, self._file)
        except (OSError, TypeError, ValueError) as error:
            raise BadRequest(f"cannot write '{self._file}': {error}") from error

    def _free(self, name: str) -> Path:
        """Return where a file goes, which is never outside the set's folder."""
        path = self.folder / name
        try:
            if not path.resolve().is_relative_to(self.folder.resolve()):
                raise BadRequest(f'{quoted(name)} leads out of the folder of the set')
            path.parent.mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError, RuntimeError) as error:  # a name that no file system takes, a circle of links
            raise BadRequest(f'cannot write {quoted(name)}: {error}') from error
        return path


def identity(row: Mapping[str, Any], key: str) -> str | int:
    """Return a row's id as it is, checked that a file can be named after it.

    :raises BadRequest: if none can
    """
    validation.identity({'question_id': row.get(key)})
    found: str | int = row[key]
    return found
