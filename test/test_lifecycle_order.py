"""The node's life in any order, any number of times, with failures in between; the engine answers by a script."""

import itertools
import random
import threading
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from node_fixtures import Ears
from rcl_interfaces.msg import Parameter as ParameterMessage
from rcl_interfaces.msg import ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.node import Node
from rclpy.parameter import Parameter
from robobrain_ros.msg import Answer
from robobrain_ros.srv import Ask
from ros_helpers import FRAME, Player, TestCamera, colour, own_domain, ros, spinning, until
from rosgraph_msgs.msg import Clock
from scripted_engine import Gate, ScriptedEngine
from std_msgs.msg import Header, String

from robobrain_ros.cameras import CameraInput
from robobrain_ros.client import ACTIVATE, CLEANUP, CONFIGURE, DEACTIVATE, Client
from robobrain_ros.engines.base import EngineDead
from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.node import RobobrainNode

pytest_plugins = ('node_fixtures',)
pytestmark = [
    pytest.mark.ros,
    pytest.mark.filterwarnings('error::pytest.PytestUnhandledThreadExceptionWarning'),
]

SHUTDOWN = {
    'unconfigured': Transition.TRANSITION_UNCONFIGURED_SHUTDOWN,
    'inactive': Transition.TRANSITION_INACTIVE_SHUTDOWN,
    'active': Transition.TRANSITION_ACTIVE_SHUTDOWN,
}
WAYS = {
    ('unconfigured', CONFIGURE): 'inactive',
    ('inactive', ACTIVATE): 'active',
    ('active', DEACTIVATE): 'inactive',
    ('inactive', CLEANUP): 'unconfigured',
}
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


@pytest.fixture(scope='module')
def domain():
    with own_domain() as domain:
        yield domain


@pytest.fixture
def player(world, far_context):
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
        return self.client.call(ChangeState, f'{self.name}/change_state', request, 20).success

    def request(self, instruction: str) -> None:
        """By all three ways."""
        self.goals.append(self.ears.goal('pointing', instruction))
        self.replies.append(self.ask.call_async(Ask.Request(instruction=instruction)))
        self.ears.instruction.publish(String(data=instruction))

    def answer(self, instruction: str, **fields: Any) -> Answer:
        return self.client.query('pointing', instruction, 20, **fields)

    def logged(self, text: str) -> bool:
        return any(text in log.msg for log in list(self.ears.log))

    def ends(self) -> Counter[str]:
        """How goals and service calls ended; waits until all of them have."""
        ends: Counter[str] = Counter()
        for goal in self.goals:
            ends[ErrorCode(goal.end(10)[1].error_code).name if goal.accepted() else 'rejected'] += 1
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
                assert world.ask.wait_for_service(10)
                assert world.set_parameters.wait_for_service(10)
                yield world
            world.client.close()
            world.client.node.destroy_node()
            world.ears.node.destroy_node()
        node.destroy_node()
    until(lambda: set(threading.enumerate()) <= before, 'end of all threads that the node began')


@pytest.mark.parametrize('seed', range(4))
@pytest.mark.parametrize(
    'world', [{'cameras': ['', 'wrist'], 'preemption': 'newest_wins'}], indirect=True, ids=['two cameras']
)
def test_any_order(world, player, saboteur, seed):
    """50 steps each: right ones, wrong ones, failing ones, and requests by all ways all the time."""
    dice = random.Random(seed)
    before, threads = world.entities(), set(threading.enumerate())
    state, defects = 'unconfigured', []
    faults = {
        ('unconfigured', CONFIGURE): ('start',),
        ('inactive', ACTIVATE): ('camera',),
        ('active', DEACTIVATE): ('camera close',),
        ('inactive', CLEANUP): ('close',),
    }
    for step in range(50):
        world.request(dice.choice(['the cup', 'hang', '', 'dance: wildly']))
        if world.goals[-1].handle and dice.random() < 0.3:
            world.goals[-1].handle.cancel_goal_async()
        right = [number for was, number in WAYS if was == state]
        number = dice.choice(right) if dice.random() < 0.7 else dice.choice([CONFIGURE, ACTIVATE, DEACTIVATE, CLEANUP])
        after = WAYS.get((state, number))
        if after and dice.random() < 0.25:
            (place,) = faults[state, number]
            text = f'sabotage {seed}.{step}'
            expected: Exception = EngineDead(text) if place == 'start' else BrainError(ErrorCode.BAD_REQUEST, text)
            fault = dice.choice([expected, RuntimeError(text)]) if place in ('start', 'camera') else RuntimeError(text)
            saboteur.plan(place, fault)
            assert not world.transition(number)
            assert saboteur.fault is None
            defects.append((text, isinstance(fault, RuntimeError)))
            if isinstance(fault, RuntimeError):
                state = 'unconfigured'
        else:
            assert world.transition(number) == bool(after)
            state = after or state
        assert world.client.state() == state
        if state == 'active':  # the requests before may come late and take its place
            until(lambda: world.answer('the cup').error_code == Answer.OK, 'answer')
        if state == 'unconfigured':
            assert world.entities() == before
            assert all(engine.closed for engine in saboteur.engines)
    assert len(defects) > 3
    world.transition(SHUTDOWN[state])
    world.request('the cup')
    assert world.client.state() == 'finalized'
    assert world.entities() == before
    assert {'NOT_ACTIVE', 'rejected'} <= set(world.ends())
    until(lambda: set(threading.enumerate()) <= threads, 'end of all threads')
    for text, by_defect in defects:
        until(lambda text=text: world.logged(text), f'{text!r} in the log')
        heard = next(log.msg for log in world.ears.log if text in log.msg)
        assert ('Traceback' in heard) == by_defect


