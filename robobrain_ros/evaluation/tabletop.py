"""``robobrain evaluate``: how well a model sees the simulated table top, over seeded scenes, by the real engine."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from robobrain_ros.answer import Answer
from robobrain_ros.brain.brain import Brain
from robobrain_ros.brain.frame import Frame
from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.evaluation.overlap import iou
from robobrain_ros.evaluation.scoring import camera_of, mean, score
from robobrain_ros.sim.phrases import HELD_OUT, TAUGHT
from robobrain_ros.sim.questions import Question, questions
from robobrain_ros.sim.scene import TableTop

__all__ = ['FIRST_SEED', 'frame_of', 'iou', 'run', 'score']

FIRST_SEED = 1_000_000
"""Scenes from here on are held out: training uses other seeds."""
BEGIN, END = '<!-- evaluation: begin -->', '<!-- evaluation: end -->'
"""Around the table in a model card."""

Found = Mapping[tuple[str, str, str], list[Mapping[str, float]]]
"""(novelty, task, kind) to the scores of each question."""


def frame_of(scene: TableTop) -> Frame:
    """Return what the simulated camera sees, without a camera node in between."""
    rgb, depth = scene.render()
    return Frame(rgb, depth, camera_of(scene))


def run(scenes: int, model: Path | None = None, card: Path | None = None, task: str | None = None) -> int:
    """Ask about simulated scenes, print a table by task and kind, return the exit code 0. Blocks; some 5 s a scene.

    Questions in phrasings and about objects that the shipped checkpoint never met in training have rows of their own.

    :param scenes: how many, from ``FIRST_SEED`` on
    :param model: a checkpoint's folder; the one that ships if None
    :param card: a README.md whose evaluation table is replaced
    :param task: ask the questions of this task alone, which are those that are asked among all
    :raises ValueError: if the card has no place for the table
    """
    directory = model or TINY_MODEL
    if card and not {BEGIN, END} <= set(card.read_text().splitlines()):
        raise ValueError(f"'{card}' has no lines {BEGIN!r} and {END!r} to put the table between")
    found: defaultdict[tuple[str, str, str], list[Mapping[str, float]]] = defaultdict(list)
    with Brain.load(directory, report=lambda text: print(f'  {text}', flush=True)) as brain:
        for seed in range(FIRST_SEED, FIRST_SEED + scenes):
            scene = TableTop(seed)
            for question, answer in _ask(brain, scene, np.random.default_rng(seed), task):
                found[question.novel, question.task, question.kind].append(score(question, answer, scene))
    text = f'{scenes} scenes from seed {FIRST_SEED}, one question of each kind per scene.\n\n{table(found)}'
    print(text)
    if card:
        before, rest = card.read_text().split(BEGIN)
        card.write_text(f'{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}')
    return 0


def _ask(
    brain: Brain, scene: TableTop, rng: np.random.Generator, task: str | None
) -> Iterator[tuple[Question, Answer]]:
    """Ask one question of each task and kind that the scene allows; one more where the model never met it."""
    frame = frame_of(scene)
    every = [*questions(scene, rng, TAUGHT), *questions(scene, rng, HELD_OUT)]
    seen: set[tuple[str, str, str]] = set()
    for index in rng.permutation(len(every)):
        question = every[index]
        key = (question.novel, question.task, question.kind)
        if key in seen or task not in (None, question.task):
            continue
        seen.add(key)
        yield question, brain.ask(question.instruction, frame, task=question.task)


def table(found: Found) -> str:
    """Return Markdown: a row for each novelty, task and kind, then the share of things that were falsely not found."""
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
