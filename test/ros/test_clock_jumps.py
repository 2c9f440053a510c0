# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What the node does when the simulated clock jumps; the engine answers by a script."""

import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from node_worlds import PICTURE, TOPICS, up
from rclpy.node import Node
from robobrain_ros.msg import Answer
from ros_helpers import FRAME, TestCamera, colour, until
from rosgraph_msgs.msg import Clock
from std_msgs.msg import Header

pytestmark = [
    pytest.mark.ros,
    pytest.mark.filterwarnings('error::pytest.PytestUnhandledThreadExceptionWarning'),
]
pytest_plugins = ('node_fixtures', 'node_worlds')


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

    def newest() -> int:
        return looking._newest.message.header.stamp.sec if looking._newest else -1

    def show(second: int) -> None:
        image = colour(Header(stamp=Time(sec=second), frame_id=FRAME), PICTURE)
        # again and again: a subscription that is not linked yet, or made anew for reliability, misses what is said once
        until(lambda: camera.image.publish(image) or newest() == second, 'image')

    def jump(second: int) -> None:
        now = Clock(clock=Time(sec=second))
        until(lambda: clock.publish(now) or world.node.get_clock().now().nanoseconds == second * 10**9, 'the time')

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
