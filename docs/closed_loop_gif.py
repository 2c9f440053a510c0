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
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw, ImageFont

from robobrain_ros.commands.arena import Arena
from robobrain_ros.commands.demo import BRAIN, running
from robobrain_ros.commands.episodes import Outcome, episodes
from robobrain_ros.evaluation.tabletop import FIRST_SEED
from robobrain_ros.sim.trajectory_follower import TrajectoryFollower
from robobrain_ros.sim.world import State, World

SIZE = (480, 360)
COLOURS = 160
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


def film(seeds: list[int]) -> list[Image.Image]:
    """Play the episodes of these table tops; return the pictures of those that succeeded, with their milliseconds.

    :param seeds: held-out table tops, counted from the first one that no training has seen, rising
    """
    pictures = []
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
                pictures += scene(outcome, world.pictures())
    return pictures


def scene(outcome: Outcome, moving: list[Picture]) -> list[Image.Image]:
    """Return one episode's pictures: the camera's, the answer drawn on it, the gripper moving, the end."""
    task, instruction = outcome.episode.question
    before, answer, after = outcome.pictures
    asked = f'{task}: {instruction}'
    timed = [
        (captioned(before, asked), 1200),
        (captioned(answer, ''), 3000),
        *((captioned(picture, asked), 90) for picture in moving),
        (captioned(after, f'{asked}: done'), 1800),
    ]
    # One palette a scene, so that only what moves takes space.
    heap = np.vstack([np.asarray(timed[place][0]) for place in (0, 1, len(timed) // 2, -1)])
    palette = Image.fromarray(heap).quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, kmeans=1)
    images = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image, _ in timed]
    for image, (_, milliseconds) in zip(images, timed, strict=True):
        image.info['duration'] = milliseconds
    return images


def captioned(picture: Picture, text: str) -> Image.Image:
    """Scale a picture to ``SIZE`` and write ``text`` on a dark band along its upper edge."""
    image = Image.fromarray(picture).resize(SIZE, Image.Resampling.LANCZOS)
    if text:
        draw = ImageDraw.Draw(image)
        draw.rectangle((0, 0, SIZE[0], 25), fill=(20, 20, 20))
        draw.text((8, 4), text, fill=(255, 255, 255), font=ImageFont.load_default(15))
    return image


def save(path: Path, pictures: list[Image.Image]) -> None:
    """Write the pictures as a GIF that repeats for ever."""
    durations = [image.info['duration'] for image in pictures]
    options: dict[str, Any] = {'duration': durations, 'loop': 0, 'optimize': False}
    pictures[0].save(path, save_all=True, append_images=pictures[1:], **options)


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description='Film the closed loop.')
    parser.add_argument('output', type=Path, metavar='GIF')
    parser.add_argument(
        '--seeds', type=int, nargs='+', default=[44, 53], help='held-out table tops (default: %(default)s)'
    )
    chosen = parser.parse_args()
    save(chosen.output, film(chosen.seeds))
