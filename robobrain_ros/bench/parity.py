# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``robobrain parity``: the same inputs through two engines, native and a variant, and how far their answers differ.

Both get the same seeded pictures and questions. The native answers are then given to both engines word by word
(teacher forcing), so that their logits can be compared at every token, also behind a place where the answers part.
"""

import json
import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from robobrain_ros.bench.accuracy import right
from robobrain_ros.brain.pipeline import generation
from robobrain_ros.commands.progress_bar import Progress
from robobrain_ros.engines.base import Generation
from robobrain_ros.engines.loop import LoopThread
from robobrain_ros.engines.vllm.config import EngineConfig
from robobrain_ros.engines.vllm.embedded import EmbeddedEngine
from robobrain_ros.engines.vllm.likelihood import likelihood
from robobrain_ros.evaluation.tabletop import FIRST_SEED
from robobrain_ros.sim.questions import Question, questions
from robobrain_ros.sim.scene import TableTop
from robobrain_ros.tasks import get_task
from robobrain_ros.tasks.profiles import Profile, Scale, detect_profile

MOST_LOST = 0.05
"""Accuracy may drop by so much (FlagRelease's gate: 5 points; a rise is no fault)."""
MOST_TOKENS = 96
"""Answers are cut behind so many tokens."""
PER_SCENE = 6
"""Most questions about a scene, one of each task."""


@dataclass(frozen=True)
class Case:
    """A question about a scene, and what the engine is given for it."""

    question: Question
    generation: Generation


@dataclass(frozen=True)
class Outcome:
    """What one engine made of one case."""

    text: str
    scores: list[dict[int, float]]
    """Log-probabilities at each token of the native answer, by token id."""
    points: list[tuple[float, float]]
    """Places in the answer in the model's units, 1/1000 of the image's sides with most models; corners of boxes."""
    right: bool | None
    """Whether the answer is right by the simulation's truth; None where nothing is known about it."""


@dataclass(frozen=True)
class Parity:
    """How far a variant is from native. Distances are medians and maxima over places that both answers have."""

    cases: int
    same_answers: float
    """Share of answers that are equal, letter by letter."""
    same_tokens: float
    """Share of the native answers' tokens that are the variant's first choice, given those before."""
    logits_error: float
    """Median over tokens of |a - b| / |a|, both over the tokens that are among both engines' likeliest, without their
    mean (logits are known up to a constant)."""
    logits_error_p99: float
    distance: float
    """Median distance between places, in 1/1000 of the image's sides."""
    distance_max: float
    distance_px: float
    """Median distance between places, in pixels."""
    distance_px_max: float
    accuracy_native: float
    accuracy_variant: float

    @property
    def passed(self) -> bool:
        """FlagRelease's gate; where no answer can be judged, there is nothing to lose."""
        return round(self.accuracy_native - self.accuracy_variant, 9) <= MOST_LOST


def cases(profile: Profile, scenes: int, prefix: str) -> Iterator[Case]:
    """Yield seeded pictures with a question for each task that has one, alike each time.

    :param scenes: how many, from ``FIRST_SEED`` on
    :param prefix: what the ids of the requests begin with
    """
    for seed in range(FIRST_SEED, FIRST_SEED + scenes):
        scene, rng = TableTop(seed), np.random.default_rng(seed)
        rgb, _ = scene.render()
        every = questions(scene, rng)
        asked: set[str] = set()
        for index in rng.permutation(len(every)):
            question = every[index]
            if question.task in asked or question.task not in profile.prompts or len(asked) == PER_SCENE:
                continue
            asked.add(question.task)
            task = get_task(question.task)
            yield Case(
                question,
                generation(
                    task,
                    question.instruction,
                    rgb,
                    profile,
                    request_id=f'{prefix}-{seed}-{question.task}',
                    max_tokens=min(task.max_tokens, MOST_TOKENS),
                ),
            )


def collect(
    config: EngineConfig, profile: Profile, scenes: int, native: Sequence[Outcome] | None, say: Callable[[str], None]
) -> list[Outcome]:
    """Start an engine, answer all cases, end it; blocks.

    :param scenes: how many
    :param native: outcomes whose answers the engine scores; None: its own
    :param say: hears what the engine does while it starts
    """
    loop, engine = LoopThread('parity'), EmbeddedEngine(config)

    async def run() -> list[Outcome]:
        await engine.start(say)
        return await answer_all(engine, profile, scenes, native)

    try:
        return loop.submit(run()).result()
    finally:
        loop.submit(engine.close()).result()
        loop.close()


async def answer_all(
    engine: EmbeddedEngine, profile: Profile, scenes: int, native: Sequence[Outcome] | None
) -> list[Outcome]:
    """Let an engine that has been started answer all cases.

    :param scenes: how many
    :param native: outcomes whose answers the engine scores; None: its own
    """
    outcomes: list[Outcome] = []
    asked = list(cases(profile, scenes, 'ask'))
    with Progress('parity', len(asked), 'questions') as progress:
        for index, case in enumerate(asked):
            text = ''.join([delta.text async for delta in engine.generate(case.generation)])
            given = native[index].text if native else text
            scores = await likelihood(engine, case.generation, given) if given else []
            height, width = case.generation.images[0].shape[:2]
            scale = profile.scale(*engine.input_size(width, height))
            parsed = get_task(case.question.task).parse(text, scale, profile)
            corners = [corner for box in parsed.boxes for corner in ((box.x1, box.y1), (box.x2, box.y2))]
            points = [(point.x, point.y) for point in parsed.points] + corners
            outcomes.append(Outcome(text, scores, points, right(case.question, parsed, scale, width, height)))
            progress.advance()
    return outcomes


def compare(native: Sequence[Outcome], variant: Sequence[Outcome], scale: Scale, size: tuple[int, int]) -> Parity:
    """Compare what two engines made of the same cases.

    :param scale: units of the places in the answers
    :param size: (width, height) of the images, pixels
    """
    pairs = list(zip(native, variant, strict=True))
    places = [pair for a, b in pairs if len(a.points) == len(b.points) for pair in zip(a.points, b.points, strict=True)]
    parts = [((xa - xb) / scale.x_max, (ya - yb) / scale.y_max) for (xa, ya), (xb, yb) in places] or [(0.0, 0.0)]
    distances = [1000 * math.hypot(x, y) for x, y in parts]
    pixels = [math.hypot(x * size[0], y * size[1]) for x, y in parts]
    tokens = [pair for a, b in pairs for pair in zip(a.scores, b.scores, strict=True)]
    errors = [relative_error(a, b) for a, b in tokens] or [0.0]
    firsts = [max(a, key=a.__getitem__) == max(b, key=b.__getitem__) for a, b in tokens] or [True]
    judged = [(a.right, b.right) for a, b in pairs if a.right is not None and b.right is not None] or [(True, True)]
    return Parity(
        cases=len(pairs),
        same_answers=statistics.mean(a.text == b.text for a, b in pairs),
        same_tokens=statistics.mean(firsts),
        logits_error=statistics.median(errors),
        logits_error_p99=float(np.percentile(errors, 99)),
        distance=statistics.median(distances),
        distance_max=max(distances),
        distance_px=statistics.median(pixels),
        distance_px_max=max(pixels),
        accuracy_native=statistics.mean(a for a, _ in judged),
        accuracy_variant=statistics.mean(b for _, b in judged),
    )


def relative_error(a: dict[int, float], b: dict[int, float]) -> float:
    """Return |a - b| / |a| over the tokens that both have, each without its mean; 0 for fewer than two."""
    shared = sorted(a.keys() & b.keys())
    if len(shared) < 2:
        return 0.0
    one, other = (np.array([side[token] for token in shared]) for side in (a, b))
    one, other = one - one.mean(), other - other.mean()
    return float(np.linalg.norm(one - other) / np.linalg.norm(one))


def run(native: EngineConfig, variant: EngineConfig, scenes: int, output: Path | None) -> int:
    """Compare two engines, one after the other, print a table, write JSON. Blocks.

    :param scenes: how many to ask about
    :param output: file for the figures, or None
    :returns: the exit code: 1 if accuracy dropped by more than MOST_LOST
    """
    profile = detect_profile(native.model)
    say = lambda text: print(f'  {text}', flush=True)  # noqa: E731
    print('native', flush=True)
    ours = collect(native, profile, scenes, None, say)
    print('variant', flush=True)
    theirs = collect(variant, profile, scenes, ours, say)
    view = TableTop(FIRST_SEED).view
    parity = compare(ours, theirs, profile.scale(view.width, view.height), (view.width, view.height))
    for name, value in asdict(parity).items():
        print(f'{name:<18} {value:.6g}')
    print(f'gate: accuracy drops by {parity.accuracy_native - parity.accuracy_variant:+.3f}, {MOST_LOST} allowed')
    if output:
        output.write_text(json.dumps(asdict(parity) | {'passed': parity.passed}, indent=1))
    return 0 if parity.passed else 1
