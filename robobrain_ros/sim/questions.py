"""What a user may ask about a table top, and the right answers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from robobrain_ros.sim.references import References
from robobrain_ros.sim.scene import SceneObject, TableTop
from robobrain_ros.sim.view import Array

POINT = ('{}', '{}', '{}', 'Point to {}', 'Locate {}', 'Identify {}', 'Find {}', 'Where is {}', 'Please point out {}',
         'Identify a point on {}', 'point at {}', 'Look at the image and locate {}', 'Show me {}')  # fmt: skip
POINT_AT_SPACE = ('{}', 'Point to {}', 'Identify {}', 'Find {}', 'Locate {}', 'Identify spot within {}',
                  'Please point out {}', 'Where is {}')  # fmt: skip
HANDLE = ('the handle of the {}', "the {}'s handle")
GRIPPER_NAMES = ('the gripper', 'the tip of the gripper', 'the robot gripper', 'the end effector')
PICK = ('pick up {}', 'pick {}', 'grasp {}', 'reach for {}', 'reach {}', 'move the gripper to {}', 'grab {}',
        'touch {}')  # fmt: skip
PUT_ON = ('put {} on {}', 'place {} on {}', 'move {} onto {}', 'put {} onto {}', 'pick up {} and place it on {}',
          'move {} to {}')  # fmt: skip
PUT_IN = ('put {} in {}', 'place {} in {}', 'put {} into {}', 'drop {} into {}', 'pick up {} and put it in {}',
          'move {} to {}')  # fmt: skip
PUT_ALL = ('put all {}s {} {}', 'put every {} {} {}', 'place all the {}s {} {}')
LIST = ('List the objects on the table with their 2D coordinates.',
        'Which objects are on the table? Give each with a point.', 'Detect all objects.')  # fmt: skip

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
    """What is asked for: named, relational, handle, vacant, gripper, pick, put, put all or list."""
    instruction: str
    pixel: tuple[float, float] | None = None
    """Of pointing and affordance: the middle of what is seen of the place."""
    position: tuple[float, float, float] | None = None
    """Of pointing and affordance: the surface seen at ``pixel``; for the gripper, the point between its finger tips."""
    box: tuple[float, float, float, float] | None = None
    """Of grounding: (u_min, v_min, u_max, v_max)."""
    waypoints: tuple[tuple[float, float, float], ...] = ()
    """Of a trajectory: (u, v, depth along the optical axis in metres), the gripper first."""
    steps: tuple[str, ...] = ()
    """Of a plan."""
    reply: tuple[str, ...] = ()
    """Of a list: the names of the objects that are seen, left to right."""


def questions(scene: TableTop, rng: np.random.Generator) -> list[Question]:
    """Return every question that can be asked about a scene without ambiguity, each in one phrasing drawn from ``rng``.

    That is some 30 to 100, in the order of the tasks. The phrasings are those that the shipped checkpoint was taught,
    in the same proportions. The same scene and the same state of ``rng`` give the same questions.
    """
    return list(_Asker(scene, rng).ask())


class _Asker:
    def __init__(self, scene: TableTop, rng: np.random.Generator) -> None:
        self._scene, self._rng = scene, rng
        self._truth = scene.truth()
        self._seen = [thing for thing in self._truth.objects if thing.region]
        self._references = References(scene, rng)
        self._choose = self._references.choose

    def ask(self) -> Iterator[Question]:
        for question in (*self._places(), *self._handles(), *self._boxes(), *self._ways(), *self._plans()):
            instruction = question.instruction
            if question.task != 'planning' and self._rng.random() >= 0.6:
                instruction = instruction[0].upper() + instruction[1:]
            yield replace(question, instruction=instruction)
        if self._seen:
            names = [thing.name for thing in sorted(self._seen, key=lambda thing: _middle(thing)[0])]
            yield Question('general', 'list', self._choose(LIST), reply=tuple(names))

    def _places(self) -> Iterator[Question]:
        gripper = self._truth.gripper
        if gripper.region:
            instruction = self._choose(POINT).format(self._choose(GRIPPER_NAMES))
            x, y, z = map(float, gripper.position)
            yield Question('pointing', 'gripper', instruction, gripper.pixel, (x, y, z))
        for kind, references in (('named', self._named()), ('relational', self._references.relational())):
            for text, thing in references:
                yield self._point(kind, self._choose(POINT).format(self._short(text, 0.08)), _middle(thing))
        for text, pixel in self._references.vacant():
            yield self._point('vacant', self._choose(POINT_AT_SPACE).format(text), pixel)

    def _handles(self) -> Iterator[Question]:
        for thing in self._seen:
            if thing.handle:
                text = self._choose(HANDLE).format(self._references.name(thing))
                question = self._point('handle', self._choose(POINT).format(text), thing.handle.pixel)
                yield replace(question, task='affordance')

    def _boxes(self) -> Iterator[Question]:
        for kind, references in (('named', self._named()), ('relational', self._references.relational())):
            for text, thing in references:
                if thing.region:
                    yield Question('grounding', kind, self._short(text, 0.2), box=thing.region.box)
        for thing in self._seen:
            if thing.handle:
                text = f'the handle of the {self._references.name(thing)}'
                yield Question('grounding', 'handle', text, box=thing.handle.box)

    def _ways(self) -> Iterator[Question]:
        gripper = self._scene.layout.gripper
        for text, thing in self._named():
            centre, above = thing.item.centre, _over(thing, 0.10)
            grasp = _over(thing, 0.0) if thing.item.shape in ('bowl', 'plate') else centre
            way = [gripper, (gripper + above) / 2 + [0, 0, 0.02], above, grasp]
            yield Question('trajectory', 'pick', self._choose(PICK).format(text), waypoints=self._project(way))
        for (_, what), (_, where), text in self._moves():
            way = [gripper, _over(what, 0.10), what.item.centre, _over(what, 0.12), _over(where, 0.14), _drop(where)]
            yield Question('trajectory', 'put', text, waypoints=self._project(way))

    def _plans(self) -> Iterator[Question]:
        for text, _ in self._named():
            steps = (f'Move the gripper to {text}', f'Grasp {text}', f'Lift {text}')
            task = self._choose(('pick up {}', 'grasp {}', 'grab {}')).format(text)
            yield Question('planning', 'pick', task, steps=steps)
        for (what, _), (where, target), text in self._moves():
            place = f'Place {what} {"into" if target.item.shape == "bowl" else "on"} {where}'
            grasp = (f'Move the gripper to {what}', f'Grasp {what}', f'Lift {what}')
            yield Question('planning', 'put', text, steps=(*grasp, f'Move {what} above {where}', place))
        yield from self._collections()

    def _collections(self) -> Iterator[Question]:
        """Put all of a shape into one bowl or onto one plate."""
        targets = [thing for thing in self._seen if thing.item.shape in ('bowl', 'plate')]
        for shape in ('cube', 'ball', 'cylinder'):
            alike = [thing for thing in self._truth.objects if thing.item.shape == shape]
            if not targets or not alike or not all(thing.region for thing in alike):
                continue
            target = self._choose(targets)
            where, bowl = f'the {self._references.name(target)}', target.item.shape == 'bowl'
            steps: list[str] = []
            for thing in sorted(alike, key=lambda thing: thing.centre[0]):
                steps += [f'Pick up the {thing.name}', f'Place the {thing.name} {"into" if bowl else "on"} {where}']
            text = self._choose(PUT_ALL).format(shape, 'in' if bowl else 'on', where)
            yield Question('planning', 'put all', text, steps=tuple(steps))

    def _moves(self) -> Iterator[tuple[tuple[str, SceneObject], tuple[str, SceneObject], str]]:
        """Each movable object with one place that it can be put to: (what, where, instruction)."""
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
                phrases = PUT_IN if target.item.shape == 'bowl' else PUT_ON
                yield (text, thing), (where, target), self._choose(phrases).format(text, where)

    def _named(self) -> list[tuple[str, SceneObject]]:
        """One plain reference to each object that is seen, drawn anew."""
        return [(self._references.plain(thing), thing) for thing in self._seen]

    def _point(self, kind: str, instruction: str, pixel: tuple[float, float]) -> Question:
        depth = self._scene.render()[1][round(pixel[1]), round(pixel[0])]
        x, y, z = map(float, self._scene.view.deproject(*pixel, depth))
        return Question('pointing', kind, instruction, pixel, (x, y, z))

    def _project(self, way: Sequence[Array]) -> tuple[tuple[float, float, float], ...]:
        return tuple((float(u), float(v), float(depth)) for u, v, depth in self._scene.view.project(way))

    def _short(self, text: str, share: float) -> str:
        """Leave the article away in a share of all cases, as users do."""
        return text.removeprefix('the ') if self._rng.random() < share else text


def _middle(thing: SceneObject) -> tuple[float, float]:
    return thing.region.pixel if thing.region else thing.centre


def _over(thing: SceneObject, distance: float) -> Array:
    """The point so many metres above the middle of its upper rim, in the world."""
    return np.array([thing.item.x, thing.item.y, thing.item.height + distance])


def _drop(thing: SceneObject) -> Array:
    """Where an object that is put there ends."""
    height = {'plate': 0.03, 'bowl': 0.04}.get(thing.item.shape, thing.item.height + 0.02)
    return np.array([thing.item.x, thing.item.y, height])
