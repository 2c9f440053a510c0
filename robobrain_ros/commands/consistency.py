# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The command ``robobrain consistency``: its options. Heavy imports wait until it runs."""

import argparse
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from robobrain_ros.commands import consistency_arguments, stack_spec
from robobrain_ros.commands.arguments import WITH_EXAMPLES, positive, seed, takes_files
from robobrain_ros.commands.consistency_help import (
    COMPARE,
    COMPARE_EXAMPLES,
    DESCRIPTION,
    EXAMPLES,
    RUN,
    RUN_EXAMPLES,
    THROUGHPUT_EXAMPLES,
)
from robobrain_ros.errors import BrainError
from robobrain_ros.evaluation.consistency.throughput.rates import SHARE

CANNOT = 2
"""Exit code where a gate has nothing to judge, as FlagRelease's tools have it."""
EXPECTED = (BrainError, OSError, ImportError, RuntimeError, ValueError)
"""What a sentence is enough for; anything else is a defect of this package."""


def add(commands: Any) -> None:
    """Add the command ``consistency`` to ``commands``, argparse's subparsers."""
    consistency = commands.add_parser(
        'consistency',
        help='whether two stacks answer the same questions alike',
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=WITH_EXAMPLES,
    )
    kinds = consistency.add_subparsers(dest='kind', required=True, metavar='COMMAND')
    _add_run(kinds)
    _add_compare(kinds)
    _add_data(kinds)
    _add_throughput(kinds)


def _add_run(kinds: Any) -> None:
    run = kinds.add_parser(
        'run',
        help='ask one stack all questions, and write its answers',
        description=RUN,
        epilog=RUN_EXAMPLES,
        formatter_class=WITH_EXAMPLES,
    )
    data = run.add_argument('data', type=Path, metavar='DATA', help='folder with the sets')
    to = run.add_argument('--to', type=Path, required=True, metavar='DIR', help='folder for the answers')
    run.add_argument(
        '--engine',
        type=stack_spec.stack,
        default='tiny',
        metavar='ENGINE',
        help=f'{stack_spec.HELP} (default: %(default)s)',
    )
    run.add_argument('--name', default='', metavar='NAME', help="what reports call it (default: its model's name)")
    _add_sets(run, 'such as erqa,SAT (default: all; of two scales for points, that of 0 to 1000)')
    run.add_argument(
        '--limit', type=positive(int), default=0, metavar='N', help='ask the first N questions of each set'
    )
    run.add_argument(
        '--concurrency', type=positive(int), default=1, metavar='K', help='questions in flight (default: %(default)s)'
    )
    run.add_argument(
        '--order', choices=('fixed', 'shuffled'), default='fixed', help='of the questions (default: %(default)s)'
    )
    run.add_argument('--seed', type=seed, metavar='S', help='of the shuffled order (default: 0)')
    run.add_argument(
        '--max-tokens', type=positive(int), default=1024, metavar='N', help='cut answers here (default: %(default)s)'
    )
    _add_json(run)
    run.set_defaults(run=lambda chosen: _run(run, chosen))
    takes_files(data)
    takes_files(to)


def _add_compare(kinds: Any) -> None:
    compare = kinds.add_parser(
        'compare',
        help='compare the answers of two stacks, and judge them',
        description=COMPARE,
        epilog=COMPARE_EXAMPLES,
        formatter_class=WITH_EXAMPLES,
    )
    folders = [
        compare.add_argument('a', type=Path, metavar='A', help='answers of the baseline, such as native CUDA'),
        compare.add_argument('b', type=Path, metavar='B', help='answers of the other stack'),
        compare.add_argument(
            '--again', type=Path, metavar='DIR', help='answers of a second run of A: how much is noise'
        ),
        compare.add_argument(
            '--data', type=Path, metavar='DATA', help='folder with the sets (default: that which A was asked)'
        ),
        compare.add_argument(
            '--to', type=Path, default=Path('consistency'), metavar='DIR', help='for the files (default: %(default)s)'
        ),
    ]
    _add_sets(compare, 'such as erqa,SAT (default: all that the folders have)')
    compare.add_argument(
        '--scoring',
        choices=('flageval', 'strict'),
        help='how answers are read: flageval, as published tables were made, its bugs included; strict, as a careful '
        "person would (default: strict; without the sets' questions, what the folders say)",
    )
    margins = compare.add_mutually_exclusive_group()
    margins.add_argument(
        '--margin',
        type=consistency_arguments.margin,
        default=5.0,
        metavar='POINTS',
        help='difference that matters (default: %(default)g)',
    )
    margins.add_argument(
        '--gate',
        type=consistency_arguments.gate,
        metavar='margin=POINTS',
        help='let the exit code say the verdict with this margin',
    )
    _add_json(compare)
    compare.set_defaults(run=_compare)
    for folder in folders:
        takes_files(folder)


