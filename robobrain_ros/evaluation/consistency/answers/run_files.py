# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A stack's answers as FlagEvalMM writes them: read, from its own output directories as from ours, and written.

In a run's directory each set has a folder of its name with ``task_info.json`` (how it was asked), ``<set>.json`` (the
answers), ``<set>_result.json`` (accuracies) and ``<set>_evaluated.json`` (what each answer is worth).
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency import json_files
from robobrain_ros.evaluation.consistency.answers import entries
from robobrain_ros.evaluation.consistency.answers.journal import INFO, Journal
from robobrain_ros.evaluation.consistency.items import Item, Reply, Score

_log = logging.getLogger(__name__)

FLOAT_RIGHT = 0.5
"""A score of a point counts as right from here on, a mean relative accuracy above it."""


def sets_of(folder: Path) -> tuple[str, ...]:
    """Return the names of the sets that a run's directory has answers to, in alphabetical order.

    :raises BadRequest: if it is no directory, or has none
    """
    if not folder.is_dir():
        raise BadRequest(
            f"'{folder}' is no directory with answers; 'robobrain consistency run' or FlagEvalMM makes one"
        )
    names = [one.name for one in folder.iterdir() if (one / f'{one.name}.json').is_file() or (one / 'items').is_dir()]
    if names:
        return tuple(sorted(names))
    if (folder / f'{folder.name}.json').is_file() or (folder / 'items').is_dir():
        raise BadRequest(f"'{folder}' is one set's folder: name the directory above it, '{folder.parent}'")
    raise BadRequest(f"'{folder}' has no answers: there should be <set>/<set>.json in it, as FlagEvalMM writes it")


def read_info(folder: Path, set_name: str) -> dict[str, Any]:
    """Read how a set was asked; nothing where that is not known.

    :param folder: the run's directory
    :raises BadRequest: for a file that is damaged
    """
    return Journal(folder, set_name).info()


def read_run(folder: Path, set_name: str) -> tuple[Reply, ...]:
    """Read a stack's replies to one set, sorted by the question's id; of a run that was cut off those that there are.

    :param folder: the run's directory
    :raises BadRequest: if there are none, and for files that are damaged or hold two answers to one question
    """
    path = folder / set_name / f'{set_name}.json'
    if path.is_file():
        found = _by_id(path)
        return tuple(entries.reply_of(found[question_id], path) for question_id in sorted(found))
    replies = Journal(folder, set_name).all(_log.warning)
    if not replies:
        raise BadRequest(
            f"'{folder}' has no answers to {set_name!r}: neither '{path}' nor anything in items/ beside it"
        )
    return tuple(replies[question_id] for question_id in sorted(replies))


def read_scores(folder: Path, set_name: str) -> tuple[Score, ...]:
    """Read what each answer was found to be worth when it was written, sorted by the question's id.

    :param folder: the run's directory
    :raises BadRequest: if that was never found out, and for files that are damaged
    """
    path = folder / set_name / f'{set_name}_evaluated.json'
    if not path.is_file():
        raise BadRequest(f"'{path}' is not there: without the data, only scored answers can be compared (say --data)")
    found = _by_id(path)
    return tuple(_score_of(found[question_id], path) for question_id in sorted(found))


def join(a: Sequence[Reply], b: Sequence[Reply], set_name: str) -> tuple[tuple[Reply, Reply], ...]:
    """Put the two stacks' replies to the same questions side by side, sorted by the question's id.

    A question that one of them was not asked is an error of that one.

    :raises BadRequest: if a question has other words on the other side, or no question is on both
    """
    sides = ({reply.question_id: reply for reply in a}, {reply.question_id: reply for reply in b})
    if not sides[0].keys() & sides[1].keys():
        raise BadRequest(f'the two runs of {set_name!r} have no question in common: were they given the same data?')
    pairs = []
    for question_id in sorted(sides[0].keys() | sides[1].keys()):
        one, other = (side.get(question_id) for side in sides)
        one, other = one or _missing(other), other or _missing(one)
        if one.prompt != other.prompt:
            raise BadRequest(
                f'the two runs of {set_name!r} cannot be compared: they ask {question_id!r} differently, '
                f'{_difference(one.prompt, other.prompt)}'
            )
        pairs.append((one, other))
    return tuple(pairs)


