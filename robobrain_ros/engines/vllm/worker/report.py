# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What the engine's worker process tells its owner, by a file in the engine's folder.

A file works while the worker starts and when it dies, and costs nothing where nothing changes.
"""

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

NAME = 'worker.json'
FAILED = 'worker_failed.json'
"""The file of a rank that could not start; the others write NAME."""


@dataclass
class WorkerReport:
    """One worker's state (the first's, if there are several), since it began."""

    operators: list[str] = field(default_factory=list)
    """FlagGems' operators that are enabled."""
    error: str = ''
    """Why FlagGems could not be enabled."""
    refused: bool = False
    """The error is one of the configuration: it is not to be worked around."""
    pixels: str = ''
    """It takes PIXELS, and makes rows of this type of them (see vision_encoder.py); empty if it takes none."""
    decode: str = 'no model is loaded'
    """Why tokens are made by vLLM's own kernels; empty if by those of decode_layer.py."""
    compiled: int = 0
    """Triton kernels that were compiled."""
    loaded: int = 0
    """Triton kernels that came out of the cache: milliseconds each, instead of tenths of seconds."""
    tuned: int = 0
    """Variants of kernels that were timed, to choose the fastest."""

    @property
    def pauses(self) -> int:
        """All that makes a request wait: zero after warm-up is what is wanted."""
        return self.compiled + self.loaded + self.tuned

    def write(self, folder: Path) -> None:
        """Put it into the folder, at once and whole."""
        name = FAILED if self.error else NAME
        part = folder / f'{name}.{os.getpid()}'
        part.write_text(json.dumps(asdict(self)))
        os.replace(part, folder / name)

    @classmethod
    def read(cls, folder: Path) -> 'WorkerReport | None':
        """The last one, or of a rank that failed; None where there is none (yet)."""
        for name in (FAILED, NAME):
            with suppress(FileNotFoundError):
                return cls(**json.loads((folder / name).read_text()))
        return None
