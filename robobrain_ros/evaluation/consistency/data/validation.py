# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Whether an entry of ``data.json`` is a question that can be asked and scored; if not, a sentence that says why."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.data.media import quoted
from robobrain_ros.evaluation.consistency.data.prompts import pieces
from robobrain_ros.evaluation.consistency.data.sets import SetRule

LONGEST_ID = 200
"""Bytes of a ``question_id``: it becomes the name of a file."""
MOST_IMAGES = 64
"""One question may show so many."""
_NO_NAME = re.compile(r'[\x00-\x1f\x7f/\\\ud800-\udfff]')
LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
_KWARGS = {
    'choices': ('label', str),
    'ordered-list': ('order', str | list),
    'number': ('value_to_match', int | float),
    'bool-list': ('bool_str', list),
    'key-items': ('key_items', list),
}
"""What the evaluators of ERQAPlus are given, by kind."""


def identity(entry: Mapping[str, Any]) -> str:
    """Return the question's id as text; a number is one, too, as in FlagEvalMM.

    :raises BadRequest: for one that could not be the name of a file, under which answers are kept
    """
    found = entry.get('question_id')
    if isinstance(found, bool) or not isinstance(found, str | int):
        raise BadRequest(f'its question_id is {quoted(found)}, but must be a text or a whole number')
    name = str(found)
    if not name or name.startswith('.') or _NO_NAME.search(name):
        raise BadRequest(
            f'its question_id is {quoted(found)}, but must make the name of a file: no / and no . in front'
        )
    if len(name.encode()) > LONGEST_ID:
        raise BadRequest(f'its question_id {quoted(found)} has more than {LONGEST_ID} bytes')
    return name


def kind_of(entry: Mapping[str, Any], rule: SetRule) -> str:
    """Return the kind of question, one of ``items.KINDS``.

    :raises BadRequest: for a type that the set does not have
    """
    found = entry.get(rule.kind_key)
    kind = rule.kinds.get(found) if isinstance(found, str) else None
    if kind is None:
        raise BadRequest(f'its {rule.kind_key} is {quoted(found)}, but {rule.name} has {", ".join(rule.kinds)}')
    return kind


def check_texts(entry: Mapping[str, Any]) -> None:
    """Check the question and its options: texts that can be sent, at most 26 options; and whatever else is written.

    :raises BadRequest: if they are not
    """
    question, options = entry.get('question'), entry.get('options')
    if not isinstance(question, str) or not question.strip():
        raise BadRequest(f'its question is {quoted(question)}, but must be a text')
    if options is not None and not isinstance(options, list):
        raise BadRequest(f'its options are {quoted(options)}, but must be a list of texts')
    if len(options or ()) > len(LETTERS):
        raise BadRequest(f'it has {len(options or ())} options, but there are {len(LETTERS)} letters for them')
    for text in (question, *(options or ())):
        if not isinstance(text, str):
            raise BadRequest(f'one of its options is {quoted(text)}, but must be a text')
        if '\0' in text:
            raise BadRequest(f'{quoted(text)} has a character 0, which cannot be sent')
    try:
        json.dumps(entry, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise BadRequest(f'it has half a character, {error.object[error.start]!r}, which cannot be sent') from error


def check_tags(prompt: str, images: int) -> None:
    """Check that each ``<image N>`` of a prompt is one of its images.

    :raises BadRequest: if one is not there
    """
    for piece in pieces(prompt):
        if isinstance(piece, int) and not 1 <= piece <= images:
            raise BadRequest(f'it shows <image {piece}>, but has {images} image{"s" * (images != 1)}')


def label_of(entry: Mapping[str, Any], kind: str) -> str:
    """Return the right answer as text, checked for its kind.

    :raises BadRequest: for one that no answer could match, such as a letter that no option has
    """
    if kind in _KWARGS:
        return _given(entry, kind)
    answer = entry.get('answer')
    label = answer if isinstance(answer, str) else ''
    if kind == 'multiple-choice':
        options = len(entry.get('options') or LETTERS)
        if len(label) != 1 or label.upper() not in LETTERS[:options]:
            raise BadRequest(f'its answer is {quoted(answer)}, but must be a letter from A to {LETTERS[options - 1]}')
    elif kind == 'yes-no':
        if label.strip().lower() not in ('yes', 'no'):
            raise BadRequest(f"its answer is {quoted(answer)}, but must be 'yes' or 'no'")
    elif kind == 'numerical':
        label = _number(answer)
    elif answer is not None and not isinstance(answer, str):
        raise BadRequest(f'its answer is {quoted(answer)}, but must be a text')
    return label


def _number(answer: object) -> str:
    good = isinstance(answer, str | int | float) and not isinstance(answer, bool)
    try:
        value = float(answer) if good else math.nan  # type: ignore[arg-type]
    except (ValueError, OverflowError):
        value = math.nan
    if not math.isfinite(value) or not value:
        raise BadRequest(
            f'its answer is {quoted(answer)}, but must be a number other than 0: errors are relative to it'
        )
    return str(answer)


def _given(entry: Mapping[str, Any], kind: str) -> str:
    """Return what an evaluator of ERQAPlus compares with, as text."""
    kwargs, (key, types) = entry.get('evaluator_kwargs'), _KWARGS[kind]
    value = kwargs.get(key) if isinstance(kwargs, Mapping) else None
    good = isinstance(value, types) and not isinstance(value, bool)
    if good and isinstance(value, float):
        good = math.isfinite(value)
    elif good and isinstance(value, list):
        rows = value if kind != 'bool-list' and isinstance(next(iter(value), None), list) else [value]
        good = bool(value) and all(isinstance(row, list) and row and _texts(row) for row in rows)
    elif good and isinstance(value, str):
        good = bool(value.strip())
    if not good:
        raise BadRequest(f'its evaluator_kwargs are {quoted(kwargs)}, but must have {key!r}, as its evaluator takes it')
    return value if isinstance(value, str) else str(value)


def _texts(row: list[Any]) -> bool:
    return all(isinstance(text, str) for text in row)


def images_of(entry: Mapping[str, Any]) -> tuple[tuple[str, ...], bool]:
    """Return the names of what the question shows, and whether these are a video or its frames.

    :raises BadRequest: for an entry with both images and a video, or with too many images
    """
    images, video, frames = entry.get('img_path'), entry.get('video_path'), entry.get('frames', False)
    if not isinstance(frames, bool):
        raise BadRequest(f'its frames is {quoted(frames)}, but must be true or false')
    if isinstance(images, str):
        images = [images]
    if images is not None and not isinstance(images, list):
        raise BadRequest(f'its img_path is {quoted(images)}, but must be a name of a file, or a list of them')
    if images and video:
        raise BadRequest(
            f'it has images ({quoted(images)}) and a video ({quoted(video)}), but may have only one of them'
        )
    if len(images or ()) > MOST_IMAGES:
        raise BadRequest(f'it has {len(images or ())} images, but may have {MOST_IMAGES} at the most')
    if video:
        return (video,), True
    return tuple(images or ()), frames