def write_run(
    folder: Path,
    set_name: str,
    items: Sequence[Item],
    replies: Sequence[Reply],
    scores: Sequence[Score],
    figures: Mapping[str, float],
    info: Mapping[str, Any],
) -> None:
    """Write FlagEvalMM's four files for one set.

    :param folder: the run's directory
    :param replies: one to each item
    :param scores: of these replies
    :param figures: accuracies by name, percent; ``accuracy`` among them
    :param info: how the set was asked, for task_info.json
    :raises BadRequest: if they do not belong together, or cannot be written
    """
    asked = {item.question_id: item for item in items}
    said = {reply.question_id: reply for reply in replies}
    worth = {score.question_id: score for score in scores}
    if not asked.keys() == said.keys() == worth.keys():
        odd = sorted(asked.keys() ^ said.keys() | asked.keys() ^ worth.keys())[0]
        raise BadRequest(f'{set_name!r}: {odd!r} must have a question, a reply and a score, one of each')
    place = folder / set_name
    about = {'name': set_name, 'type': 'vqa', 'length': len(items)}
    json_files.write(place / INFO, read_info(folder, set_name) | dict(info) | about)
    ids = sorted(asked)
    json_files.write(place / f'{set_name}.json', [entries.entry_of(said[one]) for one in ids])
    json_files.write(place / f'{set_name}_evaluated.json', [_evaluated(asked[i], said[i], worth[i]) for i in ids])
    json_files.write(place / f'{set_name}_result.json', dict(figures) | _usage(replies))


def _by_id(path: Path) -> dict[str, Mapping[str, Any]]:
    """Read a list of entries."""
    listed = json_files.read(path)
    if not isinstance(listed, list):
        raise BadRequest(f"'{path}' must hold a list of answers, not {type(listed).__name__}")
    found: dict[str, Mapping[str, Any]] = {}
    for entry in listed:
        if not isinstance(entry, Mapping):
            raise BadRequest(f"'{path}' has {str(entry)[:60]!r} where an answer (question_id, answer) should be")
        question_id = entries.id_of(entry, path)
        if question_id in found:
            raise BadRequest(f"'{path}' has two answers to {question_id!r}")
        found[question_id] = entry
    return found


def _score_of(entry: Mapping[str, Any], path: Path) -> Score:
    """Read a score of ours or of FlagEvalMM, which has ``score`` for points and ``correct`` for all else."""
    question_id, correct = entries.id_of(entry, path), entry.get('correct')
    value = entry.get('score', correct)
    error = entry.get('error')
    failed = bool(error) if isinstance(error, str) else str(entry.get('raw_answer', '')).startswith(entries.REJECTED)
    if value is None:  # FlagEvalMM could not judge it
        return Score(question_id, '', 0.0, right=False, error=failed, dropped=True)
    if not isinstance(value, bool | int | float) or not 0 <= value <= 1:
        raise BadRequest(f"'{path}': the score of {question_id!r} is {value!r}, but must be between 0 and 1")
    if isinstance(correct, bool):
        right = correct
    else:
        right = value > FLOAT_RIGHT if correct is not None else value >= FLOAT_RIGHT
    second = entry.get('second')
    return Score(
        question_id,
        str(entry.get('answer', '')),
        float(value),
        right,
        error=failed,
        group=str(entry.get('group', '')),
        stratum=str(entry.get('stratum', '')),
        dropped=bool(entry.get('dropped', False)),
        second=float(second) if isinstance(second, int | float) else None,
    )


def _evaluated(item: Item, reply: Reply, score: Score) -> dict[str, Any]:
    entry = entries.entry_of(reply)
    return entry | {
        'answer': score.extracted,
        'raw_answer': entry['answer'],
        'correct': score.value if item.kind == 'numerical' else score.right,
        'score': score.value,
        'label': item.label,
        'question_type': item.kind,
        'group': score.group,
        'stratum': score.stratum,
        'dropped': score.dropped,
        'second': score.second,
    }


def _usage(replies: Sequence[Reply]) -> dict[str, Any]:
    """Return what FlagEvalMM says beside the accuracies: tokens of an answer on average, and how many were lost."""
    kept = [reply for reply in replies if not reply.error]
    prompt = sum(reply.prompt_tokens for reply in kept) / max(len(kept), 1)
    completion = sum(reply.completion_tokens for reply in kept) / max(len(kept), 1)
    told: dict[str, Any] = {
        'average_tokens': prompt + completion,
        'average_prompt_tokens': prompt,
        'average_completion_tokens': completion,
    }
    if lost := len(replies) - len(kept):
        rate = round(100 * lost / len(replies), 2)
        told['reject_info'] = {'reject_rate': rate, 'reject_number': lost, 'total_question': len(replies)}
    return told


def _missing(other: Reply | None) -> Reply:
    """Stand in for a reply that one of the two runs has not."""
    assert other is not None
    return Reply(other.question_id, other.prompt, '', 'this run has no answer to the question')


def _difference(one: str, other: str) -> str:
    """Quote two texts around the place where they part."""
    place = next((at for at, (x, y) in enumerate(zip(one, other, strict=False)) if x != y), min(len(one), len(other)))
    begin = max(place - 20, 0)
    quoted = [repr(f'{"..." if begin else ""}{text[begin : place + 30]}') for text in (one, other)]
    return f'{quoted[0]} and {quoted[1]}'
