# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Sets of multiple choice: how a row of each becomes a question, as FlagEvalMM's processing makes it."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.converters.rows import Row, listed, rows, text
from robobrain_ros.evaluation.consistency.converters.store import Store, identity
from robobrain_ros.evaluation.consistency.data.media import quoted

LETTERS = 'ABCDEF'
LETTER_ONLY = ' Please answer directly with only the letter of the correct option and nothing else.'
"""What ERQA itself asks at the end, and the public evaluation takes away."""
BLINK_PARTS = ('Counting', 'Relative_Depth', 'Spatial_Relation', 'Multi-view_Reasoning', 'Visual_Correspondence')
DIRECTIONS, DISTANCES = ('left', 'right', 'above', 'under'), ('close', 'far')
OF_CV_BENCH = ('source_dataset', 'source_filename', 'target_class', 'target_size', 'bbox')

Reader = Callable[[Path], Iterator[Row]]
Maker = Callable[[Row, Store], dict[str, Any]]


def blink_rows(source: Path) -> Iterator[Row]:
    """Yield the rows of the five parts of BLINK that belong to the release's table."""
    for part in BLINK_PARTS:
        yield from rows(source, 'val', part)


def erqa(row: Row, store: Store) -> dict[str, Any]:
    """Make a question with its images where ``visual_indices`` (places in the text) say."""
    name, question = identity(row, 'question_id'), text(row, 'question').replace(LETTER_ONLY, '')
    images = _images(row, store, f'img/{name}_')
    return {
        'question_id': name,
        'answer': text(row, 'answer'),
        'sub_task': text(row, 'question_type'),
        'question_type': 'multiple-choice',
        'img_path': images,
        'question': _woven(question, listed(row, 'visual_indices'), len(images)),
    }


def blink(row: Row, store: Store) -> dict[str, Any]:
    """Make a question with up to four images in front."""
    name, images = identity(row, 'idx'), []
    for number in range(1, 5):
        if row.get(f'image_{number}') is None:
            break
        images.append(store.save(store.picture(row[f'image_{number}']), f'image/{name}_{number}.jpg'))
    return {
        'question_id': name,
        'question': _tags(len(images)) + text(row, 'prompt'),
        'sub_task': text(row, 'sub_task'),
        'answer': _in_brackets(row),
        'question_type': 'multiple-choice',
        'img_path': images,
    }


def cv_bench(row: Row, store: Store) -> dict[str, Any]:
    """Make a question with options about one image, in the file that the row names."""
    return {
        'question_id': identity(row, 'idx'),
        'type_ori': row.get('type'),
        'question_type': 'multiple-choice',
        'answer': _in_brackets(row),
        'options': listed(row, 'choices'),
        'img_path': store.save(store.picture(row.get('image')), text(row, 'filename')),
        'task': text(row, 'task'),
        'question': text(row, 'question'),
        'source': text(row, 'source'),
    } | {key: row.get(key) for key in OF_CV_BENCH}


def embspatial(row: Row, store: Store) -> dict[str, Any]:
    """Make a question with four options about one image, which the row has in base64."""
    name, relation, answer = identity(row, 'question_id'), text(row, 'relation'), row.get('answer')
    if isinstance(answer, bool) or not isinstance(answer, int) or not 0 <= answer < 4:
        raise BadRequest(f'answer is {quoted(answer)}, but must be a number from 0 to 3')
    if relation not in DIRECTIONS + DISTANCES:
        raise BadRequest(f'relation is {quoted(relation)}, but must be one of {", ".join(DIRECTIONS + DISTANCES)}')
    try:
        image = base64.b64decode(text(row, 'image_base64'))
    except ValueError as error:
        raise BadRequest(f'image_base64 is not base64: {error}') from error
    options, question = listed(row, 'answer_options'), text(row, 'question')
    return {
        'question': question,
        'answer': LETTERS[answer],
        'question_id': name,
        'img_path': store.write(image, f'img/{name}.png'),
        'relation': relation,
        'options': options,
        'sub_task': 'direction' if relation in DIRECTIONS else 'distance',
        'question_type': 'multiple-choice',
        'formatted_question': '\n'.join([f'{question}\nOptions:', *map(str, options)]),
    }


def sat(row: Row, store: Store) -> dict[str, Any]:
    """Make a question with its answers as options, and all images in front."""
    name, options, right = identity(row, 'question_id'), listed(row, 'answers'), text(row, 'correct_answer')
    if right not in options[: len(LETTERS)]:
        raise BadRequest(f'correct_answer is {quoted(right)}, but must be one of {quoted(options)}')
    images = _images(row, store, f'img/{name}_')
    return {
        'question_id': name,
        'sub_task': text(row, 'question_type'),
        'question_type': 'multiple-choice',
        'img_path': images,
        'options': options,
        'answer': LETTERS[options.index(right)],
        'question': _tags(len(images)) + text(row, 'question'),
    }


def _images(row: Row, store: Store, stem: str) -> list[str]:
    return [store.save(store.picture(cell), f'{stem}{n}.jpg') for n, cell in enumerate(listed(row, 'images'), 1)]


def _tags(images: int) -> str:
    return ''.join(f'<image {number}> ' for number in range(1, images + 1))


def _in_brackets(row: Row) -> str:
    """Return the letter of an answer such as ``(B)``."""
    answer = text(row, 'answer')
    if len(answer) < 2 or not 'A' <= answer[1] <= 'Z':
        raise BadRequest(f"answer is {quoted(answer)}, but must be a letter in brackets, such as '(A)'")
    return answer[1]


def _woven(question: str, places: list[Any], images: int) -> str:
    """Put ``<image N>`` into a question at its place; all in front where no places are given."""
    if not all(isinstance(place, int) and place >= 0 for place in places):
        raise BadRequest(f'visual_indices is {quoted(places)}, but must be a list of places in the question')
    if not any(places):
        return (''.join(f'<image {number}>' for number in range(1, images + 1)) + question).strip()
    woven, last = [], 0
    for number, place in sorted(zip(range(1, images + 1), places, strict=False), key=lambda pair: pair[1]):
        if place > last:
            woven.append(question[last:place])
            last = place
        woven.append(f'<image {number}>')
    return ''.join([*woven, question[last:]]).strip()