def _add_data(kinds: Any) -> None:
    data = kinds.add_parser('data', help='make sets of questions')
    makers = data.add_subparsers(dest='maker', required=True, metavar='COMMAND')
    mini = makers.add_parser(
        'mini',
        help="this package's own small sets, from the simulator",
        description='Make one small set of each kind of question from the simulated table top, with true answers. '
        'They are no public benchmark: what a model scores on them cannot be compared with a published table.',
    )
    folder = mini.add_argument('folder', type=Path, metavar='DIR', help='where the sets go')
    mini.add_argument(
        '--scenes', type=positive(int), default=20, metavar='N', help='table tops; some 30 questions each '
        '(default: %(default)s)',
    )  # fmt: skip
    mini.add_argument('--seed', type=seed, default=0, metavar='S', help='which table tops (default: %(default)s)')
    mini.set_defaults(run=_mini)
    convert = makers.add_parser(
        'convert',
        help="a public set, as its project ships it, into FlagEvalMM's layout",
        description='Nothing is downloaded: SOURCE is where you put the original, with its Parquet or JSON files.',
    )
    convert.add_argument('set', metavar='SET', help='its name, such as erqa; a wrong one is answered with all names')
    source = convert.add_argument('source', type=Path, metavar='SOURCE', help='folder with the original')
    to = convert.add_argument('folder', type=Path, metavar='DIR', help='folder with the sets, where it goes')
    convert.set_defaults(run=_convert)
    for action in (folder, source, to):
        takes_files(action)


def _add_throughput(kinds: Any) -> None:
    throughput = kinds.add_parser(
        'throughput',
        help='tokens a second of two stacks, and whether the second has enough',
        epilog=THROUGHPUT_EXAMPLES,
        formatter_class=WITH_EXAMPLES,
    )
    throughput.add_argument('native', type=stack_spec.stack, metavar='NATIVE', help=stack_spec.HELP)
    throughput.add_argument('other', type=stack_spec.stack, metavar='OTHER', help='likewise')
    throughput.add_argument(
        '--at',
        type=consistency_arguments.counts,
        default=(1, 4, 16, 64),
        metavar='K,...',
        help='questions in flight (default: 1,4,16,64)',
    )
    throughput.add_argument(
        '--gate',
        type=positive(float),
        default=SHARE,
        metavar='PERCENT',
        help='of the native tokens a second that are enough (default: %(default)g)',
    )
    _add_json(throughput)
    throughput.set_defaults(run=_throughput)


def _add_sets(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument('--sets', type=consistency_arguments.names, default=(), metavar='NAME,...', help=default)


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--json', action='store_true', help='print the figures as JSON; the tables go to stderr')


def _run(parser: argparse.ArgumentParser, chosen: argparse.Namespace) -> int:
    if chosen.seed is not None and chosen.order != 'shuffled':
        parser.error('--seed is that of --order shuffled')
    from robobrain_ros.commands.consistency_runs import run

    return run(chosen)


def _compare(chosen: argparse.Namespace) -> int:
    def compare() -> int:
        from robobrain_ros.commands.consistency_runs import compare

        return compare(chosen)

    return _verdict('compare', compare)


def _mini(chosen: argparse.Namespace) -> int:
    from robobrain_ros.commands.consistency_runs import mini

    return mini(chosen)


def _convert(chosen: argparse.Namespace) -> int:
    from robobrain_ros.commands.consistency_runs import convert

    return convert(chosen)


def _throughput(chosen: argparse.Namespace) -> int:
    def throughput() -> int:
        from robobrain_ros.commands.consistency_runs import throughput

        return throughput(chosen)

    return _verdict('throughput', throughput)


def _verdict(name: str, judge: Callable[[], int]) -> int:
    """Run a command whose exit code 1 is a verdict: whatever keeps it from giving one ends with ``CANNOT``."""
    try:
        return judge()
    except Exception as error:
        if not isinstance(error, EXPECTED):
            traceback.print_exc()
        print(f'robobrain consistency {name}: {error}', file=sys.stderr)
        return CANNOT
