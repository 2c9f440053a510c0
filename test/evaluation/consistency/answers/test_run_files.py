# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Answers in FlagEvalMM's files: what it writes is read, what we write it could read, and what is wrong is said."""

import json
import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.answers import entries, run_files
from robobrain_ros.evaluation.consistency.answers.journal import Journal
from robobrain_ros.evaluation.consistency.items import Item, Reply, Score

THEIRS = {
    'question_id': '3',
    'question': '<image 1> Which one?\nA. cup\nB. can',
    'answer': ' B',
    'reason': '<think>hm</think>',
    'usage': {'prompt_tokens': 300, 'completion_tokens': 2, 'total_tokens': 302, 'prompt_tokens_details': None},
}
"""An answer as FlagEvalMM's ProcessResult.to_dict writes it."""


def entry(question_id: object, **values: object) -> dict[str, object]:
    """An answer of FlagEvalMM with some values changed."""
    return THEIRS | {'question_id': question_id} | values


def laid_down(folder: Path, *answers: object, set_name: str = 'erqa', end: str = '') -> Path:
    """A directory with one of FlagEvalMM's lists of answers."""
    (folder / set_name).mkdir(parents=True, exist_ok=True)
    (folder / set_name / f'{set_name}{end}.json').write_text(json.dumps(answers))
    return folder


def item(question_id: str, kind: str = 'multiple-choice') -> Item:
    return Item('erqa', question_id, f'Which is {question_id}?', kind, 'A')


def reply(question_id: str, text: str = 'A', error: str = '') -> Reply:
    return Reply(question_id, f'Which is {question_id}?', '' if error else text, error, 10, 3, 0.25, 'stop')


def test_an_answer_of_flagevalmm_is_read_with_its_tokens_and_thoughts(tmp_path):
    (read,) = run_files.read_run(laid_down(tmp_path, THEIRS), 'erqa')
    assert read == Reply('3', str(THEIRS['question']), ' B', '', 300, 2, 0.0, '', '<think>hm</think>')


def test_ids_that_are_numbers_become_texts_and_answers_are_sorted_by_them(tmp_path):
    run = laid_down(tmp_path, entry(10), entry(9), entry('a_1'))
    assert [one.question_id for one in run_files.read_run(run, 'erqa')] == ['10', '9', 'a_1']


@pytest.mark.parametrize(
    'text',
    [
        'Error code: 400 - too long',
        'Error code Connection error.',
        'Can not answer because of the filter',
        'Input data may contain inappropriate content.',
    ],
)
def test_an_answer_that_flagevalmm_rejects_is_an_error(tmp_path, text):
    (read,) = run_files.read_run(laid_down(tmp_path, entry('1', answer=text, usage=None)), 'erqa')
    assert (read.text, read.error) == ('', text)


def test_what_only_mentions_an_error_is_an_answer(tmp_path):
    (read,) = run_files.read_run(laid_down(tmp_path, entry('1', answer='The sign says Error code 5')), 'erqa')
    assert (read.text, read.error) == ('The sign says Error code 5', '')


def test_a_server_that_sent_no_text_is_an_error_and_one_that_sent_an_empty_one_is_not(tmp_path):
    nothing, empty = run_files.read_run(laid_down(tmp_path, entry('1', answer=None), entry('2', answer='')), 'erqa')
    assert nothing.error == 'the server sent no text'
    assert (empty.text, empty.error) == ('', '')


@pytest.mark.parametrize(
    ('answers', 'said'),
    [
        (['B'], "has 'B' where an answer"),
        ([entry('1'), entry(1)], "two answers to '1'"),
        ([entry('')], "a question_id of ''"),
        ([entry(True)], 'a question_id of True'),
        ([{'question_id': '1', 'answer': 'A'}], "the question of '1' is None"),
        ([entry('1', answer=7)], "the answer to '1' is 7"),
        ([entry('1', answer={'inference_0': 'A', 'inference_1': 'B'})], 'num_infers 1'),
    ],
)
def test_what_is_no_list_of_answers_is_refused(tmp_path, answers, said):
    with pytest.raises(BadRequest) as refused:
        run_files.read_run(laid_down(tmp_path, *answers), 'erqa')
    assert said in str(refused.value)
    assert str(tmp_path) in str(refused.value)


