# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Public originals become FlagEvalMM's layout; here they are made up, in the form that their projects ship."""

import base64
import json
import sys
import zipfile

import benchmark_folders as made
import numpy as np
import pytest
from PIL import Image

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.converters.convert import ORIGINALS, convert
from robobrain_ros.evaluation.consistency.data import layout, sets
from robobrain_ros.evaluation.consistency.mini.files import SETS as MINI


@pytest.fixture
def source(tmp_path):
    """A download with three images, as files that JSON rows can name."""
    for index in range(3):
        made.picture(tmp_path / 'source' / f'{index}.png', (48 + index, 32), seed=index)
    return tmp_path / 'source'


def rows(source, *found, file='test.jsonl'):
    (source / file).parent.mkdir(parents=True, exist_ok=True)
    (source / file).write_text('\n'.join(json.dumps(row) for row in found))


def converted(name, source):
    """The entries of a converted set, and its folder."""
    folder = convert(name, source, source.parent / 'out')
    return json.loads((folder / sets.find(name).file).read_text()), folder


ERQA = {
    'question_id': 'ERQA_1',
    'question': 'First  then : which?'
    ' Please answer directly with only the letter of the correct option and nothing else.',
    'answer': 'A',
    'question_type': 'Pointing',
    'images': ['0.png', {'path': '1.png', 'bytes': None}],
    'visual_indices': [12, 6],
}


def test_erqa_has_its_images_where_the_text_has_them(source):
    rows(source, ERQA, ERQA | {'question_id': 'ERQA_2', 'visual_indices': [0, 0]})
    (woven, plain), folder = converted('erqa', source)
    assert folder == source.parent / 'out' / 'ERQA' / 'test'
    assert woven['question'] == 'First <image 2> then <image 1>: which?'
    assert plain['question'] == '<image 1><image 2>First  then : which?'
    assert woven['img_path'] == ['img/ERQA_1_1.jpg', 'img/ERQA_1_2.jpg']
    assert (woven['sub_task'], woven['question_type'], woven['answer']) == ('Pointing', 'multiple-choice', 'A')
    heard = []
    convert('erqa', source, source.parent / 'again', heard.append)
    assert heard == [1, 2]


def test_images_are_saved_with_the_pixels_of_the_public_processing(source):
    rows(source, ERQA)
    folder = converted('erqa', source)[1]
    Image.open(source / '0.png').save(source / 'pillow.jpg')
    assert (folder / 'img' / 'ERQA_1_1.jpg').read_bytes() == (source / 'pillow.jpg').read_bytes()


def test_blink_takes_five_parts_and_up_to_four_images(source):
    parts = ('Counting', 'Relative_Depth', 'Spatial_Relation', 'Multi-view_Reasoning', 'Visual_Correspondence')
    for part in (*parts, 'Jigsaw'):
        row = {'idx': f'val_{part}_1', 'prompt': f'{part}?', 'sub_task': part, 'answer': '(B)', 'image_1': '0.png'}
        rows(source, row | {'image_2': '1.png', 'image_3': None, 'image_4': '2.png'}, file=f'{part}/val.jsonl')
    entries, folder = converted('blink_val_ev', source)
    assert [entry['sub_task'] for entry in entries] == list(parts)
    assert entries[0]['question'] == '<image 1> <image 2> Counting?'
    assert (entries[0]['answer'], len(entries[0]['img_path'])) == ('B', 2)
    assert (folder / 'data_ev.json').exists()


CV = {
    'idx': 3, 'type': '2D', 'task': 'Count', 'image': '0.png', 'question': 'How many?', 'choices': ['1', '2'],
    'answer': '(B)', 'filename': 'img/2D/count/a.png', 'source': 'COCO', 'source_dataset': 'd', 'source_filename': 'f',
}  # fmt: skip


def test_cv_bench_keeps_its_source_and_files(source):
    rows(source, CV, file='test_2d.jsonl')
    rows(
        source, CV | {'idx': 4, 'source': 'Omni3D', 'filename': 'img/3D/b.png', 'image': '1.png'}, file='test_3d.jsonl'
    )
    (first, second), folder = converted('cv_bench_test', source)
    assert (first['options'], first['answer'], first['type_ori']) == (['1', '2'], 'B', '2D')
    assert (folder / 'img' / '2D' / 'count' / 'a.png').exists()
    assert [item.stratum for item in layout.read_set(folder)] == ['COCO', 'Omni3D']
    assert second['source'] == 'Omni3D'


