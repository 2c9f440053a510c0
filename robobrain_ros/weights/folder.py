# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Reading a model's folder that nobody vouches for: links that lead out of it, pipes and huge files are refused."""

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

MOST_FILES = 10_000
"""Entries in a folder, above which it is no model's."""
LFS = b'version https://git-lfs'
"""How a file begins that only points to the real one, in a clone made without git-lfs."""


class Unusable(ValueError):
    """A file or folder that cannot be read as what it should be; the message is a sentence that names it."""


class ModelFolder:
    """Reads files of one folder and nothing outside it.

    Links are followed inside the folder, and to the ``blobs`` beside it in the cache of Hugging Face.

    :param path: the folder
    :raises Unusable: if there is no such folder
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            root = path.resolve(strict=True)
        except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: links in a circle, up to Python 3.12
            raise Unusable(f'there is no folder {str(path)!r}: {_reason(error)}') from error
        if not root.is_dir():
            raise Unusable(f'{str(path)!r} is a file, not the folder of a model')
        self._roots = [root]
        if root.parent.name == 'snapshots':
            self._roots.append(root.parent.parent / 'blobs')

    def names(self) -> list[str]:
        """Return the names in the folder itself, sorted, without those of its subfolders.

        :raises Unusable: if it cannot be read or holds more than ``MOST_FILES``
        """
        found = []
        try:
            with os.scandir(self.path) as entries:
                for entry in entries:
                    found.append(entry.name)
                    if not entry.name.isprintable():
                        raise Unusable(
                            f"'{self.path}' holds a file with control characters in its name: {entry.name!r}"
                        )
                    if len(found) > MOST_FILES:
                        raise Unusable(f"'{self.path}' holds more than {MOST_FILES} files: it is not a model's folder")
        except OSError as error:
            raise Unusable(f"cannot read '{self.path}': {_reason(error)}") from error
        return sorted(found)

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """Open a file for reading bytes, for a ``with`` block.

        :param name: relative to the folder
        :raises Unusable: if it is missing, not a regular file, or lies outside the folder
        """
        with os.fdopen(self._descriptor(name), 'rb') as file:
            try:
                yield file
            except OSError as error:
                raise Unusable(f'cannot read {name}: {_reason(error)}') from error

    def size(self, name: str) -> int:
        """Return a file's size in bytes.

        :raises Unusable: as ``open`` does
        """
        with self.open(name) as file:
            return os.fstat(file.fileno()).st_size

    def is_pointer(self, name: str) -> bool:
        """Tell whether a file is what git leaves where git-lfs is missing.

        :raises Unusable: as ``open`` does
        """
        with self.open(name) as file:
            return file.read(len(LFS)) == LFS

    def json(self, name: str, most: int) -> dict[str, Any]:
        """Read a JSON object.

        :param most: bytes that the file may have
        :raises Unusable: if it cannot be read, is larger, or is anything else
        """
        with self.open(name) as file:
            data = file.read(most + 1)
        if len(data) > most:
            raise Unusable(f'{name} is larger than {most / 1e6:g} MB, which no such file is')
        return json_object(data, name)

    def _descriptor(self, name: str) -> int:
        try:
            real = (self.path / name).resolve(strict=True)
            if not any(real.is_relative_to(root) for root in self._roots):
                raise Unusable(f'{name} is a link to {str(real)!r}, outside the folder: put the file itself there')
            # no link put there since, and no pipe that would wait for a writer
            descriptor = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise Unusable(f'{name} is missing') from error
        except (OSError, RuntimeError) as error:
            raise Unusable(f'cannot open {name}: {_reason(error)}') from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise Unusable(f'{name} is not a regular file')
        return descriptor


def json_object(data: bytes, what: str) -> dict[str, Any]:
    """Parse a JSON object.

    :param what: names it in the error
    :raises Unusable: if it is anything else
    """
    try:
        value = json.loads(data.decode())
    except (ValueError, RecursionError) as error:  # the latter where it is nested too deeply
        raise Unusable(f'{what} is not JSON: {error}') from error
    if not isinstance(value, dict):
        raise Unusable(f'{what} must hold a JSON object, not {quoted(value)}')
    return value


def quoted(value: Any, most: int = 40) -> str:
    """Return how a value of unknown origin looks in an error: on one line, printable, and not too long.

    :param most: characters
    """
    try:
        return repr(value)[:most]
    except RecursionError:  # what could just be parsed may be too deep for that
        return f'a deeply nested {type(value).__name__}'


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
