# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What ``robobrain bench engine`` asks, and how the processes that answer say how long it took."""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from robobrain_ros.engines.vllm.config import EngineConfig
from robobrain_ros.engines.vllm.flaggems import FlagGemsSettings
from robobrain_ros.engines.vllm.image_processor import ImageLimits
from robobrain_ros.sim.questions import questions
from robobrain_ros.sim.scene import TableTop
from robobrain_ros.tasks import get_task
from robobrain_ros.tasks.base import Task
from robobrain_ros.tasks.profiles import Profile, detect_profile


@dataclass(frozen=True)
class Case:
    """What is asked about the picture of a simulated table top.

    :param task: name of the task
    :param kind: of the question, as in ``sim.questions``
    :param max_tokens: the most tokens of an answer
    """

    task: str
    kind: str
    max_tokens: int


CASES = (Case('pointing', 'named', 16), Case('trajectory', 'pick', 96))
SEED = 4
"""Which table top the pictures show."""
NOISE = 3
"""Each picture differs from the others by noise of up to so many of 255 grey levels, like a camera's."""
WARM_UP = 3
"""How many requests go in front of those that count, for each case."""
VARIANTS: dict[str, dict[str, Any]] = {
    'fp8': {'quantization': 'fp8'},
    **{profile: {'flaggems': FlagGemsSettings(profile)} for profile in ('safe', 'gemm', 'full')},
    'off': {'decode_kernels': 'off'},
    'tp2': {'tensor_parallel_size': 2},
}
"""What each changes in the engine's configuration, by name."""
CHATS = {'chats0': 0, 'chats1': 1, 'chats8': 8}
"""Paths of the robot's own requests while so many HTTP chats run."""


@dataclass(frozen=True)
class Plan:
    """What every path is to do.

    :param model: directory of the model
    :param size: width and height of the images, pixels
    :param repetitions: how often each case is asked and counts
    :param device: auto, cpu or cuda
    :param lengths: tokens of each answer by task, where they are to be as long as those of another path; else as they
        come
    :param variant: a name in VARIANTS or CHATS, or empty
    """

    model: Path
    size: tuple[int, int]
    repetitions: int
    device: str = 'auto'
    lengths: dict[str, list[int]] = field(default_factory=dict)
    variant: str = ''

    def to_json(self) -> str:
        """Return the plan as text for the command line of another process."""
        return json.dumps(asdict(self) | {'model': str(self.model)})

    @classmethod
    def from_json(cls, text: str) -> 'Plan':
        """Return the plan whose text ``to_json`` gave."""
        values = json.loads(text)
        return cls(**(values | {'model': Path(values['model']), 'size': tuple(values['size'])}))

    @property
    def config(self) -> EngineConfig:
        """How the engine is started: it sees images in their own size, as far as the model's limits go."""
        width, height = self.size
        config = EngineConfig(self.model, device=self.device)
        least = ImageLimits.read(self.model, sys.maxsize).min_pixels
        return replace(config, max_pixels=max(width * height, least), **VARIANTS.get(self.variant, {}))

    @property
    def profile(self) -> Profile:
        """How the model is spoken to: its prompts, and the scale of its coordinates."""
        return detect_profile(self.model)


@dataclass(frozen=True)
class BenchRequest:
    """A case with an image of its own.

    :param instruction: as a user would type it, about something that is in the image
    :param prompt: the case's instruction in the words of the model's prompt
    :param rgb: height x width x 3, uint8
    :param length: tokens that the answer must have; 0 if it ends by itself
    :param counts: whether its times are told; False for warming up
    """

    case: Case
    task: Task
    instruction: str
    prompt: str
    rgb: NDArray[np.uint8]
    length: int
    counts: bool


def requests(plan: Plan) -> Iterator[BenchRequest]:
    """Yield all requests of a run, each with an image that was never there before; each path gets these very ones.

    The images show a simulated table top, so that the tiny checkpoint has something to find there: how long an answer
    takes depends on how long it is.
    """
    scene = TableTop(SEED)
    picture = cv2.resize(scene.render()[0], plan.size, interpolation=cv2.INTER_AREA).astype(np.int16)
    every = questions(scene, np.random.default_rng(SEED))
    random = np.random.default_rng(1)
    for case in CASES:
        task = get_task(case.task)
        text = next(one.instruction for one in every if (one.task, one.kind) == (case.task, case.kind))
        lengths = plan.lengths.get(case.task, [])
        for number in range(-WARM_UP, plan.repetitions):
            noise = random.integers(-NOISE, NOISE, picture.shape, np.int16, endpoint=True)
            rgb = np.clip(picture + noise, 0, 255).astype(np.uint8)
            length = lengths[max(number, 0)] if lengths else 0
            yield BenchRequest(case, task, text, task.prompt(text, plan.profile), rgb, length, number >= 0)


class Laps:
    """Milliseconds of the stages of one answer, in their order."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self.stages: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        """Say that a stage ends now."""
        now = time.perf_counter()
        self.stages[stage] = 1000 * (now - self._last)
        self._last = now


def tell(request: BenchRequest, stages: dict[str, float], tokens: int) -> None:
    """Print one answer's figures, for the process that collects them; answers for warming up are not told."""
    if request.counts:
        print(json.dumps({'task': request.case.task, 'tokens': tokens, 'stages': stages}), flush=True)


def note(text: str) -> None:
    """Print something for the reader of the results."""
    print(json.dumps({'note': text}), flush=True)
