# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""API keys, in files or in the environment: what a server wants of us, and what we want of HTTP clients."""

import os
from pathlib import Path

from robobrain_ros.errors import BadRequest

KEY_VARIABLE = 'ROBOBRAIN_API_KEY'
"""The environment's variable that holds a key where a command, or a server of this package, is given no file."""


def read_key(file: str, name: str) -> str:
    """Read a key; sentences never quote what is in the file.

    :param file: its only line is the key; ``~`` is the user's home
    :param name: of the parameter that names the file
    :raises BadRequest: if the file cannot be read, or holds no key
    """
    path = Path(file).expanduser()
    try:
        key = path.read_text(encoding='ascii').strip()
    except OSError as error:
        raise BadRequest(f"cannot read {name} '{path}': {error.strerror}") from None
    except ValueError:
        raise BadRequest(f"{name} '{path}' must hold one line of ASCII letters: the key") from None
    if not key or not _fits_header(key):
        raise BadRequest(f"{name} '{path}' must hold one line without blanks: the key")
    return key


def read_variable(name: str) -> str:
    """Read a key from the environment; empty if the variable is not set. Sentences never quote it.

    :param name: of the variable
    :raises BadRequest: for what no HTTP header can carry
    """
    key = os.environ.get(name, '').strip()
    if not _fits_header(key):
        raise BadRequest(f'the variable {name} must hold a key: ASCII letters without blanks')
    return key


def _fits_header(key: str) -> bool:
    return key.isascii() and key.isprintable() and ' ' not in key
