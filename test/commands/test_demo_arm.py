# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""``robobrain demo --arm`` over DDS, with an engine that knows the truth in the place of the model."""

from types import SimpleNamespace

import numpy as np
import pytest
from rclpy.node import Node
from rclpy.parameter import Parameter
from ros_helpers import own_domain, ros, spinning, until
from seeing_oracle import SeeingOracle

from robobrain_ros.commands.arm_arena import ArmArena
from robobrain_ros.commands.demo_arm import play, tally
from robobrain_ros.commands.episodes import Episode
from robobrain_ros.commands.film import SIZE
from robobrain_ros.commands.watching import Watcher
from robobrain_ros.planners.arm.node import ArmNode
from robobrain_ros.ros.client import ACTIVATE, CONFIGURE, Client
from robobrain_ros.ros.node import RobobrainNode
from robobrain_ros.sim.arm import ArmWorld
from robobrain_ros.sim.arm_controller import SimulatedArm

CUBE = Episode(1_000_008, 'put', 'blue cube', 'red plate')
pytestmark = pytest.mark.ros


class ArmOracle(SeeingOracle):
    """Points where things are; its ways begin at the things, since the hand is out of the picture."""

    def __init__(self, arm: SimulatedArm) -> None:
        def shown() -> SimpleNamespace:
            world, view = arm._world, arm._world.view
            seed = arm.get_parameter('seed').value
            return SimpleNamespace(state=world.state(), view=view, seed=seed, width=view.width, height=view.height)

        super().__init__(shown)  # type: ignore[arg-type]

    @staticmethod
    def _way(world, *places: np.ndarray) -> str:
        points = world.view.project(np.array(places))
        scale = 1000 / world.width, 1000 / world.height
        texts = [
            f'({np.clip(round(u * scale[0]), 0, 1000)}, {np.clip(round(v * scale[1]), 0, 1000)}, {z:.2f})'
            for u, v, z in points
        ]
        return f'[{", ".join(texts)}]'


@pytest.fixture(scope='module')
def loop(tmp_path_factory):
    """Simulated arm, its planner, node around an oracle, client. Gives arena and watcher."""
    with own_domain(), pytest.MonkeyPatch.context() as patch, ros() as simulator, ros() as brain, ros() as outside:
        arm = SimulatedArm(context=simulator)
        patch.setattr('robobrain_ros.ros.node.EmbeddedEngine', lambda config: ArmOracle(arm))
        folder = str(tmp_path_factory.mktemp('starts'))
        own = [Parameter('model', value='tiny'), Parameter('monitor.directory', value=folder)]
        node = RobobrainNode(context=brain, parameter_overrides=own)
        hears = [Parameter('camera_pose', value='topic'), Parameter('speed', value=1.0)]
        planner = ArmNode(context=outside, parameter_overrides=hears)
        with spinning(arm) as executor, spinning(node), spinning(planner):
            client = Client(Node('judge', context=outside))
            client.transition(CONFIGURE, 30)
            client.transition(ACTIVATE, 10)
            yield ArmArena(client), Watcher(client)
            client.close()
            until(executor.create_task(arm.destroy_node).done, 'the end of the arm')
        node.destroy_node()
        planner.destroy_node()


def test_the_truth_succeeds_and_is_filmed(loop, capsys):
    arena, watcher = loop
    (trial,) = play(arena, watcher, [CUBE])
    assert trial.success, trial.outcomes
    assert [one.verdict.outcome for one in trial.outcomes if one.verdict] == ['SUCCEEDED']
    assert 'done' in capsys.readouterr().out
    (film,) = arena.films
    assert len(film) > 5
    assert {one.picture.shape for one in film} == {(SIZE[1], SIZE[0], 3)}
    assert not np.array_equal(film[0].picture, film[-1].picture)


def test_a_failed_grasp_is_noticed_and_tried_again(loop, monkeypatch, capsys):
    arena, watcher = loop
    close, missed = ArmWorld.close_to, list[float]()

    def close_to(world: ArmWorld, share: float) -> None:
        """The first time that it should close, the hand stays as it is."""
        if share > 0.3 and not missed:
            missed.append(share)
        else:
            close(world, share)

    monkeypatch.setattr(ArmWorld, 'close_to', close_to)
    (trial,) = play(arena, watcher, [CUBE])
    assert [one.success for one in trial.outcomes] == [False, True], [one.remark() for one in trial.outcomes]
    assert 'blue cube' in trial.outcomes[0].why
    assert len(arena.films) == 2
    counts = tally([trial])
    assert list(counts.values()) == [0, 1, 0, 0]


def test_what_is_out_of_reach_moves_nothing_and_is_told(loop):
    arena, _ = loop
    (trial,) = play(arena, None, [Episode(CUBE.seed, 'put', 'red plate', 'purple bowl')])
    (outcome,) = trial.outcomes
    assert not trial.success
    assert not outcome.moved
    assert 'step 2: the red plate is too wide' in outcome.remark()
