# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The mini sets: in FlagEvalMM's layout, with answers that are true, and the same for the same numbers."""

import json
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from robobrain_ros.brain import image_files
from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.items import KINDS
from robobrain_ros.evaluation.consistency.mini import files as mini
from robobrain_ros.evaluation.consistency.mini import scene as mini_scene
from robobrain_ros.sim.layout import SHAPES
from robobrain_ros.sim.scene import TableTop

SCENES = 2


@pytest.fixture(scope='module')
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp('mini')
    counts = mini.write(path, SCENES)
    assert {name: len(entries(path, name)) for name in mini.SETS} == counts
    return path


def entries(folder: Path, name: str) -> list[dict]:
    return json.loads((folder / name / 'data.json').read_text())


def every(folder: Path) -> list[tuple[Path, dict]]:
    return [(folder / name, entry) for name in mini.SETS for entry in entries(folder, name)]


def of_mini(folder: Path, name: str, sub_task: str) -> list[dict]:
    found = [entry for entry in entries(folder, f'{mini.PREFIX}{name}') if entry['sub_task'] == sub_task]
    assert found, (name, sub_task)
    return found


def table(entry: dict) -> TableTop:
    return TableTop(int(entry['scene']))


def test_every_set_says_that_it_is_ours_and_its_files_are_there(folder):
    for place, entry in every(folder):
        assert place.name.startswith('robobrain_mini_')
        assert 'no public benchmark' in entry['source']
        assert entry['question_type'] in KINDS
        assert entry['img_path']
        assert all((place / file).is_file() for file in entry['img_path'])
    for name in mini.SETS:
        found = [entry['question_id'] for entry in entries(folder, name)]
        assert len(found) == len(set(found)) >= SCENES


def test_every_kind_has_a_set(folder):
    kinds = {name: {entry['question_type'] for entry in entries(folder, name)} for name in mini.SETS}
    assert kinds == {
        'robobrain_mini_choice': {'multiple-choice'},
        'robobrain_mini_views': {'multiple-choice'},
        'robobrain_mini_yes_no': {'yes-no'},
        'robobrain_mini_point_norm1k': {'point'},
        'robobrain_mini_frames': {'numerical'},
        'robobrain_mini_mixed': {'multiple-choice', 'yes-no', 'point', 'numerical'},
    }


def test_answers_are_among_the_options(folder):
    for _, entry in every(folder):
        if 'options' in entry:
            assert entry['answer'] in 'ABCD'[: len(entry['options'])]
            assert len(set(entry['options'])) == len(entry['options']) >= 2
        if entry['question_type'] == 'yes-no':
            assert entry['answer'] in ('yes', 'no')
        if entry['question_type'] == 'numerical':
            assert float(entry['answer']) > 0


def test_numbers_and_colours_are_those_of_the_table(folder):
    for entry in of_mini(folder, 'choice', 'count'):
        right = entry['options']['ABCD'.index(entry['answer'])]
        assert int(right) == len(table(entry).layout.items)
    for entry in of_mini(folder, 'choice', 'colour'):
        shape = re.search('|'.join(SHAPES), entry['question'])[0]
        (item,) = (item for item in table(entry).layout.items if item.shape == shape)
        assert entry['options']['ABCD'.index(entry['answer'])] == item.colour
    for entry in of_mini(folder, 'frames', 'object_counting'):
        shape = re.search('|'.join(SHAPES), entry['question'])[0]
        assert int(entry['answer']) == sum(item.shape == shape for item in table(entry).layout.items)


def test_distances_and_heights_are_in_centimetres(folder):
    for entry in of_mini(folder, 'frames', 'object_abs_distance'):
        items = {f'{item.colour} {item.shape}': item for item in table(entry).layout.items}
        first, second = (item for name, item in items.items() if f'the {name}' in entry['question'])
        assert float(entry['answer']) == pytest.approx(100 * np.linalg.norm(first.centre - second.centre), abs=0.051)
    for entry in of_mini(folder, 'frames', 'object_size_estimation'):
        (item,) = (i for i in table(entry).layout.items if f'{i.colour} {i.shape}' in entry['question'])
        assert float(entry['answer']) == pytest.approx(100 * item.height, abs=0.051)


def test_left_and_right_are_those_of_the_image(folder):
    for entry in of_mini(folder, 'yes_no', 'relation'):
        scene = table(entry)
        names = re.fullmatch(r'Is the (.+) to the (left|right) of the (.+) in the image\?', entry['question'])
        u = {f'{item.colour} {item.shape}': scene.view.project(item.centre)[0] for item in scene.layout.items}
        left = u[names[1]] < u[names[3]]
        assert entry['answer'] == ('yes' if left == (names[2] == 'left') else 'no')


def test_masks_are_white_where_the_thing_is_seen(folder):
    place = folder / 'robobrain_mini_point_norm1k'
    for entry in entries(folder, place.name):
        mask = image_files.read(place / entry['mask_path'])
        assert mask.shape == (entry['image_height'], entry['image_width'], 3)
        assert set(np.unique(mask)) == {0, 255}
        labels = table(entry).truth().labels
        assert len(np.unique(labels[mask[..., 0] > 0])) == 1


def test_what_is_said_to_have_moved_has_moved(folder):
    for entry in of_mini(folder, 'views', 'moved'):
        scene = mini_scene.find(int(entry['scene']))
        after, name = scene.moved
        pairs = zip(scene.first.layout.items, after.layout.items, strict=True)
        moved = [f'{a.colour} {a.shape}' for a, b in pairs if (a.x, a.y) != (b.x, b.y)]
        assert moved == [name]


def test_a_film_has_frames_from_different_places(folder):
    place = folder / 'robobrain_mini_frames'
    (first, *_) = entries(folder, place.name)
    pictures = [image_files.read(place / file) for file in first['img_path']]
    assert first['frames'] is True
    assert len(pictures) == len(mini_scene.ARC_DEG)
    assert all((one != other).any() for one, other in pairwise(pictures))


def test_the_same_numbers_give_the_same_files(folder, tmp_path):
    mini.write(tmp_path, 1)
    for name in mini.SETS:
        again = entries(tmp_path, name)
        assert again == entries(folder, name)[: len(again)]
        for file in again[0]['img_path']:
            assert (tmp_path / name / file).read_bytes() == (folder / name / file).read_bytes()


def test_a_set_without_questions_is_not_there(tmp_path, monkeypatch):
    monkeypatch.setattr(mini, 'SETS', {'robobrain_mini_views': lambda scene: iter(())})
    assert mini.write(tmp_path, 1) == {'robobrain_mini_views': 0}
    assert list(tmp_path.iterdir()) == []


def test_a_set_that_is_there_is_not_written_over(tmp_path):
    there = tmp_path / 'robobrain_mini_views'
    there.mkdir()
    with pytest.raises(BadRequest, match=r'robobrain_mini_views. is there already'):
        mini.write(tmp_path, 1)
    assert list(tmp_path.rglob('*')) == [there]
