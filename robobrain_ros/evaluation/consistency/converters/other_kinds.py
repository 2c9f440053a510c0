# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Sets that ask for points, yes or no, numbers, or several of these: how a row of each becomes a question."""

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.converters.rows import Row, listed, rows, text
from robobrain_ros.evaluation.consistency.converters.store import Store, identity
from robobrain_ros.evaluation.consistency.data import media
from robobrain_ros.evaluation.consistency.data.media import quoted

ROBO_SPATIAL = {'compatibility': 'yes-no', 'configuration': 'yes-no', 'context': 'point'}
"""Splits of RoboSpatial-Home, and what each asks for."""
THEIR_FORMAT = (
    'Your answer should be formatted as a list of tuples, i.e. [(x1, y1), ...], where each tuple contains the x and y '
    'coordinates of a point satisfying the conditions above. The coordinates should be between 0 and 1, indicating the '
    'normalized pixel locations of the points.',
    'Answer yes or no.',
)
"""What RoboSpatial-Home itself asks at the end, and the public evaluation takes away."""
TINY_IDS = 'tiny_ids.txt'
"""File in the download of VSI-Bench with the ids of the questions of the tiny set."""
VIDEOS = ('arkitscenes', 'scannetpp', 'scannet')
"""Folders, or zip files, of VSI-Bench's videos."""


def robo_spatial_rows(source: Path) -> Iterator[Row]:
    """Yield the rows of all three splits; each gets its split and a number, which make its id."""
    for split in ROBO_SPATIAL:
        for index, row in enumerate(rows(source, split)):
            yield dict(row) | {'split': split, 'id': f'{split}_{index}'}


def vsi_rows(source: Path) -> Iterator[Row]:
    """Yield the rows of the tiny set.

    :raises BadRequest: without the file that says which these are
    """
    try:
        wanted = set(re.findall(r'\d+', (source / TINY_IDS).read_text(encoding='utf-8')))
    except (OSError, ValueError) as error:
        raise BadRequest(
            f"'{source / TINY_IDS}' must have the ids of the tiny set's 400 questions: FlagEvalMM lists them in "
            'tasks/vsi_bench/process.py'
        ) from error
    yield from (row for row in rows(source, 'test') if str(row.get('id')) in wanted)


def where2place(row: Row, store: Store) -> dict[str, Any]:
    """Make a question that asks for points, with its mask."""
    name = identity(row, 'question_id')
    image, mask = store.picture(row.get('image')), f'mask/{name}.jpg'
    store.save(store.picture(row.get('mask')), mask)
    return {
        'question_id': name,
        'question': text(row, 'question'),
        'sub_task': text(row, 'question_type'),
        'answer': mask,
        'question_type': 'point',
        'img_path': store.save(image, f'img/{name}.jpg'),
        'image_width': image.width,
        'image_height': image.height,
        'mask_path': mask,
    }


def robo_spatial(row: Row, store: Store) -> dict[str, Any]:
    """Make a question that asks for points or for yes or no, without the sentence about the answer's form."""
    name, image, mask = text(row, 'id'), store.picture(row.get('img')), ''
    if row['split'] == 'context':
        mask = store.save(store.picture(row.get('mask')), f'mask/{name}.jpg')
    question = text(row, 'question')
    for sentence in THEIR_FORMAT:
        question = question.replace(sentence, '').strip()
    return {
        'question_id': name,
        'question': question,
        'category': text(row, 'category'),
        'answer': text(row, 'answer'),
        'question_type': ROBO_SPATIAL[row['split']],
        'img_path': store.save(image, f'img/{name}.jpg'),
        'mask_path': mask,
        'image_width': image.width,
        'image_height': image.height,
    }


def vsi(row: Row, store: Store) -> dict[str, Any]:
    """Make a question about a video, which is copied, out of its zip file where it is in one."""
    dataset, scene, options = text(row, 'dataset'), text(row, 'scene_name'), listed(row, 'options')
    video = f'{dataset}/{scene}.mp4'
    if dataset not in VIDEOS:
        raise BadRequest(f'dataset is {quoted(dataset)}, but must be one of {", ".join(VIDEOS)}')
    if not (store.folder / video).exists():
        _copy_video(store, dataset, video)
    return {
        'question_id': identity(row, 'id'),
        'question': '\nOptions:\n'.join([text(row, 'question'), *(['\n'.join(map(str, options))] if options else [])]),
        'answer': row.get('ground_truth'),
        'question_type': text(row, 'question_type'),
        'dataset': dataset,
        'scene_name': scene,
        'video_path': video,
    }


def erqa_plus(row: Row, store: Store) -> dict[str, Any]:
    """Make a question with all images in front, and what its evaluator compares with."""
    name, images = identity(row, 'question_id'), listed(row, 'images')
    kwargs = row.get('evaluator_kwargs')
    try:
        given = json.loads(kwargs) if isinstance(kwargs, str) else kwargs
    except (ValueError, RecursionError) as error:
        raise BadRequest(f'evaluator_kwargs is no JSON: {error}') from error
    return {
        'question_id': name,
        'question': (''.join(f'<image {n}>' for n in range(1, len(images) + 1)) + text(row, 'question')).strip(),
        'img_path': [store.save(store.picture(cell), f'img/{name}_{n}.png') for n, cell in enumerate(images, 1)],
        'reference': row.get('reference'),
        'question_type': text(row, 'question_type'),
        'task_category': text(row, 'task_category'),
        'task_sub_category': row.get('task_sub_category'),
        'evaluator': text(row, 'evaluator'),
        'evaluator_kwargs': given,
    }


def embodied_verse(row: Row, store: Store) -> dict[str, Any]:
    """Make a question of any of four kinds; its prompt is in it already."""
    name, kind = identity(row, 'question_id'), text(row, 'question_type')
    entry = {key: row.get(key) for key in ('raw_question_id', 'level-1', 'level-2', 'answer', 'source')}
    entry |= {'question_id': name, 'question': text(row, 'question'), 'question_type': kind}
    if video := row.get('video_path'):
        with media.inside(store.source, video).open('rb') as file:
            return entry | {'video_path': store.copy(file, video)}
    images = [store.picture(cell) for cell in listed(row, 'images')]
    entry['img_path'] = [store.save(image, f'img/{name}_{number}.jpg') for number, image in enumerate(images, 1)]
    if kind == 'point' and images:
        mask = store.save(store.picture(row.get('mask_image')), f'img/mask/{name}.jpg')
        entry |= {'image_width': images[0].width, 'image_height': images[0].height, 'mask_path': mask, 'answer': mask}
    return entry


def _copy_video(store: Store, dataset: str, video: str) -> None:
    packed = store.source / f'{dataset}.zip'
    try:
        if packed.is_file():
            with zipfile.ZipFile(packed) as archive, archive.open(video) as file:
                store.copy(file, video)
        else:
            with media.inside(store.source, video).open('rb') as file:
                store.copy(file, video)
    except KeyError as error:
        raise BadRequest(f"there is no {video} in '{packed}'") from error
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:  # encrypted, unknown method
        raise BadRequest(f"cannot read {video} from '{packed}': {error}") from error
