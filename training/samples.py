# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A scene as one training record: what the model sees, what is where, and questions with their answers as tokens."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robobrain_ros.geometry.letterbox import Letterbox
from robobrain_ros.sim.chinese import HELD_OUT_CHINESE, TAUGHT_CHINESE
from robobrain_ros.sim.inventory import NOT_VISIBLE
from robobrain_ros.sim.layout import COLOURS, SHAPES
from robobrain_ros.sim.phrases import HELD_OUT, TAUGHT
from robobrain_ros.sim.questions import Question, questions
from robobrain_ros.sim.scene import GRIPPER, TABLE, Region, TableTop
from robobrain_ros.tasks import get_profile, get_task
from training.config import CANVAS
from training.extra import extra_questions, loosely_listed
from training.sentences import WIDE, WIDE_CHINESE

Encode = Callable[[str], list[int]]

MOST_OBJECTS = 6
GRIPPER_CELL, TABLE_CELL, BACKGROUND_CELL = 6, 7, 8
"""Values of ``grid`` that are no index of an object; +16 marks a handle."""
HANDLE = 16
STEP = 4
"""Canvas pixels between two samples of ``grid``."""
NO_LABEL = -9
"""What stands in a record for a question without a label."""
NOVEL = ('', 'phrasing', 'pair', 'Chinese', 'Chinese phrasing', 'Chinese pair')
TRAINING = ((WIDE, 0.75), (WIDE_CHINESE, 0.25))
"""Phrasings, and how many of a scene's questions are in them."""
EVALUATION = ((TAUGHT, 0.5), (HELD_OUT, 0.2), (TAUGHT_CHINESE, 0.18), (HELD_OUT_CHINESE, 0.12))


@dataclass(frozen=True)
class Bucket:
    """Questions of a similar length, padded to one. Lengths make context and question a multiple of 8 tokens."""

    count: int
    length: int


SHORT, LONG = Bucket(32, 84), Bucket(8, 196)
LONG_TASKS = ('trajectory', 'planning')

# How often each kind is asked: what was hard to learn, and what is asked most, comes most.
WEIGHTS = {
    ('pointing', 'named'): 6.5, ('pointing', 'relational'): 5.5, ('pointing', 'vacant'): 1.6,
    ('pointing', 'gripper'): 0.8, ('pointing', 'absent'): 2.6, ('affordance', 'handle'): 7.5,
    ('affordance', 'grasp'): 1.0, ('affordance', 'absent'): 0.9, ('grounding', 'named'): 4.6,
    ('grounding', 'relational'): 2.6, ('grounding', 'handle'): 2.4, ('grounding', 'absent'): 1.5,
    ('general', 'count'): 1.9, ('general', 'colour'): 1.8, ('general', 'presence'): 2.8,
    ('trajectory', 'pick'): 3.0, ('trajectory', 'put'): 3.0, ('trajectory', 'absent'): 0.9,
    ('planning', 'pick'): 0.6, ('planning', 'put'): 1.3, ('planning', 'put all'): 5.0, ('planning', 'absent'): 1.1,
    ('general', 'list'): 4.6,
}  # fmt: skip
KINDS = tuple(WEIGHTS)

