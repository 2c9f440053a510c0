# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Task mission: one goal in; out comes a plan whose steps say where they act and which way the end effector goes.

First the model plans. Then each step is grounded on the same image: pointing finds the place where it acts, and a step
that goes somewhere gets waypoints. All of it is one request: it is cancelled, times out and waits its turn as a whole.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from robobrain_ros.answer import Answer, GroundedStep, StepStatus
from robobrain_ros.brain.jobs import Job, Stage
from robobrain_ros.brain.pipeline import Pipeline, Settings
from robobrain_ros.brain.prepared_image import PreparedImage
from robobrain_ros.errors import BadRequest, BrainError, ErrorCode
from robobrain_ros.tasks import MISSION, Profile, get_task
from robobrain_ros.tasks.chinese import simplified
from robobrain_ros.tasks.planning import MOST
from robobrain_ros.tasks.values import Step

_HIGHER = re.compile(r'\A(?:above|over|onto|(?:inside|into|on top)(?: of)?|on|in|to)\s+', re.IGNORECASE)
_BESIDE = re.compile(
    r'\A(?:next to|in front of|to the (?:left|right) of|left of|right of|behind|beside|near|between|'
    r'under(?:neath)?|beneath|below)\b',
    re.IGNORECASE,
)
# Chinese says it behind the thing: '盘子上', '盘子旁边'
_HIGHER_BEHIND = re.compile(r'(?<=.)(?:的?(?:上面|上方|之上|顶上|里面|内部|之中)|上|里|内|中)\Z')
_BESIDE_BEHIND = re.compile(r'(?:旁边|旁|[左右前后下][边侧面方]|底下|附近|之间|中间)\Z')
_ARTICLE = re.compile(r'\A(?:the|an?|its|your)\s+')
_HAND = re.compile(
    r'(?:robot(?:ic)? )?(?:gripper|hand|arm|end[- ]effector)|夹爪|夾爪|机械臂|機械臂|机械手|機械手|末端执行器'
)


def check(task: str, instruction: str, profile: Profile) -> None:
    """Find out before any work whether a request of any task can be asked.

    :raises BadRequest: for an unknown task, or an instruction that is no text, empty or not fit for a prompt
    """
    for name, value in (('task', task), ('instruction', instruction)):
        if not isinstance(value, str):
            raise BadRequest(f'{name} is a {type(value).__name__}, but must be text')
    get_task('planning' if task == MISSION else task).prompt(instruction, profile)


def place_of(step: Step) -> str:
    """Where a step acts, in words to point at: 'Move the cube above the plate' -> the plate.

    '把方块放到盘子上' -> 盘子. Empty if it names none.
    """
    if not step.destination:
        return step.object
    if _BESIDE.match(step.destination):
        return f'the free space {step.destination}'
    place = _HIGHER.sub('', step.destination)
    if _BESIDE_BEHIND.search(simplified(place)):
        return f'{place}的空位'
    return place[: len(_HIGHER_BEHIND.sub('', simplified(place)))]


def going(steps: Sequence[Step]) -> list[bool]:
    """For each step of a plan: whether the end effector goes somewhere in it.

    It does where there is a destination, and else to the step's object; unless it is there already, since it went to
    that place last, or acted on that object last. 'Move the gripper to the mug', 'Grasp the mug', 'Open the gripper':
    only the first goes.
    """
    found, place, thing = [], '', ''
    for step in steps:
        named = _name(step.object)
        if _HAND.fullmatch(named):
            named = ''
        goes = bool(step.destination) or named not in ('', place, thing)
        place = _name(place_of(step)) if goes else place
        thing = named or thing
        found.append(goes)
    return found


def _name(words: str) -> str:
    return _ARTICLE.sub('', words.lower())


class Mission:
    """One mission on one image. A step that cannot be grounded says why, and the others go on."""

    def __init__(self, pipeline: Pipeline, job: Job, image: PreparedImage, settings: Settings) -> None:
        self._pipeline, self._job, self._image, self._settings = pipeline, job, image, settings
        self._asked: dict[tuple[str, str], Answer] = {}

    async def run(self) -> None:
        """Plan, then ground each step; what is known goes into the job.

        :raises BrainError: with the first step's code, where no step can be grounded
        """
        plan = await self._ask('planning', self._job.answer.instruction)
        steps = [GroundedStep(**vars(step)) for step in plan.steps]
        self._job.update(self._job.stage, steps=tuple(steps))
        if len(steps) > MOST:
            raise BrainError(ErrorCode.UNPARSABLE, f'the plan has {len(steps)} steps, and a mission has {MOST} at most')
        for index, (step, goes) in enumerate(zip(steps, going(steps), strict=True)):
            steps[index] = await self._ground(step, goes)
            self._job.update(self._job.stage, steps=tuple(steps))
        whole = all(known.success and known.complete for known in self._asked.values())
        complete = whole and all(step.status is StepStatus.GROUNDED for step in steps)
        self._job.update(Stage.PROJECT, steps=tuple(steps), complete=complete)
        if not any(step.status is StepStatus.GROUNDED for step in steps):
            raise BrainError(steps[0].code, f'no step of the plan could be grounded; the first: {steps[0].message}')

    async def _ground(self, step: GroundedStep, goes: bool) -> GroundedStep:
        try:
            place = place_of(step)
            if not place:
                raise BrainError(ErrorCode.UNPARSABLE, f'the step {step.description!r} names nothing to look for')
            targets = (await self._ask('pointing', place)).targets
            step = replace(step, targets=tuple(replace(target, label=place) for target in targets))
            if goes:
                way = await self._ask('trajectory', step.description.rstrip(' .。'))
                if not way.complete:  # half a way leads to nowhere
                    raise BrainError(ErrorCode.UNPARSABLE, f'the way has gaps: {way.text!r}')
                step = replace(step, waypoints=way.waypoints)
        except BrainError as error:
            if error.code is ErrorCode.ENGINE_DEAD:
                raise
            return replace(step, status=StepStatus.FAILED, code=error.code, message=str(error))
        return replace(step, status=StepStatus.GROUNDED)

    async def _ask(self, task: str, text: str) -> Answer:
        """The model's answer; the same question is asked once."""
        known = self._asked.get((task, text))
        if known is None:
            known = self._asked[task, text] = await self._question(task, text)
        if not known.success:
            raise BrainError(known.code, known.message)
        return known

    async def _question(self, task: str, text: str) -> Answer:
        """Ask one question as a part of this mission's job, which tells its listener of each piece of the answer.

        A failure is an answer too: an exception that is kept would keep the image.
        """
        job = self._job
        before = job.answer
        text_before = f'{before.text}\n' if before.text else ''

        def forward(part: Job) -> None:
            answer = part.answer
            warnings = tuple(dict.fromkeys([*before.warnings, *answer.warnings]))
            told = {'text': text_before + answer.text, 'tokens': before.tokens + answer.tokens, 'warnings': warnings}
            job.update(part.stage, **told, complete=False)  # until the last step is grounded

        part = Job(Answer(task, text), job.loop, forward)
        part.update(Stage.PREFILL)
        try:
            await self._pipeline.question(part, self._image, self._settings)
        except BrainError as error:
            part.answer = replace(part.answer, code=error.code, message=str(error))
        finally:
            for stage, took in vars(part.answer.timings).items():
                setattr(job.answer.timings, stage, getattr(job.answer.timings, stage) + took)
        return part.answer
