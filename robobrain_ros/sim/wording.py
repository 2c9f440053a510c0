# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The words of a language for things and places on a table top: names, sides, 'the leftmost {}'."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from robobrain_ros.sim.layout import COLOURS


@dataclass(frozen=True)
class Wording:
    """Words to draw from; an entry that is there twice is drawn twice as often."""

    shapes: Mapping[str, tuple[str, ...]]
    """Nouns by shape."""
    colours: Mapping[str, tuple[str, ...]]
    """Adjectives by colour, such as 'red'."""
    things: tuple[str, ...]
    """Nouns that fit any thing, to stand behind a colour."""
    unseen: tuple[str, ...]
    """Nouns to stand behind a colour that nothing has."""
    any_thing: tuple[str, ...]
    """Nouns that fit any thing, to stand behind 'the leftmost'."""
    objects: str
    """All things together: 'How many objects are there?'."""
    joined: str
    """``{}`` are a colour and a noun."""
    definite: str
    """``{}`` is a name, such as 'red mug'."""
    indefinite: Callable[[str], str]
    """Puts an article in front of a name."""
    plural: Callable[[str], str]
    """Makes a noun stand for several."""
    leftmost: tuple[str, ...]
    """Here and in the next three ``{}`` is a noun."""
    rightmost: tuple[str, ...]
    nearest: tuple[str, ...]
    farthest: tuple[str, ...]
    beside: tuple[str, ...]
    """``{0}`` is a side, ``{1}`` a name with its article."""
    sides: tuple[str, str]
    """The left and the right one."""
    closest: tuple[str, ...]
    """``{}`` is a name with its article."""
    closest_to_gripper: tuple[str, ...]
    space: tuple[str, ...]
    """``{}`` is a place: one of ``around``, or ``between``."""
    around: tuple[str, str, str, str]
    """Left of a thing, right of it, in front of it, behind it; ``{}`` is its name without an article."""
    between: str
    """``{}`` are two names without an article."""
    handle: str
    """``{}`` is a name without an article."""
    gripper: tuple[str, ...]
    on: tuple[str, str]
    """What stands in front of a place and behind it, for things that are put on it."""
    into: tuple[str, str]
    in_english: Callable[[str], str]
    """Translates the name of a thing, with its article: plans are in English."""

    def name(self, colour: str, noun: str) -> str:
        """Return 'red mug'."""
        return self.joined.format(colour, noun)

    def the(self, name: str) -> str:
        """Return 'the red mug'."""
        return self.definite.format(name)


def _plural(noun: str) -> str:
    return noun + ('es' if noun.endswith(('x', 'sh')) else 's')


def _indefinite(name: str) -> str:
    return f'{"an" if name[0] in "aeiou" else "a"} {name}'


ENGLISH = Wording(
    shapes={
        'cube': ('cube', 'cube', 'cube', 'block', 'box'),
        'ball': ('ball', 'ball', 'ball', 'sphere'),
        'cylinder': ('cylinder', 'cylinder', 'can'),
        'bowl': ('bowl',),
        'plate': ('plate', 'plate', 'dish'),
        'mug': ('mug', 'mug', 'mug', 'cup'),
    },
    colours={colour: (colour,) for colour in COLOURS},
    things=('object', 'object', 'thing', 'item'),
    unseen=('object', 'thing'),
    any_thing=('object', 'object', 'item'),
    objects='objects',
    joined='{} {}',
    definite='the {}',
    indefinite=_indefinite,
    plural=_plural,
    leftmost=('the leftmost {}', 'the {} on the far left'),
    rightmost=('the rightmost {}', 'the {} on the far right'),
    nearest=('the {} closest to the camera', 'the nearest {}', 'the {} closest to the viewer'),
    farthest=('the {} farthest from the camera', 'the farthest {}'),
    beside=('the object {0} of {1}', 'the object to the {0} of {1}', 'the item on the {0} side of {1}'),
    sides=('left', 'right'),
    closest=('the object closest to {}', 'the object nearest to {}'),
    closest_to_gripper=('the object closest to the gripper', 'the object nearest to the robot gripper'),
    space=('the vacant space {}', 'the free space {}', 'the empty area {}'),
    around=('to the left of the {}', 'to the right of the {}', 'in front of the {}', 'behind the {}'),
    between='between the {} and the {}',
    handle='the handle of the {}',
    gripper=('the gripper', 'the tip of the gripper', 'the robot gripper', 'the end effector'),
    on=('on', ''),
    into=('in', ''),
    in_english=str,
)
