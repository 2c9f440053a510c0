# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Film the simulated arm for the README: ``python docs/arm_gif.py docs/arm.gif``.

Node and ``robobrain_arm`` run as in ``robobrain demo --arm``. The simulated arm runs in this process, which draws what
happened afterwards from where a visitor would stand; the robot's camera sees what the first two pictures show.
"""

import argparse
import threading
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from rclpy.executors import SingleThreadedExecutor

from robobrain_ros.commands.arm_arena import ArmArena
from robobrain_ros.commands.demo import running_beside
from robobrain_ros.commands.demo_arm import PROCESSES
from robobrain_ros.commands.episodes import episodes
from robobrain_ros.commands.film import Shot, scene, shot, write_gif
from robobrain_ros.evaluation.tabletop import FIRST_SEED
from robobrain_ros.planners.arm.chain import Array
from robobrain_ros.ros.spin_safely import spin_safely
from robobrain_ros.sim.arm_controller import SimulatedArm

COLOURS = 96
EACH_S, SHOWN_S = 0.3, 0.16
"""Between two pictures of the arm, by the world's clock, and how long each is shown; seconds."""


class FilmedArm(SimulatedArm):
    """A simulated arm that remembers where everything was."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[float, Array, str]] = []
        """The time, by the world's clock, the world's pose, and what the arm's planner has said."""
        self.says: Callable[[], str] = str

    def _tick(self) -> None:
        super()._tick()
        world = self._world
        if self._moving and (not self.seen or world.time - self.seen[-1][0] >= EACH_S):
            self.seen.append((world.time, world.pose, self.says()))

    def shots(self, caption: str) -> list[Shot]:
        """Draw what happened. Not while it happens: drawing takes time from the simulation."""
        import mujoco  # the simulated arm has chosen the backend

        camera = mujoco.MjvCamera()
        camera.azimuth, camera.elevation, camera.distance = 120, -28, 1.5
        camera.lookat[:] = 0.0, 0.16, 0.18
        _, poses, words = zip(*self.seen, strict=True)
        pictures = self._world.film(poses, camera)
        return [shot(picture, SHOWN_S, caption, said) for picture, said in zip(pictures, words, strict=True)]


def film(seeds: list[int]) -> list[list[Shot]]:
    """Play the episodes of these table tops; return the film of each that succeeded.

    :param seeds: held-out table tops, counted from the first one that no training has seen, rising
    """
    scenes = []
    beside = {module: arguments for module, arguments in PROCESSES.items() if module.startswith('planners')}
    with running_beside("the arm's planner", beside) as client:
        executor = SingleThreadedExecutor()
        arm = FilmedArm()
        executor.add_node(arm)
        threading.Thread(target=spin_safely, args=(executor, arm.get_logger()), daemon=True).start()
        arena = ArmArena(client)
        arm.says = arena.says
        chosen = (episode for episode in episodes(FIRST_SEED, ('put',)) if episode.seed - FIRST_SEED in seeds)
        for episode in islice(chosen, len(seeds)):
            arena.begin(episode)
            arm.seen = []
            outcome = arena.attempt(episode)
            print(episode, outcome.success, outcome.remark(), len(arm.seen), flush=True)
            if outcome.success:
                scenes.append(scene(outcome, arm.shots(outcome.episode.question[1])))
        executor.shutdown()
    return scenes


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description='Film the simulated arm.')
    parser.add_argument('output', type=Path, metavar='GIF')
    parser.add_argument('--seeds', type=int, nargs='+', default=[4], help='held-out table tops (default: %(default)s)')
    chosen = parser.parse_args()
    write_gif(chosen.output, film(chosen.seeds), COLOURS)
