# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Questions about a simulated table top in the layout of FlagEvalMM, one kind a set, each with its true answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robobrain_ros.evaluation.consistency.data.prompts import LETTER
from robobrain_ros.evaluation.consistency.mini.scene import Scene, order
from robobrain_ros.sim.inventory import Inventory
from robobrain_ros.sim.layout import COLOURS
from robobrain_ros.sim.phrases import TAUGHT
from robobrain_ros.sim.questions import questions
from robobrain_ros.sim.references import References
from robobrain_ros.sim.scene import GRIPPER, TABLE
from robobrain_ros.tasks.prompts import POINT

LETTERS = 'ABCD'


@dataclass(frozen=True)
class Asked:
    """One entry of ``data.json`` without its files: those are named when they are written."""

    kind: str
    question: str
    answer: str = ''
    options: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ('first',)
    """Which pictures of the scene it shows: first, side, moved, film."""
    mask: NDArray[np.bool_] | None = None
    """Which pixels are right, where a point is asked for."""
    sub_task: str = ''
    extra: dict[str, Any] = field(default_factory=dict)


def choice(scene: Scene) -> Iterator[Asked]:
    """Ask with options about one image: a colour, a number, and which thing is at a place."""
    rng, names = scene.rng, [thing.name for thing in scene.things]
    for thing in scene.things:
        if sum(other.item.shape == thing.item.shape for other in scene.things) == 1:
            text = f'What colour is the {thing.item.shape}?'
            yield _choice(rng, text, thing.item.colour, [c for c in COLOURS if c != thing.item.colour], 'colour')
            break
    lowest = len(names) - int(rng.integers(4))
    numbers = [str(number) for number in range(max(lowest, 1), max(lowest, 1) + 4)]
    options = _options(numbers)
    yield Asked(
        'multiple-choice', 'How many objects are on the table?', options[str(len(names))], tuple(numbers),
        sub_task='count',
    )  # fmt: skip
    for text, thing in _some(References(scene.first, rng).relational(), 2, rng):
        yield _choice(rng, f'Which of these is {text}?', thing.name, [n for n in names if n != thing.name], 'relation')


def views(scene: Scene) -> Iterator[Asked]:
    """Ask with options about two images: from two places, and before and after something was moved."""
    left_to_right = order(scene.first)
    if left_to_right and scene.side and (beside := order(scene.side)):
        place = beside.index(left_to_right[0])
        texts = (
            'It is the leftmost of all objects there, too',
            'It is the rightmost of all objects there',
            'There are other objects on both sides of it',
        )
        right = texts[0] if place == 0 else texts[1] if place == len(beside) - 1 else texts[2]
        question = (
            '<image 1> <image 2> Both images show the same table, from two places. Take the object that is leftmost in '
            'the first image: where is it in the second image?'
        )
        yield Asked('multiple-choice', question, _options(texts)[right], texts, ('first', 'side'), sub_task='two views')
    if scene.moved:
        question = '<image 1> <image 2> Which object has been moved between the first and the second image?'
        name = scene.moved[1]
        others = [thing.name for thing in scene.things if thing.name != name]
        yield _choice(scene.rng, question, name, others, 'moved', pictures=('first', 'moved'))


def yes_no(scene: Scene) -> Iterator[Asked]:
    """Ask what is there and what is not, as often, and what is left of what."""
    rng = scene.rng
    found = list(Inventory(scene.things, References(scene.first, rng)).presence(TAUGHT))
    for answer in ('yes', 'no'):
        for text, _ in _some([one for one in found if one[1] == answer], 2, rng):
            yield Asked('yes-no', text, answer, sub_task='presence')
    for index in range(2):
        first, second = (scene.things[int(i)] for i in rng.permutation(len(scene.things))[:2])
        apart = (second.centre[0] - first.centre[0]) / scene.first.view.width
        if abs(apart) > 0.05:
            left = (apart > 0) == (index == 0)
            text = f'Is the {first.name} to the {("left", "right")[index]} of the {second.name} in the image?'
            yield Asked('yes-no', text, 'yes' if left else 'no', sub_task='relation')


