# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""What only the training sees: scenes that vary more, sentences that are never those of evaluation, Chinese."""

import math
from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip('torch')
tokenizers = pytest.importorskip('tokenizers')

from robobrain_ros.sim.chinese import HELD_OUT_CHINESE  # noqa: E402
from robobrain_ros.sim.layout import GAP, SHAPES, draw  # noqa: E402
from robobrain_ros.sim.phrases import HELD_OUT, HELD_OUT_PAIRS, Phrases  # noqa: E402
from robobrain_ros.sim.scene import BACKGROUND, GRIPPER, TableTop  # noqa: E402
from training.arm import industrial_arm  # noqa: E402
from training.config import STATIC  # noqa: E402
from training.extra import extra_questions, loosely_listed  # noqa: E402
from training.samples import KINDS, NOVEL, WEIGHTS, record  # noqa: E402
from training.sentences import WIDE, WIDE_CHINESE  # noqa: E402
from training.variety import HIDDEN, alike, another_mug, handles_in_view, varied  # noqa: E402

SEEDS = range(10_000, 10_400)


def layouts():
    return [draw(seed, 640, 480) for seed in SEEDS]


def names(layout):
    return [f'{item.colour} {item.shape}' for item in layout.items]


def test_varied_scenes_name_each_thing_once_leave_room_and_show_no_pair_that_is_held_out():
    arms, matte = 0, 0
    for seed, layout in zip(SEEDS, layouts(), strict=True):
        changed = varied(layout, np.random.default_rng(seed))
        assert len(set(names(changed))) == len(layout.items)
        assert not set(names(changed)) & HELD_OUT_PAIRS
        for index, a in enumerate(changed.items):
            assert all(math.hypot(a.x - b.x, a.y - b.y) > a.reach + b.reach + GAP for b in changed.items[:index])
        arms += bool(changed.arm)
        matte += changed.matte
    assert 60 < arms < 200
    assert 60 < matte < 200


@pytest.mark.parametrize(('change', 'shapes'), [(alike, ('cube', 'ball', 'cylinder')), (another_mug, ('mug',))])
def test_there_are_more_things_of_one_shape(change, shapes):
    def most(layout):
        return max(sum(item.shape == shape for item in layout.items) for shape in shapes)

    before = np.mean([most(layout) for layout in layouts()])
    after = [most(change(layout, np.random.default_rng(1))) for layout in layouts()]
    assert np.mean(after) > before + 0.4
    assert max(after) == 3


def test_turned_handles_are_not_behind_their_mug():
    mugs = 0
    for layout in layouts()[:100]:
        for item in handles_in_view(layout, np.random.default_rng(2)).items:
            if item.shape == 'mug':
                ahead = item.centre[:2] - layout.view.position[:2]
                side = (item.grip - item.centre)[:2]
                cosine = np.dot(ahead, side) / np.linalg.norm(ahead) / np.linalg.norm(side)
                assert cosine < math.cos(HIDDEN) + 1e-6
                mugs += 1
    assert mugs > 30


def test_an_industrial_arm_holds_the_gripper_and_is_background():
    background = []
    for seed in range(10_000, 10_004):
        layout = draw(seed, 320, 240)
        arm = industrial_arm(layout, np.random.default_rng(seed))
        assert arm
        with_arm, without = (TableTop.from_layout(replace(layout, arm=links), seed) for links in (arm, ()))
        assert with_arm.truth().gripper.pixel == without.truth().gripper.pixel
        labels = [scene.truth().labels for scene in (with_arm, without)]
        background.append((labels[0] == BACKGROUND).sum() - (labels[1] == BACKGROUND).sum())
        assert (labels[0] == GRIPPER).sum() <= (labels[1] == GRIPPER).sum() + 5
    assert min(background) > 30
    assert max(background) > 1000


@pytest.mark.parametrize(('wide', 'held_out'), [(WIDE, HELD_OUT), (WIDE_CHINESE, HELD_OUT_CHINESE)])
def test_no_sentence_of_the_training_is_held_out(wide, held_out):
    for field in fields(Phrases):
        if field.name not in ('wording', 'novel'):
            taught = {text.lower() for text in getattr(wide, field.name)}
            kept = {text.lower() for text in getattr(held_out, field.name)}
            assert not taught & kept, field.name
            assert {text.count('{}') for text in taught} == {min(text.count('{}') for text in taught)}, field.name
            assert max(text.count('{}') for text in kept) == max(text.count('{}') for text in taught), field.name


def test_a_record_asks_in_both_languages_and_more_of_what_is_hard():
    tokenizer = tokenizers.Tokenizer.from_file(str(STATIC / 'tokenizer.json'))
    scene = TableTop(10_001)
    row = record(scene, np.random.default_rng(3), lambda text: tokenizer.encode(text).ids)[0]
    novel = np.concatenate([row['short_spans'][:, 4], row['long_spans'][:, 4]])
    assert {NOVEL[index] for index in novel} == {'', 'Chinese'}
    assert np.mean(novel == NOVEL.index('Chinese')) == pytest.approx(0.25)
    assert {KINDS[kind] for kind in row['long_spans'][:, 2]} >= {('general', 'list')}
    assert set(WEIGHTS) == set(KINDS)


def test_extra_questions_are_answered_by_the_scene():
    scene = TableTop(10_001)
    things = scene.truth().objects
    colours = {thing.item.colour for thing in things}
    for question in extra_questions(scene, np.random.default_rng(4), WIDE):
        text = question.instruction
        if question.kind == 'presence' and not any(shape in text for shape in SHAPES):
            named = [colour for colour in colours if colour in text]
            assert (question.reply == ('yes',)) == bool(named) or not any(w in text for w in ('object', 'thing'))
        if question.kind == 'colour':
            assert question.reply[0] in colours


def test_lists_are_complete_and_nearly_from_left_to_right():
    scene = TableTop(10_001)
    listed = [q for q in extra_questions(scene, np.random.default_rng(4), WIDE) if q.kind == 'list']
    places = {thing.name: thing.centre[0] / scene.view.width for thing in scene.truth().objects}
    orders = {loosely_listed(listed[0], scene, np.random.default_rng(seed)).reply for seed in range(40)}
    for order in orders:
        assert sorted(order) == sorted(listed[0].reply)
        across = [places[name] for name in order]
        assert all(later > earlier - 0.2 for earlier, later in pairwise(across))
