# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The command ``robobrain track``: its options. Imports of ROS wait until it runs."""

import argparse
from typing import Any

from robobrain_ros.commands.arguments import WITH_EXAMPLES, positive

TRACK = """\
Let the running node follow a thing through its action ~/track, and print where
it is as it moves."""
EXAMPLES = """\
examples:
  robobrain track "the red mug"
  robobrain track "the red mug" --frame base_link --rate 10
  robobrain track "the mug's handle" --task affordance --json > handle.jsonl

Ctrl-C ends the track in the node. Whatever has to follow the thing listens to
~/tracked_pose, which has every image's.

exit codes:
  0    the time of --timeout was up
  1    it was lost, or could not be tracked
  2    the command line is wrong
  130  interrupted by Ctrl-C"""


def add(commands: Any) -> None:
    """Add the command ``track`` to ``commands``, argparse's subparsers."""
    track = commands.add_parser(
        'track',
        help='let the running node follow a thing',
        description=TRACK,
        epilog=EXAMPLES,
        formatter_class=WITH_EXAMPLES,
    )
    track.add_argument('thing', metavar='THING', help='what to follow, such as "the red mug"')
    track.add_argument('--node', default='/robobrain', help='full name of the node (default: %(default)s)')
    track.add_argument(
        '--task', default='', choices=['pointing', 'affordance', 'grounding'], help='what finds it (default: pointing)'
    )
    track.add_argument('--camera', default='', help="one of the node's cameras (default: its first)")
    track.add_argument(
        '--frame', default='', help="frame of the positions (default: the node's target_frame, or the camera's)"
    )
    for name, what in (
        ('period', 'from one look of the model to the next'),
        ('lost', 'it ends when the thing was not seen for so long'),
    ):
        track.add_argument(
            f'--{name}', type=positive(float), metavar='SECONDS', help=f"{what} (default: the node's parameter)"
        )
    track.add_argument(
        '--timeout', type=positive(float), default=600.0, metavar='SECONDS', help='it ends then (default: %(default)g)'
    )
    track.add_argument(
        '--rate',
        type=positive(float),
        default=2.0,
        metavar='HZ',
        help='lines a second, at most; changes are told at once (default: %(default)g)',
    )
    track.add_argument('--json', action='store_true', help="print every image's, then the result, as lines of JSON")
    track.set_defaults(run=_track)


def _track(chosen: argparse.Namespace) -> int:
    from robobrain_ros.commands.tracking import TrackOptions, track

    return track(
        TrackOptions(
            thing=chosen.thing,
            node=chosen.node,
            task=chosen.task,
            camera=chosen.camera,
            frame=chosen.frame,
            period_s=chosen.period or 0.0,
            lost_s=chosen.lost or 0.0,
            timeout_s=chosen.timeout,
            rate_hz=chosen.rate,
            json=chosen.json,
        )
    )
