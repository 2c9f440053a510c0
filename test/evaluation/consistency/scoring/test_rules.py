# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Scores and figures of whole sets under both rules, by answers whose worth is known."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.items import KINDS, Item, Reply, Score
from robobrain_ros.evaluation.consistency.scoring.rules import RULES, figures, score, score_set
from robobrain_ros.evaluation.consistency.scoring.strict.read import options

CHOICE = Item('erqa', '1', 'Which?\nA. mug\nB. bowl', 'multiple-choice', 'B', stratum='left')


def said(text, question_id='1'):
    return Reply(question_id, 'Which?', text)


@pytest.fixture(scope='module')
def mask(tmp_path_factory):
    """The left half is right."""
    path = tmp_path_factory.mktemp('mask') / 'mask.png'
    grey = np.zeros((30, 40), np.uint8)
    grey[:, :20] = 255
    Image.fromarray(grey).save(path)
    return path


def point(set_name, mask, label=''):
    return Item(set_name, '1', 'Where?', 'point', label, mask=mask, size=(40, 30))


def worth(item, text):
    return [score(item, said(text), rule).value for rule in RULES]


def test_a_choice():
    assert worth(CHOICE, 'Answer: B') == [1, 1]
    assert worth(CHOICE, 'Answer: A') == [0, 0]
    assert worth(CHOICE, 'Answer: B or A') == [1, 0]
    assert worth(CHOICE, 'B mugs are on the table') == [1, 0]
    assert worth(CHOICE, 'Answer: bowl') == [0, 0]  # what the options say is known from the entry alone
    assert worth(replace(CHOICE, extra={'options': ['mug', 'bowl']}), 'Answer: bowl') == [0, 1]
    assert worth(replace(CHOICE, label='b'), 'Answer: B') == [1, 1]
    assert score(CHOICE, said('Answer: B'), 'flageval') == Score('1', 'B', 1.0, True, stratum='left')


