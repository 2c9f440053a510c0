# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The command ``robobrain``: what can be had without writing code.

Heavy imports wait until a command needs them, and the others until signals are heard: Ctrl-C ends imports in one line.
"""

import argparse
import os
import platform
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from robobrain_ros import __version__
from robobrain_ros.commands.arguments import WITH_EXAMPLES, Parser, add_model, positive, seed
from robobrain_ros.engines import ending
from robobrain_ros.errors import BadRequest, BrainError

EXAMPLES = """\
examples:
  robobrain doctor                                 what is missing on this host
  robobrain ask --image photo.jpg "the red mug"    without ROS
  robobrain up --sim                               node and simulated camera
  robobrain query "the red bowl"                   then, in another terminal

robobrain COMMAND --help describes a command."""


def make_parser() -> Parser:
    """Make the parser of the whole command line."""
    from robobrain_ros.bags import commands as bags
    from robobrain_ros.bench import commands as bench
    from robobrain_ros.commands import (
        ask,
        completion,
        consistency,
        console,
        demo_help,
        download,
        mcp,
        model,
        monitor,
        progress,
        query,
        serve,
        track,
    )
    from robobrain_ros.tasks import TASKS, task_name

    parser = Parser(
        prog='robobrain', description='RoboBrain 2.5 as a ROS 2 node', epilog=EXAMPLES, formatter_class=WITH_EXAMPLES
    )
    parser.add_argument('--version', action='version', version=_version())
    commands = parser.add_subparsers(dest='command', required=True, metavar='COMMAND')

    demo_help.add(commands)
    ask.add(commands)
    query.add(commands)
    console.add(commands)
    monitor.add(commands)
    track.add(commands)
    progress.add(commands)
    mcp.add(commands)

    up = commands.add_parser(
        'up',
        help='start the node and drive it to active, as the launch file does',
        description='Everything after -- goes to the node, such as --ros-args -p device:=cuda',
    )
    up.add_argument('--sim', action='store_true', help='with the simulated camera')
    up.add_argument('--seed', type=seed, metavar='N', help='which simulated table top, with --sim (default: 1)')
    up.add_argument('node_arguments', nargs='*', metavar='-- NODE_ARGUMENTS', help='of the node')
    up.set_defaults(run=_up)

    doctor = commands.add_parser('doctor', help='what this host has, what is missing, and how to get it')
    add_model(doctor)
    doctor.set_defaults(run=_doctor)

    download.add(commands)
    serve.add(commands)
    model.add(commands)

    evaluate = commands.add_parser('evaluate', help='how well the model sees the simulated table top')
    evaluate.add_argument(
        '--scenes', type=positive(int), default=50, help='seeded scenes, or runs (default: %(default)s)'
    )
    add_model(evaluate)
    part = evaluate.add_mutually_exclusive_group()
    part.add_argument('--card', type=Path, help='README.md whose evaluation table to replace')
    part.add_argument(
        '--task', type=task_name, choices=TASKS, help='ask the questions of this task alone (default: of all)'
    )
    part.add_argument(
        '--calibrate', action='store_true', help="measure what the model's confidence is worth: MODEL/calibration.json"
    )
    part.add_argument(
        '--progress',
        action='store_true',
        help='judge how well it tells the progress of tasks, on as many simulated runs',
    )
    evaluate.add_argument(
        '--bench', type=Path, metavar='DIR', help='with --progress: on the runs of this copy of Robo-Dopamine-Bench'
    )
    evaluate.add_argument(
        '--to', type=Path, metavar='DIR', help='with --bench: where its result files go (default: DIR/results/MODEL)'
    )
    evaluate.add_argument('--plot', type=Path, metavar='FILE', help='draw a reliability plot, such as reliability.png')
    evaluate.add_argument('--json', action='store_true', help='print the figures as JSON; the table goes to stderr')
    evaluate.set_defaults(run=_evaluate)

    consistency.add(commands)
    bench.add(commands)
    bags.add(commands)

    completion.add(commands, make_parser)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code; 1, and a line on stderr, where it fails as expected.

    :param arguments: what follows ``robobrain``; None: this process's own, which signals end then
    """
    if arguments is not None:
        return _main(arguments)
    _open_missing_streams()
    return ending.run('robobrain', _main)


