"""``robobrain evaluate``: how well a model sees the simulated table top, over seeded scenes, by the real engine."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path

import numpy as np

from robobrain_ros.answer import Answer
from robobrain_ros.brain.brain import Brain, Settings
from robobrain_ros.brain.jobs import Policy
from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.engines.vllm.config import EngineConfig
from robobrain_ros.engines.vllm.embedded import EmbeddedEngine
from robobrain_ros.evaluation.overlap import iou
from robobrain_ros.evaluation.scoring import camera_of, mean, score
from robobrain_ros.geometry.camera_model import CameraModel, Transform
from robobrain_ros.sim.phrases import HELD_OUT, TAUGHT
from robobrain_ros.sim.questions import Question, questions
from robobrain_ros.sim.scene import TableTop
from robobrain_ros.tasks.profiles import detect_profile

__all__ = ['FIRST_SEED', 'SceneFrame', 'iou', 'run', 'score']

FIRST_SEED = 1_000_000
"""Scenes from here on are held out: training uses other seeds."""
BEGIN, END = '<!-- evaluation: begin -->', '<!-- evaluation: end -->'
"""Around the table in a model card."""

Found = Mapping[tuple[str, str, str], list[Mapping[str, float]]]
"""(novelty, task, kind) to the scores of each question."""


class SceneFrame:
    """A simulated camera's image without a camera node in between; see seeing.Frame."""

    age = 0.0
    light = True

    def __init__(self, scene: TableTop) -> None:
        self._rgb, self._depth = scene.render()
        self._camera = camera_of(scene)

    def rgb(self) -> np.ndarray:
        """See seeing.Frame."""
        return self._rgb

    def depth(self) -> np.ndarray | None:
        """See seeing.Frame."""
        return self._depth

    def camera(self) -> CameraModel | None:
        """See seeing.Frame."""
        return self._camera

    def transform(self) -> Transform | None:
        """See seeing.Frame."""
        return None


def run(scenes: int, model: Path | None = None, card: Path | None = None, task: str | None = None) -> int:
    """Ask about ``scenes`` scenes, print a table by task and kind, return the exit code. Blocks; some 5 s a scene.

    Questions in phrasings and about objects that the shipped checkpoint never met in training have rows of their own.

    :param model: a checkpoint's folder; the one that ships if None
    :param card: a README.md whose evaluation table is replaced
    :param task: ask the questions of this task alone, the same ones as with all others
    """
    directory = model or TINY_MODEL
    if card and not {BEGIN, END} <= set(card.read_text().splitlines()):
        raise ValueError(f"'{card}' has no lines {BEGIN!r} and {END!r} to put the table between")
    brain = Brain(EmbeddedEngine(EngineConfig(directory)), detect_profile(directory), Settings(policy=Policy.QUEUE))
    found: defaultdict[tuple[str, str, str], list[Mapping[str, float]]] = defaultdict(list)
    try:
        brain.start(lambda text: print(f'  {text}', flush=True)).result()
        for seed in range(FIRST_SEED, FIRST_SEED + scenes):
            scene = TableTop(seed)
            for question, answer in _ask(brain, scene, np.random.default_rng(seed), task):
                found[question.novel, question.task, question.kind].append(score(question, answer, scene))
    finally:
        brain.close()
    text = f'{scenes} scenes from seed {FIRST_SEED}, one question of each kind per scene.\n\n{table(found)}'
    print(text)
    if card:
        before, rest = card.read_text().split(BEGIN)
        card.write_text(f'{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}')
    return 0


def _ask(
    brain: Brain, scene: TableTop, rng: np.random.Generator, task: str | None
) -> Iterator[tuple[Question, Answer]]:
    """One question of each task and kind that the scene allows; and of each that the model never met, one as well."""
    frame = SceneFrame(scene)

    async def get_frame() -> SceneFrame:
        return frame

    every = [*questions(scene, rng, TAUGHT), *questions(scene, rng, HELD_OUT)]
    seen: set[tuple[str, str, str]] = set()
    for index in rng.permutation(len(every)):
        question = every[index]
        key = (question.novel, question.task, question.kind)
        if key in seen or task not in (None, question.task):
            continue
        seen.add(key)
        done: Future[Answer] = brain.ask(question.task, question.instruction, get_frame).done
        yield question, done.result()


def table(found: Found) -> str:
    """Markdown: a row for each novelty, task and kind, then the share of things that were falsely not found."""
    rows = ['| task | asked for | questions | right | more | median ms |', '| --- | --- | --- | --- | --- | --- |']
    for (novel, task, kind), scores in sorted(found.items()):
        columns = {name: [one[name] for one in scores if name in one] for one in scores for name in one}
        more = [f'{name} {mean(name, columns[name])}' for name in columns if name in ('within 2 %', 'IoU')]
        more += [f'{name} {mean(name, columns[name])}' for name in columns if name.endswith('cm')]
        asked = f'{kind} (new {novel})' if novel else kind
        right, took = mean('right', columns['right']), mean('ms', columns['ms'])
        rows.append(f'| {task} | {asked} | {len(scores)} | {right} | {", ".join(more)} | {took} |')
    falsely = [one['falsely not found'] for scores in found.values() for one in scores if 'falsely not found' in one]
    rows += ['', f'Falsely "not visible": {mean("", falsely)} of {len(falsely)}.']
    return '\n'.join(rows)
