# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What the demo calls right, and how it marks what is wrong."""

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from std_msgs.msg import Header

from robobrain_ros.answer import Answer, Target
from robobrain_ros.commands.demo import choose
from robobrain_ros.commands.demo_help import DESCRIPTION
from robobrain_ros.commands.demo_rows import COLUMNS, LEAST_NAMED, Row
from robobrain_ros.errors import ErrorCode
from robobrain_ros.evaluation.scoring import LEAST_OVERLAP, NEAR_M
from robobrain_ros.ros import messages
from robobrain_ros.sim.questions import questions
from robobrain_ros.sim.scene import TableTop
from robobrain_ros.tasks.values import Step

SEED = 3


@pytest.fixture(scope='module')
def scene():
    return TableTop(SEED)


def ask(task, kind):
    return next(one for one in choose(SEED) if (one.task, one.kind) == (task, kind))


def row(scene, question, **said) -> Row:
    """The answer's message, as the node publishes it."""
    answer = Answer(question.task, question.instruction, image_size=(640, 480), **said)
    return Row(question, messages.answer(answer, Header(stamp=Time(sec=1), frame_id='camera'), '', 'camera'), scene)


def test_the_truth_is_right_for_every_task(scene):
    for question in choose(SEED):
        said = {
            'code': ErrorCode.NOT_FOUND if question.kind == 'absent' else ErrorCode.OK,
            'targets': (Target(question.pixel or (0, 0), question.box),) if question.pixel or question.box else (),
            'waypoints': tuple(Target((u, v), model_depth=depth) for u, v, depth in question.waypoints),
            'steps': tuple(map(Step, question.steps)),
            'reply': ', '.join(f'{name} (1, 2)' for name in question.reply),
        }
        made = row(scene, question, **said)
        assert made.right, question
        assert made.cells()[3].startswith('ok: ')
        assert len(made.cells()) == len(COLUMNS)


def test_a_trajectory_that_ends_elsewhere_is_marked(scene):
    question = ask('trajectory', 'pick')
    u, v, depth = question.waypoints[-1]
    made = row(scene, question, waypoints=(Target((u - 166, v), model_depth=depth),))
    assert not made.right
    assert made.cells()[3] == 'WRONG: off by 166 px'
    assert made.record()['right'] is False
    assert made.record()['truth'] == 'off by 166 px'


def test_an_absent_object_must_not_be_found(scene):
    question = ask('pointing', 'absent')
    assert row(scene, question, targets=(Target((1, 1)),)).cells()[3] == 'WRONG: it is not there'


@pytest.mark.parametrize(
    ('missing', 'more', 'right', 'says'),
    [
        (0, [], True, 'ok: 5 of 5 named'),
        (1, [], True, 'ok: 4 of 5 named'),
        (2, [], False, 'WRONG: 3 of 5 named'),
        (0, ['pink mug'], False, 'WRONG: 5 of 5 named, and pink mug'),
    ],
)
def test_lists_may_leave_one_of_five_out_but_invent_none(scene, missing, more, right, says):
    every = questions(scene, np.random.default_rng(0))
    question = next(one for one in every if one.kind == 'list' and len(one.reply) == 5)
    reply = ', '.join(f'{name} (1, 2)' for name in [*question.reply[missing:], *more])
    made = row(scene, question, reply=reply)
    assert (made.right, made.cells()[3]) == (right, says)


def test_a_failed_request_is_wrong(scene):
    made = row(scene, ask('grounding', 'named'), code=ErrorCode.TIMEOUT, message='too late')
    assert made.cells()[3] == 'WRONG: TIMEOUT'
    assert 'too late' in made.cells()[1]


def test_the_help_says_the_rules_with_their_numbers():
    assert f'above {LEAST_OVERLAP:g} ' in ' '.join(DESCRIPTION.split())
    assert f'within {100 * NEAR_M:g} cm' in ' '.join(DESCRIPTION.split())
    assert f'at least {100 * LEAST_NAMED:g} %' in ' '.join(DESCRIPTION.split())
