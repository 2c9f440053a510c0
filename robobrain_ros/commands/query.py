# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The command ``robobrain query``: its options. Imports of ROS wait until it runs."""

import argparse
from typing import Any

from robobrain_ros.commands.arguments import EXIT_CODES, WITH_EXAMPLES, add_min_confidence, positive
from robobrain_ros.commands.ask import add_output, add_questions, require_question

DESCRIPTION = """\
Ask the running node through its action ~/query, show the progress on standard
error, and print the answer."""
EXAMPLES = f"""\
examples:
  robobrain query "the red bowl"
  robobrain query --target-frame base_link --json "grounding: the red bowl"
  robobrain query --task mission --timeout 120 "put the white mug on the yellow plate"
  robobrain query --camera wrist --option temperature=0.5 --option max_depth_m=3 "the handle"
  robobrain query --node /arm/robobrain --interactive --output answers/

Ctrl-C cancels the request in the node. The node must run (robobrain up, or
ros2 launch), with the same ROS_DOMAIN_ID.

{EXIT_CODES}"""


def add(commands: Any) -> None:
    """Add the command ``query`` to ``commands``, argparse's subparsers."""
    query = commands.add_parser(
        'query',
        help='ask the running node about what its camera sees',
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=WITH_EXAMPLES,
    )
    add_questions(query, "the node's parameter default_task")
    query.add_argument('--node', default='/robobrain', help='full name of the node (default: %(default)s)')
    query.add_argument('--camera', default='', help="one of the node's cameras (default: its first)")
    query.add_argument(
        '--target-frame', default='', metavar='FRAME', help="frame of positions (default: the node's target_frame)"
    )
    query.add_argument(
        '--timeout',
        type=positive(float),
        default=60.0,
        metavar='SECONDS',
        help='the request ends with TIMEOUT after this (default: %(default)s)',
    )
    add_min_confidence(query, "the node's parameter min_confidence")
    query.add_argument(
        '--option',
        action='append',
        default=[],
        metavar='NAME=VALUE',
        help='a parameter of the node for this request only, such as temperature=0.5; may be given several times',
    )
    query.add_argument(
        '--request-id', default='', metavar='ID', help='comes back in the answer (default: a unique one)'
    )
    add_output(query, 'no picture is saved')
    query.set_defaults(run=lambda chosen: _run(query, chosen))


def _run(parser: argparse.ArgumentParser, chosen: argparse.Namespace) -> int:
    require_question(parser, chosen)
    sure = [] if chosen.min_confidence is None else [f'min_confidence={chosen.min_confidence}']
    from robobrain_ros.commands.querying import QueryOptions, run

    return run(
        QueryOptions(
            instructions=chosen.instruction,
            task=chosen.task,
            node=chosen.node,
            camera=chosen.camera,
            target_frame=chosen.target_frame,
            timeout_s=chosen.timeout,
            options=[*chosen.option, *sure],
            request_id=chosen.request_id,
            interactive=chosen.interactive,
            json=chosen.json,
            output=chosen.output,
        )
    )
