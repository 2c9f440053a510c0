"""The result of one request, in the source image's pixels and the camera's metres. No ROS in here."""

from dataclasses import dataclass, field
from enum import IntEnum

from robobrain_ros.errors import ErrorCode
from robobrain_ros.tasks.values import Step


class PointStatus(IntEnum):
    """Why a target has a position, or has none; the same numbers as in msg/Target.msg."""

    OK = 0
    NO_DEPTH = 1
    """No depth image came with the colour image, or too few valid pixels lie around the target."""
    OUT_OF_RANGE = 2
    """The depth lies outside min_depth_m .. max_depth_m."""
    NO_CAMERA_INFO = 3
    """No usable intrinsics: nothing can be said in metres."""
    NO_TF = 4
    """tf2 does not know the way to the frame that was asked for."""


@dataclass(frozen=True)
class Target:
    """A place in the source image, and in space where depth allows."""

    pixel: tuple[float, float]
    """(u, v) in pixels of the source image: u right, v down, (0, 0) is the centre of the top left pixel."""
    box: tuple[float, float, float, float] | None = None
    """(u_min, v_min, u_max, v_max) in pixels, for task grounding."""
    label: str = ''
    model_depth: float | None = None
    """Depth as the model said it, metres, for task trajectory."""
    status: PointStatus = PointStatus.NO_DEPTH
    position: tuple[float, float, float] | None = None
    """(x, y, z) in metres, only with status OK: in the camera's optical frame (x right, y down, z forward), or in the
    frame that was asked for."""
    valid_fraction: float = 0.0
    """Part of the depth window around the pixel that held valid depth, 0 .. 1."""


class StepStatus(IntEnum):
    """What is known of a plan's step; the same numbers as in msg/PlanStep.msg."""

    PLANNED = 0
    """Words only: the answer of task planning, or a mission that is not there yet."""
    GROUNDED = 1
    FAILED = 2
    """Its place or its way could not be found."""


@dataclass(frozen=True)
class GroundedStep(Step):
    """A step of a mission, with where it acts."""

    status: StepStatus = StepStatus.PLANNED
    code: ErrorCode = ErrorCode.OK
    """Why it is FAILED."""
    message: str = ''
    """The same as a sentence."""
    targets: tuple[Target, ...] = ()
    """Where it acts: its destination, or its object where it has none."""
    waypoints: tuple[Target, ...] = ()
    """The way of the end effector, from where it is in the image; empty for a step in which it goes nowhere."""


@dataclass
class Timings:
    """Milliseconds by stage of one request (steady clock), in the order in which the stages run."""

    queue: float = 0.0
    """Accepted until work began: other requests, and waiting for an image."""
    convert: float = 0.0
    """Image message to RGB array, and onto the model's canvas where it has one."""
    prepare: float = 0.0
    """Resizing to the model's input and rendering the prompt."""
    first_token: float = 0.0
    """Handed to the engine until its first token (vision tower and prefill)."""
    decode: float = 0.0
    """First token until the last."""
    parse: float = 0.0
    """Text to typed values."""
    project: float = 0.0
    """Pixels to metres."""
    total: float = 0.0
    """Accepted until the answer was complete."""


@dataclass(frozen=True)
class Answer:
    """Everything that is known when a request ends, in success and in failure."""

    task: str
    instruction: str
    code: ErrorCode = ErrorCode.OK
    message: str = ''
    """Empty in success, else a sentence."""
    text: str = ''
    """The model's answer as it came, unchanged; partial where the request was cut short."""
    image_size: tuple[int, int] = (0, 0)
    """(width, height) of the source image in pixels."""
    targets: tuple[Target, ...] = ()
    """Points (pointing, affordance) or boxes (grounding)."""
    waypoints: tuple[Target, ...] = ()
    """The way of the end effector, first to last, for task trajectory."""
    steps: tuple[Step, ...] = ()
    """Of tasks planning and mission; a mission's are GroundedSteps."""
    reply: str = ''
    complete: bool = True
    """Nothing of the model's answer had to be dropped, and it was not cut short."""
    warnings: tuple[str, ...] = ()
    """What was dropped from the model's answer and why, and why positions are missing."""
    frame_age: float = 0.0
    """Seconds from the image's stamp until work on it began, on the node's clock; 0 without a stamp."""
    tokens: int = 0
    timings: Timings = field(default_factory=Timings)

    @property
    def places(self) -> tuple[Target, ...]:
        """All targets: the answer's own, and those of a mission's steps, each once."""
        return tuple(dict.fromkeys([*self.targets, *(place for step in self._grounded() for place in step.targets)]))

    @property
    def ways(self) -> tuple[tuple[Target, ...], ...]:
        """All ways that have waypoints: the answer's own, or those of a mission's steps in order."""
        return tuple(way for way in (self.waypoints, *(step.waypoints for step in self._grounded())) if way)

    def _grounded(self) -> list[GroundedStep]:
        return [step for step in self.steps if isinstance(step, GroundedStep)]

    @property
    def success(self) -> bool:
        """Whether the answer can be used."""
        return self.code is ErrorCode.OK