def test_embspatial_has_its_image_in_base64(source):
    image = base64.b64encode((source / '0.png').read_bytes()).decode()
    row = {'question_id': 'a1', 'question': 'Where?', 'answer': 3, 'answer_options': list('wxyz'), 'relation': 'close'}
    rows(source, row | {'image_base64': image})
    (entry,), folder = converted('embspatial_bench', source)
    assert (entry['answer'], entry['sub_task'], entry['options']) == ('D', 'distance', ['w', 'x', 'y', 'z'])
    assert (folder / 'img' / 'a1.png').read_bytes() == (source / '0.png').read_bytes()


def test_sat_makes_options_of_its_answers_and_rgb_of_its_images(source):
    Image.open(source / '0.png').convert('RGBA').save(source / 'rgba.png')
    row = {'question_id': 's1', 'question': 'Turn?', 'question_type': 'ego', 'answers': ['left', 'right']}
    rows(source, row | {'correct_answer': 'right', 'images': ['rgba.png', '1.png']})
    (entry,), folder = converted('SAT', source)
    assert (entry['question'], entry['answer']) == ('<image 1> <image 2> Turn?', 'B')
    assert Image.open(folder / 'img' / 's1_1.jpg').mode == 'RGB'


def test_where2place_gets_masks_and_serves_both_conventions(source):
    row = {'question_id': 5, 'question': 'Point there.', 'question_type': 'seen', 'image': '0.png', 'mask': '0.png'}
    rows(source, row)
    folder = convert('Where2Place', source, source.parent / 'out')
    for name in ('Where2Place', 'Where2Place_norm1k'):
        (item,) = layout.read_set(folder, name)
        assert (item.size, item.mask) == ((48, 32), folder / 'mask' / '5.jpg')
    with pytest.raises(BadRequest, match=r"data\.json' is there already"):
        convert('Where2Place_norm1k', source, source.parent / 'out')


def test_robo_spatial_has_three_splits_and_loses_its_own_format(source):
    yes = {'question': 'Does it fit? Answer yes or no.', 'answer': 'Yes', 'category': 'fit', 'img': '0.png'}
    rows(source, yes, yes, file='compatibility.jsonl')
    rows(source, yes | {'answer': 'no'}, file='configuration.jsonl')
    asked = (
        'Where is room? Your answer should be formatted as a list of tuples, i.e. [(x1, y1), ...], where each tuple '
        'contains the x and y coordinates of a point satisfying the conditions above. The coordinates should be '
        'between 0 and 1, indicating the normalized pixel locations of the points.'
    )
    where = {'question': asked, 'answer': '[(0.1, 0.2), (0.3, 0.2), (0.2, 0.5)]', 'mask': '1.png', 'img': '1.png'}
    rows(source, where | {'category': 'context'}, file='context.jsonl')
    entries, folder = converted('robo_spatial_home_all_norm1k', source)
    assert [entry['question_id'] for entry in entries] == [
        'compatibility_0', 'compatibility_1', 'configuration_0', 'context_0',
    ]  # fmt: skip
    assert [entry['question'] for entry in entries[1:]] == ['Does it fit?', 'Does it fit?', 'Where is room?']
    items = layout.read_set(folder)
    assert [item.kind for item in items] == ['yes-no', 'yes-no', 'yes-no', 'point']
    assert items[3].label == where['answer']
    assert [item.group for item in items] == ['compatibility_0'] * 3 + ['context_0']


VSI = {'dataset': 'scannet', 'scene_name': 's1', 'question': 'Where?', 'ground_truth': 'A', 'options': ['A. x', 'B. y']}


@pytest.mark.parametrize('zipped', [True, False])
def test_vsi_takes_the_tiny_set_with_its_videos(source, zipped):
    film = b'\0\0\0\x18ftypisom' + bytes(100)
    (source / 'scannet').mkdir()
    (source / 'scannet' / 's1.mp4').write_bytes(film)
    if zipped:
        with zipfile.ZipFile(source / 'scannet.zip', 'w') as packed:
            packed.write(source / 'scannet' / 's1.mp4', 'scannet/s1.mp4')
        (source / 'scannet' / 's1.mp4').unlink()
    (source / 'tiny_ids.txt').write_text('3,\n22\n')
    number = VSI | {'options': None, 'ground_truth': '4', 'question_type': 'object_counting'}
    rows(source, *({'id': i, 'question_type': 'route_planning'} | VSI for i in (2, 3, 33)), {'id': 22} | number)
    (letter, counted), folder = converted('vsi_bench_tiny', source)
    assert letter['question'] == 'Where?\nOptions:\nA. x\nB. y'
    assert (counted['question'], counted['answer'], counted['question_id']) == ('Where?', '4', 22)
    assert (folder / 'scannet' / 's1.mp4').read_bytes() == film
    assert [item.frames for item in layout.read_set(folder)] == [True, True]


