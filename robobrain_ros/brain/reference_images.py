# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Pictures that show a task done, or not yet begun, kept by name in a directory: what progress is judged against."""

import os
import re
import tempfile
from enum import Enum
from pathlib import Path

from robobrain_ros.brain import image_files
from robobrain_ros.brain.frame import Rgb
from robobrain_ros.errors import BadRequest
from robobrain_ros.geometry.resize import at_most

DIRECTORY = '~/.local/share/robobrain_ros/references'
"""Where they are, if nothing else is said."""
MOST = 1000
"""Pictures in one directory."""
MOST_PIXELS = 1 << 20
"""Larger ones are scaled down: the models see no more than a part of that."""
LONGEST = 80
"""Characters of a bad name that are quoted."""
_NAME = re.compile(r'[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?', re.ASCII)


class Moment(str, Enum):
    """What a picture shows of its task."""

    START = 'start'
    GOAL = 'goal'


class ReferenceImages:
    """Keeps pictures as PNG files, ``NAME.start.png`` and ``NAME.goal.png``. Several processes may use one directory.

    :param directory: where they are; ``~`` is the home of the user; made when the first one is kept
    :raises BadRequest: if it begins with the home of a user whom this computer does not know, such as ``~nobody_here``
    """

    def __init__(self, directory: str = DIRECTORY) -> None:
        try:
            self.directory = Path(directory).expanduser().absolute()
        except RuntimeError as error:
            raise BadRequest(
                f'the directory of the reference images is {directory!r}, but this computer knows no such user'
            ) from error

    def path(self, name: str, moment: Moment) -> Path:
        """Tell where a picture is, or would be.

        :raises BadRequest: for a name that is not allowed
        """
        if not _NAME.fullmatch(name):
            raise BadRequest(
                f'name is {name[:LONGEST]!r}, but must be 1 to 64 letters (a-z, A-Z) and digits, with . _ - '
                'inside, such as put_mug'
            )
        return self.directory / f'{name}.{moment.value}.png'

    def keep(self, name: str, moment: Moment, rgb: Rgb) -> Path:
        """Write a picture, whole or not at all, in the place of an older one; blocks for some 10 ms.

        :param name: of the task: letters, digits, and ``. _ -`` inside, 64 at most
        :param rgb: height x width x 3, uint8; with more than ``MOST_PIXELS`` it is scaled down
        :returns: the file
        :raises BadRequest: for a name that is not allowed, a directory that cannot be written, or one that is full
        """
        path = self.path(name, moment)
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            if not path.exists() and len(self.names()) >= MOST:
                raise BadRequest(f"cannot keep {name!r}: '{self.directory}' has {MOST} pictures already; remove some")
            with tempfile.TemporaryDirectory(dir=self.directory, prefix='.robobrain-') as scratch:
                part = Path(scratch) / path.name
                image_files.write(part, at_most(rgb, MOST_PIXELS))
                os.replace(part, path)
        except OSError as error:
            raise BadRequest(f"cannot keep {name!r} in '{self.directory}': {error.strerror}") from error
        return path

    def read(self, name: str, moment: Moment) -> Rgb:
        """Read a picture back.

        :returns: height x width x 3, uint8
        :raises BadRequest: for a name that is not allowed, or that nothing was kept under, with what there is; and for
            a directory that cannot be read
        :raises BrainError: BAD_IMAGE if the file is damaged
        """
        path = self.path(name, moment)
        try:
            is_there = path.is_file()
        except OSError as error:
            raise BadRequest(f"cannot read {name!r} in '{self.directory}': {error.strerror}") from error
        if not is_there:
            there = [known for known, its in self.names() if its is moment]
            known = f'there are {", ".join(there[:20])}' if there else 'there is none yet'
            raise BadRequest(f"no {moment.value} image is kept as {name!r} in '{self.directory}'; {known}")
        return image_files.read(path)

    def names(self) -> list[tuple[str, Moment]]:
        """List what is kept, sorted; empty where the directory is not there or cannot be read."""
        found = []
        for moment in Moment:
            end = f'.{moment.value}.png'
            files = (path for path in self.directory.glob(f'*{end}') if path.is_file())
            found += [(path.name.removesuffix(end), moment) for path in files]
        return sorted((name, moment) for name, moment in found if _NAME.fullmatch(name))
