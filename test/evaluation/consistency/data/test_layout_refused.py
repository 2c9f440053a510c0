# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What is wrong with a benchmark's files is said in sentences, before anything is asked."""

import json
import os

import benchmark_folders as made
import pytest

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.data import layout
from robobrain_ros.evaluation.consistency.items import Item


@pytest.fixture
def folder(tmp_path):
    return tmp_path / 'SAT'


def refusal(folder, *entries):
    """What is said of questions that are wrong."""
    made.write(folder, list(entries))
    with pytest.raises(BadRequest) as raised:
        layout.read_set(folder)
    return str(raised.value)


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        ('', 'is no JSON'),
        ('{"a": 1}', 'not a list of questions'),
        ('[]', 'not a list of questions'),
        ('"[]"', 'not a list of questions'),
        ('[' * 100_000, 'is no JSON'),
        ('[{"answer": NaN}]', 'NaN is no number of JSON'),
        ('[{"question_id": ' + '9' * 5000 + '}]', 'is no JSON'),
        ('[1, null]', 'entry 0 .1.: it is no object'),
    ],
)
def test_odd_json_is_refused(folder, text, said):
    made.write(folder, text)
    with pytest.raises(BadRequest, match=said):
        layout.read_set(folder)


def test_a_file_of_other_bytes_or_too_many_is_refused(folder, monkeypatch):
    made.write(folder, '')
    (folder / 'data.json').write_bytes(b'\xff\xfe[]')
    with pytest.raises(BadRequest, match='is no JSON'):
        layout.read_set(folder)
    monkeypatch.setattr(layout, 'MOST_BYTES', 2)
    with pytest.raises(BadRequest, match='may have 0 at the most'):
        layout.read_set(folder)
    (folder / 'data.json').unlink()
    os.mkfifo(folder / 'data.json')  # reading one would wait for ever
    with pytest.raises(BadRequest, match='there is no file'):
        layout.read_set(folder)


WRONG = [
    ({'question_id': None}, 'question_id is None'),
    ({'question_id': True}, 'question_id is True'),
    ({'question_id': 1.5}, 'question_id is 1.5'),
    ({'question_id': ''}, "question_id is ''"),
    ({'question_id': '../../x'}, 'must make the name of a file'),
    ({'question_id': 'a\nb'}, 'must make the name of a file'),
    ({'question_id': '\ud800'}, 'must make the name of a file'),
    ({'question_id': 'ä' * 150}, 'more than 200 bytes'),
    ({'question_type': 'essay'}, "question_type is 'essay', but SAT has multiple-choice"),
    ({'question_type': ['point']}, 'question_type is '),
    ({'question': None}, 'question is None'),
    ({'question': ' \n'}, 'must be a text'),
    ({'question': 'a\ud83dx'}, r"half a character, '.ud83d'"),
    ({'sub_task': ['\udc00']}, 'half a character'),
    ({'question': 'a\0x'}, 'a character 0'),
    ({'question': 'see <image 2>'}, 'shows <image 2>, but has 1 image'),
    ({'question': '<image 0> <image 1>'}, 'shows <image 0>, but has 1 image'),
    ({'question': '<image 1> <image 999999999>'}, 'shows <image 999999999>'),
    ({'options': 'A'}, "options are 'A'"),
    ({'options': ['a', 1]}, 'one of its options is 1'),
    ({'options': ['x'] * 27}, '27 options'),
    ({'answer': 'D'}, "answer is 'D', but must be a letter from A to C"),
    ({'answer': '(B)'}, 'must be a letter from A to C'),
    ({'answer': 1}, 'must be a letter from A to C'),
    ({'answer': 'É', 'options': None}, 'must be a letter from A to Z'),
    ({'img_path': 'img/none.png'}, "no file 'img/none.png'"),
    ({'img_path': 'img'}, "no file 'img'"),
    ({'img_path': ['img/one.png', 5]}, '5 is no name of a file'),
    ({'img_path': {'a': 1}}, 'must be a name of a file'),
    ({'img_path': ['img/one.png'] * 65}, '65 images'),
    ({'img_path': '../secret.png'}, "'../secret.png' leads out of"),
    ({'img_path': 'img/../../secret.png'}, 'leads out of'),
    ({'img_path': '/etc/passwd'}, "'/etc/passwd' leads out of"),
    ({'img_path': 'link.png'}, "'link.png' leads out of"),
    ({'img_path': 'img/a\0.png'}, 'cannot look for'),
    ({'img_path': f'img/{"x" * 300}.png'}, 'cannot look for'),
    ({'img_path': 'empty.png'}, "'empty.png' is empty"),
    ({'img_path': 'text.png'}, 'is no picture'),
    ({'img_path': 'pipe.png'}, "no file 'pipe.png'"),
    ({'img_path': 'video.mp4'}, 'is a video, but is named among images'),
    ({'video_path': 'video.mp4'}, 'has images .* and a video'),
    ({'img_path': None, 'video_path': 'text.mp4'}, 'is no video'),
    ({'img_path': None, 'video_path': 'text.png'}, 'is no picture'),
    ({'frames': 'yes'}, 'must be true or false'),
]