def test_vsi_says_what_is_missing(source):
    rows(source, {'id': 3, 'question_type': 'route_planning'} | VSI)
    with pytest.raises(BadRequest, match=r"tiny_ids\.txt' must have the ids"):
        convert('vsi_bench_tiny', source, source.parent / 'out')
    (source / 'tiny_ids.txt').write_text('3')
    with pytest.raises(BadRequest, match=r"row 1 .* there is no file 'scannet/s1\.mp4'"):
        convert('vsi_bench_tiny', source, source.parent / 'out')
    with zipfile.ZipFile(source / 'scannet.zip', 'w') as packed:
        packed.writestr('scannet/other.mp4', 'x')
    with pytest.raises(BadRequest, match=r"there is no scannet/s1\.mp4 in '.*scannet\.zip'"):
        convert('vsi_bench_tiny', source, source.parent / 'out')
    (source / 'scannet.zip').write_text('no zip file')
    with pytest.raises(BadRequest, match=r'cannot read scannet/s1\.mp4'):
        convert('vsi_bench_tiny', source, source.parent / 'out')


def test_erqaplus_reads_what_its_evaluator_is_given(source):
    row = {'question_id': 'p1', 'question': 'How many?', 'images': ['0.png', '1.png'], 'question_type': 'x'}
    row |= {'task_category': 'c', 'evaluator': 'number_matching', 'evaluator_kwargs': '{"value_to_match": 3}'}
    rows(source, row)
    (entry,), folder = converted('ERQAPlus', source)
    assert entry['question'] == '<image 1><image 2>How many?'
    assert entry['evaluator_kwargs'] == {'value_to_match': 3}
    assert layout.read_set(folder)[0].kind == 'number'
    rows(source, row | {'evaluator_kwargs': '{"value_to_match": '})
    with pytest.raises(BadRequest, match='evaluator_kwargs is no JSON'):
        convert('ERQAPlus', source, source.parent / 'again')


def test_embodied_verse_mixes_kinds_and_videos(source):
    (source / 'video').mkdir()
    (source / 'video' / 'v.mp4').write_bytes(b'\0\0\0\x18ftypisom')
    row = {'question': 'What?\nSay it.', 'level-1': 'a', 'level-2': 'b', 'source': 'SAT', 'images': ['0.png']}
    rows(
        source,
        row | {'question_id': 'q1', 'question_type': 'point', 'answer': '', 'mask_image': '0.png'},
        row | {'question_id': 'q2', 'question_type': 'numerical', 'answer': '2', 'video_path': 'video/v.mp4'},
        file='open.jsonl',
    )
    _, folder = converted('embodied_verse', source)
    point, film = layout.read_set(folder)
    assert (point.prompt, point.size, point.stratum) == ('<image 1> What?\nSay it.', (48, 32), 'a')
    assert (film.prompt, film.frames, film.images) == ('What?\nSay it.', True, (folder / 'video' / 'v.mp4',))


