# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""One stack is asked all questions of several sets, and its answers are written where they can be compared."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from robobrain_ros.engines.base import Engine
from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.answers import run_files
from robobrain_ros.evaluation.consistency.answers.journal import Journal
from robobrain_ros.evaluation.consistency.asking.ask import How, Say, ask, running
from robobrain_ros.evaluation.consistency.data import layout
from robobrain_ros.evaluation.consistency.items import Item, Reply
from robobrain_ros.evaluation.consistency.scored_runs import DATA, NORM1K, TITLE
from robobrain_ros.evaluation.consistency.scoring import rules


@dataclass(frozen=True)
class Asked:
    """One set that is to be asked."""

    name: str
    folder: Path
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Answered:
    """One set that was asked."""

    name: str
    replies: tuple[Reply, ...]
    accuracy: Mapping[str, float]
    """Percent, by the rule of scoring."""

    @property
    def errors(self) -> int:
        """Questions without an answer."""
        return sum(bool(reply.error) for reply in self.replies)

    @property
    def tokens(self) -> float:
        """Length of an answer, on average."""
        lengths = [reply.completion_tokens for reply in self.replies if not reply.error]
        return sum(lengths) / max(len(lengths), 1)


def questions(root: Path, only: Sequence[str] = (), limit: int = 0) -> tuple[Asked, ...]:
    """Read and check all questions, before any is asked; blocks, for seconds where there are thousands of images.

    :param root: where the sets lie
    :param only: names of sets; empty: all that are found, but of two scales for points only that from 0 to 1000
    :param limit: questions of each set, the first ones; 0: all
    :raises BadRequest: for a set that is not there, and for data that cannot be asked
    """
    found = layout.find_sets(root)
    for name in only:
        if name not in found:
            raise BadRequest(f"'{root}' has no set {name!r}: there are {', '.join(found)}")
    names = only or [name for name in found if name + NORM1K not in found]
    return tuple(Asked(name, found[name], layout.read_set(found[name], name)[: limit or None]) for name in names)


def run(
    engine: Engine,
    spec: str,
    asked: Sequence[Asked],
    to: Path,
    how: How,
    title: str = '',
    tell: Say = print,
    heard: Callable[[Answered], None] = lambda answered: None,
) -> None:
    """Start a stack, ask it all questions, and write its answers and what they are worth. Blocks.

    What was answered in ``to`` before is not asked again; see ``ask``.

    :param spec: how the command line names the stack; a run goes on only with the same
    :param to: the run's directory
    :param title: what reports call the stack; empty: what the engine calls its model
    :param tell: hears in sentences what goes wrong
    :param heard: takes each set that is done
    :raises BadRequest: for a directory with answers that were got in another way, or that another run is writing to
    :raises EngineDead: if the stack cannot be started, or dies and does not come back
    """
    with ExitStack() as held:
        for journal in (Journal(to, one.name) for one in asked):
            held.enter_context(journal.alone())
        for one in asked:
            Journal(to, one.name).begin({'engine': spec, DATA: str(one.folder)})
        stack = held.enter_context(running(engine, tell))
        for one in asked:
            replies = ask(stack, one.items, to, how, tell)
            scores = {rule: rules.score_set(one.items, replies, rule) for rule in rules.RULES}
            figures = {rule: rules.figures(one.name, made, rule) for rule, made in scores.items()}
            public = rules.FLAGEVAL  # the files are FlagEvalMM's, and so is what they say
            info = {TITLE: title or engine.model}
            run_files.write_run(to, one.name, one.items, replies, scores[public], figures[public], info)
            heard(Answered(one.name, replies, {rule: made['accuracy'] for rule, made in figures.items()}))