@pytest.mark.parametrize(('change', 'said'), WRONG)
def test_a_wrong_entry_is_refused_in_a_sentence(folder, change, said):
    entry = made.choice(folder) | change
    made.picture(folder.parent / 'secret.png')
    (folder / 'link.png').symlink_to(folder.parent / 'secret.png')
    (folder / 'empty.png').touch()
    for name in ('text.png', 'text.mp4'):
        (folder / name).write_text('#EXTM3U\nfile:///etc/passwd\n')
    (folder / 'video.mp4').write_bytes(b'\0\0\0\x18ftypisom')
    os.mkfifo(folder / 'pipe.png')
    (folder / 'data.json').write_text(json.dumps([entry]))  # escapes what is no UTF-8
    with pytest.raises(BadRequest, match=said) as raised:
        layout.read_set(folder)
    assert len(str(raised.value)) < 800
    str(raised.value).encode()


def test_a_question_id_that_is_there_twice_is_refused(folder):
    said = refusal(folder, made.choice(folder, 1), made.choice(folder, '1'))
    assert "entry 1 ('1'): its question_id is that of entry 0, too" in said


def test_some_wrong_entries_are_told_and_the_others_counted(folder):
    said = refusal(folder, *(made.choice(folder, index, answer='Q') for index in range(9)))
    assert "entry 4 (4): its answer is 'Q'" in said
    assert said.endswith('; and 4 more')


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'mask_path': None}, 'None is no name of a file'),
        ({'mask_path': 'mask/small.png'}, 'its mask has 8 x 8 pixels, but the entry says 40 x 30'),
        ({'image_width': 30, 'image_height': 40}, 'its image has 40 x 30 pixels, but the entry says 30 x 40'),
        ({'image_width': '40'}, "the entry says '40' x 30"),
        ({'img_path': []}, 'asks for points, but has no image'),
        ({'answer': ['p']}, 'must be a text'),
    ],
)
def test_a_mask_that_does_not_fit_is_refused(tmp_path, change, said):
    folder = tmp_path / 'Where2Place'
    made.picture(folder / 'mask' / 'small.png', (8, 8))
    assert said in refusal(folder, made.point(folder) | change)


@pytest.mark.parametrize('answer', ['three', '', 'nan', '1e999', '0', 0.0, None, True, [3]])
def test_a_number_must_be_one_that_errors_can_be_relative_to(tmp_path, answer):
    folder = tmp_path / 'robobrain_mini_frames'
    entry = made.choice(folder, question_type='numerical', frames=True, options=None)
    assert 'must be a number other than 0' in refusal(folder, entry | {'answer': answer})
    for good in (3, '2.5', -0.1):
        made.write(folder, [entry | {'answer': good}])
        assert layout.read_set(folder)[0].label == str(good)


@pytest.mark.parametrize('answer', ['maybe', '', None, True, 'yes, it is'])
def test_yes_or_no_is_one_of_them(tmp_path, answer):
    folder = tmp_path / 'robobrain_mini_yes_no'
    entry = made.choice(folder, question_type='yes-no', options=None)
    assert "must be 'yes' or 'no'" in refusal(folder, entry | {'answer': answer})
    made.write(folder, [entry | {'answer': 'Yes '}])
    assert layout.read_set(folder)[0].label == 'Yes '


@pytest.mark.parametrize(
    ('evaluator', 'good', 'wrong'),
    [
        ('choices_matching', {'label': 'A, C'}, [{'label': ' '}, {'label': 1}, {}, 'label', None]),
        (
            'ordered_list_matching',
            {'order': [['A', 'B'], ['C']]},
            [{'order': []}, {'order': [[]]}, {'order': ['A', 1]}],
        ),
        ('number_matching', {'value_to_match': 0.5}, [{'value_to_match': True}, {'value_to_match': '3'}]),
        ('bool_list_matching', {'bool_str': ['1', '0']}, [{'bool_str': [1, 0]}, {'bool_str': [['1']]}]),
        ('key_items_matching', {'key_items': ['cup']}, [{'key_items': 'cup'}, {'key_items': [['cup'], 'x']}]),
    ],
)
def test_what_an_evaluator_of_erqaplus_is_given_is_checked(tmp_path, evaluator, good, wrong):
    folder = tmp_path / 'ERQAPlus'
    entry = made.choice(folder, question_type='any', evaluator=evaluator, options=None)
    for kwargs in wrong:
        assert 'its evaluator_kwargs are' in refusal(folder, entry | {'evaluator_kwargs': kwargs})
    made.write(folder, [entry | {'evaluator_kwargs': good}])
    assert isinstance(layout.read_set(folder)[0], Item)
    said = refusal(folder, entry | {'evaluator': 'location_matching'})
    assert "evaluator is 'location_matching', but ERQAPlus has choices_matching" in said


def test_a_source_without_a_weight_is_refused(tmp_path):
    folder = tmp_path / 'cv_bench_test'
    assert "source is 'LVIS', but cv_bench_test has ADE20K" in refusal(folder, made.choice(folder, source='LVIS'))
    made.write(folder, [made.choice(folder, source='COCO')])
    assert layout.read_set(folder)[0].stratum == 'COCO'