@pytest.mark.parametrize(
    ('name', 'row', 'said'),
    [
        ('erqa', ERQA | {'question_id': '../../x'}, 'must make the name of a file'),
        ('erqa', ERQA | {'images': ['../../etc/passwd']}, 'leads out of'),
        ('erqa', ERQA | {'images': [{'bytes': None, 'path': None}]}, 'an image is None'),
        ('erqa', ERQA | {'images': '0.png'}, "images is '0.png', but must be a list"),
        ('erqa', ERQA | {'images': ['text.txt']}, 'is no picture'),
        ('erqa', ERQA | {'visual_indices': [-1, 'x']}, 'visual_indices is'),
        ('erqa', {'question_id': 1}, 'question is None, but must be a text; the row has question_id'),
        ('cv_bench_test', CV | {'filename': '../../../../x.png'}, 'leads out of the folder of the set'),
        ('cv_bench_test', CV | {'filename': 'x.exe'}, 'cannot write'),
        ('cv_bench_test', CV | {'filename': '\ud800.png'}, r"cannot write '.ud800\.png'"),
        ('cv_bench_test', CV | {'filename': 'a\0.png'}, 'cannot write'),
        ('cv_bench_test', CV | {'answer': 'B'}, "answer is 'B', but must be a letter in brackets"),
        ('cv_bench_test', CV | {'answer': '(9)'}, 'must be a letter in brackets'),
        ('cv_bench_test', CV | {'source': 'LVIS'}, "source is 'LVIS'"),
        ('embspatial_bench', {'question_id': 1, 'relation': 'close', 'answer': 4}, 'a number from 0 to 3'),
        ('embspatial_bench', {'question_id': 1, 'relation': 'on', 'answer': 1}, "relation is 'on'"),
        (
            'embspatial_bench',
            {'question_id': 1, 'relation': 'close', 'answer': 1, 'image_base64': 'x'},
            'image_base64 is not base64',
        ),
    ],
)
def test_a_wrong_row_is_refused_and_nothing_is_written_outside(source, name, row, said):
    (source / 'text.txt').write_text('no picture')
    before = {path for path in source.parent.rglob('*') if 'out' not in path.parts}
    rows(source, row)
    with pytest.raises(BadRequest, match=said):
        convert(name, source, source.parent / 'out')
    after = {path for path in source.parent.rglob('*') if 'out' not in path.parts}
    assert after - before == {source / 'test.jsonl'}


@pytest.mark.parametrize(
    ('name', 'said'),
    [
        ('egoplan_bench2', "'egoplan_bench2' cannot be converted"),
        ('robobrain_mini_choice', 'cannot be converted'),
        ('Erqa', "did you mean 'erqa'"),
        ('erqa', r'there is no test\*\.parquet'),
        ('blink_val_ev', r'there is no val\*\.parquet, .* in a folder Counting in'),
    ],
)
def test_what_cannot_be_converted_is_said(source, name, said):
    with pytest.raises(BadRequest, match=said):
        convert(name, source, source.parent / 'out')


@pytest.mark.parametrize('text', ['[1]', '{"a"', '[' * 100_000])
def test_odd_json_is_refused(source, text):
    (source / 'test.jsonl').write_text(text)
    with pytest.raises(BadRequest, match=r"test\.jsonl' (is no JSON|has \[1\] where a row)"):
        convert('erqa', source, source.parent / 'out')
    (source / 'test.jsonl').write_text('\n')
    with pytest.raises(BadRequest, match='has no question'):
        convert('erqa', source, source.parent / 'out')


def test_parquet_without_its_reader_says_what_to_install(source, monkeypatch):
    (source / 'test-00000-of-00001.parquet').write_bytes(b'PAR1')
    monkeypatch.setitem(sys.modules, 'pyarrow', None)
    with pytest.raises(BadRequest, match=r'is Parquet: install pyarrow to read it'):
        convert('erqa', source, source.parent / 'out')


def test_parquet_is_read_as_the_hubs_have_it(source):
    pyarrow, parquet = pytest.importorskip('pyarrow'), pytest.importorskip('pyarrow.parquet')
    image = {'bytes': (source / '0.png').read_bytes(), 'path': None}
    table = pyarrow.Table.from_pylist([ERQA | {'images': [image], 'visual_indices': [0], 'question_id': f'{n}'}
                                       for n in range(70)])  # fmt: skip
    (source / 'data').mkdir()
    for part in range(2):
        parquet.write_table(table.slice(35 * part, 35), source / 'data' / f'test-0000{part}-of-00002.parquet')
    entries, folder = converted('erqa', source)
    assert [entry['question_id'] for entry in entries] == [str(n) for n in range(70)]
    assert np.shape(layout.content(layout.read_set(folder)[0])[0]) == (32, 48, 3)
    (source / 'data' / 'test-00000-of-00002.parquet').write_bytes(b'PAR1 and no more')
    with pytest.raises(BadRequest, match='cannot read'):
        convert('erqa', source, source.parent / 'again')


def test_every_set_whose_form_is_known_has_a_converter():
    unknown = {'all_angles_bench', 'egoplan_bench2', 'EmbodiedVerse-Open-Sampled'}
    assert set(ORIGINALS) == {rule.name for rule in sets.RULES} - unknown - set(MINI)
    assert all(sets.find(name).place for name in ORIGINALS)
