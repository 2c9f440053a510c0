"""An engine that answers with the truth about the simulated world, in the tiny model's words; or with another truth."""

import re
from collections.abc import AsyncIterator, Callable

import numpy as np
from scripted_engine import ScriptedEngine

from robobrain_ros.engines.base import Delta, Generation
from robobrain_ros.sim.scene import SceneObject, TableTop
from robobrain_ros.sim.world import World

NAME = r'the (\w+ \w+)'
PUT = re.compile(rf'"(?:put|place|move) {NAME} (?:on|in|above) {NAME}"', re.IGNORECASE)
REACH = re.compile(rf'"(?:reach|move the gripper to) {NAME}"', re.IGNORECASE)
POINT = re.compile(rf'\A{NAME}\. Please provide its 2D')


class Oracle(ScriptedEngine):
    """Knows the world that is shown when it is asked.

    :param world: gives it
    :param swap: makes another name of the name that is asked about
    """

    def __init__(self, world: Callable[[], World], swap: Callable[[World, str], str] = lambda world, name: name):
        super().__init__(size=(320, 256))
        self._world, self._swap = world, swap

    async def generate(self, generation: Generation) -> AsyncIterator[Delta]:
        self.script = [self.say(generation.text)]
        async for delta in super().generate(generation):
            yield delta

    def say(self, prompt: str) -> str:
        world = self._world()
        things = {thing.name: thing for thing in TableTop(world.seed, world.width, world.height).truth().objects}
        find = lambda name: things[self._swap(world, name)]  # noqa: E731
        put, reach, point = PUT.search(prompt), REACH.search(prompt), POINT.search(prompt)
        if put and 'list the steps' in prompt:
            what, where = put.groups()
            into = 'into' if where.endswith('bowl') else 'on'
            acts = (f'Move the gripper to the {what}', f'Grasp the {what}', f'Lift the {what}')
            acts += (f'Move the {what} above the {where}', f'Place the {what} {into} the {where}')
            return '\n'.join(f'{number}. {act}' for number, act in enumerate(acts, 1))
        if put or (put := re.search(rf'"place {NAME} into {NAME}"', prompt, re.IGNORECASE)):
            return self._way(world, *carrying(find(put[1]), find(put[2])))
        if reach:
            return self._way(world, *reaching(find(reach[1])))
        assert point, prompt
        u, v = find(point[1]).region.pixel
        return f'[({round((u + 0.5) / world.width * 1000)}, {round((v + 0.5) / world.height * 1000)})]'

    @staticmethod
    def _way(world: World, *places: np.ndarray) -> str:
        points = world.view.project(np.array([world.state.gripper, *places]))
        scale = 1000 / world.width, 1000 / world.height
        texts = [f'({round((u + 0.5) * scale[0])}, {round((v + 0.5) * scale[1])}, {z:.2f})' for u, v, z in points]
        return f'[{", ".join(texts)}]'


def over(thing: SceneObject, metres: float) -> np.ndarray:
    return np.array([thing.item.x, thing.item.y, thing.item.height + metres])


def reaching(thing: SceneObject) -> list[np.ndarray]:
    return [over(thing, 0.10), over(thing, 0.0) if thing.item.shape in ('bowl', 'plate') else thing.item.centre]


def carrying(what: SceneObject, where: SceneObject) -> list[np.ndarray]:
    drop = {'plate': 0.03, 'bowl': 0.04}.get(where.item.shape, where.item.height + 0.02)
    return [
        over(what, 0.10),
        what.item.centre,
        over(what, 0.12),
        over(where, 0.14),
        over(where, drop - over(where, 0)[2]),
    ]


def another(world: World, name: str) -> str:
    """Some other thing's name."""
    names = [body.name for body in world.state.bodies]
    return names[(names.index(name) + 1) % len(names)]
