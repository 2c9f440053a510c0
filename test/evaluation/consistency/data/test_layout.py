# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Benchmarks are found in FlagEvalMM's layout, read, and put as a model gets them."""

import benchmark_folders as made
import numpy as np
import pytest

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.data import layout
from robobrain_ros.evaluation.consistency.items import Item


@pytest.fixture
def folder(tmp_path):
    return tmp_path / 'SAT'


def test_a_question_is_read_with_all_it_has(folder):
    entry = made.choice(folder, 7, level='x')
    made.write(folder, [entry])
    (item,) = layout.read_set(folder)
    assert (item.set_name, item.question_id, item.kind, item.label) == ('SAT', '7', 'multiple-choice', 'B')
    assert item.prompt.startswith('<image 1> Which?\nA. left\nB. right\nC. neither\nCarefully analyze the multiple-')
    assert item.images == (folder / 'img' / '7.png',)
    assert (item.group, item.stratum, item.extra, item.frames) == ('7', 'place', entry, False)


def test_a_question_for_points_has_its_mask_and_size(tmp_path):
    folder = tmp_path / 'Where2Place' / 'test'
    made.write(folder, [made.point(folder)])
    (item,) = layout.read_set(folder)
    assert (item.set_name, item.size, item.mask) == ('Where2Place_norm1k', (40, 30), folder / 'mask' / 'one.png')
    assert 'between 0 and 1000' in item.prompt
    (other,) = layout.read_set(folder, 'Where2Place')
    assert other.set_name == 'Where2Place'
    assert 'between 0 and 1,' in other.prompt


def test_sets_are_found_where_flagevalmm_keeps_them_or_by_their_name(tmp_path):
    for place in ('ERQA/test', 'robobrain_mini_choice', 'more/SAT'):
        made.write(tmp_path / place, [made.choice(tmp_path / place)])
    made.write(tmp_path / 'BLINK/val', [made.choice(tmp_path / 'BLINK/val')], 'data_ev.json')
    made.write(tmp_path / 'MMMU/val', [{'unknown': 'set'}])
    made.write(tmp_path / 'Where2Place/test', [made.point(tmp_path / 'Where2Place/test')])
    made.write(tmp_path / 'ERQA/test/img/SAT', [])  # what lies below a set is no other set
    found = layout.find_sets(tmp_path)
    assert {name: str(place.relative_to(tmp_path)) for name, place in found.items()} == {
        'erqa': 'ERQA/test',
        'Where2Place': 'Where2Place/test',
        'Where2Place_norm1k': 'Where2Place/test',
        'blink_val_ev': 'BLINK/val',
        'SAT': 'more/SAT',
        'robobrain_mini_choice': 'robobrain_mini_choice',
    }
    assert next(iter(found)) == 'erqa'
    for name, at in found.items():
        assert layout.read_set(at, name)[0].set_name == name
    assert set(layout.find_sets(tmp_path / 'ERQA' / 'test')) == {'erqa'}


def test_other_questions_of_the_same_folder_are_not_taken_for_the_set(tmp_path):
    made.write(tmp_path / 'VSI-Bench' / 'test', [{'question_id': 'of the whole set'}])
    with pytest.raises(BadRequest, match='has no set that is known here'):
        layout.find_sets(tmp_path)
    with pytest.raises(BadRequest, match=r'there is no file .*data_tiny\.json'):
        layout.read_set(tmp_path / 'VSI-Bench' / 'test', 'vsi_bench_tiny')


def test_folders_that_are_links_keep_their_name_and_circles_end(tmp_path):
    kept = tmp_path / 'kept'
    made.write(kept, [made.choice(kept)])
    (tmp_path / 'data').mkdir()
    (tmp_path / 'data' / 'erqa').symlink_to(kept)
    (tmp_path / 'data' / 'again').symlink_to(tmp_path / 'data')
    found = layout.find_sets(tmp_path / 'data')
    assert found == {'erqa': tmp_path / 'data' / 'erqa'}
    assert len(layout.read_set(found['erqa'])) == 1


