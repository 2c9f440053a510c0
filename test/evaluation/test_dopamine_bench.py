# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The public benchmark's files: what is read, what is refused, what is written."""

import json
import re

import pytest

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.dopamine_bench import CAMERAS, Run, sets, write_result, write_summary


@pytest.fixture
def bench(tmp_path):
    """Write a benchmark of one set; its frames are empty files, which nobody opens here."""

    def write(names=('libero/run_1',), tasks=None, cameras=CAMERAS, frames=('b.png', 'a.PNG', 'c.jpg', 'notes.txt')):
        tasks = ['put the mug away'] * len(names) if tasks is None else tasks
        (tmp_path / 'jsons').mkdir()
        content = {'sample_path_list': list(names), 'sample_path_task': list(tasks)}
        (tmp_path / 'jsons' / 'libero_test_100.json').write_text(json.dumps(content))
        for folder in ('libero/run_1', 'egodex/run_2'):
            for camera in cameras:
                place = tmp_path / 'images' / folder / camera
                place.mkdir(parents=True)
                for frame in frames:
                    (place / frame).touch()
        return tmp_path

    return write


def test_runs_are_read(bench):
    folder = bench(['libero/run_1', 'egodex/run_2'], ['one', 'two'])
    ((name, (one, two)),) = sets(folder).items()
    assert name == 'libero_test_100'
    assert (one.name, one.task, two.task) == ('libero/run_1', 'one', 'two')
    assert [path.name for path in one.left] == ['a.PNG', 'b.png', 'c.jpg']
    assert one.right[0].parent == folder / 'images' / 'libero' / 'run_1' / 'cam_right_wrist'
    assert two.left == two.right == two.front, 'filmed from the front alone'


def test_front_only_runs_need_no_other_cameras(bench):
    ((run,),) = sets(bench(['egodex/run_2'], cameras=['cam_high'])).values()
    assert len(run.front) == 3


@pytest.mark.parametrize('name', ['../secret', '/etc', 'libero/../../secret', 'libero/\x00', 'libero/\ud800'])
def test_names_that_leave_the_folder_are_refused(bench, name):
    with pytest.raises(BadRequest, match=re.escape(repr(name)) + ', which is not in'):
        sets(bench([name]))


def test_a_name_that_is_too_long_is_refused(bench):
    with pytest.raises(BadRequest, match=r"cannot read '.*', whose run '.*libero_test_100.json' names: File name too"):
        sets(bench(['a' * 300]))


def test_links_that_leave_the_folder_are_refused(bench, tmp_path):
    folder = bench(['link'])
    (folder / 'images' / 'link').symlink_to(tmp_path.parent)
    with pytest.raises(BadRequest, match="'link', which is not in"):
        sets(folder)


def test_missing_frames_are_named(bench):
    with pytest.raises(BadRequest, match=r"run_1/cam_left_wrist' holds no .png or .jpg"):
        sets(bench(cameras=['cam_high']))


def test_cameras_must_agree(bench):
    folder = bench()
    (folder / 'images' / 'libero' / 'run_1' / 'cam_right_wrist' / 'd.jpg').touch()
    with pytest.raises(BadRequest, match='not 3 in cam_high, 3 in cam_left_wrist, 4 in cam_right_wrist'):
        sets(folder)


def test_a_task_for_each_name(bench):
    with pytest.raises(BadRequest, match='1 names and 2 tasks'):
        sets(bench(tasks=['one', 'two']))


@pytest.mark.parametrize(
    ('content', 'sentence'),
    [
        ('[', 'cannot be read as JSON'),
        ('[]', "'sample_path_list' is a list of texts, not None"),
        ('{"sample_path_list": []}', 'not \\[\\]'),
        ('{"sample_path_list": [1], "sample_path_task": ["x"]}', 'not \\[1\\]'),
        ('{"sample_path_list": ["x"], "sample_path_task": "x"}', "'sample_path_task' is a list of texts, not x"),
        ('[' * 100_000, 'cannot be read as JSON'),
    ],
)
def test_files_that_are_not_of_the_benchmark_are_refused(bench, content, sentence):
    folder = bench()
    (folder / 'jsons' / 'libero_test_100.json').write_text(content)
    with pytest.raises(BadRequest, match=sentence):
        sets(folder)


def test_missing_folders_are_refused(tmp_path):
    with pytest.raises(BadRequest, match=r'nowhere. is no folder'):
        sets(tmp_path / 'nowhere')
    with pytest.raises(BadRequest, match=r'no folder .images.*image.zip'):
        sets(tmp_path)
    (tmp_path / 'images').mkdir()
    with pytest.raises(BadRequest, match=r'holds no .json file'):
        sets(tmp_path)


@pytest.mark.parametrize(
    ('frames', 'expected'),
    [(90, [0, 44, 89]), (119, [0, 59, 118]), (120, [0, 40, 79, 119]), (60, [0, 59]), (59, [58]), (10, [9])],
)
def test_frames_are_sampled_as_published(frames, expected, tmp_path):
    # round(i * (n - 1) / (m - 1)) for m = n // 30, by Python's rounding: 44.5 is 44
    paths = (tmp_path,) * frames
    assert Run('run', 'task', paths, paths, paths).sampled() == expected


def test_results_are_written_as_published(tmp_path):
    meta = {'model_path': 'm', 'interval': 30, 'input_json': 'j', 'base_dir': 'b'}
    mean = write_result(tmp_path, 'libero_test_100', '-', [('one', 1.0), ('two', 0.5), ('two', 0.0)], meta)
    assert mean == 0.5
    written = json.loads((tmp_path / 'libero_test_100/voc_negative/result_interval_30_voc-_0.500000.json').read_text())
    assert written['results'] == [{'name': 'one', 'voc': 1.0}, {'name': 'two', 'voc': 0.5}, {'name': 'two', 'voc': 0.0}]
    assert written['meta'] == {
        **meta,
        'inverse': True,
        'out_root': str(tmp_path / 'libero_test_100' / 'voc_negative'),
        'sum_voc': 1.5,
        'num_voc': 3,
        'avg_voc': 0.5,
    }
    write_result(tmp_path, 'libero_test_100', '+', [('one', 1.0)], meta)
    assert (tmp_path / 'libero_test_100/voc_positive/result_interval_30_voc+_1.000000.json').is_file()


def test_summary_is_written_as_published(tmp_path):
    means = {'libero_test_100': {'voc+': 0.9, 'voc-': 0.8}}
    write_summary(tmp_path, means, {'model_path': 'm', 'interval': 30})
    written = json.loads((tmp_path / 'summary_voc.json').read_text())
    assert written['summary'] == means
    assert written['meta'] == {
        'model_path': 'm',
        'interval': 30,
        'out_root_dir': str(tmp_path),
        'inverse_modes': ['false', 'true'],
        'evaluation_list': ['libero_test_100'],
    }