@pytest.mark.parametrize('content', [b'[{"question_id": ', b'\xff\xfe', b'{"a": 1}', b'[' * 100_000])
def test_a_damaged_list_is_refused(tmp_path, content):
    laid_down(tmp_path)
    (tmp_path / 'erqa' / 'erqa.json').write_bytes(content)
    with pytest.raises(BadRequest, match=r'erqa\.json'):
        run_files.read_run(tmp_path, 'erqa')


def test_odd_counts_are_taken_for_unknown(tmp_path):
    usage = {'prompt_tokens': -3, 'completion_tokens': float('inf')}
    (read,) = run_files.read_run(laid_down(tmp_path, entry('1', usage=usage, seconds='soon', reason=['a'])), 'erqa')
    assert (read.prompt_tokens, read.completion_tokens, read.seconds, read.reason) == (0, 0, 0.0, '')


def test_the_sets_of_a_run_are_those_with_answers(tmp_path):
    laid_down(tmp_path, THEIRS, set_name='SAT')
    (tmp_path / 'erqa' / 'items').mkdir(parents=True)
    (tmp_path / 'logs').mkdir()
    (tmp_path / 'run.json').write_text('[]')
    assert run_files.sets_of(tmp_path) == ('SAT', 'erqa')


def test_a_wrong_directory_is_told_from_one_too_deep(tmp_path):
    laid_down(tmp_path, THEIRS)
    with pytest.raises(BadRequest, match=f"name the directory above it, '{tmp_path}'"):
        run_files.sets_of(tmp_path / 'erqa')
    (tmp_path / 'empty').mkdir()
    with pytest.raises(BadRequest, match='has no answers'):
        run_files.sets_of(tmp_path / 'empty')
    with pytest.raises(BadRequest, match='is no directory'):
        run_files.sets_of(tmp_path / 'nowhere')
    with pytest.raises(BadRequest, match="no answers to 'SAT'"):
        run_files.read_run(tmp_path, 'SAT')


def test_a_run_that_was_cut_off_has_what_came_in(tmp_path, caplog):
    kept = Journal(tmp_path, 'erqa')
    kept.begin({})
    for one in (reply('b'), reply('a'), reply('c', error='too long'), reply('d', error='busy'), reply('d')):
        kept.keep(one)
    (tmp_path / 'erqa' / 'items' / 'torn.json').write_text('{"question_id": "to')
    with (tmp_path / 'erqa' / 'errors.jsonl').open('a') as file:
        file.write('{"question_id": "e", "quest')
    with caplog.at_level(logging.WARNING):
        read = run_files.read_run(tmp_path, 'erqa')
    assert [(one.question_id, one.text, one.error) for one in read] == [
        ('a', 'A', ''),
        ('b', 'A', ''),
        ('c', '', 'too long'),
        ('d', 'A', ''),
    ]
    assert 'torn.json' in caplog.text


def test_what_was_written_is_read_again(tmp_path):
    items = [item('b'), item('a', 'point'), item('c'), item('d', 'numerical')]
    replies = [
        reply('b', 'B'),
        reply('a', '[(1, 2)]'),
        reply('c', error='too long: 5000 tokens'),
        reply('d', 'Error code 5'),
    ]
    scores = [
        Score('b', 'B', 0.0, False, group='scene 1', stratum='2D'),
        Score('a', '[(1, 2)]', 0.75, True),
        Score('c', '', 0.0, False, error=True, dropped=True),
        Score('d', '5', 0.3, False, second=1.0),
    ]
    run_files.write_run(tmp_path, 'erqa', items, replies, scores, {'accuracy': 25.0}, {'model_name': 'tiny'})
    by_id = sorted(replies, key=lambda one: one.question_id)
    assert run_files.read_run(tmp_path, 'erqa') == tuple(by_id)
    assert run_files.read_scores(tmp_path, 'erqa') == tuple(sorted(scores, key=lambda one: one.question_id))
    assert run_files.read_info(tmp_path, 'erqa') == {'model_name': 'tiny', 'name': 'erqa', 'type': 'vqa', 'length': 4}


