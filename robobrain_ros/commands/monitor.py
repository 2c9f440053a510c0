# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The commands ``robobrain monitor`` and ``robobrain remember``: their options. Imports of ROS wait until they run."""

import argparse
from pathlib import Path
from typing import Any

from robobrain_ros.commands.arguments import WITH_EXAMPLES, positive, takes_files
from robobrain_ros.tasks.progress import Mode

MONITOR = """\
Let the running node watch a task through its action ~/monitor, show the progress
on standard error, and print how it ended."""
MONITOR_EXAMPLES = """\
examples:
  robobrain remember put_cube                            the task is done: its goal image
  robobrain monitor "put the red cube on the plate" --goal put_cube
  robobrain monitor "put the red cube on the plate" --goal done.png --period 0.5 --json
  robobrain monitor --camera front --left wrist_left --right wrist_right "fold the towel"

Ctrl-C ends the watch in the node. The robot moves by itself, or by your planner:
the node only watches.

exit codes:
  0    the task has succeeded
  1    it failed, stalled or was not done in time, or could not be watched
  2    the command line is wrong
  130  interrupted by Ctrl-C"""
REMEMBER = """\
Let the running node keep an image by name, through its service ~/remember: of the
task done (goal image), or not yet begun (start image). robobrain monitor uses it."""


def add(commands: Any) -> None:
    """Add the commands ``monitor`` and ``remember`` to ``commands``, argparse's subparsers."""
    _add_monitor(commands)
    _add_remember(commands)


def _add_monitor(commands: Any) -> None:
    monitor = commands.add_parser(
        'monitor',
        help='let the running node watch how far a task is',
        description=MONITOR,
        epilog=MONITOR_EXAMPLES,
        formatter_class=WITH_EXAMPLES,
    )
    monitor.add_argument('task', metavar='TASK', help='what the robot is doing, such as "put the cube on the plate"')
    takes_files(
        monitor.add_argument(
            '--goal', default='', metavar='NAME|FILE', help='the task done: a picture file here, or what remember kept'
        )
    )
    monitor.add_argument(
        '--start',
        default='',
        metavar='NAME',
        help='the task not begun, as remember kept it (default: what comes first)',
    )
    _add_node(monitor)
    for side in ('left', 'right'):
        monitor.add_argument(
            f'--{side}', default='', metavar='CAMERA', help=f'camera at the {side} wrist (default: none)'
        )
    monitor.add_argument(
        '--mode',
        action='append',
        default=[],
        choices=[mode.value for mode in Mode],
        help='what images are compared with; may be given several times (default: all that can be used)',
    )
    monitor.add_argument(
        '--period', type=positive(float), metavar='SECONDS', help="between two samples (default: the node's parameter)"
    )
    monitor.add_argument(
        '--timeout',
        type=positive(float),
        default=600.0,
        metavar='SECONDS',
        help='the watch ends after this (default: %(default)g)',
    )
    for name, kind, what in (
        ('success-at', float, 'progress at which the task is done, 0 .. 1'),
        ('hold', int, 'samples in a row that must agree'),
        ('drop', float, 'loss of progress that is a failure, 0 .. 1'),
        ('stall', float, 'seconds without progress after which it has stalled'),
    ):
        monitor.add_argument(
            f'--{name}', type=positive(kind), metavar='N', help=f"{what} (default: the node's parameter)"
        )
    monitor.add_argument('--json', action='store_true', help='print every sample, then the result, as lines of JSON')
    monitor.set_defaults(run=_monitor)


def _add_remember(commands: Any) -> None:
    remember = commands.add_parser(
        'remember', help='let the running node keep a goal or start image', description=REMEMBER
    )
    remember.add_argument('name', metavar='NAME', help='letters, digits, and . _ - inside')
    remember.add_argument('--start', action='store_true', help='it shows the start of the task (default: the goal)')
    takes_files(
        remember.add_argument(
            '--image', type=Path, metavar='FILE', help="a picture file here (default: the camera's newest image)"
        )
    )
    _add_node(remember)
    remember.set_defaults(run=_remember)


def _add_node(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--node', default='/robobrain', help='full name of the node (default: %(default)s)')
    parser.add_argument('--camera', default='', help="one of the node's cameras (default: its first)")


def _monitor(chosen: argparse.Namespace) -> int:
    from robobrain_ros.commands.monitoring import MonitorOptions, monitor

    return monitor(
        MonitorOptions(
            task=chosen.task,
            goal=chosen.goal,
            start=chosen.start,
            node=chosen.node,
            cameras=(chosen.camera, chosen.left, chosen.right),
            modes=chosen.mode,
            period_s=chosen.period or 0.0,
            timeout_s=chosen.timeout,
            success_at=chosen.success_at or 0.0,
            hold=chosen.hold or 0,
            drop=chosen.drop or 0.0,
            stall_s=chosen.stall or 0.0,
            json=chosen.json,
        )
    )


def _remember(chosen: argparse.Namespace) -> int:
    from robobrain_ros.commands.monitoring import remember

    return remember(chosen.name, chosen.start, chosen.image, chosen.node, chosen.camera)
