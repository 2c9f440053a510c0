# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""JSON files that others may have written or may be reading: errors are sentences, and files are written whole."""

import json
import os
from pathlib import Path
from typing import Any

from robobrain_ros.errors import BadRequest


def read(path: Path) -> Any:
    """Read a JSON file.

    :raises BadRequest: if it cannot be read, or is no JSON
    """
    try:
        return json.loads(path.read_text(encoding='utf-8'))
    except OSError as error:
        raise BadRequest(f"cannot read '{path}': {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"'{path}' is no JSON: {error}") from error


def write(path: Path, content: Any) -> None:
    """Write a JSON file as a whole: whoever reads it meanwhile, or after a crash, finds the old one or the new one.

    :raises BadRequest: if it cannot be written
    """
    part = path.with_name(f'.{path.name}.part')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(content, ensure_ascii=False, indent=2) + '\n', encoding='utf-8', errors='replace')
        os.replace(part, path)
    except OSError as error:
        raise BadRequest(f"cannot write '{path}': {error.strerror}") from error