def _main(arguments: list[str] | None = None) -> int:
    name = 'robobrain'
    try:
        from robobrain_ros.commands.output import allow_any_letter

        allow_any_letter()
        chosen = make_parser().parse_args(arguments)
        name = _name(chosen)
        code = int(chosen.run(chosen))
        sys.stdout.flush()  # here, where it may fail
        return code
    except (BrainError, RuntimeError, ValueError) as error:
        words = str(error)
    except BrokenPipeError:  # whoever read the output, such as head, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python complains when it flushes at the end
        return 1
    except OSError as error:
        words = f"cannot use '{error.filename}': {error.strerror}" if error.filename else str(error)
    except ImportError as error:
        words = (
            f'{error}: source a ROS 2 and the workspace of this package, or use ./run exec robobrain, which installs '
            'what is needed; robobrain doctor says what is missing'
        )
    print(f'{name}: {words}', file=sys.stderr)
    return 1


def _open_missing_streams() -> None:
    """Open standard streams that the caller has closed (``<&-``) on /dev/null, else other files get their numbers."""
    for name, mode in (('stdin', 'r'), ('stdout', 'w'), ('stderr', 'w')):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))


def _version() -> str:
    """Return the versions of this package and of what it runs on."""
    ros = os.environ.get('ROS_DISTRO') or ('from wheels' if find_spec('rclpy') else 'not found')
    return f'robobrain {__version__} (Python {platform.python_version()}, ROS 2 {ros})'


def _name(chosen: argparse.Namespace) -> str:
    """Return the command in full, such as ``robobrain bag replay``."""
    return ' '.join(['robobrain', chosen.command, *([chosen.kind] if 'kind' in chosen else [])])


def _evaluate(chosen: argparse.Namespace) -> int:
    from robobrain_ros.commands.output import results
    from robobrain_ros.evaluation.tabletop import calibrate, run

    if chosen.calibrate and chosen.plot:
        raise BadRequest('--plot draws what --calibrate prepares: run evaluate once more, without --calibrate')
    if chosen.progress and chosen.plot:
        raise BadRequest('--plot draws the confidence of places, and --progress asks for none: leave one of them')
    if (chosen.bench and not chosen.progress) or (chosen.to and not chosen.bench):
        raise BadRequest('--bench goes with --progress, and --to with --bench')
    with results(chosen.json) as tell:
        if chosen.progress:
            return _evaluate_progress(chosen, tell)
        if chosen.calibrate:
            return calibrate(chosen.scenes, chosen.model, tell)
        return run(chosen.scenes, chosen.model, chosen.card, chosen.task, tell, chosen.plot)


def _evaluate_progress(chosen: argparse.Namespace, tell: Callable[[Any], None]) -> int:
    from robobrain_ros.evaluation import progress, progress_bench

    if chosen.bench:
        to = chosen.to or chosen.bench / 'results' / chosen.model.name
        return progress_bench.run(chosen.bench, chosen.model, to, tell)
    return progress.run(chosen.scenes, chosen.model, tell)


def _doctor(chosen: argparse.Namespace) -> int:
    from robobrain_ros.commands.doctor import run

    return run(chosen.model)


def _up(chosen: argparse.Namespace) -> int:
    from robobrain_ros.commands.local_stack import up

    if chosen.seed is not None and not chosen.sim:
        raise BadRequest('--seed chooses a simulated table top, so it needs --sim')
    return up(chosen.node_arguments, chosen.sim, 1 if chosen.seed is None else chosen.seed)


if __name__ == '__main__':
    sys.exit(main())
