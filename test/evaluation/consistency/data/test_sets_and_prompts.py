# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The sets of the release's table: names, prompts word for word, where images stand in them."""

import hashlib

import pytest

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.data import prompts, sets
from robobrain_ros.evaluation.consistency.items import KINDS
from robobrain_ros.evaluation.consistency.mini.files import SETS as MINI

TABLE = (
    'erqa', 'Where2Place', 'blink_val_ev', 'cv_bench_test', 'embspatial_bench', 'SAT', 'vsi_bench_tiny',
    'robo_spatial_home_all', 'all_angles_bench', 'egoplan_bench2', 'EmbodiedVerse-Open-Sampled', 'ERQAPlus',
)  # fmt: skip
"""The sets of the release's table."""


def ask(name, **entry):
    """The prompt of an entry with one image."""
    rule = sets.find(name)
    kind = rule.kinds[entry[rule.kind_key]]
    return prompts.build(entry, kind, rule.pre, rule.post, tagged=not rule.pre)


def test_all_sets_of_the_table_are_known():
    assert {*TABLE, 'Where2Place_norm1k', 'robo_spatial_home_all_norm1k', *MINI} <= set(sets.NAMES)
    assert len(set(sets.NAMES)) == len(sets.RULES)


def test_every_kind_of_a_set_is_a_kind_of_items_and_has_a_prompt():
    for rule in sets.RULES:
        for kind in rule.kinds.values():
            assert kind in KINDS
            assert isinstance(rule.post(kind, {'question': 'Where?'}), str)


def test_points_are_asked_for_as_they_are_read():
    for rule in sets.RULES:
        if 'point' in rule.kinds and (post := rule.post('point', {'question': 'Where?'})):
            assert ('between 0 and 1000' in post) == (rule.points == 'norm1k'), rule.name
    assert sets.find('Where2Place').points == 'unit'
    assert sets.find('robo_spatial_home_all_norm1k').points == 'norm1k'


def test_cv_bench_weighs_two_dimensions_as_much_as_three():
    assert sets.find('cv_bench_test').weights == {'ADE20K': 0.25, 'COCO': 0.25, 'Omni3D': 0.5}


@pytest.mark.parametrize(
    ('wrong', 'meant'),
    [('ERQA', 'erqa'), ('where2place', 'Where2Place'), ('cv_bench', 'cv_bench_test'), ('sat', 'SAT')],
)
def test_an_unknown_name_gets_the_nearest_one(wrong, meant):
    with pytest.raises(BadRequest, match=f"no set is named '{wrong}': did you mean '{meant}'"):
        sets.find(wrong)


@pytest.mark.parametrize('wrong', ['', 'xyzzy', '\0\n', 'q' * 10**6])
def test_a_name_near_to_nothing_gets_all_names(wrong):
    with pytest.raises(BadRequest) as raised:
        sets.find(wrong)
    assert 'embspatial_bench' in str(raised.value)
    assert len(str(raised.value)) < 1000
    assert str(raised.value).isprintable()


CHOICE = {'question_type': 'multiple-choice', 'question': 'Where is it?'}


def test_options_get_letters_and_the_image_stands_in_front():
    assert ask('cv_bench_test', **CHOICE, options=['left', 'right']) == (
        "<image 1> Where is it?\nA. left\nB. right\nAnswer with the option's letter from the given choices directly."
    )


def test_an_image_in_the_question_stays_where_it_is():
    entry = CHOICE | {'question': 'Look at <image 1>: where?'}
    assert ask('SAT', **entry) == f'Look at <image 1>: where?\n{prompts.REASON_LETTER}'
    assert ask('blink_val_ev', **entry).endswith("'Answer: $LETTER' (without quotes) where LETTER is one of options.")


def test_a_chinese_question_or_option_gets_the_default_prompt_in_chinese():
    assert ask('embspatial_bench', **CHOICE, options=['左', 'right']).endswith(
        '从给定的选项中直接选择答案的字母，不要多余的解释。'
    )
    assert ask('all_angles_bench', **CHOICE, options=['左']).endswith(prompts.LETTER)  # it names its own prompt


