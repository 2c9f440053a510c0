"""A node whose engine answers by a script, whatever stands around it, and who sabotages both.

For test files that say ``pytest_plugins = ('node_fixtures', 'node_worlds')``.
"""

import itertools
import threading
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from node_fixtures import Ears
from rcl_interfaces.srv import SetParameters
from rclpy.node import Node
from rclpy.parameter import Parameter
from robobrain_ros.msg import Answer
from robobrain_ros.srv import Ask
from ros_helpers import SOON, Player, TestCamera, ros, spinning, until
from scripted_engine import Gate, ScriptedEngine
from std_msgs.msg import String

from robobrain_ros.cameras import CameraInput
from robobrain_ros.client import ACTIVATE, CONFIGURE, Client
from robobrain_ros.errors import ErrorCode
from robobrain_ros.node import RobobrainNode

NUMBERS = itertools.count(1)
TOPICS = ('image', 'depth/image', 'camera_info')
PICTURE = np.full((48, 64, 3), 99, np.uint8)
VIEW = SimpleNamespace(width=64, height=48, k=np.array([[60.0, 0, 31.5], [0, 60, 23.5], [0, 0, 1]]))
SCENE: Any = SimpleNamespace(view=VIEW, render=lambda: (PICTURE, np.ones((48, 64), np.float32)))


class Saboteur:
    """Stands in for what the node starts; ``fault`` is raised once, by the next call of ``place``."""

    def __init__(self) -> None:
        self.place = ''
        self.fault: Exception | None = None
        self.engines: list[Engine] = []

    def plan(self, place: str, fault: Exception) -> None:
        self.place, self.fault = place, fault

    def check(self, place: str) -> None:
        if place == self.place and self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault


class Engine(ScriptedEngine):
    """A scripted engine that fails where the saboteur wants it."""

    saboteur: Saboteur

    def __init__(self, config: object) -> None:
        super().__init__(size=(64, 64))
        self.scripts = {'hang': [Gate()]}
        self.saboteur.engines.append(self)

    async def start(self, report: Callable[[str], None]) -> None:
        self.saboteur.check('start')
        await super().start(report)

    async def close(self) -> None:
        await super().close()
        self.saboteur.check('close')


@pytest.fixture
def saboteur(monkeypatch):
    saboteur = Saboteur()

    class Camera(CameraInput):
        def __init__(self, node, settings) -> None:
            if settings.name:  # so the first one is there already
                saboteur.check('camera')
            super().__init__(node, settings)

        def close(self) -> None:
            super().close()
            saboteur.check('camera close')

    monkeypatch.setattr('robobrain_ros.node.EmbeddedEngine', type('Mine', (Engine,), {'saboteur': saboteur}))
    monkeypatch.setattr('robobrain_ros.node.CameraInput', Camera)
    return saboteur


@pytest.fixture
def pictures(world, far_context):
    camera = TestCamera(far_context, names=[f'{world.node.get_namespace()}/{n}' for n in TOPICS])
    player = Player(camera, SCENE)
    yield player
    player.close()


class World:
    """A node and everybody around it."""

    def __init__(self, node: RobobrainNode, far_context: Any) -> None:
        self.node = node
        self.name = node.get_fully_qualified_name()
        self.client = Client(Node('driver', context=far_context), self.name)
        self.ears = Ears(far_context, self.name)
        self.ask = self.ears.node.create_client(Ask, f'{self.name}/ask')
        self.set_parameters = self.ears.node.create_client(SetParameters, f'{self.name}/set_parameters')
        self.replies: list[Any] = []
        self.goals: list[Any] = []

    def transition(self, number: int) -> bool:
        request = ChangeState.Request(transition=Transition(id=number))
        return self.client.call(ChangeState, f'{self.name}/change_state', request, SOON).success

    def request(self, instruction: str) -> None:
        """By all three ways."""
        self.goals.append(self.ears.goal('pointing', instruction))
        self.replies.append(self.ask.call_async(Ask.Request(instruction=instruction)))
        self.ears.instruction.publish(String(data=instruction))

    def answer(self, instruction: str, **fields: Any) -> Answer:
        return self.client.query('pointing', instruction, SOON, **fields)

    def logged(self, text: str) -> bool:
        return any(text in log.msg for log in list(self.ears.log))

    def ends(self) -> Counter[str]:
        """How goals and service calls ended; waits until all of them have."""
        ends: Counter[str] = Counter()
        for goal in self.goals:
            ends[ErrorCode(goal.end()[1].error_code).name if goal.accepted() else 'rejected'] += 1
        for reply in self.replies:
            until(reply.done, 'reply')
            ends[ErrorCode(reply.result().error_code).name] += 1
        return ends

    def entities(self) -> dict[str, int]:
        kinds = ('publishers', 'subscriptions', 'services', 'clients', 'timers', 'guards', 'waitables')
        return {kind: len(list(getattr(self.node, kind))) for kind in kinds} | {
            'managed': len(self.node._managed_entities)
        }


@pytest.fixture
def world(domain, far_context, saboteur, request):
    options = getattr(request, 'param', {})
    before = set(threading.enumerate())
    with ros() as context:
        name = f'/n{next(NUMBERS)}'
        overrides = [Parameter(key, value=value) for key, value in options.items()]
        node = RobobrainNode(context=context, namespace=name, parameter_overrides=overrides)
        with spinning(node):
            world = World(node, far_context)
            with spinning(world.ears.node):
                until(world.ears.action.server_is_ready, 'action server')
                assert world.ask.wait_for_service(SOON)
                assert world.set_parameters.wait_for_service(SOON)
                yield world
            world.client.close()
            world.client.node.destroy_node()
            world.ears.node.destroy_node()
        node.destroy_node()
    until(lambda: set(threading.enumerate()) <= before, 'end of all threads that the node began')


def up(world: World) -> None:
    assert world.transition(CONFIGURE)
    assert world.transition(ACTIVATE)
