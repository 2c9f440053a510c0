# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Questions from the command line or, one after the other, from the terminal."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from robobrain_ros.tasks import parse_instruction

ENDS = ('quit', 'exit')
PROMPT = 'question> '


class Question(NamedTuple):
    """What is asked."""

    task: str
    instruction: str

    @classmethod
    def read(cls, text: str, task: str, default: str) -> 'Question':
        """Read a question as people write it.

        :param text: ``the red mug``, or behind its task: ``grounding: the red mug``
        :param task: where it is given, all of the text is for this task
        :param default: the task of a text that names none
        :raises BadRequest: if nothing is left to ask, or the text is not fit for a prompt
        """
        return cls(task, text) if task else cls(*parse_instruction(text, default))


def from_terminal() -> Iterator[str]:
    """Read questions from standard input, a line each, until it ends or someone says ``quit``; blocks.

    The prompt appears only where a person types.
    """
    read = _reader()
    with suppress(EOFError):
        while (line := read().strip()) not in ENDS:
            if line:
                yield line
    if sys.stdin.isatty():
        print(file=sys.stderr)


def all_of(texts: Iterable[str], interactive: bool) -> Iterator[str]:
    """Give the questions of the command line, then those of the terminal if it is to be asked."""
    yield from texts
    if interactive:
        yield from from_terminal()


def _reader() -> Callable[[], str]:
    if not sys.stdin.isatty():
        return input
    with suppress(ImportError):
        import readline  # noqa: F401  # from now on, input() knows the arrow keys
    if sys.stdout.isatty():
        return lambda: input(PROMPT)
    return lambda: (print(PROMPT, end='', file=sys.stderr, flush=True), input())[1]
