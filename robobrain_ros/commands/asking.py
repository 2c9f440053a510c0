# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What ``robobrain ask`` does: checks everything, loads the model once, then asks about one picture after the other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robobrain_ros.answer import Answer
from robobrain_ros.brain import mission, overlay
from robobrain_ros.brain.brain import Brain
from robobrain_ros.brain.frame import Frame
from robobrain_ros.brain.loading import engine_for
from robobrain_ros.brain.pipeline import Settings
from robobrain_ros.commands import answers, sources
from robobrain_ros.commands.output import Tell, results
from robobrain_ros.commands.pictures import Pictures
from robobrain_ros.commands.questions import Question, all_of
from robobrain_ros.commands.sources import Picture, Source
from robobrain_ros.commands.stage_line import StageLine
from robobrain_ros.errors import BrainError
from robobrain_ros.tasks.profiles import Profile

DEFAULT_TASK = 'pointing'


@dataclass(frozen=True)
class Ask:
    """What the command line says."""

    images: Sequence[str]
    instructions: Sequence[str]
    task: str
    """Empty: each question may name its own."""
    model: Path | str
    """A directory, or the address of a server."""
    options: Mapping[str, Any]
    """Those of ``Brain.load`` for it."""
    every_s: float
    repeat: int
    settings: Settings
    interactive: bool
    json: bool
    output: Path | None


def run(ask: Ask) -> int:
    """Answer all questions about all pictures; blocks while the model is loaded, and until the last answer.

    :returns: the exit code: 0 if every answer can be used, else 1
    :raises BrainError: for what can be seen to be wrong before the model is loaded
    """
    _, profile = engine_for(ask.model, 'auto', ask.options)
    questions = [_question(ask, text, profile) for text in ask.instructions]
    found = [sources.find(name, ask.every_s) for name in ask.images]
    pictures = Pictures(ask.output) if ask.output or not ask.json else None
    tasks = [question.task for question in questions] or [ask.task or DEFAULT_TASK]
    with results(ask.json) as tell, _load(ask, found, tasks) as brain:
        asker = _Asker(brain, found, pictures, None if not ask.json else tell)
        for text in all_of(ask.instructions, ask.interactive):
            for _ in range(ask.repeat):
                asker.ask(ask, text)
        return 0 if asker.good else 1


def _load(ask: Ask, found: Sequence[Source], tasks: Sequence[str]) -> Brain:
    height, width = Frame.of(next(found[0].pictures()).image).rgb().shape[:2]
    with StageLine() as line:
        warm_up = tuple(dict.fromkeys(tasks))
        return Brain.load(ask.model, report=line.show, image_size=(width, height), warm_up=warm_up, **ask.options)


def _question(ask: Ask, text: str, profile: Profile) -> Question:
    """Read a question; BadRequest if it cannot be asked."""
    question = Question.read(text, ask.task, DEFAULT_TASK)
    mission.check(*question, profile)
    return question


class _Asker:
    """Asks about all pictures of all sources, and shows the answers.

    :param tell: takes answers as plain values; None: they are printed in words
    """

    def __init__(self, brain: Brain, found: Sequence[Source], pictures: Pictures | None, tell: Tell | None) -> None:
        self._brain = brain
        self._sources = found
        self._pictures = pictures
        self._tell = tell
        self.good = True
        """Whether all answers until now can be used."""
        self._shown = 0

    def ask(self, ask: Ask, text: str) -> None:
        """Ask one question about every picture; what fails becomes a failed answer."""
        try:
            question = Question.read(text, ask.task, DEFAULT_TASK)
        except BrainError as error:
            self._show(None, _failed(ask.task or DEFAULT_TASK, text, error))
            return
        for picture in self._all_pictures(question):
            answer = self._brain.ask(question.instruction, picture.image, task=question.task, settings=ask.settings)
            self._show(picture, answer)

    def _all_pictures(self, question: Question) -> Iterator[Picture]:
        for source in self._sources:
            try:
                yield from source.pictures()
            except BrainError as error:  # a camera that was unplugged
                self._show(None, _failed(*question, error))

    def _show(self, picture: Picture | None, answer: Answer) -> None:
        self.good &= answer.success
        drawn = None
        if self._pictures and picture and answer.image_size != (0, 0):
            drawn = self._pictures.write(picture.stem, overlay.draw(picture.image, answer))
        if self._tell:
            name = picture.name if picture else None
            self._tell(answers.record(answer, image=name, picture=str(drawn) if drawn else None))
            return
        if self._shown:
            print()
        self._shown += 1
        answers.describe(answer, picture.name if picture else '')
        if drawn:
            print(f'picture:  {drawn}', flush=True)


def _failed(task: str, instruction: str, error: BrainError) -> Answer:
    return Answer(task, instruction, error.code, str(error))
