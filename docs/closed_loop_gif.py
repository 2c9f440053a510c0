# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Film the closed loop for the README: ``python docs/closed_loop_gif.py docs/closed_loop.gif``.

Simulated camera, node and trajectory follower run as in ``robobrain demo --episodes``. A second follower in this
process hears the same topics and moves a world of its own, which is drawn between the waypoints too.
"""

import argparse
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from robobrain_ros.commands.arena import Arena
from robobrain_ros.commands.demo import BRAIN, running
from robobrain_ros.commands.episodes import episodes
from robobrain_ros.commands.film import Shot, scene, shot, write_gif
from robobrain_ros.evaluation.tabletop import FIRST_SEED
from robobrain_ros.sim.trajectory_follower import TrajectoryFollower
from robobrain_ros.sim.world import State, World

COLOURS = 160
MOVING_S = 0.09
"""How long each picture of a moving gripper is shown, seconds."""
STEP_M = 0.07
"""Distance between two pictures of a moving gripper, metres."""
Picture = NDArray[np.uint8]


class FilmedWorld(World):
    """A world that remembers each of the gripper's steps in ``seen``."""

    seen: list[State]

    def move(self, point: ArrayLike) -> None:
        """Move the gripper in steps of at most ``STEP_M``."""
        start, end = self.state.gripper, np.asarray(point, dtype=float)
        steps = max(1, int(np.ceil(np.linalg.norm(end - start) / STEP_M)))
        for share in np.linspace(0, 1, steps + 1)[1:]:
            super().move(start + share * (end - start))
            self.seen.append(self.state)

    def open(self) -> None:
        """Let go, and remember where it fell."""
        super().open()
        self.seen.append(self.state)

    def pictures(self) -> list[Picture]:
        """Draw what happened. Not while it happens: drawing takes longer than a client waits for its answer."""
        drawn = []
        for state in self.seen:
            self.state = state
            drawn.append(self.render()[0])
        return drawn


def film(seeds: list[int]) -> list[list[Shot]]:
    """Play the episodes of these table tops; return the film of each that succeeded.

    :param seeds: held-out table tops, counted from the first one that no training has seen, rising
    """
    scenes = []
    with running('-p', f'follow:={BRAIN}') as client:
        arena = Arena(client)
        chosen = (episode for episode in episodes(FIRST_SEED) if episode.seed - FIRST_SEED in seeds)
        for episode in islice(chosen, len(seeds)):
            world = FilmedWorld(episode.seed)
            world.seen = []
            follower = TrajectoryFollower(BRAIN, lambda world=world: world)  # type: ignore[misc]
            client.executor.add_node(follower)
            outcome = arena.play(episode)
            client.executor.remove_node(follower)
            follower.destroy_node()
            print(episode, outcome.success, outcome.remark(), len(world.seen), flush=True)
            if outcome.success:
                asked = ': '.join(episode.question)
                scenes.append(scene(outcome, [shot(picture, MOVING_S, asked) for picture in world.pictures()]))
    return scenes


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description='Film the closed loop.')
    parser.add_argument('output', type=Path, metavar='GIF')
    parser.add_argument(
        '--seeds', type=int, nargs='+', default=[44, 53], help='held-out table tops (default: %(default)s)'
    )
    chosen = parser.parse_args()
    write_gif(chosen.output, film(chosen.seeds), COLOURS)
