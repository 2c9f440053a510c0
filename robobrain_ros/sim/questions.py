# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What a user may ask about a table top, and the right answers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from robobrain_ros.sim.inventory import Inventory
from robobrain_ros.sim.phrases import HELD_OUT_PAIRS, TAUGHT, Phrases
from robobrain_ros.sim.references import References
from robobrain_ros.sim.scene import GRIPPER, TABLE, SceneObject, TableTop
from robobrain_ros.sim.view import Array
from robobrain_ros.sim.wording import ENGLISH

MOVABLE = ('cube', 'ball', 'cylinder', 'mug')
RECEIVING = ('bowl', 'plate', 'cube')


@dataclass(frozen=True)
class Question:
    """An instruction as a user types it, without the model's prompt around it, and what is right.

    Pixels are (u, v) with (0, 0) in the centre of the top left pixel; metres are in the camera's optical frame.
    """

    task: str
    """pointing, affordance, grounding, trajectory, planning or general."""
    kind: str
    """What is asked for: named, relational, handle, grasp, vacant, gripper, pick, put, put all, list, count, colour or
    presence; or absent, for something that is not in the scene."""
    instruction: str
    pixel: tuple[float, float] | None = None
    """Answer to pointing and affordance: the middle of what is seen of the place."""
    position: tuple[float, float, float] | None = None
    """What ``pixel`` shows, in metres: a point of a surface; for the gripper, the point between its finger tips."""
    box: tuple[float, float, float, float] | None = None
    """Answer to grounding: (u_min, v_min, u_max, v_max)."""
    waypoints: tuple[tuple[float, float, float], ...] = ()
    """Answer to trajectory: (u, v, depth along the optical axis in metres), the gripper first."""
    steps: tuple[str, ...] = ()
    """Answer to planning: one sentence a step."""
    reply: tuple[str, ...] = ()
    """Answer to general: the names of the objects that are seen, left to right, for a list; else one word."""
    label: int | None = None
    """What the answer has to show, as an index or a label of ``Truth``; for places, boxes and picking."""
    novel: str = ''
    """'pair' or 'Chinese pair' where training never had such an object, else ``novel`` of the phrases."""


def questions(scene: TableTop, rng: np.random.Generator, phrases: Phrases = TAUGHT) -> list[Question]:
    """Return every question that can be asked about a scene without ambiguity, each in one phrasing drawn from ``rng``.

    That is some 60 to 150, in the order of the tasks. The same scene and the same state of ``rng`` give the same
    questions.
    """
    return list(_Asker(scene, rng, phrases).ask())


