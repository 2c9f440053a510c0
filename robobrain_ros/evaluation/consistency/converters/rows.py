# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Rows of a data set that someone downloaded: Parquet as the hubs have it, JSON lines, or one JSON list."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.data.media import quoted

Row = Mapping[str, Any]
ENDINGS = ('.parquet', '.jsonl', '.json')
"""Kinds of files, the one that is taken first where there are several."""
MOST_BYTES = 1 << 30
"""A JSON file may have so many; Parquet is read in parts."""
AT_ONCE = 32
"""Rows of Parquet that are in memory at one time."""


def rows(source: Path, split: str, part: str = '') -> Iterator[Row]:
    """Yield the rows of a split, in the order of the files' names.

    :param source: folder of the download; looked through with all that is below it
    :param split: how the files' names begin: ``test`` takes ``test.jsonl`` and ``test-00000-of-00002.parquet``
    :param part: a folder that the files must lie in, such as ``Counting``; empty for any
    :raises BadRequest: if there is no such file, or one cannot be read
    """
    if not source.is_dir():
        raise BadRequest(f"'{source}' is no folder: name the one that the data set was downloaded to")
    shape = re.compile(rf'{re.escape(split)}([-_.].*)?')
    found = [
        path
        for path in sorted(source.rglob('*'))
        if path.suffix in ENDINGS
        and shape.fullmatch(path.stem)
        and (not part or part in path.relative_to(source).parts[:-1])
        and path.is_file()
    ]
    for ending in ENDINGS:
        if files := [path for path in found if path.suffix == ending]:
            for path in files:
                yield from _parquet(path) if ending == '.parquet' else _json(path)
            return
    where = f"'{source}'" if not part else f"a folder {part} in '{source}'"
    raise BadRequest(f'there is no {split}*.parquet, {split}*.jsonl or {split}*.json in {where}')


def text(row: Row, key: str) -> str:
    """Return a text of a row.

    :raises BadRequest: if the row has none of that name
    """
    value = row.get(key)
    if not isinstance(value, str):
        raise BadRequest(f'{key} is {quoted(value)}, but must be a text; the row has {", ".join(map(str, row))}')
    return value


def listed(row: Row, key: str) -> list[Any]:
    """Return a list of a row; empty where the row has null.

    :raises BadRequest: if the row has something else of that name
    """
    value = row.get(key)
    if value is not None and not isinstance(value, list):
        raise BadRequest(f'{key} is {quoted(value)}, but must be a list')
    return value or []


def _parquet(path: Path) -> Iterator[Row]:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise BadRequest(f"'{path}' is Parquet: install pyarrow to read it (pip install pyarrow)") from error
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(AT_ONCE):
                yield from batch.to_pylist()
    except (OSError, ValueError) as error:  # pyarrow's errors are both
        raise BadRequest(f"cannot read '{path}': {error}") from error


def _json(path: Path) -> Iterator[Row]:
    try:
        if (size := path.stat().st_size) > MOST_BYTES:
            raise BadRequest(f"'{path}' has {size >> 20} MiB, but may have {MOST_BYTES >> 20} at the most")
        written = path.read_text(encoding='utf-8')
        found = json.loads(written) if path.suffix == '.json' else [json.loads(s) for s in written.split('\n') if s]
    except OSError as error:
        raise BadRequest(f"cannot read '{path}': {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"'{path}' is no JSON: {error}") from error
    for row in found if isinstance(found, list) else [found]:
        if not isinstance(row, Mapping):
            raise BadRequest(f"'{path}' has {quoted(row)} where a row (an object with named values) should be")
        yield row