def test_a_question_about_a_video_says_so_and_has_no_image_tag():
    letter = ask('vsi_bench_tiny', question_type='route_planning', question='Which way?\nOptions:\nA. left')
    assert letter.startswith(
        'These are frames of a video.\nWhich way?\nOptions:\nA. left\nCarefully analyze the question'
    )
    assert letter.endswith('\nAnswer: $LETTER (without quotes), where $LETTER corresponds to the correct option.')
    number = ask('vsi_bench_tiny', question_type='object_counting', question='How many?')
    assert number.endswith('$NUMBER is a number (integer or float) corresponds to the correct answer.')
    assert '<image' not in letter + number


def test_white_space_at_the_ends_goes_and_inside_stays():
    asked = ask('robo_spatial_home_all', question_type='yes-no', question='  Is  it?\n')
    assert asked.startswith('<image 1>   Is  it?\n\nYour task is')
    assert asked.endswith('Answer: yes or no\n\nDo not include additional text after this line.')
    assert ask('EmbodiedVerse-Open-Sampled', question_type='yes-no', question='Is it?') == '<image 1> Is it?'


WORD_FOR_WORD = [
    ('erqa', 'multiple-choice', 'dd039551152f104c'),
    ('Where2Place', 'point', 'bc810f9dff230e8e'),
    ('Where2Place_norm1k', 'point', '46afacf3d9083840'),
    ('blink_val_ev', 'multiple-choice', 'a606773c4dd287de'),
    ('cv_bench_test', 'multiple-choice', '2c1567690de46efe'),
    ('embspatial_bench', 'multiple-choice', '2c1567690de46efe'),
    ('SAT', 'multiple-choice', 'dd039551152f104c'),
    ('vsi_bench_tiny', 'route_planning', '9f9d93cba7bdbb9d'),
    ('vsi_bench_tiny', 'object_counting', '6cdfa1df1b419d30'),
    ('robo_spatial_home_all', 'yes-no', '8d0fad6f93936a73'),
    ('robo_spatial_home_all', 'point', 'bc810f9dff230e8e'),
    ('robo_spatial_home_all_norm1k', 'point', '46afacf3d9083840'),
    ('ERQAPlus', 'choices_matching', 'ea261240ec85d1d8'),
    ('ERQAPlus', 'ordered_list_matching', '03edcf212188435c'),
    ('ERQAPlus', 'number_matching', '42bef3e97e75991d'),
    ('ERQAPlus', 'bool_list_matching', '4ad3cdc34403e74e'),
    ('ERQAPlus', 'key_items_matching', '00fe936ac47cfc24'),
]
"""How each set asks the question 'Q', without images: begin of the SHA-256 of what FlagEvalMM 0.3.5 makes of it."""


@pytest.mark.parametrize(('name', 'kind', 'digest'), WORD_FOR_WORD)
def test_every_character_is_that_of_the_public_evaluation(name, kind, digest):
    rule = sets.find(name)
    asked = prompts.build({'question': 'Q'}, rule.kinds[kind], rule.pre, rule.post, tagged=False)
    assert hashlib.sha256(asked.encode()).hexdigest()[:16] == digest, asked


@pytest.mark.parametrize(
    ('evaluator', 'end'),
    [
        ('choices_matching', 'the option of correct answer.\n**Format example:** `Final Answer: A`'),
        ('ordered_list_matching', 'by a comma-separated list.\n**Format example:** `Final Answer: A, B, C, D, E`'),
        ('number_matching', 'followed by a number.\n**Format example:** `Final Answer: 123`'),
        ('bool_list_matching', 'composed of 0 or 1.\n**Format example:**`Final Answer:[1,1,0]`'),
        ('key_items_matching', '`Final Answer:`, followed by a string representing the correct answer.'),
    ],
)
def test_erqaplus_asks_for_what_its_evaluator_reads(evaluator, end):
    asked = ask('ERQAPlus', evaluator=evaluator, question='<image 1>What?')
    assert asked.startswith(
        '<image 1>What?\nCarefully analyze the question above and reason through it step by step. **F'
    )
    assert asked.endswith(end)


def test_pieces_keep_their_spaces_and_leave_out_nothing_else():
    assert prompts.pieces('<image 1> <image 2> Which <image 10>?\n') == (1, 2, ' Which ', 10, '?\n')
    assert prompts.pieces(' \n<image 1>') == (1,)
    assert prompts.pieces(f'<image {"1" * 5000}>') == (f'<image {"1" * 5000}>',)
    assert prompts.pieces('no <image> and no <image x>, <Image 1>') == ('no <image> and no <image x>, <Image 1>',)
