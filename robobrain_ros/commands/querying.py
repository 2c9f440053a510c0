# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What ``robobrain query`` does: asks the running node, shows how the request goes on, prints the answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rcl_interfaces.msg import Parameter

from robobrain_ros.action import Query
from robobrain_ros.answer import Answer
from robobrain_ros.commands import answers, request_options
from robobrain_ros.commands.annotated import Annotated
from robobrain_ros.commands.output import results
from robobrain_ros.commands.pictures import Pictures
from robobrain_ros.commands.questions import Question, all_of
from robobrain_ros.commands.running_node import check_name, connect, state_of
from robobrain_ros.commands.stage_line import StageLine
from robobrain_ros.errors import BadRequest, BrainError
from robobrain_ros.msg import Answer as AnswerMessage
from robobrain_ros.msg import PlanStep
from robobrain_ros.ros import from_messages
from robobrain_ros.ros.client import Client, Rejected
from robobrain_ros.ros.parameters import LONGEST_S
from robobrain_ros.tasks.base import check_instruction


@dataclass(frozen=True)
class QueryOptions:
    """What the command line says."""

    instructions: Sequence[str]
    task: str
    node: str
    camera: str
    target_frame: str
    timeout_s: float
    options: Sequence[str]
    request_id: str
    interactive: bool
    json: bool
    output: Path | None


def run(asked: QueryOptions) -> int:
    """Ask the node all questions, one after the other; blocks until the last answer.

    :returns: the exit code: 0 if every answer can be used, else 1
    :raises BrainError: for what can be seen to be wrong before the node is asked
    :raises NoReply: if the node is not there, rejects a request, or ends meanwhile
    """
    check(asked)
    options = [request_options.read(text) for text in asked.options]
    for text in asked.instructions:
        _question(asked, text)
    pictures = Pictures(asked.output) if asked.output else None
    good = True
    with results(asked.json) as tell, connect(asked.node) as client:
        annotated = Annotated(client) if pictures else None
        for number, text in enumerate(all_of(asked.instructions, asked.interactive)):
            message = _ask(client, asked, text, options)
            answer = from_messages.answer(message)
            good &= answer.success
            drawn = None
            if pictures and annotated and (rgb := annotated.of(message)) is not None:
                drawn = pictures.write(message.camera or 'camera', rgb)
            if asked.json:
                tell(record(message, answer, drawn))
                continue
            if number:
                print()
            answers.describe(answer, frame=message.position_frame)
            if drawn:
                print(f'picture:  {drawn}', flush=True)
    return 0 if good else 1


def check(asked: QueryOptions) -> None:
    """Check what no node would take.

    :raises BadRequest: if the node's name or the time limit is not allowed
    """
    check_name(asked.node)
    if asked.timeout_s > LONGEST_S:
        raise BadRequest(f'--timeout is {asked.timeout_s:g}, but must be at most {LONGEST_S:g} seconds')


def _question(asked: QueryOptions, text: str) -> Question:
    """Read a question; without a task in front or by option, the node's default_task decides."""
    question = Question.read(text, asked.task, 'pointing')
    named = asked.task or question.instruction != check_instruction(text)
    return question if named else Question('', question.instruction)


def _ask(client: Client, asked: QueryOptions, text: str, options: Sequence[Parameter]) -> AnswerMessage:
    try:
        question = _question(asked, text)
    except BrainError as error:  # typed at the prompt: the next one may be better
        return AnswerMessage(task=asked.task, instruction=text, error_code=int(error.code), error_message=str(error))
    with StageLine() as line:
        line.show('sent to the node')
        try:
            return client.query(
                *question,
                timeout_s=asked.timeout_s,
                feedback=lambda known: line.show(*_in_words(known)),
                camera=asked.camera,
                target_frame=asked.target_frame,
                options=options,
                request_id=asked.request_id,
            )
        except Rejected as error:
            raise Rejected(f'{error}; {state_of(client)}') from None


def _in_words(known: Query.Feedback) -> tuple[str, str]:
    """Put feedback as a stage and what it has brought."""
    done = sum(step.status != PlanStep.PLANNED for step in known.steps)
    stage = f'{known.stage}, {done} of {len(known.steps)} steps' if known.steps else known.stage
    return stage, f'{known.tokens} tokens: {known.partial_text}' if known.tokens else ''


def record(message: AnswerMessage, answer: Answer, drawn: Path | None = None) -> dict[str, Any]:
    """Return an answer of the node as plain values: those of ``robobrain ask``, and what only a node knows."""
    stamp = message.header.stamp
    return answers.record(
        answer,
        camera=message.camera,
        image_stamp=f'{stamp.sec}.{stamp.nanosec:09}',
        image_frame=message.header.frame_id,
        position_frame=message.position_frame,
        picture=str(drawn) if drawn else None,
    )
