# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Labels beside coordinates: what a model calls a kettle is no mug, as in sentences (``test_another_thing.py``)."""

import json

import pytest

from robobrain_ros.tasks import get_profile, get_task

PROFILE = get_profile('robobrain-2.5')
KEYS = {'pointing': 'point_2d', 'affordance': 'point_2d', 'grounding': 'bbox_2d'}


def labels(instruction, *said, task='pointing'):
    """The labels whose places are read, in order, and the reasons for the others."""
    key = KEYS[task]
    places = [[100 + at, 200, 300, 400][: 2 if key == 'point_2d' else 4] for at in range(len(said))]
    text = json.dumps([{key: place, 'label': name} for place, name in zip(places, said, strict=True)])
    parsed = get_task(task).parse(text, PROFILE.scale(640, 480), PROFILE, instruction=instruction)
    assert not parsed.not_found
    return [place.label for place in (*parsed.points, *parsed.boxes)], [drop.reason for drop in parsed.dropped]


@pytest.mark.parametrize('task', KEYS)
@pytest.mark.parametrize(
    ('instruction', 'other'),
    [
        ('the red mug', 'kettle'),
        ('Point to the mug.', 'a blue plate'),
        ('the mug', 'plate next to the mug'),
        ('红色杯子', '水壶'),
    ],
)
def test_a_label_of_another_thing_is_no_target(instruction, other, task):
    read, reasons = labels(instruction, other, task=task)
    assert read == []
    assert f'this is said of "{other}"' in reasons[0]


@pytest.mark.parametrize('task', KEYS)
@pytest.mark.parametrize(
    ('instruction', 'name'),
    [
        ('the red mug', 'cup'),
        ('the red mug', 'red coffee mug'),
        ('the mug', 'handle'),
        ('the mug', 'object'),
        ('the mug', 'frobnicator'),
        ('everything on the table', 'kettle'),
        ('the mug and the kettle', 'kettle'),
        ('红色杯子', '马克杯'),
        ('the red mug', '杯子'),
    ],
)
def test_other_names_of_what_was_asked_for_are_kept(instruction, name, task):
    assert labels(instruction, name, task=task) == ([name], [])


def test_beside_what_was_asked_for_nothing_else_is_read():
    read, reasons = labels('the red mug', 'kettle', 'red mug', 'frobnicator', 'cup')
    assert read == ['red mug', 'cup']
    assert len(reasons) == 2


@pytest.mark.parametrize('task', KEYS)
@pytest.mark.parametrize(
    ('instruction', 'keys', 'own'),
    [
        ('the red mug', ('kettle', 'red mug'), 'red mug'),
        ('the red mug', ('Red_Mug', 'kettle'), 'Red_Mug'),
        ('the red mug', ('mug', 'red mug'), 'red mug'),
        ('the red mug', ('blue mug', 'cup', 'plate'), 'cup'),
        ('Point to the mug.', ('table', 'mug'), 'mug'),
        ('红色杯子', ('水壶', '红色杯子'), '红色杯子'),
        ('红色杯子', ('red mug', '水壶'), 'red mug'),
        ('the red mug', ('kettle', 'plate'), ''),
        ('the red mug', ('blue mug', 'kettle'), ''),
        ('the red mug', ('cup', 'glass'), ''),  # each may be it
        ('the red mug', ('frobnicator', 'kettle'), ''),
        ('', ('kettle', 'red mug'), ''),
    ],
)
@pytest.mark.parametrize('nested', [False, True])
def test_keys_that_are_names_of_things(instruction, keys, own, nested, task):
    places = {key: [100 + at, 200, 300, 400][: 4 if task == 'grounding' else 2] for at, key in enumerate(keys)}
    text = json.dumps({key: {KEYS[task]: place} if nested else place for key, place in places.items()})
    parsed = get_task(task).parse(text, PROFILE.scale(640, 480), PROFILE, instruction=instruction)
    assert [(place.label, text[slice(*place.span)]) for place in (*parsed.points, *parsed.boxes)] == (
        [(own, str(places[own]))] if own else []
    )
    assert len(parsed.dropped) == len(keys) - bool(own)
    assert not parsed.not_found


def test_of_a_cut_object_no_key_is_the_name_of_it():
    parsed = get_task('pointing').parse(
        '{"mug": [1, 2], "red m', PROFILE.scale(640, 480), PROFILE, True, instruction='the red mug'
    )
    assert parsed.points == ()


def test_waypoints_may_be_called_by_what_they_pass():
    text = '[{"point_2d": [100, 200, 0.5], "label": "mug"}, {"point_2d": [300, 400, 0.6], "label": "plate"}]'
    parsed = get_task('trajectory').parse(
        text, PROFILE.scale(640, 480), PROFILE, instruction='put the mug on the plate'
    )
    assert len(parsed.points) == 2