def up(world: World) -> None:
    assert world.transition(CONFIGURE)
    assert world.transition(ACTIVATE)


def test_a_defect_while_a_request_is_answered_ends_it_with_internal(world, player, monkeypatch):
    up(world)
    assert world.answer('the cup').error_code == Answer.OK

    def poses(*_: object) -> None:
        raise ArithmeticError('seventeen')

    with monkeypatch.context() as patch:
        patch.setattr('robobrain_ros.outputs.messages.poses', poses)
        world.request('the cup')
        world.ends()
    result, reply = world.goals[-1].end()[1], world.replies[-1].result()
    for end in (result, reply):
        assert (end.success, end.error_code) == (False, Answer.INTERNAL)
        assert 'ArithmeticError: seventeen' in end.error_message
    until(lambda: world.logged('Traceback'), 'traceback')
    until(lambda: [a for a in world.ears.heard['answer'] if a.error_code == Answer.INTERNAL], 'answer on the topic')
    assert world.answer('the cup').error_code == Answer.OK


def test_a_thousand_parameters_are_set_while_requests_run(world, player):
    up(world)
    dice = random.Random(3)
    good = {
        'timeout_s': lambda: dice.uniform(1, 100),
        'preemption': lambda: dice.choice(['queue', 'newest_wins', 'reject']),
        'queue_size': lambda: dice.randrange(20),
        'depth_window_px': lambda: 2 * dice.randrange(10) + 1,
        'guided_decoding': lambda: dice.random() < 0.5,
    }
    bad = {'model': '/elsewhere', 'queue_size': -1, 'timeout_s': 'soon', 'preemption': 'newest', 'unheard_of': 1}
    deleted = ParameterMessage(name='timeout_s', value=ParameterValue(type=ParameterType.PARAMETER_NOT_SET))
    asked: list[tuple[bool, Any]] = []
    for number in range(1000):
        kind = dice.random()
        if kind < 0.8:
            name = dice.choice(list(good))
            parameter = Parameter(name, value=good[name]()).to_parameter_msg()
        elif kind < 0.95:
            name = dice.choice(list(bad))
            parameter = Parameter(name, value=bad[name]).to_parameter_msg()
        else:
            parameter = deleted
        reply = world.set_parameters.call_async(SetParameters.Request(parameters=[parameter]))
        asked.append((kind < 0.8, reply))
        if number % 20 == 0:
            world.request(dice.choice(['the cup', 'the mug', 'hang']))
        if number >= 8:  # services keep ten requests
            until(asked[-8][1].done, 'reply')
    for fine, reply in asked:
        until(reply.done, 'reply')
        (result,) = reply.result().results
        assert result.successful == fine, result.reason
        assert fine or result.reason
    assert world.transition(DEACTIVATE)
    world.ends()
    assert world.transition(ACTIVATE)
    assert world.answer('the cup').error_code == Answer.OK


@pytest.mark.parametrize('world', [{'use_sim_time': True, 'image_timeout_s': 0.2}], indirect=True, ids=['sim'])
def test_jumps_of_the_simulated_clock(world, far_context):
    up(world)
    simulator = Node('simulator', context=far_context)
    clock = simulator.create_publisher(Clock, '/clock', 10)
    camera = TestCamera(far_context, names=[f'{world.node.get_namespace()}/{n}' for n in TOPICS])
    diagnostics: list[DiagnosticArray] = []
    world.ears.node.create_subscription(DiagnosticArray, '/diagnostics', diagnostics.append, 10)
    looking = world.node._cameras['']
    until(lambda: clock.get_subscription_count(), 'the node at /clock')
    until(lambda: camera.image.get_subscription_count(), 'the node at the camera')

    def show(second: int) -> None:
        count = looking.status().received
        camera.image.publish(colour(Header(stamp=Time(sec=second), frame_id=FRAME), PICTURE))
        until(lambda: looking.status().received > count, 'image')

    def jump(second: int) -> None:
        clock.publish(Clock(clock=Time(sec=second)))
        until(lambda: world.node.get_clock().now().nanoseconds == second * 10**9, 'the time')

    def refused(says: str) -> None:
        answer = world.answer('the cup')
        assert answer.error_code == Answer.STALE_IMAGE
        assert says in answer.error_message

    show(100)
    refused('100.00 s in the future')  # no /clock yet: it is 0 o'clock
    jump(100)
    assert world.answer('the cup').frame_age_s == 0
    jump(3700)
    refused('3600.00 s old')
    show(3700)
    assert world.answer('the cup').error_code == Answer.OK
    jump(50)
    refused('3650.00 s in the future')
    world.client.set_parameters(world.name, image_timeout_s=10.0)
    goal = world.ears.goal('pointing', 'the cup')
    goal.reached('WAITING_IMAGE')
    jump(9000)  # while one waits
    show(9000)
    assert goal.end()[1].error_code == Answer.OK
    heard = len(diagnostics)
    until(lambda: len(diagnostics) > heard, 'diagnostics, though the clock stands still')
    camera.close()
    simulator.destroy_node()