def points(scene: Scene) -> Iterator[Asked]:
    """Ask where things are, and where the table is free."""
    for text, label in _places(scene, 4):
        yield Asked('point', text, mask=_mask(scene, label), sub_task='thing' if label >= 0 else 'gripper')
    free = _mask(scene, TABLE)
    yield Asked('point', 'Find a place on the table where nothing stands', mask=free, sub_task='free space')


def film(scene: Scene) -> Iterator[Asked]:
    """Ask for numbers about a film: how many, how far apart, how high."""
    rng, things = scene.rng, scene.things
    shape = things[int(rng.integers(len(things)))].item.shape
    number = sum(thing.item.shape == shape for thing in things)
    asked: list[tuple[str, float, str]] = [(f'How many {shape}s are on the table?', number, 'object_counting')]
    first, second = (things[int(index)] for index in rng.permutation(len(things))[:2])
    apart = 100 * float(np.linalg.norm(first.position - second.position))
    text = f'How far is the middle of the {first.name} from the middle of the {second.name}, in centimetres?'
    asked.append((text, round(apart, 1), 'object_abs_distance'))
    text = f'How high is the {first.name}, in centimetres?'
    asked.append((text, round(100 * first.item.height, 1), 'object_size_estimation'))
    for text, value, sub_task in asked:
        yield Asked('numerical', text, str(value), pictures=('film',), sub_task=sub_task)


def mixed(scene: Scene) -> Iterator[Asked]:
    """Ask all four kinds in one set, with the whole prompt in the question, as the tiny checkpoint was taught."""
    rng = scene.rng
    for text, label in _places(scene, 3):
        yield Asked('point', f'<image 1>{POINT.format(t=text)}', mask=_mask(scene, label), sub_task='point')
    inventory = Inventory(scene.things, References(scene.first, rng))
    for text, answer in _some(list(inventory.presence(TAUGHT)), 3, rng):
        yield Asked('yes-no', f'<image 1>{text}', answer, sub_task='yes-no')
    counted = [(text, answer) for text, answer in inventory.counts(TAUGHT) if answer != '0']
    for text, answer in _some(counted, 2, rng):
        yield Asked('numerical', f'<image 1>{text}', answer, sub_task='numerical')
    for asked in list(choice(scene))[:1]:
        listed = ''.join(f'\n{letter}. {text}' for letter, text in zip(LETTERS, asked.options, strict=False))
        question = f'<image 1>{asked.question}{listed}\n{LETTER}'
        yield Asked('multiple-choice', question, asked.answer, sub_task='multiple-choice')


def _places(scene: Scene, number: int) -> list[tuple[str, int]]:
    """Return what to point at in words, with its label in the scene's truth."""
    asked = [
        (question.instruction, question.label)
        for question in questions(scene.first, scene.rng)
        if question.task == 'pointing' and question.label is not None and question.label in (GRIPPER, *_labels(scene))
    ]
    return _some(asked, number, scene.rng)


def _labels(scene: Scene) -> range:
    return range(len(scene.things))


def _mask(scene: Scene, label: int) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = scene.first.truth().labels == label
    return mask


def _choice(
    rng: np.random.Generator, question: str, right: str, wrong: Sequence[str], sub_task: str,
    pictures: tuple[str, ...] = ('first',),
) -> Asked:  # fmt: skip
    """Put the right option among at most three wrong ones, in an order drawn from ``rng``."""
    texts = [right, *(wrong[int(index)] for index in rng.permutation(len(wrong))[:3])]
    shuffled = tuple(texts[int(index)] for index in rng.permutation(len(texts)))
    return Asked('multiple-choice', question, _options(shuffled)[right], shuffled, pictures, sub_task=sub_task)


def _options(texts: Sequence[str]) -> dict[str, str]:
    """Return each option's letter."""
    return dict(zip(texts, LETTERS, strict=False))


def _some(every: Sequence[Any], number: int, rng: np.random.Generator) -> list[Any]:
    return [every[int(index)] for index in rng.permutation(len(every))[:number]]
