# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``robobrain evaluate --progress --bench``: the public benchmark's table, of whatever model there is."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan
from pathlib import Path
from typing import Any

from rich.table import Table

from robobrain_ros.brain import image_files
from robobrain_ros.brain.brain import Brain
from robobrain_ros.brain.tracker import Views
from robobrain_ros.commands.output import Tell, console, ignore
from robobrain_ros.commands.progress_bar import Progress
from robobrain_ros.evaluation import dopamine_bench
from robobrain_ros.evaluation.dopamine_bench import INTERVAL, write_result, write_summary
from robobrain_ros.evaluation.dopamine_bench import Run as BenchRun
from robobrain_ros.evaluation.progress_runs import Run, check, judge, judge_back
from robobrain_ros.evaluation.progress_scores import Curve, voc, walked, walked_back
from robobrain_ros.tasks.progress import Mode

AT_ONCE = 4
"""Runs that are judged at a time: an engine on a GPU answers several requests in the time of one."""


@dataclass(frozen=True)
class _Found:
    """Correlations of one run, 0 where there is none."""

    plus: float
    minus: float
    unknown: bool
    """An answer was no score."""


def run(bench: Path, model: Path, to: Path, tell: Tell = ignore) -> int:
    """Judge all runs of a benchmark, print a table, write its result files, return the exit code 0. Blocks for hours.

    As published, mode incremental is asked, the last frame of each run is shown as its goal, and a run with an answer
    that is no score counts 0.

    :param bench: the benchmark's folder, see ``dopamine_bench``
    :param model: a checkpoint's folder
    :param to: a folder for the result files
    :param tell: takes the figures: ``{'sets': {NAME: {'runs', 'voc_plus', 'voc_minus', 'runs_without_score'}}, ...}``
    :raises BadRequest: if the benchmark cannot be read, a task is not fit for the prompt, or the model cannot tell
        progress
    :raises OSError: if results cannot be written
    """
    sets = dopamine_bench.sets(bench)
    check(model, [run.task for runs in sets.values() for run in runs])
    to.mkdir(parents=True, exist_ok=True)
    shared = {'model_path': str(model), 'interval': INTERVAL}
    rows: dict[str, dict[str, Any]] = {}
    with (
        Progress('evaluate', sum(map(len, sets.values())), 'runs') as progress,
        Brain.load(model, report=progress.say) as brain,
    ):
        for name, runs in sets.items():
            found = asyncio.run(_judge_all(brain, runs, progress))
            meta = {**shared, 'input_json': str(bench / 'jsons' / f'{name}.json'), 'base_dir': str(bench / 'images')}
            plus = [(run.name, one.plus) for run, one in zip(runs, found, strict=True)]
            minus = [(run.name, one.minus) for run, one in zip(runs, found, strict=True)]
            rows[name] = {
                'runs': len(runs),
                'voc_plus': write_result(to, name, '+', plus, meta),
                'voc_minus': write_result(to, name, '-', minus, meta),
                'runs_without_score': sum(one.unknown for one in found),
            }
    means = {name: {'voc+': row['voc_plus'], 'voc-': row['voc_minus']} for name, row in rows.items()}
    write_summary(to, means, {**shared, 'input_json_dir': str(bench / 'jsons'), 'base_dir': str(bench / 'images')})
    console().print(_table(rows), f'Mode incremental. Files are in {to}', sep='\n')
    tell({'model': model.name, **shared, 'mode': Mode.INCREMENTAL.value, 'sets': rows})
    return 0


async def _judge_all(brain: Brain, runs: Sequence[BenchRun], progress: Progress) -> list[_Found]:
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(run: BenchRun) -> _Found:
        async with turn:
            found = await _judge(brain, run)
            progress.advance()
            return found

    return await asyncio.gather(*map(one, runs))


async def _judge(brain: Brain, run: BenchRun) -> _Found:
    numbers = run.sampled()
    if len(numbers) < 3:  # no two values, and so no order
        return _Found(0.0, 0.0, unknown=False)
    looks = await asyncio.to_thread(_looks, run, numbers)
    looked = Run(run.task, looks, looks[-1].front)
    hops = [sample.hop for sample in await judge(brain, looked, (Mode.INCREMENTAL,))]
    back = await judge_back(brain, looked)
    unknown = any(map(isnan, [*hops, *back]))
    return _Found(_correlation(walked(hops)), _correlation(walked_back(back)), unknown)


def _looks(run: BenchRun, numbers: Sequence[int]) -> list[Views]:
    cameras = (run.front, run.left, run.right)
    return [Views(*(image_files.read(frames[number]) for frames in cameras)) for number in numbers]


def _correlation(curve: Curve) -> float:
    """Return the correlation as the published evaluation counts it: 0 for what is unknown or does not move."""
    found = nan if any(map(isnan, curve)) else voc(curve)
    return 0.0 if isnan(found) else found


def _table(rows: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column('set')
    for column in ('runs', 'VOC+', 'VOC-', 'with an answer without score'):
        table.add_column(column, justify='right')
    for name, row in rows.items():
        means = (f'{100 * row["voc_plus"]:.2f}', f'{100 * row["voc_minus"]:.2f}')
        table.add_row(name, str(row['runs']), *means, str(row['runs_without_score']))
    return table