class _Asker:
    """Asks about one scene; each method yields the questions of one task."""

    def __init__(self, scene: TableTop, rng: np.random.Generator, phrases: Phrases) -> None:
        self._scene, self._rng, self._phrases = scene, rng, phrases
        self._truth = scene.truth()
        self._seen = [thing for thing in self._truth.objects if thing.region]
        self._references = References(scene, rng, phrases.wording)
        self._wording = phrases.wording
        self._inventory = Inventory(self._truth.objects, self._references)
        self._choose = self._references.choose
        self._strange = [name for name in HELD_OUT_PAIRS if any(t.name == name for t in self._truth.objects)]

    def ask(self) -> Iterator[Question]:
        tasks = (self._places(), self._handles(), self._boxes(), self._ways(), self._plans(), self._absences())
        for question in (question for task in tasks for question in task):
            instruction = question.instruction
            if question.task != 'planning' and self._rng.random() >= 0.6:
                instruction = instruction[0].upper() + instruction[1:]
            yield self._judge(replace(question, instruction=instruction))
        for question in self._general():
            yield self._judge(question)

    def _judge(self, question: Question) -> Question:
        """Mark a question about what training never had, or in words that it never had."""
        name = self._truth.objects[question.label].name if question.label is not None and question.label >= 0 else ''
        if name in self._strange or (not name and self._strange and question.kind != 'absent'):
            return replace(question, novel='pair' if self._wording is ENGLISH else 'Chinese pair')
        return replace(question, novel=self._phrases.novel)

    def _general(self) -> Iterator[Question]:
        if self._seen:
            names = [thing.name for thing in sorted(self._seen, key=lambda thing: _middle(thing)[0])]
            yield Question('general', 'list', self._choose(self._phrases.listing), reply=tuple(names))
        if len(self._seen) < len(self._truth.objects):
            return  # whether a sliver of an object counts is a matter of taste
        kinds = {
            'count': self._inventory.counts,
            'colour': self._inventory.colours,
            'presence': self._inventory.presence,
        }
        for kind, ask in kinds.items():
            for text, answer in ask(self._phrases):
                yield Question('general', kind, text, reply=(answer,))

    def _absences(self) -> Iterator[Question]:
        """Ask for something that is not there, in each task."""
        phrases, absent = self._phrases, self._inventory.absent
        for _ in range(4):
            if name := absent():
                yield Question('pointing', 'absent', self._choose(phrases.point).format(self._bare(name, 0.1)))
            if name := absent():
                yield Question('grounding', 'absent', self._bare(name, 0.2))
        for _ in range(2):
            if name := absent(('mug',)):
                text = self._choose(phrases.handle).format(name.removeprefix('the '))
                yield Question('affordance', 'absent', self._choose(phrases.point).format(text))
            if name := absent():
                yield Question('trajectory', 'absent', self._choose(phrases.pick).format(name))
            if name := absent():
                yield Question('planning', 'absent', self._choose(phrases.plan_pick).format(name))
        for _, _, _, (what, where) in self._moves():
            lost, gained = (what, absent(RECEIVING)) if self._rng.random() < 0.5 else (absent(MOVABLE), where)
            if lost and gained:
                phrase = phrases.put_in if gained.endswith(self._wording.shapes['bowl']) else phrases.put_on
                task = 'trajectory' if self._rng.random() < 0.6 else 'planning'
                yield Question(task, 'absent', self._choose(phrase).format(lost, gained))

    def _places(self) -> Iterator[Question]:
        gripper = self._truth.gripper
        if gripper.region:
            instruction = self._choose(self._phrases.point).format(self._choose(self._wording.gripper))
            x, y, z = map(float, gripper.position)
            yield Question('pointing', 'gripper', instruction, gripper.pixel, (x, y, z), label=GRIPPER)
        for kind, references in (('named', self._named()), ('relational', self._references.relational())):
            for text, thing in references:
                instruction = self._choose(self._phrases.point).format(self._bare(text, 0.1))
                yield self._point(kind, instruction, _middle(thing), self._index(thing))
        for text, pixel in self._references.vacant():
            yield self._point('vacant', self._choose(self._phrases.space).format(text), pixel, TABLE)

    def _handles(self) -> Iterator[Question]:
        """Ask where to hold each thing: mugs by their handle, all else in the middle."""
        for thing in self._seen:
            if thing.item.shape == 'mug' and not thing.handle:
                continue
            kind, place = ('handle', thing.handle) if thing.handle else ('grasp', thing.region)
            for _ in range(4 if thing.handle else 1):
                name = self._references.plain(thing).removeprefix('the ')
                text = self._choose(self._phrases.handle).format(name)
                pixel = place.pixel if place else thing.centre
                question = self._point(kind, self._choose(self._phrases.point).format(text), pixel, self._index(thing))
                yield replace(question, task='affordance')

    def _boxes(self) -> Iterator[Question]:
        for kind, references in (('named', self._named()), ('relational', self._references.relational())):
            for text, thing in references:
                if thing.region:
                    yield Question(
                        'grounding', kind, self._bare(text, 0.2), box=thing.region.box, label=self._index(thing)
                    )
        for thing in self._seen:
            if thing.handle:
                text = self._wording.handle.format(self._references.name(thing))
                yield Question('grounding', 'handle', text, box=thing.handle.box, label=self._index(thing))

    def _ways(self) -> Iterator[Question]:
        gripper = self._scene.layout.gripper
        for text, thing in self._named():
            centre, above = thing.item.centre, _over(thing, 0.10)
            grasp = _over(thing, 0.0) if thing.item.shape in ('bowl', 'plate') else centre
            way = [gripper, (gripper + above) / 2 + [0, 0, 0.02], above, grasp]
            task = self._choose(self._phrases.pick).format(text)
            yield Question('trajectory', 'pick', task, waypoints=self._project(way), label=self._index(thing))
        for what, where, text, _ in self._moves():
            way = [gripper, _over(what, 0.10), what.item.centre, _over(what, 0.12), _over(where, 0.14), _drop(where)]
            yield Question('trajectory', 'put', text, waypoints=self._project(way), label=self._index(where))

    def _plans(self) -> Iterator[Question]:
        for text, thing in self._named():
            name = self._wording.in_english(text)
            steps = (f'Move the gripper to {name}', f'Grasp {name}', f'Lift {name}')
            task = self._choose(self._phrases.plan_pick).format(text)
            yield Question('planning', 'pick', task, steps=steps, label=self._index(thing))
        for _, target, text, names in self._moves():
            what, where = map(self._wording.in_english, names)
            place = f'Place {what} {"into" if target.item.shape == "bowl" else "on"} {where}'
            grasp = (f'Move the gripper to {what}', f'Grasp {what}', f'Lift {what}')
            yield Question('planning', 'put', text, steps=(*grasp, f'Move {what} above {where}', place))
        yield from self._collections()

    def _collections(self) -> Iterator[Question]:
        """Ask to put all things of a shape into one bowl or onto one plate."""
        targets = [thing for thing in self._seen if thing.item.shape in ('bowl', 'plate')]
        for shape in ('cube', 'ball', 'cylinder'):
            alike = [thing for thing in self._truth.objects if thing.item.shape == shape]
            if not targets or not alike or not all(thing.region for thing in alike):
                continue
            target = self._choose(targets)
            called, bowl = self._wording.the(self._references.name(target)), target.item.shape == 'bowl'
            where = self._wording.in_english(called)
            steps: list[str] = []
            for thing in sorted(alike, key=lambda thing: thing.centre[0]):
                steps += [f'Pick up the {thing.name}', f'Place the {thing.name} {"into" if bowl else "on"} {where}']
            before, behind = self._wording.into if bowl else self._wording.on
            noun = self._wording.shapes[shape][0]
            text = self._choose(self._phrases.put_all).format(noun, before, called, behind)
            yield Question('planning', 'put all', text, steps=tuple(steps))

    def _moves(self) -> Iterator[tuple[SceneObject, SceneObject, str, tuple[str, str]]]:
        """Each movable object with one place that it can be put to: (what, where, instruction, their two names)."""
        named = self._named()
        for text, thing in named:
            targets = [
                (where, target)
                for where, target in named
                if target is not thing
                and target.item.shape in RECEIVING
                and not (target.item.shape == 'cube' and thing.item.shape == 'ball')
            ]
            if thing.item.shape in MOVABLE and targets:
                where, target = self._choose(targets)
                phrases = self._phrases.put_in if target.item.shape == 'bowl' else self._phrases.put_on
                yield thing, target, self._choose(phrases).format(text, where), (text, where)

    def _named(self) -> list[tuple[str, SceneObject]]:
        """Refer to each object that is seen, once and in new words."""
        return [(self._references.plain(thing), thing) for thing in self._seen]

    def _point(self, kind: str, instruction: str, pixel: tuple[float, float], label: int) -> Question:
        depth = self._scene.render()[1][round(pixel[1]), round(pixel[0])]
        x, y, z = map(float, self._scene.view.deproject(*pixel, depth))
        return Question('pointing', kind, instruction, pixel, (x, y, z), label=label)

    def _index(self, thing: SceneObject) -> int:
        return next(index for index, other in enumerate(self._truth.objects) if other is thing)

    def _project(self, way: Sequence[Array]) -> tuple[tuple[float, float, float], ...]:
        return tuple((float(u), float(v), float(depth)) for u, v, depth in self._scene.view.project(way))

    def _bare(self, text: str, share: float) -> str:
        """Leave the article away in a share (0 .. 1) of all cases, as users do."""
        return text.removeprefix('the ') if self._rng.random() < share else text


def _middle(thing: SceneObject) -> tuple[float, float]:
    return thing.region.pixel if thing.region else thing.centre


def _over(thing: SceneObject, distance: float) -> Array:
    """Return the point so many metres above the middle of a thing's upper rim, in the world."""
    return np.array([thing.item.x, thing.item.y, thing.item.height + distance])


def _drop(thing: SceneObject) -> Array:
    """Return where an object that is put on or into ``thing`` ends, in the world, metres."""
    height = {'plate': 0.03, 'bowl': 0.04}.get(thing.item.shape, thing.item.height + 0.02)
    return np.array([thing.item.x, thing.item.y, height])
