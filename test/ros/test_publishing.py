# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""When an answer goes out: where its job ends, before anything that only people look at."""

import threading

import pytest
from node_worlds import PICTURE, up
from rclpy.node import Node
from robobrain_ros.msg import Answer
from ros_helpers import SOON, spinning, until
from scripted_engine import Gate
from sensor_msgs.msg import Image

pytestmark = [pytest.mark.ros]
pytest_plugins = ('node_fixtures', 'node_worlds')


@pytest.fixture
def viewer(world, far_context):
    """Looks at ~/annotated; gives the pictures."""
    node, pictures = Node('viewer', context=far_context), []
    node.create_subscription(Image, f'{world.name}/annotated', pictures.append, 5)
    with spinning(node):
        yield pictures
    node.destroy_node()


def test_an_answer_does_not_wait_for_the_callbacks_thread(world, pictures, saboteur):
    up(world)
    gate, busy, over = Gate(), threading.Event(), threading.Event()
    saboteur.engines[0].scripts['gate'] = [gate, '[(500, 250)]']
    goal = world.ears.goal('pointing', 'gate')
    assert gate.reached.wait(SOON)
    goal.reached('PREFILL')
    world.node.executor.create_task(lambda: busy.set() or over.wait(SOON))
    try:
        assert busy.wait(SOON)
        gate.open()
        (answer,) = until(lambda: world.ears.heard['answer'], 'the answer')
        goal.reached('PROJECT')
        assert goal.response is None
    finally:
        over.set()
    assert answer.error_code == Answer.OK
    assert goal.end()[1].answer.header == answer.header


def test_the_answer_goes_out_before_its_picture_is_drawn(world, pictures, viewer, monkeypatch):
    up(world)
    until(lambda: world.node.count_subscribers(f'{world.name}/annotated'), 'the viewer')
    drawing, go_on = threading.Event(), threading.Event()

    def draw(rgb, answer):
        drawing.set()
        assert go_on.wait(SOON)
        return PICTURE

    monkeypatch.setattr('robobrain_ros.ros.outputs.overlay.draw', draw)
    goal = world.ears.goal('pointing', 'the cup')
    assert drawing.wait(SOON)
    try:
        (answer,) = until(lambda: world.ears.heard['answer'], 'the answer')
        assert not viewer
    finally:
        go_on.set()
    assert goal.end()[1].answer.header == answer.header
    assert until(lambda: viewer, 'the picture')[0].header == answer.header


def test_a_defect_in_drawing_costs_the_picture_only(world, pictures, viewer, monkeypatch):
    up(world)
    until(lambda: world.node.count_subscribers(f'{world.name}/annotated'), 'the viewer')

    def draw(rgb, answer):
        raise ArithmeticError('seventeen')

    with monkeypatch.context() as patch:
        patch.setattr('robobrain_ros.ros.outputs.overlay.draw', draw)
        assert world.answer('the cup').error_code == Answer.OK
        until(lambda: world.logged('seventeen'), 'traceback')
    assert [answer.error_code for answer in world.ears.heard['answer']] == [Answer.OK]
    assert not viewer
    assert world.answer('the cup').error_code == Answer.OK
    until(lambda: viewer, 'the next picture')
