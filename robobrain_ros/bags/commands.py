# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The command ``robobrain bag``: its options. Imports of ROS wait until one of its kinds runs."""

import argparse
from pathlib import Path
from typing import Any

from robobrain_ros.commands.arguments import positive, seed


def add(commands: Any) -> None:
    """Add the command ``bag`` to ``commands``, argparse's subparsers."""
    bag = commands.add_parser(
        'bag', help='recordings (rosbag2): make one of the simulated camera, replay any of a camera'
    )
    kinds = bag.add_subparsers(dest='kind', required=True, metavar='KIND')

    record = kinds.add_parser('record', help='record the simulated camera, and the questions of the demo')
    record.add_argument('--seconds', type=positive(float), default=10, help='(default: %(default)s)')
    record.add_argument(
        '--seed', type=seed, metavar='N', default=1, help='which simulated table top (default: %(default)s)'
    )
    record.add_argument('--output', type=Path, default=Path('tabletop_bag'), help='new folder (default: %(default)s)')
    record.set_defaults(run=_record)

    replay = kinds.add_parser(
        'replay',
        help='play a recording to the node and write its answers; exit code 1: not those of --expect',
    )
    replay.add_argument('bag', type=Path, help='rosbag2 folder, or one of its files (.mcap, .db3)')
    replay.add_argument(
        '--image', default='', help='its topic of colour images (default: the only one; raw before compressed)'
    )
    replay.add_argument('--depth-image', default='', help='its topic of depth images (default: the only one, or none)')
    replay.add_argument(
        '--camera-info', default='', help='its topic of intrinsics (default: the one beside the images)'
    )
    replay.add_argument(
        '--ask', action='append', default=[], metavar='TEXT', help='"TASK: INSTRUCTION", instead of the recorded ones'
    )
    replay.add_argument('--output', type=Path, default=Path('answers.jsonl'), help='(default: %(default)s)')
    replay.add_argument('--expect', type=Path, metavar='JSONL', help='answers of an earlier replay to compare with')
    replay.add_argument('--pixels', type=float, default=2, help='tolerance of --expect (default: %(default)s)')
    replay.add_argument('--metres', type=float, default=0.01, help='tolerance of --expect (default: %(default)s)')
    replay.add_argument('--params-file', type=Path, help='parameters of the node, as for ros2 run (default: its own)')
    replay.add_argument('--json', action='store_true', help='print each answer as JSON; all else goes to stderr')
    replay.set_defaults(run=_replay)


def _record(chosen: argparse.Namespace) -> int:
    from robobrain_ros.bags.record import run

    return run(chosen.seconds, chosen.seed, chosen.output)


def _replay(chosen: argparse.Namespace) -> int:
    from robobrain_ros.bags.answers import Tolerance
    from robobrain_ros.bags.camera_topics import CameraTopics
    from robobrain_ros.bags.replay import run
    from robobrain_ros.commands.output import results

    camera = CameraTopics(chosen.image, chosen.depth_image, chosen.camera_info)
    tolerance = Tolerance(chosen.pixels, chosen.metres)
    with results(chosen.json) as tell:
        return run(chosen.bag, camera, chosen.ask, chosen.output, chosen.expect, tolerance, chosen.params_file, tell)
