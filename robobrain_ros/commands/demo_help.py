# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The command ``robobrain demo``: its options, and what its help says about right answers. ROS waits until it runs."""

import argparse
from pathlib import Path
from typing import Any

from robobrain_ros.commands.arguments import WITH_EXAMPLES, positive, seed, share
from robobrain_ros.errors import BadRequest

DESCRIPTION = """\
Start a simulated camera and the node, ask one question per task and one about
an object that is absent, compare the answers with the simulator's truth, and
save the pictures. Or, with --episodes, let the simulated gripper do what the
model answered.

An answer is right if
  pointing, affordance  the pixel shows the object, or the handle
  grounding             intersection over union with the true box above 0.5
  trajectory            it ends within 3 cm of the place, by the depth camera
  planning              every step is the expected one, word by word
  general (a list)      it names at least 80 % of the objects, no absent one
  an absent object      the answer is NOT_FOUND

An episode succeeds if the objects end up in the right place in the simulator.

With --faults, all episodes are missions, and in a share of them something goes
wrong once: the gripper slips, drops the thing on the way, pushes it away, or
takes another one. A monitor (action ~/monitor) watches each attempt, and the
mission is asked again when it says that the task has failed or stalled, twice
at the most. The table at the end says what that is worth.

With --arm, all episodes are missions too, and a simulated UR5e with a hand
carries them out by contact and friction: the node robobrain_arm plans its
motions by the depth image. A monitor watches here as well. A video and a GIF
show what happened.

The exit code is 1 if an answer is wrong or missing, or if fewer than 85 % of
the episodes succeed; 80 % with --arm."""


def add(commands: Any) -> None:
    """Add the command ``demo`` to ``commands``, argparse's subparsers."""
    demo = commands.add_parser(
        'demo',
        help='simulated camera and node as separate processes, one question per task',
        description=DESCRIPTION,
        formatter_class=WITH_EXAMPLES,
    )
    demo.add_argument(
        '--seed', type=seed, metavar='N', default=1, help='which simulated table top (default: %(default)s)'
    )
    demo.add_argument(
        '--output', type=Path, default=Path('demo_output'), help='folder for pictures (default: %(default)s)'
    )
    demo.add_argument(
        '--episodes',
        type=positive(int),
        metavar='N',
        help='let the gripper do what was answered, N times; exit code 1: too seldom',
    )
    demo.add_argument(
        '--faults', type=share, metavar='P', help='with --episodes: something goes wrong in this share of them, 0 .. 1'
    )
    demo.add_argument(
        '--arm', action='store_true', help='with --episodes: a simulated UR5e with a hand does what was answered'
    )
    demo.add_argument(
        '--monitor',
        action=argparse.BooleanOptionalAction,
        default=True,
        help='with --faults or --arm: watch each attempt, and try again when it failed (default)',
    )
    demo.add_argument('--json', action='store_true', help='print the answers as JSON; the table goes to stderr')
    demo.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    from robobrain_ros.commands.demo import run, run_episodes
    from robobrain_ros.commands.demo_arm import run_arm
    from robobrain_ros.commands.demo_faults import run_faulty
    from robobrain_ros.commands.output import results

    if chosen.faults is not None and chosen.episodes is None:
        raise BadRequest('--faults spoils episodes: say how many, such as --episodes 10')
    if chosen.arm and chosen.episodes is None:
        raise BadRequest('--arm carries out episodes: say how many, such as --episodes 10')
    if chosen.arm and chosen.faults is not None:
        raise BadRequest('--arm has no faults on purpose: leave out --faults')
    if not chosen.monitor and chosen.faults is None and not chosen.arm:
        raise BadRequest('--no-monitor leaves out what --faults and --arm add: give one of them, such as --faults 0.3')
    with results(chosen.json) as tell:
        if chosen.episodes is None:
            return run(chosen.seed, chosen.output, tell)
        if chosen.arm:
            return run_arm(chosen.episodes, chosen.monitor, chosen.seed, chosen.output, tell)
        if chosen.faults is None:
            return run_episodes(chosen.episodes, chosen.seed, chosen.output, tell)
        return run_faulty(chosen.episodes, chosen.faults, chosen.monitor, chosen.seed, chosen.output, tell)
