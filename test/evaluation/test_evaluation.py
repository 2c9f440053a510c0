# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Scores of answers about a scene: what counts as right, and the table of the model card."""

import math
from dataclasses import replace

import numpy as np
import pytest

from robobrain_ros.answer import Answer, Target
from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.commands.output import console
from robobrain_ros.errors import ErrorCode
from robobrain_ros.evaluation.overlap import iou
from robobrain_ros.evaluation.report import BEGIN, END, for_programs, markdown, table
from robobrain_ros.evaluation.scoring import score
from robobrain_ros.evaluation.tabletop import CHINESE, _ask, run
from robobrain_ros.sim.phrases import HELD_OUT, TAUGHT
from robobrain_ros.sim.questions import questions
from robobrain_ros.sim.scene import TableTop
from robobrain_ros.tasks.values import Step


@pytest.fixture(scope='module')
def scenes():
    return [TableTop(seed) for seed in range(1_000_000, 1_000_006)]


def asked(scenes, task, kind):
    found = [(scene, q) for scene in scenes for q in questions(scene, np.random.default_rng(0)) if q.task == task]
    found = [(scene, q) for scene, q in found if q.kind == kind]
    assert found
    return found


def right_answer(scene, question):
    """What a perfect model would have answered."""
    size = (scene.view.width, scene.view.height)
    answer = Answer(question.task, question.instruction, image_size=size)
    if question.kind == 'absent':
        return replace(answer, code=ErrorCode.NOT_FOUND)
    if question.pixel:
        return replace(answer, targets=(Target(question.pixel),))
    if question.box:
        return replace(answer, targets=(Target((0, 0), box=question.box),))
    if question.waypoints:
        ways = tuple(Target((u, v), model_depth=depth) for u, v, depth in question.waypoints)
        return replace(answer, waypoints=ways)
    if question.steps:
        return replace(answer, steps=tuple(Step(step) for step in question.steps))
    if question.kind == 'list':
        return replace(answer, reply=', '.join(f'{name} (1, 2)' for name in question.reply))
    return replace(answer, reply=question.reply[0])


def test_perfect_answers_are_right(scenes):
    for scene in scenes:
        for phrases in (TAUGHT, HELD_OUT):
            for question in questions(scene, np.random.default_rng(1), phrases):
                if question.kind != 'vacant':  # it may lie half a pixel beside what is free
                    assert score(question, right_answer(scene, question), scene)['right'] == 1, question


def test_a_point_on_something_else_is_wrong(scenes):
    for scene, question in asked(scenes, 'pointing', 'named'):
        other = next(t for i, t in enumerate(scene.truth().objects) if i != question.label and t.region)
        answer = replace(right_answer(scene, question), targets=(Target(other.region.pixel),))
        assert score(question, answer, scene)['right'] == 0


def test_the_gripper_is_where_its_tip_is_though_no_pixel_shows_it(scenes):
    scene, question = asked(scenes, 'pointing', 'gripper')[0]
    for away, right in ((0.019, 1), (0.021, 0)):
        target = Target((question.pixel[0] + away * scene.view.width, question.pixel[1]))
        answer = replace(right_answer(scene, question), targets=(target,))
        assert score(question, answer, scene)['right'] == right


def test_a_mug_s_body_is_no_handle():
    for seed in range(1_000_000, 1_000_030):
        scene = TableTop(seed)
        every = [q for q in questions(scene, np.random.default_rng(0)) if q.kind == 'handle' and q.task == 'affordance']
        if every:
            break
    handle = scene.truth().handles
    body = np.argwhere((scene.truth().labels == every[0].label) & ~handle)[0]
    answer = replace(right_answer(scene, every[0]), targets=(Target((float(body[1]), float(body[0]))),))
    assert score(every[0], answer, scene)['right'] == 0


def test_saying_it_is_not_there_is_right_only_when_it_is_not(scenes):
    scene, there = asked(scenes, 'pointing', 'named')[0]
    lost = replace(right_answer(scene, there), code=ErrorCode.NOT_FOUND, targets=())
    assert score(there, lost, scene)['falsely not found'] == 1
    assert score(there, lost, scene)['right'] == 0
    scene, absent = asked(scenes, 'pointing', 'absent')[0]
    found = Answer('pointing', '', image_size=(640, 480), targets=(Target((1, 1)),))
    assert score(absent, found, scene) == {'valid': 1.0, 'ms': 0.0, 'right': 0.0}


def test_absent_things_are_absent_and_novelties_are_marked(scenes):
    for scene in scenes:
        names = {thing.name for thing in scene.truth().objects}
        for question in questions(scene, np.random.default_rng(2)):
            if question.kind == 'absent' and question.task in ('grounding', 'pointing'):
                assert not any(question.instruction.rstrip('.').endswith(name) for name in names)
            assert question.novel in ('', 'pair')
        assert {q.novel for q in questions(scene, np.random.default_rng(2), HELD_OUT)} <= {'phrasing', 'pair'}


