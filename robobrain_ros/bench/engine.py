# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``robobrain bench engine`` and ``node``: one question at a time, each with a new image, by several paths in one run.

Each path is a process of its own, one after the other, so that each has the whole device.
"""

import json
import math
import statistics
import subprocess
import sys
import textwrap
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from robobrain_ros.bench import bars
from robobrain_ros.bench.cases import CASES, CHATS, VARIANTS, Plan
from robobrain_ros.bench.provenance import provenance
from robobrain_ros.commands.output import WIDTH, Tell, ignore
from robobrain_ros.commands.progress_bar import Progress
from robobrain_ros.engines import children

PATHS = {
    'engine': "this package's engine",
    'fp8': 'the same with 8-bit weights',
    'safe': "the same with FlagGems' profile safe",
    'gemm': "the same with FlagGems' profile gemm",
    'full': 'the same with all of FlagGems',
    'off': "the same with vLLM's kernels for single tokens (decode_kernels: off)",
    'tp2': 'the same on two GPUs (on a CPU: in two processes)',
    'chats0': 'the same, shared with HTTP clients, none of which asks',
    'chats1': 'the same while one HTTP client chats',
    'chats8': 'the same while eight chat',
    'node': 'the node: image message in, answer message out',
    'vllm': 'vLLM as it comes (AsyncLLM)',
    'server': "vLLM's OpenAI server, image in base64",
    'http': "this package's HTTP server, asked likewise",
    'reference': 'transformers generate',
}
"""Paths in the order in which they run, in words. Later ones' answers are made as long as those of the engine."""
OWN_END = ('engine', *VARIANTS, *CHATS, 'node')
"""Paths whose answers end where the task says, or at the latest with its most tokens."""
END_S = 2.3
"""So long a path may take to end when the command is interrupted, seconds; less than ending.END_S."""
ENGINE_STAGES = ('prepare', 'first_token', 'decode')
MESSAGE_STAGES = ('publish', 'image', 'answer')
"""What DDS adds to the node: the publisher's call, until the node has the image, until the client has the answer."""


@dataclass
class Result:
    """What was measured of one path."""

    path: str
    answers: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    """Tokens, and stages in milliseconds, of each answer, by task."""
    notes: list[str] = field(default_factory=list)
    """What else there is to say, such as why it was skipped."""
    failed: bool = False
    """Its process did not end well, be it after all answers."""

    def lengths(self) -> dict[str, list[int]]:
        """Return the number of tokens of each answer, by task."""
        return {task: [answer['tokens'] for answer in answers] for task, answers in self.answers.items()}

    def totals(self, task: str) -> list[float]:
        """Return the milliseconds of each answer to a task."""
        return [sum(answer['stages'].values()) for answer in self.answers[task]]

    def each_token(self, task: str) -> float:
        """Return the median of milliseconds a token behind the first; nan where no answer has a second one."""
        each = [one['stages']['decode'] / (one['tokens'] - 1) for one in self.answers[task] if one['tokens'] > 1]
        return statistics.median(each) if each else math.nan

    def medians(self, task: str) -> dict[str, float]:
        """Return the median milliseconds of each stage, by its name."""
        stages = self.answers[task][0]['stages']
        return {name: statistics.median(answer['stages'][name] for answer in self.answers[task]) for name in stages}


def run(
    model: Path,
    device: str,
    image_size: tuple[int, int],
    repetitions: int,
    paths: Sequence[str],
    output: Path,
    tell: Tell = ignore,
) -> int:
    """Measure, print a table, and write engine.json, engine.png and logs.

    Blocks; on a GPU each path takes minutes, most of them for its start.

    :param image_size: (width, height) in pixels
    :param repetitions: how often each case is asked
    :param paths: names in PATHS
    :param output: folder of the files
    :param tell: takes what engine.json holds
    :returns: the exit code: 1 if a path failed
    :raises ValueError: for what cannot be measured
    """
    plan = Plan(model, image_size, repetitions, device)
    if unknown := set(paths) - PATHS.keys():
        raise ValueError(f'unknown path {min(unknown)!r}; there are {", ".join(PATHS)}')
    output.mkdir(parents=True, exist_ok=True)
    results: list[Result] = []
    chosen = [name for name in PATHS if name in paths]
    each = repetitions * len(CASES)
    with Progress('bench', each * len(chosen), 'answers') as progress:
        for number, path in enumerate(chosen, 1):
            progress.say(f'{path}: {PATHS[path]} ...')
            first = results[0] if results and results[0].path == 'engine' else None
            lengths = first.lengths() if first and path not in OWN_END else {}
            heard = progress.advance
            results.append(_measure(path, replace(plan, lengths=lengths), output / f'{path}.log', heard))
            progress.reach(each * number)  # also where it failed
            document = _document(results, plan)
            (output / 'engine.json').write_text(json.dumps(document, indent=1))
    print('\n'.join(table(results)))
    _draw(results, plan, output / 'engine.png')
    print(f"figures, logs and a picture are in '{output}'")
    tell(document)
    return 1 if any(result.failed or not result.answers for result in results) else 0


