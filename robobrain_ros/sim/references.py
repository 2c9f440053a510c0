# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How objects and places of a scene can be spoken of without ambiguity."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np

from robobrain_ros.sim.scene import TABLE, Region, SceneObject, TableTop
from robobrain_ros.sim.wording import ENGLISH, Wording

T = TypeVar('T')
Reference = tuple[str, SceneObject]
"""Words, and what they mean."""


class References:
    """Finds words for the things and places of one scene; ``rng`` chooses among those of ``wording``."""

    def __init__(self, scene: TableTop, rng: np.random.Generator, wording: Wording = ENGLISH) -> None:
        self.wording = wording
        self._view, self._layout, self._rng = scene.view, scene.layout, rng
        self._all, self._labels = scene.truth().objects, scene.truth().labels
        self._seen = [thing for thing in self._all if thing.region]

    def choose(self, options: Sequence[T]) -> T:
        """Draw one of the options."""
        return options[int(self._rng.integers(len(options)))]

    def random(self) -> float:
        """Draw a number from 0 to 1."""
        return float(self._rng.random())

    def called(self, colour: str, noun: str) -> str:
        """Name by a colour and a noun, in one of the language's forms of the colour."""
        forms = self.wording.colours[colour]
        return self.wording.name(forms[0] if len(forms) == 1 else self.choose(forms), noun)

    def name(self, thing: SceneObject) -> str:
        """Name a thing by its colour and a usual word for its shape, without an article."""
        return self.called(thing.item.colour, self.choose(self.wording.shapes[thing.item.shape]))

    def plain(self, thing: SceneObject) -> str:
        """Refer to a thing by colour and shape; at times by shape or by colour alone, where that is enough."""
        wording = self.wording
        texts = [self.name(thing)] * 3
        if sum(other.item.shape == thing.item.shape for other in self._all) == 1:
            texts.append(self.choose(wording.shapes[thing.item.shape]))
        if sum(other.item.colour == thing.item.colour for other in self._all) == 1:
            texts.append(self.called(thing.item.colour, self.choose(wording.things)))
        return wording.the(self.choose(texts))

    def relational(self) -> list[Reference]:
        """Refer to things by where they are: at an end of the table, beside or closest to something."""
        found = [*self._extremes(), *self._beside(), *self._closest()]
        return [(text, thing) for text, thing in found if thing.region]

    def _extremes(self) -> Iterator[Reference]:
        wording = self.wording
        pools: list[tuple[str, Sequence[SceneObject]]] = [(self.choose(wording.any_thing), self._all)]
        for shape, words in wording.shapes.items():
            alike = [thing for thing in self._all if thing.item.shape == shape]
            pools.append((self.choose(words), alike))
        across: Callable[[SceneObject], float] = lambda thing: thing.centre[0] / self._view.width  # noqa: E731
        away: Callable[[SceneObject], float] = lambda thing: float(thing.position[2])  # noqa: E731
        for noun, pool in pools:
            for texts, key, sign, margin in (
                (wording.leftmost, across, 1, 0.025),
                (wording.rightmost, across, -1, 0.025),
                (wording.nearest, away, 1, 0.03),
                (wording.farthest, away, -1, 0.03),
            ):
                order = sorted(pool, key=lambda thing: sign * key(thing))
                if len(order) > 1 and abs(key(order[1]) - key(order[0])) > margin:
                    yield self.choose(texts).format(noun), order[0]

    def _beside(self) -> Iterator[Reference]:
        wording = self.wording
        for anchor in self._seen:
            for side, sign in zip(wording.sides, (-1, 1), strict=True):
                found = [thing for thing in self._all if sign * (thing.centre[0] - anchor.centre[0]) > 0]
                if len(found) == 1 and abs(found[0].centre[0] - anchor.centre[0]) > 0.035 * self._view.width:
                    yield self.choose(wording.beside).format(side, wording.the(self.name(anchor))), found[0]

    def _closest(self) -> Iterator[Reference]:
        wording = self.wording
        for anchor in self._seen:
            others = [thing for thing in self._all if thing is not anchor]
            gaps = [math.hypot(o.item.x - anchor.item.x, o.item.y - anchor.item.y) for o in others]
            if nearest := _clear_minimum(others, gaps, 1.3):
                yield self.choose(wording.closest).format(wording.the(self.name(anchor))), nearest
        gaps = [float(np.linalg.norm(thing.item.centre - self._layout.gripper)) for thing in self._all]
        if nearest := _clear_minimum(self._all, gaps, 1.25):
            yield self.choose(wording.closest_to_gripper), nearest

    def vacant(self) -> Iterator[tuple[str, tuple[float, float]]]:
        """Refer to free places on the table, beside an object or between two; each with its middle pixel (u, v)."""
        wording = self.wording
        right = self._view.rotation[:2, 0] / np.linalg.norm(self._view.rotation[:2, 0])
        forward = np.array([-right[1], right[0]])
        sides = dict(zip(wording.around, (-right, right, -forward, forward), strict=True))
        for index, anchor in enumerate(self._seen):
            for side, direction in sides.items():
                x, y = anchor.item.centre[:2] + direction * (anchor.item.reach + 0.05)
                pixel = self._free(x, y, 0.02)
                if pixel and abs(x) < 0.38 and abs(y) < 0.3:
                    yield self.choose(wording.space).format(side.format(self.name(anchor))), pixel
            for other in self._seen[index + 1 :]:
                ends = np.array([anchor.item.centre[:2], other.item.centre[:2]])
                gap = math.hypot(*(ends[1] - ends[0])) - anchor.item.reach - other.item.reach
                x, y = ends.mean(axis=0)
                pixel = self._free(x, y, 0.015)
                if gap > 0.05 and pixel:
                    place = wording.between.format(self.name(anchor), self.name(other))
                    yield self.choose(wording.space).format(place), pixel

    def _free(self, x: float, y: float, radius: float) -> tuple[float, float] | None:
        """Return the pixel of a point of the table; None if it is hidden, in an object's box, or not free around."""
        if any(math.hypot(x - o.item.x, y - o.item.y) <= o.item.reach + radius for o in self._all):
            return None
        u, v, _ = self._view.project([x, y, 0.0])
        across, down = (u + 0.5) / self._view.width, (v + 0.5) / self._view.height
        if not (0.03 < across < 0.97 and 0.03 < down < 0.97) or self._labels[round(v), round(u)] != TABLE:
            return None
        if any(_covers(thing.region, u, v) for thing in self._seen):
            return None
        return float(u), float(v)


def _covers(region: Region | None, u: float, v: float) -> bool:
    return region is not None and region.box[0] < u < region.box[2] and region.box[1] < v < region.box[3]


def _clear_minimum(things: Sequence[SceneObject], values: Sequence[float], factor: float) -> SceneObject | None:
    """Return the thing of the least value, if the second least is more than ``factor`` times as large; else None."""
    order = np.argsort(values)
    if len(order) < 2 or values[order[1]] <= factor * values[order[0]]:
        return None
    return things[int(order[0])]
