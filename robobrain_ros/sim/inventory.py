# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Questions about what there is on a table top, and about what there is not."""

from collections.abc import Iterator, Sequence
from itertools import product

from robobrain_ros.sim.layout import COLOURS, SHAPES
from robobrain_ros.sim.phrases import HELD_OUT_PAIRS, Phrases
from robobrain_ros.sim.references import References
from robobrain_ros.sim.scene import SceneObject

NOT_VISIBLE = 'not visible'
"""What the tiny checkpoint answers when asked for something that is not there."""


class Inventory:
    """Counts and names the things of one scene, and things that it lacks.

    :param held_out: also name pairs of colour and shape that training never names
    """

    def __init__(self, things: Sequence[SceneObject], references: References, held_out: bool = False) -> None:
        self._things, self._references = things, references
        self._choose, self._wording = references.choose, references.wording
        names = {thing.name for thing in things}
        shapes, colours = {thing.item.shape for thing in things}, {thing.item.colour for thing in things}
        hidden = frozenset() if held_out else HELD_OUT_PAIRS
        self._lacking: dict[tuple[bool, bool], list[tuple[str, str]]] = {}
        for colour, shape in product(COLOURS, SHAPES):
            if f'{colour} {shape}' not in names | hidden:
                self._lacking.setdefault((colour in colours, shape in shapes), []).append((colour, shape))
        self._no_shape = [shape for shape in SHAPES if shape not in shapes]
        self._no_colour = [colour for colour in COLOURS if colour not in colours]

    def absent(self, shapes: Sequence[str] = SHAPES) -> str:
        """Name something that is not there, such as 'the red mug' beside a blue mug and a red bowl; '' if none fits.

        Most often its colour and its shape are both there, on different things: the hardest case.
        """
        draw = float(self._references.random())
        if draw < 0.08 and (fitting := [shape for shape in self._no_shape if shape in shapes]):
            return self._wording.the(self._choose(self._wording.shapes[self._choose(fitting)]))
        if draw < 0.14 and shapes is SHAPES and self._no_colour:
            colour = self._choose(self._no_colour)
            return self._wording.the(self._references.called(colour, self._choose(self._wording.unseen)))
        keys = [(True, True), (True, False), (False, True), (False, False)]
        first = 0 if draw < 0.55 else 1 if draw < 0.7 else 2 if draw < 0.85 else 3
        for key in (keys[first], *keys):
            if options := [pair for pair in self._lacking.get(key, []) if pair[1] in shapes]:
                colour, shape = self._choose(options)
                return self._wording.the(self._references.called(colour, self._choose(self._wording.shapes[shape])))
        return ''

    def counts(self, phrases: Phrases) -> Iterator[tuple[str, str]]:
        """Yield (question, answer) about how many there are of each shape, and of all objects."""
        for shape in SHAPES:
            number = sum(thing.item.shape == shape for thing in self._things)
            if number or self._references.random() < 0.5:
                yield (
                    self._choose(phrases.count).format(self._wording.plural(self._choose(self._wording.shapes[shape]))),
                    str(number),
                )
        yield self._choose(phrases.count).format(self._wording.objects), str(len(self._things))

    def colours(self, phrases: Phrases) -> Iterator[tuple[str, str]]:
        """Yield (question, answer) about the colour of each thing that is the only one of its shape."""
        for thing in self._things:
            if sum(other.item.shape == thing.item.shape for other in self._things) == 1:
                what = self._wording.the(self._choose(self._wording.shapes[thing.item.shape]))
                yield self._choose(phrases.colour).format(what), thing.item.colour

    def presence(self, phrases: Phrases) -> Iterator[tuple[str, str]]:
        """Yield (question, 'yes' or 'no') about what is there and what is not, as many of each."""
        for thing in self._things:
            yield self._choose(phrases.present).format(self._wording.indefinite(self._references.name(thing))), 'yes'
            if name := self.absent():
                yield self._choose(phrases.present).format(self._wording.indefinite(name.removeprefix('the '))), 'no'
