# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The checkpoints that ship with the package."""

from pathlib import Path

TINY_MODEL = Path(__file__).parent / 'tiny'
"""Directory of the tiny trained checkpoint: the simulated table top, and nothing else."""
TINY = 'tiny'
"""The name under which commands, launch files and ``Brain.load`` know it."""


def directory(model: str | Path) -> Path:
    """Find the directory of a model.

    :param model: ``tiny`` for the checkpoint that ships, else a folder of Hugging Face files; ``~`` is the home folder
    """
    return TINY_MODEL if str(model) == TINY else Path(model).expanduser()
