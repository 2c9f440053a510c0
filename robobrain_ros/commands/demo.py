# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``robobrain demo``: simulated camera and node talk over DDS, and answers are shown beside the truth.

There is one question for each task, and one about an object that is absent. With ``--episodes``, the loop is
closed: the simulated gripper does what was answered, and the simulator judges.
"""

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from rclpy.node import Node

from robobrain_ros.brain.image_files import write
from robobrain_ros.commands.annotated import Annotated
from robobrain_ros.commands.arena import Arena, play
from robobrain_ros.commands.contact_sheet import ContactSheet
from robobrain_ros.commands.demo_rows import COLUMNS, STAGES, Row
from robobrain_ros.commands.episodes import KINDS as EPISODES
from robobrain_ros.commands.local_stack import LocalStack, bring_up_visibly, isolate, ros
from robobrain_ros.commands.output import Rows, Tell, console, ignore
from robobrain_ros.commands.progress_bar import Progress
from robobrain_ros.evaluation.tabletop import FIRST_SEED
from robobrain_ros.msg import Answer
from robobrain_ros.ros import topics
from robobrain_ros.ros.client import Client
from robobrain_ros.sim.questions import Question, questions
from robobrain_ros.sim.scene import TableTop

KINDS = (
    ('pointing', 'named'),
    ('affordance', 'handle'),
    ('grounding', 'named'),
    ('trajectory', 'pick'),
    ('planning', 'put'),
    ('general', 'list'),
    ('pointing', 'absent'),
)
"""What the demo asks for, by task."""
FLOOR = 0.85
"""Least part of the episodes that is to succeed."""
BRAIN = f'/{topics.NODE}'


@contextmanager
def running(*camera_arguments: str) -> Iterator[Client]:
    """Start simulated camera and node as processes, and yield a client of the active node. Blocks until it is warm.

    :param camera_arguments: for the simulated camera, such as '-p', 'seed:=7'
    """
    arguments = ['--ros-args', *camera_arguments, '--log-level', 'simulated_camera:=warn']
    with running_beside('a simulated camera', {'sim.camera': arguments}) as client:
        yield client


@contextmanager
def running_beside(what: str, processes: Mapping[str, Sequence[str]]) -> Iterator[Client]:
    """Start the node with the tiny checkpoint, and what it is to work with, as processes. Blocks until it is warm.

    :param what: that is started beside the node, in words
    :param processes: modules as for ``LocalStack.start``, with their arguments
    :returns: a client of the active node
    """
    isolate()  # or another camera would be seen as well
    begin = time.monotonic()
    with LocalStack() as stack:
        print(f'Starting {what} and the node (about 30 s the first time) ...', flush=True)
        for module, arguments in processes.items():
            stack.start(module, arguments)
        # no warnings: that the absent object is not found is a row of the table
        stack.start('ros.node', ['--ros-args', '-p', 'model:=tiny', '--log-level', 'robobrain:=error'])
        with ros():
            client = Client(Node('robobrain_demo'), check=stack.check)
            bring_up_visibly(client)
            print(f'Ready after {time.monotonic() - begin:.0f} s.\n')
            yield client
            client.close()


def run(seed: int, output: Path, tell: Tell = ignore) -> int:
    """Ask, print the table and write the pictures. Blocks for about a minute.

    :param seed: which table top the simulated camera sees
    :param output: folder of the pictures
    :param tell: takes the answers, as ``Row.record`` returns them
    :returns: 0 if every answer is right by the rules in ``demo_help.DESCRIPTION``, else 1
    """
    output.mkdir(parents=True, exist_ok=True)
    scene = TableTop(seed)
    with running('-p', f'seed:={seed}') as client:
        annotated = Annotated(client)
        table = Rows(COLUMNS)
        rows = []
        for question in choose(seed):
            rows.append(Row(question, _ask(client, question, annotated, output), scene))
            table.add(*rows[-1].cells(), style='' if rows[-1].right else 'red')
    right = sum(row.right for row in rows)
    print(f'\n{right} of {len(rows)} answers are right.')
    print(f'Positions (x y z) are in the frame {rows[0].answer.header.frame_id}.')
    print('Of a trajectory, the last waypoint is shown.')
    medians = {name: statistics.median(getattr(row.answer.timings, f'{name}_ms') for row in rows) for name in STAGES}
    console().print('Median ms: ' + ', '.join(f'{name} {took:.0f}' for name, took in medians.items()))
    print(f'Pictures: {output.resolve()}')
    tell({'seed': seed, 'right': right, 'answers': [row.record() for row in rows]})
    return 0 if right == len(rows) else 1


def run_episodes(number: int, seed: int, output: Path, tell: Tell = ignore) -> int:
    """Play episodes, print a table with success rates, write a contact sheet. Blocks.

    :param seed: where to begin among the scenes that no training has seen
    :param output: folder of the contact sheet
    :param tell: takes how each episode ended, and the rates
    :returns: the exit code, 0 if at least ``FLOOR`` of them succeeded
    """
    output.mkdir(parents=True, exist_ok=True)
    sheet = ContactSheet()
    outcomes: list[dict[str, Any]] = []
    begin = 0.0
    with running('-p', f'follow:={BRAIN}') as client, Progress('demo', number, 'episodes') as progress:
        begin = time.monotonic()
        for outcome in play(Arena(client), number, FIRST_SEED + seed):
            sheet.add(outcome)
            outcomes.append(outcome.record())
            progress.advance()
    took = time.monotonic() - begin
    done = sum(outcome['success'] for outcome in outcomes)
    print(f'\n{done} of {number} episodes succeeded ({100 * done / number:.0f} %), {took / number:.1f} s each')
    for kind in EPISODES:
        found = [outcome['success'] for outcome in outcomes if outcome['kind'] == kind]
        print(f'  {kind:<6} {sum(found)}/{len(found)}')
    path = output / 'episodes.png'
    sheet.write(path)
    print(f'The best and the worst of each kind: {path.resolve()}')
    tell({'episodes': outcomes, 'succeeded': done, 'needed': FLOOR * number})
    return 0 if done >= FLOOR * number else 1


def choose(seed: int) -> list[Question]:
    """Choose a question of each of ``KINDS``; another one of its task, or none, where there is no such thing.

    :param seed: of the table top
    """
    every = questions(TableTop(seed), np.random.default_rng(seed))
    chosen = []
    for task, kind in KINDS:
        wanted = [question for question in every if (question.task, question.kind) == (task, kind)]
        others = [question for question in every if question.task == task and question.kind != 'absent']
        chosen += (wanted or others)[:1]
    return chosen


def _ask(client: Client, question: Question, annotated: Annotated, output: Path) -> Answer:
    answer = client.query(question.task, question.instruction, timeout_s=30)
    if (picture := annotated.of(answer)) is not None:
        name = question.kind if question.kind == 'absent' else question.task
        write(output / f'{name}.png', picture)
    return answer