RECORD = np.dtype([
    ('image', np.uint8, (CANVAS[1], CANVAS[0], 3)),
    ('grid', np.uint8, (CANVAS[1] // STEP, CANVAS[0] // STEP)),
    ('depth', np.float16, (CANVAS[1] // 32, CANVAS[0] // 32)),  # metres, 0 where unknown
    ('objects', np.float32, (MOST_OBJECTS + 1, 10)),  # shape, colour, centre, box, handle (0 .. 1); the gripper last
    ('focal', np.float32),  # pixels of the canvas
    ('short', np.int16, (SHORT.count, SHORT.length)),
    ('short_spans', np.int16, (SHORT.count, 5)),  # answer's first token, its end, kind, label, novelty
    ('long', np.int16, (LONG.count, LONG.length)),
    ('long_spans', np.int16, (LONG.count, 5)),
])  # fmt: skip


def record(scene: TableTop, rng: np.random.Generator, encode: Encode, held_out: bool = False) -> NDArray[np.void]:
    """Return one scene as an array of one ``RECORD``.

    :param encode: turns text into ids of tokens
    :param held_out: also ask in phrasings that training never uses
    :raises ValueError: if no question about the scene fits
    """
    size = (scene.view.width, scene.view.height)
    box = Letterbox(size, CANVAS)
    out = np.zeros(1, RECORD)
    out['image'][0] = box.draw(scene.render()[0])
    _look(scene, box, out)
    writer = _Writer(scene, box, encode)
    parts: list[tuple[list[Question], float]] = []
    for phrases, share in EVALUATION if held_out else TRAINING:
        every = questions(scene, rng, phrases)
        if not held_out:
            every = [
                loosely_listed(question, scene, rng) for question in (*every, *extra_questions(scene, rng, phrases))
            ]
        parts.append((every, share))
    for name, bucket in (('short', SHORT), ('long', LONG)):
        rows: list[tuple[list[int], list[int], Question]] = []
        for every, share in parts:
            asked = [question for question in every if _is_long(question) == (name == 'long')]
            rows += writer.draw(asked, rng, bucket, round(bucket.count * share))
        for index, (prompt, answer, question) in enumerate(rows[: bucket.count]):
            ids = prompt + answer
            out[name][0, index, : len(ids)] = ids
            kind = KINDS.index((question.task, question.kind))
            label = NO_LABEL if question.label is None else question.label
            out[f'{name}_spans'][0, index] = (len(prompt), len(ids), kind, label, NOVEL.index(question.novel))
    return out


def _is_long(question: Question) -> bool:
    return question.task in LONG_TASKS or question.kind == 'list'


class _Writer:
    """Turns questions about one scene into tokens."""

    def __init__(self, scene: TableTop, box: Letterbox, encode: Encode) -> None:
        self._scene, self._box, self._encode = scene, box, encode
        self._profile = get_profile('robobrain-tiny')

    def draw(
        self, asked: Sequence[Question], rng: np.random.Generator, bucket: Bucket, count: int
    ) -> list[tuple[list[int], list[int], Question]]:
        """Draw ``count`` questions that fit the bucket, by weight, none twice before all were taken once."""
        number = {kind: sum((q.task, q.kind) == kind for q in asked) for kind in KINDS}
        weight = np.array([WEIGHTS[q.task, q.kind] / number[q.task, q.kind] for q in asked])
        found: list[tuple[list[int], list[int], Question]] = []
        # Gumbel's trick: the order of a weighted draw without replacement.
        for index in np.argsort(-(np.log(weight) + rng.gumbel(size=len(asked)))):
            prompt, answer = self._tokens(asked[index])
            if len(prompt) + len(answer) <= bucket.length:
                found.append((prompt, answer, asked[index]))
            if len(found) == count:
                return found
        if not found:
            raise ValueError(f'scene {self._scene.seed} has no question that fits {bucket}')
        return [found[index % len(found)] for index in range(count)]

    def _tokens(self, question: Question) -> tuple[list[int], list[int]]:
        prompt = get_task(question.task).prompt(question.instruction, self._profile)
        text = f'<|vision_end|>{prompt}<|im_end|>\n<|im_start|>assistant\n'
        return self._encode(text), self._encode(self.answer(question) + '<|im_end|>')

    def answer(self, question: Question) -> str:
        """Return what the model should say."""
        if question.kind == 'absent':
            return NOT_VISIBLE
        if question.pixel:
            return f'[{self._place(question.pixel)}]'
        if question.box:
            u_min, v_min, u_max, v_max = question.box
            (left, top), (right, bottom) = self._units((u_min, v_min)), self._units((u_max, v_max))
            return f'[{left}, {top}, {right}, {bottom}]'
        if question.waypoints:
            points = [(*self._units((u, v)), depth) for u, v, depth in question.waypoints]
            return '[' + ', '.join(f'({x}, {y}, {depth:.2f})' for x, y, depth in points) + ']'
        if question.steps:
            return '\n'.join(f'{number}. {step}' for number, step in enumerate(question.steps, start=1))
        if question.kind == 'list':
            regions = {thing.name: thing.region for thing in self._scene.truth().objects}
            places = [(name, region) for name in question.reply if (region := regions[name])]
            return ', '.join(f'{name} {self._place(region.pixel)}' for name, region in places)
        return question.reply[0]

    def _place(self, pixel: tuple[float, float]) -> str:
        return '({}, {})'.format(*self._units(pixel))

    def _units(self, pixel: Sequence[float]) -> tuple[int, int]:
        """Turn a source pixel into 0 .. 1000 of the canvas; the inverse of ``Scale.to_pixel``."""
        (u, v), (width, height) = pixel, self._box.image
        x, y = self._box.to_canvas(u / width, v / height)
        return min(max(round(1000 * x), 0), 1000), min(max(round(1000 * y), 0), 1000)


def _look(scene: TableTop, box: Letterbox, out: NDArray[np.void]) -> None:
    """Fill in labels, depth, objects and focal length, on the canvas."""
    truth, (width, height) = scene.truth(), box.image
    (wide, high), (left, top) = box.scaled, box.offset
    down, across = CANVAS[1] // STEP, CANVAS[0] // STEP
    grid = np.full((down, across), BACKGROUND_CELL, np.uint8)
    rows = (np.arange(down) * STEP + STEP / 2 - top) * height / high
    columns = (np.arange(across) * STEP + STEP / 2 - left) * width / wide
    inside_rows, inside_columns = (rows >= 0) & (rows < height), (columns >= 0) & (columns < width)
    inside = np.ix_(inside_rows, inside_columns)
    pick = np.ix_(rows[inside_rows].astype(int), columns[inside_columns].astype(int))
    labels = truth.labels[pick].astype(int)
    cells = np.select([labels >= 0, labels == GRIPPER, labels == TABLE], [labels, GRIPPER_CELL, TABLE_CELL], 8)
    grid[inside] = cells + HANDLE * truth.handles[pick]
    out['grid'][0] = grid
    depth = np.zeros(grid.shape, np.float32)
    depth[inside] = np.nan_to_num(scene.render()[1][pick])
    out['depth'][0] = depth[4::8, 4::8]
    out['focal'] = scene.view.focal * wide / width
    objects = out['objects'][0]
    objects[:] = -1

    def fill(index: int, shape: int, colour: int, region: Region, handle: Region | None) -> None:
        def place(u: float, v: float) -> tuple[float, float]:
            return box.to_canvas(u / width, v / height)

        values = [shape, colour, *place(*region.pixel), *place(*region.box[:2]), *place(*region.box[2:])]
        objects[index] = [*values, *(place(*handle.pixel) if handle else (-1, -1))]

    for index, thing in enumerate(truth.objects):
        if thing.region:
            colour = list(COLOURS).index(thing.item.colour)
            fill(index, SHAPES.index(thing.item.shape), colour, thing.region, thing.handle)
    if truth.gripper.region:
        hand = truth.gripper.region
        fill(MOST_OBJECTS, len(SHAPES), -1, Region(truth.gripper.pixel, hand.box, hand.area), None)