def test_the_files_have_the_keys_of_flagevalmm(tmp_path):
    replies = [reply('a', 'B'), reply('b', error='gone')]
    scores = [Score('a', 'B', 1.0, True), Score('b', '', 0.0, False, error=True)]
    run_files.write_run(tmp_path, 'erqa', [item('a'), item('b')], replies, scores, {'accuracy': 50.0}, {})
    answered, failed = json.loads((tmp_path / 'erqa' / 'erqa.json').read_text())
    assert {'question_id', 'question', 'answer', 'reason', 'usage'} <= answered.keys()
    assert answered['usage'] == {'prompt_tokens': 10, 'completion_tokens': 3, 'total_tokens': 13}
    assert failed['answer'].startswith('Error code')  # their filter_rejected leaves it out by this
    result = json.loads((tmp_path / 'erqa' / 'erqa_result.json').read_text())
    assert result == {
        'accuracy': 50.0,
        'average_tokens': 13.0,
        'average_prompt_tokens': 10.0,
        'average_completion_tokens': 3.0,
        'reject_info': {'reject_rate': 50.0, 'reject_number': 1, 'total_question': 2},
    }
    judged = json.loads((tmp_path / 'erqa' / 'erqa_evaluated.json').read_text())[0]
    assert (judged['answer'], judged['raw_answer'], judged['correct'], judged['label']) == ('B', 'B', True, 'A')


def test_scores_of_flagevalmm_are_read(tmp_path):
    laid_down(
        tmp_path,
        entry('1', correct=True, raw_answer='B'),
        entry('2', correct=0.5),
        entry('3', correct=0.6),
        entry('4', score=0.5),
        entry('5', raw_answer='Error code 400'),
        entry('6', raw_answer='(1, 2'),
        end='_evaluated',
    )
    read = run_files.read_scores(tmp_path, 'erqa')
    assert [(one.value, one.right, one.error, one.dropped) for one in read] == [
        (1.0, True, False, False),
        (0.5, False, False, False),
        (0.6, True, False, False),
        (0.5, True, False, False),
        (0.0, False, True, True),
        (0.0, False, False, True),
    ]


@pytest.mark.parametrize('value', [2, -0.1, 'yes', float('nan')])
def test_a_score_out_of_range_is_refused(tmp_path, value):
    with pytest.raises(BadRequest, match="the score of '1' is"):
        run_files.read_scores(laid_down(tmp_path, entry('1', correct=value), end='_evaluated'), 'erqa')


def test_answers_that_were_never_scored_ask_for_the_data(tmp_path):
    with pytest.raises(BadRequest, match='--data'):
        run_files.read_scores(laid_down(tmp_path, THEIRS), 'erqa')


def test_replies_are_joined_by_id_and_a_missing_one_is_an_error_of_its_side():
    pairs = run_files.join([reply('1'), reply('2', 'B')], [reply('2', 'C'), reply('3')], 'erqa')
    assert [(one.question_id, other.question_id) for one, other in pairs] == [('1', '1'), ('2', '2'), ('3', '3')]
    assert [(bool(one.error), bool(other.error)) for one, other in pairs] == [
        (False, True),
        (False, False),
        (True, False),
    ]


def test_runs_that_ask_differently_are_not_compared():
    other = Reply('1', f'{"Which is " * 20}1!', 'A')
    with pytest.raises(BadRequest, match="ask '1' differently") as refused:
        run_files.join([Reply('1', f'{"Which is " * 20}1?', 'A')], [other], 'erqa')
    assert '1?' in str(refused.value)
    assert '1!' in str(refused.value)
    with pytest.raises(BadRequest, match='no question in common'):
        run_files.join([reply('1')], [reply('2')], 'erqa')


def test_what_does_not_belong_together_is_not_written(tmp_path):
    with pytest.raises(BadRequest, match="'b' must have a question, a reply and a score"):
        run_files.write_run(tmp_path, 'erqa', [item('a'), item('b')], [reply('a')], [Score('a', 'A', 1, True)], {}, {})


@given(st.text(), st.text())
def test_thoughts_and_answer_are_parted_as_flagevalmm_does(thought, answer):
    text = f'{thought}</think>{answer}'
    assert ''.join(entries.split(text)) == text
    assert entries.split(text)[0] == text.split('</think>', 1)[0] + '</think>'
    if '</think>' not in answer:
        assert entries.split(answer) == ('', answer)