@pytest.mark.parametrize('place', ['nothing', 'file'])
def test_what_holds_no_set_is_refused(tmp_path, place):
    (tmp_path / 'file').write_text('x')
    with pytest.raises(BadRequest, match=f"{place}' is no folder"):
        layout.find_sets(tmp_path / place)
    with pytest.raises(BadRequest, match=f'cannot read .*{place}'):
        layout.read_set(tmp_path / place)


def test_one_set_at_two_places_is_refused(tmp_path):
    for place in ('ERQA/test', 'erqa'):
        made.write(tmp_path / place, [made.choice(tmp_path / place)])
    with pytest.raises(BadRequest, match=r"erqa lies in '.*' and in '.*'"):
        layout.find_sets(tmp_path)


def test_a_folder_of_no_known_set_needs_a_name(tmp_path):
    made.write(tmp_path / 'mine', [made.choice(tmp_path / 'mine')])
    with pytest.raises(BadRequest, match=r"cannot tell which set '.*mine' is"):
        layout.read_set(tmp_path / 'mine')
    assert layout.read_set(tmp_path / 'mine', 'erqa')[0].set_name == 'erqa'


def test_questions_about_one_scene_or_image_are_one_group(tmp_path):
    folder = tmp_path / 'robobrain_mini_choice'
    scenes = {'a': 's1', 'b': 's1', 'ccc': 's2', 'ddd': 's3', 'eeeeeee': 's4'}
    made.write(folder, [made.choice(folder, name, scene=scene) for name, scene in scenes.items()])
    made.picture(folder / 'img' / 'a.png', seed=10)
    # b shares a's scene, ddd has the image of ccc: see made.choice, which draws by the length of a name
    assert [item.group for item in layout.read_set(folder)] == ['a', 'a', 'ccc', 'ccc', 'eeeeeee']


def test_content_has_texts_and_images_in_the_order_of_the_prompt(tmp_path):
    folder = tmp_path / 'robobrain_mini_views'
    sizes = {'x': (40, 30), 'y': (24, 16)}
    for name, size in sizes.items():
        made.picture(folder / 'img' / f'{name}.png', size)
    images = [f'img/{name}.png' for name in sizes]
    entry = made.choice(folder, question='<image 2> then <image 1>: which?', img_path=images)
    made.write(folder, [entry])
    pieces = layout.content(layout.read_set(folder)[0])
    assert [piece if isinstance(piece, str) else piece.shape for piece in pieces][:3] == [
        (16, 24, 3), ' then ', (30, 40, 3),
    ]  # fmt: skip
    assert str(pieces[3]).startswith(': which?\nA. left')


def test_without_a_tag_only_the_first_image_is_shown_as_in_the_public_evaluation(folder):
    made.picture(folder / 'img' / 'x.png', (24, 16))
    made.write(folder, [made.choice(folder, img_path=['img/x.png', 'img/one.png'])])
    pieces = layout.content(layout.read_set(folder)[0])
    assert [piece.shape for piece in pieces if isinstance(piece, np.ndarray)] == [(16, 24, 3)]


def test_images_without_a_tag_in_the_prompt_follow_the_text(folder):
    path = made.picture(folder / 'img' / 'x.png')
    text, first, second = layout.content(Item('SAT', '1', 'Which?', 'multiple-choice', 'A', (path, path)))
    assert text == 'Which?'
    assert np.shape(first) == np.shape(second) == (30, 40, 3)


def test_frames_follow_the_text_whatever_it_says(tmp_path):
    folder = tmp_path / 'robobrain_mini_frames'
    entry = made.choice(folder, question_type='numerical', frames=True, options=None, answer='2')
    entry |= {'question': 'In <image 2>, how many?', 'img_path': ['img/one.png'] * 3}
    made.write(folder, [entry])
    text, *frames = layout.content(layout.read_set(folder)[0])
    assert str(text).startswith('These are frames of a video.\nIn <image 2>, how many?\nCarefully')
    assert len(frames) == 3
