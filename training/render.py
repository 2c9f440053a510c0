# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``python -m training.render``: draws scenes until it is stopped, and leaves them as shards for the training.

One process is one renderer; start as many as there are cores. Seeds are ``--first``, ``--first`` + ``--stride`` ...; a
shard is a .npy file of ``samples.RECORD``. While ``--pending`` shards of this renderer lie unread, it waits.
"""

import argparse
import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from robobrain_ros.sim.backend import choose_backend
from robobrain_ros.sim.layout import draw
from robobrain_ros.sim.scene import TableTop
from training.config import STATIC
from training.episodes import episodes
from training.samples import record
from training.variety import varied

FIRST_TRAINING_SEED, FIRST_HELD_OUT_SEED = 10_000, 1_000_000
"""Training uses the seeds between the two; demonstrations and tests those before, evaluation those from the second."""
VIEWS = (((640, 480), 0.8), ((640, 360), 0.1), ((480, 480), 0.1))
"""Image sizes and how often each is drawn."""


def keep_gl_context() -> None:
    """Give every renderer of this process one OpenGL context: making one takes longer than drawing a scene."""
    choose_backend()
    from mujoco.rendering.classic import renderer

    context = renderer.gl_context.GLContext(640, 480)
    context.make_current()

    class Kept:
        def make_current(self) -> None:
            context.make_current()

        def as_current(self) -> AbstractContextManager[None]:
            return nullcontext()  # it is never another

        def free(self) -> None:
            """Do nothing: the context stays for the next renderer."""

    kept = Kept()
    renderer.gl_context.GLContext = lambda width, height: kept


def draw_image_size(rng: np.random.Generator) -> tuple[int, int]:
    """Draw an image's (width, height)."""
    return VIEWS[int(rng.choice(len(VIEWS), p=[share for _, share in VIEWS]))][0]


def records(first: int, stride: int, held_out: bool) -> Iterator[NDArray[np.void]]:
    """Yield records of scene after scene; seeds whose scene cannot be used are left out.

    :param stride: from one seed to the next
    :param held_out: scenes and phrasings that training never has, for evaluation; as ``TableTop`` draws them
    """
    tokenizer = Tokenizer.from_file(str(STATIC / 'tokenizer.json'))
    seed = first
    while held_out or seed < FIRST_HELD_OUT_SEED:
        rng = np.random.default_rng((seed, 7))
        width, height = draw_image_size(rng)
        try:
            layout = draw(seed, width, height)
            if not held_out:
                layout = varied(layout, rng)
            scene = TableTop.from_layout(layout, seed)
            yield record(scene, rng, lambda text: tokenizer.encode(text).ids, held_out)
        except ValueError as error:  # no room on the table, or nothing to ask
            print(f'seed {seed}: {error}', flush=True)
        seed += stride


def main() -> None:
    """Draw what the command line says; blocks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--to', type=Path, required=True, help='folder of the shards')
    parser.add_argument('--first', type=int, default=FIRST_TRAINING_SEED, help='first seed (default: %(default)s)')
    parser.add_argument('--stride', type=int, default=1, help='number of renderers (default: %(default)s)')
    parser.add_argument('--scenes', type=int, default=10**9, help='stop after so many')
    parser.add_argument('--shard', type=int, default=32, help='scenes in a file (default: %(default)s)')
    parser.add_argument('--pending', type=int, default=8, help='shards that may wait (default: %(default)s)')
    parser.add_argument('--episodes', action='store_true', help='draw runs of the gripper, for the task progress')
    parser.add_argument('--held-out', action='store_true', help='scenes and phrasings for evaluation')
    chosen = parser.parse_args()
    chosen.to.mkdir(parents=True, exist_ok=True)
    keep_gl_context()
    if chosen.first in (FIRST_TRAINING_SEED, FIRST_HELD_OUT_SEED):
        from OpenGL import GL

        print(f'draws with {GL.glGetString(GL.GL_RENDERER).decode()}', flush=True)
    shard, number, started = [], 0, time.monotonic()
    source = records(chosen.first, chosen.stride, chosen.held_out)
    if chosen.episodes:
        source = episodes(chosen.first, chosen.stride, chosen.held_out, draw_image_size, FIRST_HELD_OUT_SEED)
    for drawn, one in enumerate(source, start=1):
        shard.append(one)
        if len(shard) == chosen.shard or drawn == chosen.scenes:
            while len(list(chosen.to.glob(f'{chosen.first}_*.npy'))) >= chosen.pending:
                if os.getppid() == 1 and not chosen.held_out:
                    return  # whoever started this is gone
                time.sleep(0.05)
            path = chosen.to / f'{chosen.first}_{number:06d}.npy'
            partial = path.with_suffix('.part')
            with partial.open('wb') as file:
                np.save(file, np.concatenate(shard))
            partial.replace(path)
            shard, number = [], number + 1
        if drawn in (16, 64) or drawn % 512 == 0 or drawn == chosen.scenes:
            seconds = time.monotonic() - started
            what = 'episodes' if chosen.episodes else 'scenes'
            print(f'{drawn} {what}, {1000 * seconds / drawn:.1f} ms each', flush=True)
        if drawn == chosen.scenes:
            break


if __name__ == '__main__':
    main()
