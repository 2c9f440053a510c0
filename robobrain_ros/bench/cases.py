"""What ``robobrain bench engine`` asks, and how the processes that answer say how long it took."""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from robobrain_ros.engines.vllm.config import EngineConfig
from robobrain_ros.engines.vllm.flaggems import FlagGemsSettings
from robobrain_ros.engines.vllm.image_processor import ImageLimits
from robobrain_ros.tasks import get_task
from robobrain_ros.tasks.base import Task
from robobrain_ros.tasks.profiles import Profile, detect_profile


@dataclass(frozen=True)
class Case:
    """A question whose answer has at most ``max_tokens`` tokens."""

    task: str
    instruction: str
    max_tokens: int


CASES = (Case('pointing', 'the handle of the red mug', 16), Case('trajectory', 'reach for the banana', 96))
WARM_UP = 3
"""Requests in front of those that count, for each case."""
VARIANTS: dict[str, dict[str, Any]] = {
    'fp8': {'quantization': 'fp8'},
    **{profile: {'flaggems': FlagGemsSettings(profile)} for profile in ('safe', 'gemm', 'full')},
    'off': {'decode_kernels': 'off'},
    'tp2': {'tensor_parallel_size': 2},
}
"""What each changes in the engine's configuration, by name."""


@dataclass(frozen=True)
class Plan:
    """What every path is to do.

    :param size: width and height of the images, pixels
    :param repetitions: of each case
    :param lengths: tokens of each answer by task, where they are to be as long as those of another path; else as they
        come
    :param variant: a name in VARIANTS, or empty
    """

    model: Path
    size: tuple[int, int]
    repetitions: int
    device: str = 'auto'
    lengths: dict[str, list[int]] = field(default_factory=dict)
    variant: str = ''

    def to_json(self) -> str:
        """For the command line of another process."""
        return json.dumps(asdict(self) | {'model': str(self.model)})

    @classmethod
    def from_json(cls, text: str) -> 'Plan':
        """What ``to_json`` gave."""
        values = json.loads(text)
        return cls(**(values | {'model': Path(values['model']), 'size': tuple(values['size'])}))

    @property
    def config(self) -> EngineConfig:
        """Of the engine: images are seen in their own size, as far as the model's limits go."""
        width, height = self.size
        config = EngineConfig(self.model, device=self.device)
        least = ImageLimits.read(self.model, sys.maxsize).min_pixels
        return replace(config, max_pixels=max(width * height, least), **VARIANTS.get(self.variant, {}))

    @property
    def profile(self) -> Profile:
        """The model's prompts."""
        return detect_profile(self.model)


@dataclass(frozen=True)
class ModelQuestion:
    """One request of a case.

    :param length: tokens that the answer must have; 0 if it ends by itself
    :param counts: not for warming up
    """

    case: Case
    task: Task
    prompt: str
    rgb: np.ndarray
    length: int
    counts: bool


def ask(plan: Plan) -> Iterator[ModelQuestion]:
    """All questions of a run, each with an image that was never there before; the same ones for every path."""
    random = np.random.default_rng(1)
    for case in CASES:
        task = get_task(case.task)
        lengths = plan.lengths.get(case.task, [])
        for number in range(-WARM_UP, plan.repetitions):
            rgb = random.integers(0, 256, (plan.size[1], plan.size[0], 3), np.uint8)
            length = lengths[max(number, 0)] if lengths else 0
            yield ModelQuestion(case, task, task.prompt(case.instruction, plan.profile), rgb, length, number >= 0)


class Laps:
    """Milliseconds of the stages of one answer, in their order."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self.stages: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        """The stage ends now."""
        now = time.perf_counter()
        self.stages[stage] = 1000 * (now - self._last)
        self._last = now


def tell(question: ModelQuestion, stages: dict[str, float], tokens: int) -> None:
    """Print one answer's figures, for the process that collects them; answers for warming up are not told."""
    if question.counts:
        print(json.dumps({'task': question.case.task, 'tokens': tokens, 'stages': stages}), flush=True)


def note(text: str) -> None:
    """Print something for the reader of the results."""
    print(json.dumps({'note': text}), flush=True)
