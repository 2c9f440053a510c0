# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A picture of the progress that a monitor saw in episodes, beside the truth."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

COLOURS = {'SUCCEEDED': 'tab:green', 'FAILED': 'tab:red', 'STALLED': 'tab:orange'}
WORDS = {'': 'no fault', 'slip': 'slip', 'drop': 'drop', 'push': 'push', 'wrong': 'wrong grasp'}


def draw(records: Sequence[Mapping[str, Any]], file: Path) -> None:
    """Draw one episode for each fault that happened and one without: progress over time, attempt by attempt.

    :param records: as ``Trial.record`` returns them
    :param file: its ending says the format, such as .png
    :raises OSError: if the file cannot be written
    """
    from matplotlib.figure import Figure  # no pyplot: it would look for a display

    chosen = _choose(records)
    figure = Figure((10, 1 + 2 * max(len(chosen), 1)), layout='constrained')
    rows = figure.subplots(max(len(chosen), 1), 1, squeeze=False)[:, 0]
    for axes, record in zip(rows, chosen, strict=False):
        _episode(axes, record)
    rows[-1].set_xlabel('seconds since the episode began')
    figure.savefig(file, dpi=100)


def _choose(records: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return one episode for each fault: the first that was recovered from, else the first."""
    chosen = []
    for fault in WORDS:
        found = [record for record in records if record['fault'] == fault and record['attempts']]
        if found:
            chosen.append(next((record for record in found if record['recovered']), found[0]))
    return chosen


def _episode(axes: Any, record: Mapping[str, Any]) -> None:
    truth = record['true_progress']
    zero = truth[0][0]
    axes.step(
        [stamp - zero for stamp, _ in truth], [value for _, value in truth], where='post', color='0.6', label='true'
    )
    for number, attempt in enumerate(record['attempts']):
        if not attempt['progress']:
            continue
        times = [stamp - zero for stamp, _ in attempt['progress']]
        colour = COLOURS.get(attempt['verdict'], 'tab:blue')
        axes.plot(times, [value for _, value in attempt['progress']], color=colour, marker='o', markersize=3,
                  label=f'attempt {number + 1}: {attempt["verdict"] or "no verdict"}')  # fmt: skip
        axes.axvspan(times[0], times[-1], color=colour, alpha=0.08)
    end = 'done' if record['success'] else 'not done'
    axes.set_title(f'{record["instruction"]} ({WORDS[record["fault"]]}): {end}', fontsize=10, loc='left')
    axes.set(ylabel='progress', ylim=(-0.05, 1.05))
    axes.grid(alpha=0.3)
    axes.legend(loc='upper left', fontsize=8)
