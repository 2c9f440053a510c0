# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""API keys in files: those that a server wants of the node, and that the node wants of its HTTP clients."""

from pathlib import Path

from robobrain_ros.errors import BadRequest


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
    if not key or not key.isprintable() or ' ' in key:
        raise BadRequest(f"{name} '{path}' must hold one line without blanks: the key")
    return key