@pytest.mark.parametrize(
    ('prompt', 'letters'),
    [
        ('Which?\nA. mug\nB. bowl\nC. cup', 'ABC'),
        ('Which? (A) mug (B) bowl\nAnswer: $LETTER', 'AB'),
        ('Choices: A. Yes. B. No.', 'AB'),
        ('Which one?', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'),
        ('A. Smith wrote it', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'),
    ],
)
def test_the_letters_that_a_prompt_offers(prompt, letters):
    assert ''.join(options(replace(CHOICE, prompt=prompt))[0]) == letters


def test_yes_and_no():
    item = Item('robo_spatial_home_all', '1', 'Does it fit?', 'yes-no', 'no')
    assert worth(item, 'It does not.\nAnswer: no') == [1, 1]
    assert worth(item, 'Nothing fits') == [1, 0]
    assert worth(item, 'No.\nIt is too large.') == [0, 1]
    assert worth(replace(item, label=' No '), 'no') == [1, 1]


def test_a_number_is_worth_its_mean_relative_accuracy_but_right_or_wrong_in_embodied_verse():
    item = Item('vsi_bench_tiny', '1', 'How far?', 'numerical', '10')
    assert worth(item, 'Answer: 10') == [1, 1]
    assert worth(item, 'Answer: 9 m') == [0.9, 0.9]
    assert worth(item, 'Answer: -10') == [1, 0]
    assert worth(item, 'Answer: ten') == [1, 1]
    assert worth(replace(item, label='1500'), '1,500') == [0, 1]
    assert worth(replace(item, set_name='EmbodiedVerse-Open-Sampled'), '9') == [1, 1]
    assert worth(replace(item, set_name='embodied_verse'), '14') == [0, 0]
    assert [score(item, said(text), 'strict').right for text in ('9', '7.4', '14')] == [True, False, False]


def test_points_on_both_scales(mask):
    unit, thousand = point('Where2Place', mask), point('Where2Place_norm1k', mask)
    assert worth(unit, '(0.25, 0.5)') == [1, 1]
    assert worth(unit, '(0.25, 0.5), (0.75, 0.5)') == [0.5, 0.5]
    assert worth(unit, '(250, 500)') == [0, 0]
    assert worth(thousand, '(250, 500)') == [1, 1]
    assert worth(thousand, '[250, 500]') == [0, 1]
    assert worth(thousand, '(-9, 500)') == [1, 0]  # moved to the border, or a miss
    assert worth(replace(unit, set_name='Where2Place_norm1k'), '(250, 500)') == [1, 1]
    assert worth(thousand, 'nowhere') == [0, 0]
    assert score(thousand, said('(250, 500)'), 'flageval').extracted == '[(10, 15)]'
    assert [score(thousand, said(text), 'strict').right for text in ('(1, 1), (999, 1)', '(999, 1)')] == [True, False]
    assert worth(point('embodied_verse', mask), '(0.25, 0.5), (0.75, 0.5), (0.8, 0.5)') == [0, 0]
    assert worth(point('embodied_verse', mask), '(0.25, 0.5), (0.75, 0.5)') == [1, 1]


def test_robo_spatial_has_a_second_measure_of_points(mask):
    item = point('robo_spatial_home_all', mask, '[(0, 0), (0.4, 0), (0.41, 1), (-0.01, 1)]')
    found = score(item, said('The left.\nAnswer: [(0.45, 0.5), (0.1, 0.1)]'), 'flageval')
    assert (found.value, found.second) == (1, 0)
    assert score(item, said('（0.1，0.5）'), 'flageval').second == 1  # its last line is normalised first
    assert score(point('Where2Place', mask), said('(0.1, 0.5)'), 'flageval').second is None


def test_what_breaks_the_reading_of_points_is_left_out_of_where2place_only(mask):
    breaks = '(0, 0.2, 5, 0.9)'
    assert score(point('Where2Place', mask), said(breaks), 'flageval').dropped
    assert not score(point('Where2Place', mask), said(breaks), 'strict').dropped
    found = score(point('robo_spatial_home_all', mask), said(breaks), 'flageval')
    assert (found.value, found.dropped, found.error) == (0, False, False)


def test_the_five_comparisons():
    item = Item('ERQAPlus', '1', 'Which?', 'choices', 'I', extra={'evaluator_kwargs': {'label': 'I'}})
    assert worth(item, 'Final Answer: I') == [0, 1]
    item = replace(item, kind='number', extra={'evaluator_kwargs': {'value_to_match': 1500}})
    assert worth(item, 'Final Answer: 1500') == [1, 1]
    assert worth(item, 'Final Answer: 1,500') == [0, 1]


@pytest.mark.parametrize(
    'text', ['Error code: 400', 'Can not answer because of', 'Input data may contain inappropriate content']
)
def test_an_error_is_wrong_and_flageval_leaves_it_out(text):
    for reply in (said(text), Reply('1', 'Which?', '', error='timed out')):
        assert score(CHOICE, reply, 'flageval') == Score('1', '', 0.0, False, True, stratum='left', dropped=True)
        assert score(CHOICE, reply, 'strict') == Score('1', '', 0.0, False, True, stratum='left')


def test_a_question_without_an_answer_is_an_error():
    items = [CHOICE, replace(CHOICE, question_id='2')]
    scores = score_set(items, [said('B', '2')], 'strict')
    assert [(one.question_id, one.right, one.error) for one in scores] == [('1', False, True), ('2', True, False)]


def test_what_cannot_be_scored_is_refused(mask):
    with pytest.raises(BadRequest, match="no rule 'fair'"):
        score(CHOICE, said('B'), 'fair')
    with pytest.raises(BadRequest, match="'2' cannot be scored as that to '1'"):
        score(CHOICE, said('B', '2'), 'strict')
    with pytest.raises(BadRequest, match="two answers to '1'"):
        score_set([CHOICE], [said('A'), said('B')], 'strict')
    with pytest.raises(BadRequest, match="'2', which is none of the 1"):
        score_set([CHOICE], [said('A', '2')], 'strict')
    with pytest.raises(BadRequest, match='has no mask'):
        score(replace(point('Where2Place', mask), mask=None), said('(0.5, 0.5)'), 'strict')
    with pytest.raises(BadRequest, match="no set is named 'Where2Places'"):
        score(replace(point('Where2Place', mask), set_name='Where2Places'), said('(0.5, 0.5)'), 'strict')


def scored(values, stratum='', **more):
    return [Score(str(at), '', value, value > 0.5, stratum=stratum, **more) for at, value in enumerate(values)]


def test_flageval_takes_the_share_of_what_it_does_not_leave_out():
    """As on the release's card: 154 of 400 right and one error are 38.60 there, and 38.50 in truth."""
    scores = scored([1.0] * 154 + [0.0] * 245) + scored([0.0], error=True, dropped=True)
    assert figures('erqa', scores, 'flageval') == {'accuracy': 38.6}
    scores = [replace(one, dropped=False) for one in scores]
    assert figures('erqa', scores, 'strict')['accuracy'] == pytest.approx(38.5)


@pytest.mark.parametrize(
    ('name', 'right', 'number', 'accuracy'),
    [
        ('erqa', 165, 400, 41.25),
        ('blink_val_ev', 541, 692, 78.18),
        ('SAT', 104, 150, 69.33),
        ('ERQAPlus', 35, 160, 21.88),
    ],
)
def test_fractions_of_the_release_s_card(name, right, number, accuracy):
    assert figures(name, scored([1.0] * right + [0.0] * (number - right)), 'flageval')['accuracy'] == accuracy


def test_strata_have_figures_of_their_own():
    scores = scored([1, 0], 'left') + scored([0, 0, 0.5], 'far')
    assert figures('vsi_bench_tiny', scores, 'flageval') == {'left': 50.0, 'far': 16.67, 'accuracy': 30.0}
    assert figures('vsi_bench_tiny', scores, 'strict')['far'] == pytest.approx(100 / 6)
    assert figures('vsi_bench_tiny', [], 'flageval') == {'accuracy': 0.0}


def test_cv_bench_weighs_its_sources():
    scores = scored([1, 0, 0], 'ADE20K') + scored([1, 1, 1, 0], 'COCO') + scored([1, 0], 'Omni3D')
    assert figures('cv_bench_test', scores, 'flageval') == {
        'accuracy_2d_ade': 33.33,
        'accuracy_2d_coco': 75.0,
        'accuracy_3d_omni': 50.0,
        'accuracy_2d': 54.16,  # of rounded figures; without that it would be 54.17
        'accuracy_3d': 50.0,
        'accuracy': 52.08,
    }
    assert figures('cv_bench_test', scores, 'strict')['accuracy'] == pytest.approx((100 / 3 + 75) / 4 + 25)


def test_a_part_of_cv_bench():
    scores = scored([1, 1], 'COCO')
    assert figures('cv_bench_test', scores, 'strict') == {
        'accuracy_2d_coco': 100, 'accuracy_2d': 100, 'accuracy': 100
    }  # fmt: skip
    assert figures('cv_bench_test', scores, 'flageval')['accuracy'] == 25  # sources that are not there count 0
    assert figures('cv_bench_test', [], 'strict') == {'accuracy': 0.0}


def test_robo_spatial_has_four_digits_and_a_second_accuracy():
    scores = scored([1.0, 0.5, 0.0], 'context')
    scores = [replace(one, second=second) for one, second in zip(scores, (0.0, 0.0, 1.0), strict=True)]
    assert figures('robo_spatial_home_all_norm1k', scores, 'flageval') == {
        'context': 50.0, 'accuracy': 50.0, 'accuracy_ori': 33.3333
    }  # fmt: skip


LABELS = {
    'evaluator_kwargs': {'label': 'A', 'order': ['A'], 'bool_str': ['1'], 'value_to_match': 3, 'key_items': ['a']}
}


@given(
    st.lists(
        st.sampled_from(
            [
                'Answer:',
                'A',
                'yes',
                '3',
                '\n',
                '(0.5, 0.5)',
                '(1, 2, 3.0, 4)',
                '[500, 1]',
                '9' * 400,
                '(',
                ')',
                '.0',
                ',',
            ]
        )
        | st.text(max_size=4),
        max_size=12,
    ).map(''.join),
    st.sampled_from(KINDS),
    st.sampled_from(['Where2Place', 'Where2Place_norm1k', 'robo_spatial_home_all', 'embodied_verse']),
)
def test_any_answer_has_a_worth(mask, text, kind, set_name):
    item = Item(set_name, '1', 'What?', kind, 'A', mask=mask, size=(40, 30), extra=LABELS)
    for rule in RULES:
        found = score(item, said(text), rule)
        assert 0 <= found.value <= 1
        assert found.right == (found.value >= 0.5 if kind == 'point' else found.value > 0.5)
