# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``robobrain demo --episodes N --faults P``: what a monitor is worth where things go wrong.

What there would have been without one is how the first attempts ended, since the monitor only watches them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from robobrain_ros.commands.arena import Arena, Watching
from robobrain_ros.commands.contact_sheet import ContactSheet
from robobrain_ros.commands.demo import BRAIN, FLOOR, running
from robobrain_ros.commands.demo_curves import draw
from robobrain_ros.commands.episodes import Episode, episodes
from robobrain_ros.commands.output import Rows, Tell, ignore
from robobrain_ros.commands.progress_bar import Progress
from robobrain_ros.commands.trials import Trial, plant, run
from robobrain_ros.commands.watching import Watcher
from robobrain_ros.evaluation.tabletop import FIRST_SEED
from robobrain_ros.sim.faults import Fault

DWELL_S = 0.6
"""So long the gripper stays at each waypoint: or the monitor would see nothing but the end."""
COLUMNS = {'seed': 7, 'instruction': None, 'fault': 6, 'verdicts': 10, 'end': 6, 's': 4, 'remark': None}
"""Titles and widths for ``Rows``."""
TALLY = {
    'fault': 7,
    'episodes': 8,
    'noticed': 8,
    'recovered': 9,
    'false alarms': 12,
    'success': 8,
    'without monitor': None,
}
"""Titles and widths of the table at the end."""
Record = Mapping[str, Any]
"""What ``Trial.record`` returns."""


def run_faulty(number: int, share: float, monitor: bool, seed: int, output: Path, tell: Tell = ignore) -> int:
    """Play missions of which some go wrong on purpose, print what came of them, write pictures. Blocks.

    :param share: of the episodes that get a fault, 0 .. 1
    :param monitor: watch each attempt, and try again after a bad verdict
    :param seed: where to begin among the scenes that no training has seen
    :param output: folder of the pictures
    :param tell: takes how each episode ended, and the counts
    :returns: the exit code, 0 if at least ``FLOOR`` of them succeeded
    """
    output.mkdir(parents=True, exist_ok=True)
    sheet, records = ContactSheet(), []
    found = islice(plant(episodes(FIRST_SEED + seed, ('put',)), share), number)
    with running('-p', f'follow:={BRAIN}', '-p', f'dwell_s:={DWELL_S}') as client, TemporaryDirectory() as folder:
        client.set_parameters(client.name, **{'monitor.directory': folder})
        watcher = Watcher(client) if monitor else None
        with Progress('demo', number, 'episodes') as bar:
            for trial in play(Arena(client), watcher, found):
                sheet.add(trial.outcomes[-1])
                records.append(trial.record())
                bar.advance()
    done = sum(record['success'] for record in records)
    seconds = sum(record['seconds'] for record in records)
    print(f'\n{done} of {number} episodes succeeded ({100 * done / number:.0f} %), {seconds / number:.1f} s each')
    counts = tally(records)
    show(counts, monitor)
    sheet.write(output / 'episodes.png')
    print(f'The best and the worst episode: {(output / "episodes.png").resolve()}')
    if monitor:
        draw(records, output / 'progress.png')
        print(f'Progress as the monitor saw it: {(output / "progress.png").resolve()}')
    tell({'episodes': records, 'faults': counts, 'succeeded': done, 'needed': FLOOR * number})
    return 0 if done >= FLOOR * number else 1


def play(arena: Arena, watcher: Watching | None, found: Iterable[tuple[Episode, str]]) -> Iterator[Trial]:
    """Play episodes with their faults, printing a row of a table for each; blocks."""
    table = Rows(COLUMNS)
    for episode, fault in found:
        trial = run(arena, watcher, episode, fault)
        last = trial.outcomes[-1]
        verdicts = '\n'.join(one.verdict.outcome for one in trial.outcomes if one.verdict)
        table.add(
            str(episode.seed), episode.question[1], trial.fault, verdicts, 'done' if trial.success else 'FAILED',
            f'{trial.seconds:.0f}', last.remark(), style='' if trial.success else 'red',
        )  # fmt: skip
        yield trial


def tally(records: Sequence[Record]) -> dict[str, dict[str, int]]:
    """Count by what has gone wrong on purpose: '' where nothing did, each ``Fault``, and 'all'."""
    groups = {fault: [record for record in records if record['fault'] == fault] for fault in ('', *Fault)}
    counted = ('noticed', 'recovered', 'false_alarm', 'false_success', 'success', 'success_without_monitor')
    groups['all'] = list(records)
    return {
        str(getattr(fault, 'value', fault)): {'episodes': len(group)}
        | {name: sum(bool(record[name]) for record in group) for name in counted}
        for fault, group in groups.items()
    }


def show(counts: Mapping[str, Mapping[str, int]], monitor: bool) -> None:
    """Print the counts as a table.

    :param monitor: False: there was none, so nothing could be noticed
    """
    table = Rows(TALLY)
    unspoiled = counts['']['episodes']
    for fault, count in counts.items():
        number = count['episodes']
        if not number:
            continue
        struck = number - unspoiled if fault == 'all' else number
        watched = [f'{count["noticed"]}/{struck}', f'{count["recovered"]}/{struck}'] if fault else ['-', '-']
        with_monitor = [*watched, str(count['false_alarm']), f'{count["success"]}/{number}'] if monitor else ['-'] * 4
        table.add(fault or 'none', str(number), *with_monitor, f'{count["success_without_monitor"]}/{number}')
