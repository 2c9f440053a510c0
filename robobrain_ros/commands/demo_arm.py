# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``robobrain demo --arm``: a UR5e with a hand carries out what the model answers, by contact and friction.

Simulated arm, node and ``robobrain_arm`` run as processes. The judge looks at the simulator alone. With a monitor,
what it takes for a failure is asked and tried again.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from robobrain_ros.commands.arena import Watching
from robobrain_ros.commands.arm_arena import FILM_HZ, ArmArena
from robobrain_ros.commands.contact_sheet import ContactSheet
from robobrain_ros.commands.demo import BRAIN, running_beside
from robobrain_ros.commands.episodes import Episode, episodes
from robobrain_ros.commands.film import Shot, Video, scene, write_gif
from robobrain_ros.commands.output import Rows, Tell, ignore
from robobrain_ros.commands.progress_bar import Progress
from robobrain_ros.commands.trials import Trial, run
from robobrain_ros.commands.watching import Watcher
from robobrain_ros.evaluation.tabletop import FIRST_SEED

FLOOR = 0.8
"""Least part of the episodes that is to succeed."""
IN_GIF = 2
"""So many episodes that succeeded are in the GIF; the video has all."""
COLUMNS = {'seed': 7, 'instruction': None, 'verdicts': 10, 'end': 6, 's': 4, 'remark': None}
"""Titles and widths for ``Rows``."""
PROCESSES = {
    'sim.arm_controller': ['--ros-args', '-p', f'moving_rate_hz:={FILM_HZ}', '--log-level', 'simulated_arm:=warn'],
    'planners.arm.node': [
        *('--ros-args', '-p', f'brain:={BRAIN}', '-p', 'camera_pose:=topic', '-p', 'speed:=1.0'),
        *('--log-level', 'robobrain_arm:=error'),  # what it refuses is a remark in the table
    ],
}
"""What runs beside the node."""


def run_arm(number: int, monitor: bool, seed: int, output: Path, tell: Tell = ignore) -> int:
    """Let the arm put things on and in others, print what came of it, write pictures and films. Blocks.

    :param monitor: watch each attempt, and try again after a bad verdict
    :param seed: where to begin among the scenes that no training has seen
    :param output: folder of pictures and films
    :param tell: takes how each episode ended, and the counts
    :returns: the exit code, 0 if at least ``FLOOR`` of them succeeded
    """
    output.mkdir(parents=True, exist_ok=True)
    sheet, trials, scenes = ContactSheet(), list[Trial](), list[list[Shot]]()
    found = islice(episodes(FIRST_SEED + seed, ('put',)), number)
    with (
        running_beside('a simulated arm, its planner', PROCESSES) as client,
        TemporaryDirectory() as folder,
        closing(Video(output / 'arm.mp4')) as video,
        Progress('demo', number, 'episodes') as bar,
    ):
        client.set_parameters(client.name, **{'monitor.directory': folder})
        begin, arena = time.monotonic(), ArmArena(client)
        for trial in play(arena, Watcher(client) if monitor else None, found):
            sheet.add(trial.outcomes[-1])
            trials.append(trial)
            films = [scene(one, film) for one, film in zip(trial.outcomes, [*arena.films, []], strict=False)]
            for film in films:
                video.add(film)
            if trial.success and len(scenes) < IN_GIF:
                scenes.append(films[-1])
            bar.advance()
    took = time.monotonic() - begin
    done = sum(trial.success for trial in trials)
    print(f'\n{done} of {number} episodes succeeded ({100 * done / number:.0f} %), {took / number:.1f} s each')
    counts = tally(trials)
    for words, count in counts.items():
        print(f'  {words:<44} {count}')
    sheet.write(output / 'episodes.png')
    print(f'The best and the worst episode: {(output / "episodes.png").resolve()}')
    print(f'All episodes: {(output / "arm.mp4").resolve()}')
    if scenes:
        write_gif(output / 'arm.gif', scenes)
        print(f'Those that succeeded first: {(output / "arm.gif").resolve()}')
    tell(
        {
            'episodes': [trial.record() for trial in trials],
            'counts': counts,
            'succeeded': done,
            'needed': FLOOR * number,
        }
    )
    return 0 if done >= FLOOR * number else 1


def play(arena: ArmArena, watcher: Watching | None, found: Iterable[Episode]) -> Iterator[Trial]:
    """Play episodes, printing a row of a table for each; blocks."""
    table = Rows(COLUMNS)
    for episode in found:
        trial = run(arena, watcher, episode, '')
        last = trial.outcomes[-1]
        verdicts = '\n'.join(one.verdict.outcome for one in trial.outcomes if one.verdict)
        table.add(
            str(episode.seed), episode.question[1], verdicts, 'done' if trial.success else 'FAILED',
            f'{trial.seconds:.0f}', last.remark(), style='' if trial.success else 'red',
        )  # fmt: skip
        yield trial


def tally(trials: Sequence[Trial]) -> dict[str, int]:
    """Count what came of first attempts, and what the monitor was worth."""
    failed = [trial for trial in trials if not trial.first_success]
    return {
        'succeeded at the first attempt': len(trials) - len(failed),
        'failed at first, and succeeded when tried again': sum(trial.success for trial in failed),
        'a success that the monitor took for a failure': sum(trial.false_alarm for trial in trials),
        'a failure that the monitor took for a success': sum(trial.false_success for trial in trials),
    }
