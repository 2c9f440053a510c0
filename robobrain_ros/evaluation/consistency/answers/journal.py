# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""One set's answers as they come in: a file for each, so that a run which ends in the middle goes on where it was.

The layout is FlagEvalMM's: ``<set>/task_info.json`` and ``<set>/items/<question_id>.json``; errors are not among the
items but in ``<set>/errors.jsonl``, and are asked again.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency import json_files
from robobrain_ros.evaluation.consistency.answers import entries
from robobrain_ros.evaluation.consistency.data.media import quoted
from robobrain_ros.evaluation.consistency.items import Item, Reply

INFO = 'task_info.json'
MAY_CHANGE = ('length', 'num_workers')
"""What may differ in a run that goes on; all else says what the answers depend on."""


class Journal:
    """The folder of one set in a run's directory.

    :param folder: the run's
    :param set_name: of the set; its folder has this name
    """

    def __init__(self, folder: Path, set_name: str) -> None:
        self.folder = folder / set_name
        self._items = self.folder / 'items'
        self._errors = self.folder / 'errors.jsonl'

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other runs out of the folder for a ``with`` block, until this process ends at the latest.

        Some network file systems have no locks; there, nobody is kept out.

        :raises BadRequest: if another run is asking the set into this folder, or the folder cannot be made
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise BadRequest(f"cannot write into '{self.folder}': {error.strerror}") from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise BadRequest(
                    f"another run is writing answers into '{self.folder}': wait until it has ended, or name another "
                    'folder'
                ) from error
            except OSError:
                pass  # a file system without locks, such as some network shares: then nobody can tell
            yield
        finally:
            os.close(descriptor)

    def info(self) -> dict[str, Any]:
        """Read what ``task_info.json`` says about the run; nothing where there is none.

        :raises BadRequest: for a file that is damaged
        """
        path = self.folder / INFO
        if not path.exists():
            return {}
        found = json_files.read(path)
        if not isinstance(found, dict):
            raise BadRequest(f"'{path}' must hold an object with what the run is about, not {type(found).__name__}")
        return found

    def begin(self, info: Mapping[str, Any]) -> None:
        """Write down how the set is asked, or see that the run which goes on here was asked likewise.

        :param info: values for ``task_info.json``
        :raises BadRequest: if the answers that lie here were got in another way
        """
        before = self.info()
        for name, value in info.items():
            if name not in MAY_CHANGE and name in before and before[name] != value:
                raise BadRequest(
                    f"'{self.folder}' holds answers with {name} {before[name]!r}, but this run has {value!r}: name "
                    'another folder, or ask as before'
                )
        json_files.write(self.folder / INFO, before | dict(info))

    def find(self, items: Iterable[Item], tell: Callable[[str], None]) -> dict[str, Reply]:
        """Read the answers that are there already, by the question's id.

        :param items: what is to be asked
        :param tell: hears of files that cannot be read; their questions are asked again
        :raises BadRequest: for an answer to a question in other words
        """
        found = {}
        for item in items:
            path = self._items / f'{item.question_id}.json'
            if not path.exists():
                continue
            reply = _whole(path, tell)
            if reply is None or reply.error or reply.question_id != item.question_id:
                continue
            if reply.prompt != item.prompt:
                raise BadRequest(
                    f"'{path}' answers {quoted(reply.prompt)}, but {item.question_id!r} now asks "
                    f'{quoted(item.prompt)}: name another folder'
                )
            found[item.question_id] = reply
        return found

    def keep(self, reply: Reply) -> None:
        """Write one reply: an answer to a file of its own, an error to the list of errors.

        :raises BadRequest: if it cannot be written
        """
        if not reply.error:
            json_files.write(self._items / f'{reply.question_id}.json', entries.entry_of(reply))
            return
        line = json.dumps(entries.entry_of(reply), ensure_ascii=False) + '\n'
        try:
            with self._errors.open('a', encoding='utf-8', errors='replace') as file:
                file.write(line)
        except OSError as error:
            raise BadRequest(f"cannot write '{self._errors}': {error.strerror}") from error

    def reopen(self) -> None:
        """Delete what the set's end was written to, as the run goes on: until its new end, its answers are these.

        :raises BadRequest: if that is not allowed
        """
        name = self.folder.name
        for path in (self.folder / f'{name}{ending}.json' for ending in ('', '_evaluated', '_result')):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise BadRequest(f"cannot delete '{path}': {error.strerror}") from error

    def all(self, tell: Callable[[str], None]) -> dict[str, Reply]:
        """Read every reply of a run that has not come to its end: answers, and errors where there is no answer.

        :param tell: hears of files that cannot be read
        """
        found: dict[str, Reply] = {}
        if self._errors.exists():
            for line in self._errors.read_text(encoding='utf-8', errors='replace').split('\n'):
                try:
                    reply = entries.reply_of(json.loads(line), self._errors)
                except ValueError:  # the run was ended in the middle of this line
                    continue
                found[reply.question_id] = reply
        for path in sorted(self._items.glob('*.json')):
            if not path.name.startswith('.') and (answer := _whole(path, tell)) is not None:
                found[answer.question_id] = answer
        return found


def _whole(path: Path, tell: Callable[[str], None]) -> Reply | None:
    """Read an item; None where it is damaged, as FlagEvalMM leaves it when it is ended while it writes."""
    try:
        return entries.reply_of(json_files.read(path), path)
    except BadRequest as error:
        tell(f'{error}; it counts as not asked')
        return None
