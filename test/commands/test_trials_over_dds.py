# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Episodes in which things go wrong: an oracle sees them, all else is real."""

import pytest
from rclpy.node import Node
from rclpy.parameter import Parameter
from ros_helpers import own_domain, ros, spinning
from seeing_oracle import SeeingOracle

from robobrain_ros.commands.arena import Arena
from robobrain_ros.commands.episodes import episodes
from robobrain_ros.commands.trials import run
from robobrain_ros.commands.watching import Watcher
from robobrain_ros.ros.client import ACTIVATE, CONFIGURE, Client
from robobrain_ros.ros.node import RobobrainNode
from robobrain_ros.sim.camera import SimulatedCamera
from robobrain_ros.sim.faults import Fault
from robobrain_ros.sim.trajectory_follower import TrajectoryFollower

SEED = 2_000_000
pytestmark = pytest.mark.ros


@pytest.fixture(scope='module')
def loop(tmp_path_factory):
    """Simulator with a slow follower, node around an oracle, client. Gives arena and watcher."""
    with own_domain(), pytest.MonkeyPatch.context() as patch, ros() as simulator, ros() as brain, ros() as outside:
        camera = SimulatedCamera(context=simulator)
        patch.setattr('robobrain_ros.ros.node.EmbeddedEngine', lambda config: SeeingOracle(lambda: camera.world))
        folder = str(tmp_path_factory.mktemp('starts'))
        own = [Parameter('model', value='tiny'), Parameter('monitor.directory', value=folder)]
        node = RobobrainNode(context=brain, parameter_overrides=own)
        follower = TrajectoryFollower('/robobrain', lambda: camera.world, 0.2, context=simulator)
        with spinning(camera) as executor, spinning(node):
            executor.add_node(follower)
            client = Client(Node('judge', context=outside))
            client.transition(CONFIGURE, 30)
            client.transition(ACTIVATE, 10)
            yield Arena(client), Watcher(client)
            client.close()
        node.destroy_node()


@pytest.mark.parametrize('fault', ['', Fault.DROP, Fault.WRONG])
def test_what_goes_wrong_is_noticed_and_done_again(loop, fault):
    arena, watcher = loop
    trial = run(arena, watcher, next(episodes(SEED, ('put',))), fault)
    assert trial.fault == fault
    assert trial.success
    assert trial.first_success is not bool(fault)
    assert len(trial.outcomes) == (2 if fault else 1), [one.verdict for one in trial.outcomes]
    assert trial.noticed is trial.recovered is bool(fault)
    assert not trial.false_alarm
    assert not trial.false_success
