# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A reply as an entry of FlagEvalMM's files: read with sentences about what is wrong, and made.

An entry has FlagEvalMM's keys, so that its own scorer can read ours and we its: ``question_id``, ``question``,
``answer``, ``reason``, ``usage``. Ours has three more: ``error``, ``seconds``, ``finish_reason``.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.data.media import quoted
from robobrain_ros.evaluation.consistency.items import Reply

REJECTED = ('Error code', 'Can not answer because of', 'Input data may contain inappropriate content')
"""An answer that begins with one of these is none: FlagEvalMM leaves it out of its accuracy."""
THOUGHT = '</think>'
"""Where a model's thinking ends and its answer begins."""
MOST_COUNTED = 1e12
"""Tokens or seconds that an entry may tell of."""


def split(text: str) -> tuple[str, str]:
    """Part what a model wrote into what it thought, up to and with ``</think>``, and its answer.

    :returns: (reason, answer); together they are the text
    """
    thought, mark, answer = text.partition(THOUGHT)
    return (thought + mark, answer) if mark else ('', text)


def entry_of(reply: Reply) -> dict[str, Any]:
    """Write a reply as an entry; an error becomes an answer that FlagEvalMM takes for one."""
    known = bool(reply.prompt_tokens or reply.completion_tokens)
    return {
        'question_id': reply.question_id,
        'question': reply.prompt,
        'answer': f'{REJECTED[0]} {reply.error}' if reply.error else reply.text,
        'reason': reply.reason,
        'usage': {
            'prompt_tokens': reply.prompt_tokens,
            'completion_tokens': reply.completion_tokens,
            'total_tokens': reply.prompt_tokens + reply.completion_tokens,
        }
        if known
        else None,
        'error': reply.error,
        'seconds': round(reply.seconds, 4),
        'finish_reason': reply.finish_reason,
    }


def reply_of(entry: Any, where: Path) -> Reply:
    """Read an entry of ours or of FlagEvalMM.

    :param where: the file, for the sentence about what is wrong
    :raises BadRequest: for what is no such entry, and for several answers to one question
    """
    if not isinstance(entry, Mapping):
        raise BadRequest(f"'{where}' has {quoted(entry)} where an answer (question_id, question, answer) should be")
    question_id = id_of(entry, where)
    prompt, answer, error = entry.get('question'), entry.get('answer'), entry.get('error')
    if not isinstance(prompt, str):
        raise BadRequest(f"'{where}': the question of {question_id!r} is {quoted(prompt)}, but must be a text")
    if isinstance(answer, Mapping | list):
        raise BadRequest(
            f"'{where}' has {len(answer)} answers to {question_id!r}: run FlagEvalMM with num_infers 1, one answer each"
        )
    if answer is not None and not isinstance(answer, str):
        raise BadRequest(f"'{where}': the answer to {question_id!r} is {quoted(answer)}, but must be a text")
    if not isinstance(error, str):  # FlagEvalMM's
        error = answer if answer and answer.startswith(REJECTED) else ''
    if answer is None and not error:
        error = 'the server sent no text'
    usage, reason, finish = entry.get('usage'), entry.get('reason'), entry.get('finish_reason')
    counts = usage if isinstance(usage, Mapping) else {}
    return Reply(
        question_id,
        prompt,
        '' if error else answer or '',
        error,
        int(_number(counts.get('prompt_tokens'))),
        int(_number(counts.get('completion_tokens'))),
        _number(entry.get('seconds')),
        finish if isinstance(finish, str) else '',
        reason if isinstance(reason, str) else '',
    )


def id_of(entry: Mapping[str, Any], where: Path) -> str:
    """Read the id of a question from its entry; a number becomes a text, as FlagEvalMM makes it.

    :param where: the file, for the sentence about what is wrong
    :raises BadRequest: for one that is neither
    """
    question_id = entry.get('question_id')
    if isinstance(question_id, bool) or not isinstance(question_id, str | int) or question_id == '':
        raise BadRequest(f"'{where}' has a question_id of {quoted(question_id)}, but it must be a text or a number")
    return str(question_id)


def _number(value: Any) -> float:
    """Return a count as it should be; 0 for what is none."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < MOST_COUNTED
    return float(value) if good else 0.0
