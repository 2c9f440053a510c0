"""Task mission: one goal in; out comes a plan whose steps say where they act and which way the end effector goes.

First the model plans. Then each step is grounded on the same image: pointing finds the place where it acts, and a step
that goes somewhere gets waypoints. All of it is one request: it is cancelled, times out and waits its turn as a whole.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace

from robobrain_ros.answer import Answer, GroundedStep, StepStatus
from robobrain_ros.brain import Brain, Settings
from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.jobs import Job, Stage
from robobrain_ros.seeing import Frame, Seen
from robobrain_ros.tasks import MISSION, Profile, get_task
from robobrain_ros.tasks.values import Step

GOING = frozenset({'pick', 'reach', 'approach', 'touch', 'push', 'pull', 'press', 'slide'})
"""Verbs of steps that go to their object; with others, such as 'grasp' or 'lift', the end effector is there already."""

_HIGHER = re.compile(r'\A(?:above|over|onto|on top of|on|into|inside|in|to)\s+', re.IGNORECASE)
_BESIDE = re.compile(
    r'\A(?:next to|in front of|to the (?:left|right) of|left of|right of|behind|beside|near|between)\b', re.IGNORECASE
)


def ask(
    brain: Brain,
    task: str,
    instruction: str,
    frame: Callable[[], Awaitable[Frame]],
    timeout: float = 60.0,
    report: Callable[[Job], None] = lambda job: None,
    settings: Settings | None = None,
) -> Job:
    """As ``Brain.ask``, and for missions too; does not block.

    A mission's answer has GroundedSteps, in its ``report`` already: all of them once the plan is there, and each one
    grounded when it is. A step that cannot be grounded says why, and the others go on; where none can be, the mission
    ends with the first one's code.
    """
    if task != MISSION:
        return brain.ask(task, instruction, frame, timeout, report, settings)

    async def work(job: Job, chosen: Settings) -> None:
        await _Mission(brain, job, await brain.look(job, frame), chosen).run()

    acceptable = lambda: check(task, instruction, brain.profile)  # noqa: E731
    return brain.accept(Answer(MISSION, instruction), acceptable, work, timeout, report, settings)


def check(task: str, instruction: str, profile: Profile) -> None:
    """BrainError BAD_REQUEST where the instruction cannot be asked, or there is no such task."""
    get_task('planning' if task == MISSION else task).prompt(instruction, profile)


def place_of(step: Step) -> str:
    """Where a step acts, in words to point at: 'Move the cube above the plate' -> the plate. Empty if it names none."""
    if not step.destination:
        return step.object
    if _BESIDE.match(step.destination):
        return f'the free space {step.destination}'
    return _HIGHER.sub('', step.destination)


def goes(step: Step) -> bool:
    """Whether the end effector goes somewhere in this step."""
    return bool(step.destination) or step.action in GOING


class _Mission:
    """One mission on one image."""

    def __init__(self, brain: Brain, job: Job, seen: Seen, settings: Settings) -> None:
        self._brain, self._job, self._seen, self._settings = brain, job, seen, settings
        self._asked: dict[tuple[str, str], Answer | BrainError] = {}

    async def run(self) -> None:
        plan = await self._ask('planning', self._job.answer.instruction)
        steps = [GroundedStep(**vars(step)) for step in plan.steps]
        for index, step in enumerate(steps):
            self._job.update(self._job.stage, steps=tuple(steps))
            steps[index] = await self._ground(step)
        complete = plan.complete and all(step.status is StepStatus.GROUNDED for step in steps)
        self._job.update(Stage.PROJECT, steps=tuple(steps), complete=complete)
        if not any(step.status is StepStatus.GROUNDED for step in steps):
            raise BrainError(steps[0].code, f'no step of the plan could be grounded; the first: {steps[0].message}')

    async def _ground(self, step: GroundedStep) -> GroundedStep:
        try:
            place = place_of(step)
            if not place:
                raise BrainError(ErrorCode.UNPARSABLE, f'the step {step.description!r} names nothing to look for')
            targets = (await self._ask('pointing', place)).targets
            step = replace(step, targets=tuple(replace(target, label=place) for target in targets))
            if goes(step):
                way = await self._ask('trajectory', step.description.rstrip(' .'))
                step = replace(step, waypoints=way.waypoints)
                if not way.complete:  # half a way leads to nowhere
                    raise BrainError(ErrorCode.UNPARSABLE, f'the way has gaps: {way.text!r}')
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
        if isinstance(known, BrainError):
            raise known
        return known

    async def _question(self, task: str, text: str) -> Answer | BrainError:
        """One question as a part of this mission's job, which tells its listener of each piece of the answer."""
        job = self._job
        before = job.answer
        text_before = f'{before.text}\n' if before.text else ''

        def forward(part: Job) -> None:
            answer = part.answer
            warnings = tuple(dict.fromkeys([*before.warnings, *answer.warnings]))
            told = {'text': text_before + answer.text, 'tokens': before.tokens + answer.tokens, 'warnings': warnings}
            job.update(part.stage, **told)

        part = Job(Answer(task, text), job.loop, forward)
        part.update(Stage.PREFILL)
        try:
            await self._brain.question(part, self._seen, self._settings)
        except BrainError as error:
            return error
        finally:
            for stage, took in vars(part.answer.timings).items():
                setattr(job.answer.timings, stage, getattr(job.answer.timings, stage) + took)
        return part.answer
