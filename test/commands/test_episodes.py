# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The closed loop with an oracle instead of a model: what is true succeeds, what is not fails. All else is real."""

from collections import Counter
from itertools import islice

import pytest
from oracle import Oracle, another
from rclpy.node import Node
from rclpy.parameter import Parameter
from ros_helpers import own_domain, ros, spinning

from robobrain_ros.commands.arena import Arena, play
from robobrain_ros.commands.contact_sheet import ContactSheet
from robobrain_ros.commands.episodes import Outcome, episodes
from robobrain_ros.ros.client import ACTIVATE, CONFIGURE, Client
from robobrain_ros.ros.node import RobobrainNode
from robobrain_ros.sim.camera import SimulatedCamera
from robobrain_ros.sim.trajectory_follower import TrajectoryFollower

FIRST_SEED = 2_000_000
pytestmark = pytest.mark.ros


@pytest.fixture(scope='module')
def loop():
    """Simulator with follower, node around an oracle, client: each in a context of its own. Gives arena and engine."""
    with own_domain(), pytest.MonkeyPatch.context() as patch, ros() as simulator, ros() as brain, ros() as outside:
        camera = SimulatedCamera(context=simulator)
        engines: list[Oracle] = []

        def engine(config: object) -> Oracle:
            engines.append(Oracle(lambda: camera.world))
            return engines[0]

        patch.setattr('robobrain_ros.ros.node.EmbeddedEngine', engine)
        node = RobobrainNode(context=brain, parameter_overrides=[Parameter('model', value='tiny')])
        follower = TrajectoryFollower('/robobrain', lambda: camera.world, context=simulator)
        with spinning(camera) as executor, spinning(node):
            executor.add_node(follower)
            client = Client(Node('judge', context=outside))
            client.transition(CONFIGURE, 30)
            client.transition(ACTIVATE, 10)
            yield Arena(client), engines[0]
            client.close()
        node.destroy_node()


def test_the_truth_always_succeeds(loop, capsys, tmp_path):
    arena, _ = loop
    sheet = ContactSheet()
    outcomes = []
    for outcome in play(arena, 6, FIRST_SEED):
        sheet.add(outcome)
        outcomes.append(outcome)
    table = capsys.readouterr().out
    assert [outcome.success for outcome in outcomes] == [True] * 6, table
    assert Counter(outcome.episode.kind for outcome in outcomes) == {'point': 2, 'reach': 2, 'put': 2}
    assert table.split().count('done') == 6
    assert max(map(len, table.splitlines())) <= 80
    sheet.write(tmp_path / 'sheet.png')
    assert (tmp_path / 'sheet.png').stat().st_size > 10_000


def test_other_truths_never_do(loop, capsys):
    arena, engine = loop
    engine._swap = another
    try:
        outcomes = list(play(arena, 3, FIRST_SEED + 100))
    finally:
        engine._swap = lambda world, name: name
    assert not any(outcome.success for outcome in outcomes), capsys.readouterr().out
    assert all(outcome.moved for outcome in outcomes)


def test_what_is_not_seen_moves_nothing(loop):
    arena, engine = loop
    engine.say = lambda prompt: 'not visible'
    try:
        outcome: Outcome = arena.play(next(islice(episodes(FIRST_SEED), 2, None)))
    finally:
        del engine.say
    assert not outcome.success
    assert not outcome.moved
    assert 'not visible' in outcome.remark()
    assert (outcome.pictures[0] == outcome.pictures[2]).all()
