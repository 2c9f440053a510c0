"""``robobrain evaluate``: how well a model sees the simulated table top, over seeded scenes, by the real engine."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import Future

import numpy as np

from robobrain_ros.answer import Answer, Target
from robobrain_ros.brain import Brain, Settings
from robobrain_ros.engines.base import EngineConfig
from robobrain_ros.engines.embedded import EmbeddedEngine
from robobrain_ros.errors import ErrorCode
from robobrain_ros.jobs import Policy
from robobrain_ros.parameters import TINY_MODEL
from robobrain_ros.sim.questions import Question, questions
from robobrain_ros.sim.scene import TableTop
from robobrain_ros.spatial import Camera, Transform
from robobrain_ros.tasks.profiles import detect_profile

FIRST_SEED = 1_000_000
"""Scenes from here on are held out: training uses other seeds."""


class SceneFrame:
    """A simulated camera's image without a camera node in between; see seeing.Frame."""

    age = 0.0

    def __init__(self, scene: TableTop) -> None:
        self._rgb, self._depth = scene.render()
        view = scene.view
        self._camera = Camera.from_calibration(width=view.width, height=view.height, k=view.k.ravel().tolist())

    def rgb(self) -> np.ndarray:
        """See seeing.Frame."""
        return self._rgb

    def depth(self) -> np.ndarray | None:
        """See seeing.Frame."""
        return self._depth

    def camera(self) -> Camera | None:
        """See seeing.Frame."""
        return self._camera

    def transform(self) -> Transform | None:
        """See seeing.Frame."""
        return None


def run(scenes: int) -> int:
    """Ask about ``scenes`` scenes, print a table by task and kind, return the exit code. Blocks; about 2 s a scene."""
    brain = Brain(EmbeddedEngine(EngineConfig(TINY_MODEL)), detect_profile(TINY_MODEL), Settings(policy=Policy.QUEUE))
    found: defaultdict[tuple[str, str], list[Mapping[str, float]]] = defaultdict(list)
    try:
        brain.start(lambda text: print(f'  {text}', flush=True)).result()
        for seed in range(FIRST_SEED, FIRST_SEED + scenes):
            for question, answer in _ask(brain, TableTop(seed), np.random.default_rng(seed)):
                found[question.task, question.kind].append(score(question, answer))
    finally:
        brain.close()
    for (task, kind), scores in found.items():
        names = {name: None for one in scores for name in one}
        cells = [f'{name} {_summary(name, [one[name] for one in scores if name in one])}' for name in names]
        print(f'{task:<11} {kind:<11} n={len(scores):<5} {"   ".join(cells)}')
    return 0


def _ask(brain: Brain, scene: TableTop, rng: np.random.Generator) -> Iterator[tuple[Question, Answer]]:
    """One question of each task and kind that the scene allows."""
    frame = SceneFrame(scene)

    async def get_frame() -> SceneFrame:
        return frame

    every = questions(scene, rng)
    seen: set[tuple[str, str]] = set()
    for index in rng.permutation(len(every)):
        question = every[index]
        if (question.task, question.kind) in seen:
            continue
        seen.add((question.task, question.kind))
        done: Future[Answer] = brain.ask(question.task, question.instruction, get_frame).done
        yield question, done.result()


def score(question: Question, answer: Answer) -> dict[str, float]:
    """What can be said of one answer; shares are 0 or 1, distances in the unit that the name says."""
    scores = {'valid': float(answer.code in (ErrorCode.OK, ErrorCode.NOT_FOUND)), 'ms': answer.timings.total}
    width, height = answer.image_size
    if question.pixel:
        distance = _distance(answer.targets[0].pixel, question.pixel, width, height) if answer.targets else math.inf
        scores |= {'within 2 %': float(distance <= 0.02), 'within 5 %': float(distance <= 0.05)}
    if question.box:
        overlap = iou(question.box, answer.targets[0].box) if answer.targets else 0.0
        scores |= {'IoU > 0.5': float(overlap > 0.5)}
    if question.waypoints:
        end = answer.waypoints[-1] if answer.waypoints else None
        u, v, _ = question.waypoints[-1]
        distance = _distance(end.pixel, (u, v), width, height) if end else math.inf
        scores |= {'end within 5 %': float(distance <= 0.05)}
        if len(question.waypoints) == len(answer.waypoints):
            pairs = list(zip(answer.waypoints, question.waypoints, strict=True))
            scores |= {'depth error cm': 100 * float(np.mean([_depth_error(*pair) for pair in pairs]))}
            scores |= {'end depth error cm': 100 * _depth_error(*pairs[-1])}
    if question.steps:
        scores |= {'same plan': float(tuple(step.description for step in answer.steps) == question.steps)}
    if question.reply:
        scores |= {'objects named': sum(name in answer.reply for name in question.reply) / len(question.reply)}
    return scores


def _distance(pixel: tuple[float, float], truth: tuple[float, float], width: int, height: int) -> float:
    """In parts of the image: 0.02 is 2 % of its sides."""
    return math.hypot((pixel[0] - truth[0]) / width, (pixel[1] - truth[1]) / height)


def _depth_error(waypoint: Target, truth: tuple[float, float, float]) -> float:
    """Metres along the optical axis; of the published position, NaN if there is none."""
    return abs(waypoint.position[2] - truth[2]) if waypoint.position else math.nan


def iou(a: tuple[float, float, float, float], b: tuple[float, float, float, float] | None) -> float:
    """Intersection over union of two boxes (u_min, v_min, u_max, v_max); 0 without the second."""
    if b is None:
        return 0.0
    both = max(min(a[2], b[2]) - max(a[0], b[0]), 0.0) * max(min(a[3], b[3]) - max(a[1], b[1]), 0.0)
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def _summary(name: str, values: list[float]) -> str:
    if name.endswith(('ms', 'cm')):
        return f'{np.nanmedian(values):.1f}'
    return f'{100 * np.mean(values):.1f} %'
