# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Where ``robobrain ask`` and ``robobrain query`` put pictures with the answer drawn on them."""

import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robobrain_ros.brain import image_files
from robobrain_ros.errors import BadRequest

ADDED = '_answer'
"""What is added to a picture's name to name the picture with the answer."""


class Pictures:
    """Writes pictures and never replaces a file: where a name is taken, a number is added to it."""

    def __init__(self, output: Path | None) -> None:
        """Find out now, before long work, whether pictures can be written; makes the folder if it does not exist.

        :param output: a file that ends in .png or .jpg, or a folder; None is the current folder
        :raises BadRequest: if nothing can be written there, with the reason
        """
        self._file: Path | None = None
        self._folder = output or Path()
        if output is not None and output.suffix and not output.is_dir():
            if output.suffix.lower() not in image_files.ENDINGS:
                endings = ', '.join(image_files.ENDINGS)
                raise BadRequest(
                    f"cannot write '{output}': --output must be a folder, or a file that ends in {endings}"
                )
            self._file, self._folder = output, output.parent
        try:
            if self._file is None:
                self._folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=self._folder).close()  # whether it can be written to
        except OSError as error:
            raise BadRequest(f"cannot write '{output or self._folder.resolve()}': {error.strerror}") from error

    def write(self, name: str, rgb: NDArray[np.uint8]) -> Path:
        """Write a picture.

        :param name: of what was looked at, without folder and ending, such as ``photo``
        :param rgb: height x width x 3
        :returns: where it was written
        :raises BadRequest: if it cannot be written, with the reason
        """
        return image_files.write_new(self._file or self._folder / f'{name}{ADDED}.png', rgb)