def test_trajectories_end_in_space_not_in_the_image(scenes):
    scene, question = asked(scenes, 'trajectory', 'pick')[0]
    u, v, depth = question.waypoints[-1]
    beside = right_answer(scene, question).waypoints[:-1] + (Target((u + 80, v), model_depth=depth + 0.02),)
    scores = score(question, replace(right_answer(scene, question), waypoints=beside), scene)
    assert scores['right'] == 0
    assert scores['end depth error cm'] == pytest.approx(2.0)
    assert score(question, Answer('trajectory', '', image_size=(640, 480)), scene)['right'] == 0


ONE = {'valid': 1.0, 'ms': 80.0, 'right': 1.0, 'falsely not found': 0.0, 'within 2 %': 0.0}
WAY = {'valid': 1.0, 'ms': 90.0, 'right': 0.0, 'falsely not found': 1.0, 'end depth error cm': math.nan}
FOUND = {('', 'pointing', 'named'): [ONE, ONE], ('pair', 'trajectory', 'put'): [WAY]}


def test_the_table_has_a_row_for_each_kind_and_novelty():
    text = markdown(FOUND)
    assert '| pointing | named | 2 | 100.0 % | within 2 % 0.0 % | 80.0 |' in text
    assert '| trajectory | put (new pair) | 1 | 0.0 % |  | 90.0 |' in text
    assert 'Falsely "not visible": 33.3 % of 3.' in text


def test_chinese_has_rows_of_its_own_and_counts_in_no_sum():
    chinese = {('Chinese', 'pointing', 'named'): [WAY], ('Chinese phrasing', 'pointing', 'named'): [WAY, ONE]}
    text = markdown(FOUND | chinese)
    assert '| pointing | named (Chinese) | 1 | 0.0 % |' in text
    assert '| pointing | named (new Chinese phrasing) | 2 | 50.0 % |' in text
    assert text.splitlines()[-1] == markdown(FOUND).splitlines()[-1]
    told = for_programs(FOUND | chinese)
    assert len(told['rows']) == 4
    assert (told['questions'], told['right']) == (3, pytest.approx(2 / 3))


def test_the_terminal_s_table_fits_80_columns(capsys):
    kinds = ('', 'affordance', 'handle'), ('phrasing', 'pointing', 'relational'), ('pair', 'trajectory', 'pick')
    scores = [ONE] * 100, [ONE] * 100, [WAY | {'end depth error cm': 12.3}] * 100
    console().print(table(dict(zip(kinds, scores, strict=True))))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) == 1 + len(kinds) + 1, 'no row needs a second line'


def test_programs_get_shares_and_nulls():
    told = for_programs(FOUND)
    assert [row['right'] for row in told['rows']] == [1.0, 0.0]
    assert [row['end_depth_error_cm'] for row in told['rows']] == [None, None]
    assert (told['questions'], told['right']) == (3, pytest.approx(2 / 3))


def test_the_model_card_has_room_for_the_table_and_others_are_refused(tmp_path):
    lines = (TINY_MODEL / 'README.md').read_text().splitlines()
    assert lines.index(BEGIN) < lines.index(END)
    (tmp_path / 'README.md').write_text('# nothing\n')
    with pytest.raises(ValueError, match='no lines'):
        run(1, TINY_MODEL, card=tmp_path / 'README.md')


@pytest.mark.parametrize(
    ('a', 'b', 'expected'),
    [((0, 0, 2, 2), (0, 0, 2, 2), 1.0), ((0, 0, 2, 2), (1, 0, 3, 2), 1 / 3), ((0, 0, 1, 1), (2, 2, 3, 3), 0.0),
     ((0, 0, 1, 1), None, 0.0), ((1, 1, 1, 1), (1, 1, 1, 1), 0.0)],
)  # fmt: skip
def test_overlap(a, b, expected):
    assert iou(a, b) == pytest.approx(expected)


def test_questions_of_one_task_are_those_asked_among_all(scenes):
    class Asked:
        def __init__(self):
            self.said = []

        def ask(self, instruction, frame, *, task):
            self.said.append((task, instruction))
            return Answer(task, instruction, image_size=(640, 480))

    every, some = Asked(), Asked()
    for brain, task in ((every, None), (some, 'affordance')):
        list(_ask(brain, scenes[0], np.random.default_rng(3), task))  # type: ignore[arg-type]  # a stand-in
    assert some.said == [one for one in every.said if one[0] == 'affordance'] != []
    chinese = Asked()
    list(_ask(chinese, scenes[0], np.random.default_rng(3), None, CHINESE))  # type: ignore[arg-type]  # a stand-in
    assert {task for task, _ in chinese.said} == {task for task, _ in every.said}
    assert not any(instruction.isascii() for _, instruction in chinese.said)
