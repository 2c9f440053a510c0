# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Questions about a table top are unambiguous, and their answers right."""

import numpy as np
import pytest

from robobrain_ros.sim.questions import Question, questions
from robobrain_ros.sim.scene import TABLE, TableTop

TASKS = {'pointing', 'affordance', 'grounding', 'trajectory', 'planning', 'general'}


@pytest.fixture(scope='module')
def asked() -> list[tuple[TableTop, list[Question]]]:
    return [(scene, questions(scene, np.random.default_rng(scene.seed))) for scene in map(TableTop, range(6))]


def of(asked, task, kind=None):
    found = [(s, q) for s, every in asked for q in every if q.task == task and q.kind != 'absent']
    found = [(s, q) for s, q in found if kind in (None, q.kind)]
    assert found
    return found


def seen_at(scene, pixel):
    return scene.truth().labels[round(pixel[1]), round(pixel[0])]


def test_every_task_is_asked(asked):
    assert {q.task for _, every in asked for q in every} == TASKS
    assert {q.kind for _, every in asked for q in every if q.task == 'pointing'} == {
        'absent', 'gripper', 'named', 'relational', 'vacant'}  # fmt: skip


def test_the_same_state_gives_the_same_questions(asked):
    scene, every = asked[0]
    assert questions(scene, np.random.default_rng(scene.seed)) == every


def test_instructions_are_plain_sentences(asked):
    for _, every in asked:
        for question in every:
            assert question.instruction.strip() == question.instruction
            assert '{' not in question.instruction
            assert len(question.instruction) > 2


def test_named_objects_are_where_the_answer_points(asked):
    for scene, question in of(asked, 'pointing', 'named'):
        thing = next(t for t in scene.truth().objects if t.region and t.region.pixel == question.pixel)
        words = question.instruction.lower()
        shape = {'block': 'cube', 'box': 'cube', 'sphere': 'ball', 'can': 'cylinder', 'dish': 'plate', 'cup': 'mug'}
        last = words.rsplit(maxsplit=1)[-1]
        assert thing.item.colour in words or shape.get(last, last) == thing.item.shape


def test_leftmost_and_nearest_mean_what_they_say(asked):
    ends = {'the leftmost object': (0, min), 'the rightmost object': (0, max), 'the nearest object': (2, min)}
    checked = 0
    for scene, question in of(asked, 'pointing', 'relational'):
        for text, (axis, best) in ends.items():
            if text in question.instruction.lower():
                places = [scene.view.project(t.item.centre)[axis] for t in scene.truth().objects]
                thing = scene.truth().objects[places.index(best(places))]
                assert thing.region.pixel == question.pixel
                checked += 1
    assert checked >= 3


def test_positions_lie_behind_their_pixels(asked):
    for scene, question in of(asked, 'pointing'):
        u, v, _ = scene.view.project(scene.view.to_world(question.position))
        assert (u, v) == pytest.approx(question.pixel, abs=1e-3)


def test_vacant_places_are_on_the_bare_table(asked):
    for scene, question in of(asked, 'pointing', 'vacant'):
        assert seen_at(scene, question.pixel) == TABLE
        assert abs(scene.view.to_world(question.position)[2]) < 0.004


def test_handles_are_on_mugs(asked):
    for scene, question in of(asked, 'affordance', 'handle'):
        assert scene.truth().objects[seen_at(scene, question.pixel)].item.shape == 'mug'


def test_boxes_are_those_of_objects_or_handles(asked):
    for scene, question in of(asked, 'grounding'):
        regions = [r for t in scene.truth().objects for r in (t.region, t.handle) if r]
        assert question.box in [region.box for region in regions]


def test_trajectories_start_at_the_gripper_and_end_at_the_object(asked):
    for scene, question in of(asked, 'trajectory'):
        gripper = scene.truth().gripper
        assert question.waypoints[0] == pytest.approx((*gripper.pixel, gripper.position[2]))
        assert len(question.waypoints) == {'pick': 4, 'put': 6}[question.kind]
        assert all(0.2 < depth < 2 for _, _, depth in question.waypoints)


def test_plans_have_steps_that_name_the_object(asked):
    for _, question in of(asked, 'planning'):
        assert len(question.steps) >= 2
        assert all('the ' in step for step in question.steps)


def test_the_list_names_all_that_is_seen(asked):
    for scene, question in of(asked, 'general', 'list'):
        assert sorted(question.reply) == sorted(t.name for t in scene.truth().objects if t.region)


def test_counts_colours_and_presence_are_those_of_the_scene(asked):
    for scene, question in of(asked, 'general', 'count'):
        if question.instruction.rstrip('?.').endswith('objects') or ' objects ' in question.instruction:
            assert question.reply == (str(len(scene.truth().objects)),)
    for scene, question in of(asked, 'general', 'colour'):
        assert question.reply[0] in {thing.item.colour for thing in scene.truth().objects}
    for scene, question in of(asked, 'general', 'presence'):
        names = [thing.name for thing in scene.truth().objects]
        if any(name in question.instruction for name in names):
            assert question.reply == ('yes',)