def _document(results: Sequence[Result], plan: Plan) -> dict[str, Any]:
    """Return all that was measured, and where, when and with what."""
    return provenance() | {
        'model': plan.model.name,
        'device': plan.device,
        'image_size': plan.size,
        'repetitions': plan.repetitions,
        'paths': [
            vars(result) | {'median_ms': {task: statistics.median(result.totals(task)) for task in result.answers}}
            for result in results
        ],
    }


def _measure(path: str, plan: Plan, log: Path, heard: Callable[[], None] = lambda: None) -> Result:
    kind = 'engine' if path in VARIANTS else 'chats' if path in CHATS else path
    module = ('over_dds',) if path == 'node' else ('paths', kind)
    plan = replace(plan, variant='' if kind == path else path)
    command = [sys.executable, '-m', f'robobrain_ros.bench.{module[0]}', *module[1:], plan.to_json()]
    result = Result(path)
    with log.open('w') as errors:
        process = children.start(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if not line.startswith('{'):
                    errors.write(line)
                    continue
                told = json.loads(line)
                if 'note' in told:
                    result.notes.append(told['note'])
                else:
                    result.answers[told.pop('task')].append(told)
                    heard()
            process.wait()
        except BaseException:
            children.end([process], END_S)
            raise
    if process.returncode:
        result.failed = True
        counts = {task: len(answers) for task, answers in result.answers.items()}
        if counts != {case.task: plan.repetitions for case in CASES}:  # else its work was done, and its end failed
            result.answers.clear()
        reason = (log.read_text().strip().splitlines() or [''])[-1]
        result.notes.append(f"{path} failed with exit code {process.returncode}, see '{log}': {reason[:200]}")
    return result


def table(results: Sequence[Result]) -> list[str]:
    """Return lines: how many times as long as this package's engine each path takes, by medians, then milliseconds.

    The node's is to the engine inside it, in the same requests: its answers may be longer than those that were
    limited.
    """
    lines = []
    for case in CASES:
        own = next((result for result in results if result.path == 'engine' and result.answers), None)
        lines.append(f'{case.task}: {"ratio":>7} {"tokens":>6} {"median":>9} {"p95":>9} {"a token":>9}  ms')
        for result in results:
            if case.task not in result.answers:
                continue
            totals, tokens = result.totals(case.task), result.lengths()[case.task]
            median = statistics.median(totals)
            beside = _inner(result, case.task) if result.path == 'node' else own and own.totals(case.task)
            ratio = f'{median / statistics.median(beside):.2f}x' if beside else '-'
            p95 = np.percentile(totals, 95)
            stages = ', '.join(f'{name} {took:.1f}' for name, took in result.medians(case.task).items())
            lines.append(
                f'  {result.path:<10} {ratio:>7} {statistics.median(tokens):6.0f} {median:9.1f} {p95:9.1f} '
                f'{result.each_token(case.task):9.2f}'
            )
            lines += textwrap.wrap(stages, WIDTH, initial_indent=13 * ' ', subsequent_indent=13 * ' ')
            if result.path == 'node':
                lines.append(f'  {_added(result, case.task)}')
    return lines + [note for result in results for note in result.notes]


def _added(node: Result, task: str) -> str:
    """Say what the node costs beyond its engine, in the same requests."""
    engine, messages = _inner(node, task), _sums(node, task, MESSAGE_STAGES)
    added = [total - inner for total, inner in zip(node.totals(task), engine, strict=True)]
    own = [both - ways for both, ways in zip(added, messages, strict=True)]
    share = statistics.median(added) / statistics.median(engine)
    return (
        f'           of which the node and DDS: {statistics.median(added):.1f} ms, {share:+.1%} of its engine\n'
        f'             (the node {statistics.median(own):.1f}, messages in and out {statistics.median(messages):.1f})'
    )


def _inner(node: Result, task: str) -> list[float]:
    """Return the milliseconds that each answer spent in the engine inside the node."""
    return _sums(node, task, ENGINE_STAGES)


def _sums(result: Result, task: str, stages: Sequence[str]) -> list[float]:
    return [sum(answer['stages'][stage] for stage in stages) for answer in result.answers[task]]


def _draw(results: Sequence[Result], plan: Plan, file: Path) -> None:
    panels = {
        case.task: [
            bars.Bar(result.path, statistics.median(result.totals(case.task)), result.medians(case.task))
            for result in results
            if case.task in result.answers
        ]
        for case in CASES
    }
    width, height = plan.size
    bars.draw(file, f'{plan.model.name}, a new {width}x{height} image each time, medians', panels)
