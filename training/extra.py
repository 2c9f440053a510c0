# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""Questions that only the training asks: they teach what those of ``sim.questions`` need, without being any of them."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from robobrain_ros.sim.layout import COLOURS
from robobrain_ros.sim.phrases import Phrases
from robobrain_ros.sim.questions import Question
from robobrain_ros.sim.references import References
from robobrain_ros.sim.scene import TableTop

MOST = 4
"""How many of a kind are asked."""
LOOSE = 0.03
"""How loosely the training's lists go from left to right: standard deviation, in parts of the image's width."""


def extra_questions(scene: TableTop, rng: np.random.Generator, phrases: Phrases) -> list[Question]:
    """Return questions of the task general.

    What colour is the leftmost object, is there a red object, how many of them: a colour is then read off the thing,
    and not known from its shape. And the list once more, in another sentence.
    """
    return [replace(question, novel=phrases.novel) for question in _ask(scene, rng, phrases)]


def _ask(scene: TableTop, rng: np.random.Generator, phrases: Phrases) -> Iterator[Question]:
    things = scene.truth().objects
    seen = [thing for thing in things if thing.region]
    references = References(scene, rng, phrases.wording)
    wording, choose = phrases.wording, references.choose
    if seen:
        yield Question('general', 'list', choose(phrases.listing), reply=tuple(thing.name for thing in seen))
    relational = references.relational()
    for index in rng.permutation(len(relational))[:MOST]:
        text, thing = relational[int(index)]
        yield Question('general', 'colour', choose(phrases.colour).format(text), reply=(thing.item.colour,))
    if len(seen) < len(things):
        return
    colours = list(COLOURS)
    for index in rng.permutation(len(colours))[:MOST]:
        colour, noun = colours[int(index)], choose(wording.unseen)
        number = sum(thing.item.colour == colour for thing in things)
        name = references.called(colour, noun)
        yield Question('general', 'presence', choose(phrases.present).format(wording.indefinite(name)),
                       reply=('yes' if number else 'no',))  # fmt: skip
        yield Question('general', 'count', choose(phrases.count).format(wording.plural(name)), reply=(str(number),))
    for shape in {thing.item.shape for thing in things}:
        name = wording.indefinite(choose(wording.shapes[shape]))
        yield Question('general', 'presence', choose(phrases.present).format(name), reply=('yes',))


def loosely_listed(question: Question, scene: TableTop, rng: np.random.Generator) -> Question:
    """Return a list in an order that is only nearly from left to right; other questions as they are.

    Of two things one above the other, either may come first. Who has learned that one alone does will never name the
    other after the wrong one.
    """
    if question.kind != 'list':
        return question
    places = {thing.name: thing.centre[0] / scene.view.width + rng.normal(0, LOOSE) for thing in scene.truth().objects}
    return replace(question, reply=tuple(sorted(question.reply, key=places.__getitem__)))
