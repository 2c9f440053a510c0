# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Reference images: kept whole, under names that stay in their directory, and no more than there is room for."""

import os
from pathlib import Path

import numpy as np
import pytest

from robobrain_ros.brain import image_files, reference_images
from robobrain_ros.brain.reference_images import Moment, ReferenceImages
from robobrain_ros.errors import BadRequest

GOAL, START = Moment.GOAL, Moment.START


def noise(height=30, width=40, seed=1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


@pytest.fixture
def images(tmp_path) -> ReferenceImages:
    return ReferenceImages(str(tmp_path / 'made' / 'when needed'))


def test_a_picture_comes_back_as_it_was_kept(images):
    images.keep('put_mug', GOAL, noise(seed=1))
    images.keep('put_mug', START, noise(seed=2))
    assert (images.read('put_mug', GOAL) == noise(seed=1)).all()
    assert (images.read('put_mug', START) == noise(seed=2)).all()
    assert images.names() == [('put_mug', GOAL), ('put_mug', START)]


def test_a_newer_one_takes_its_place(images):
    for seed in (1, 2):
        path = images.keep('a', GOAL, noise(seed=seed))
    assert (images.read('a', GOAL) == noise(seed=2)).all()
    assert os.listdir(images.directory) == [path.name]


@pytest.mark.parametrize(
    'name', ['', '.', '..', '../a', 'a/b', '/a', '.a', 'a.', '-a', 'a b', 'ä', 'a\n', 'a\0b', 'a' * 65, 'C:\\a']
)
def test_a_name_that_could_leave_the_directory_is_refused(images, name):
    for use in (lambda: images.keep(name, GOAL, noise()), lambda: images.read(name, GOAL)):
        with pytest.raises(BadRequest, match=r'name is .*, but must be'):
            use()
    assert not images.directory.exists()


@pytest.mark.parametrize('name', ['a', 'put_the-mug.2', '7', 'a' * 64, 'a.goal'])
def test_usual_names_are_taken(images, name):
    images.keep(name, START, noise())
    assert images.names() == [(name, START)]
    with pytest.raises(BadRequest, match=r'no goal image is kept as .*; there is none yet'):
        images.read(name, GOAL)


def test_what_is_not_there_is_said_with_what_is(images):
    images.keep('one', GOAL, noise())
    images.keep('two', START, noise())
    with pytest.raises(BadRequest, match=r"no goal image is kept as 'two' in '.*'; there are one$"):
        images.read('two', GOAL)


def test_large_pictures_are_scaled_down(images, monkeypatch):
    monkeypatch.setattr(reference_images, 'MOST_PIXELS', 300)
    images.keep('a', GOAL, noise(60, 80))
    assert images.read('a', GOAL).shape == (15, 20, 3)


def test_a_full_directory_takes_no_new_name(images, monkeypatch):
    monkeypatch.setattr(reference_images, 'MOST', 2)
    images.keep('a', GOAL, noise())
    images.keep('a', START, noise())
    images.keep('a', GOAL, noise(seed=2))
    with pytest.raises(BadRequest, match=r"cannot keep 'b': .* has 2 pictures already"):
        images.keep('b', GOAL, noise())


def test_a_write_that_fails_leaves_what_was_there(images, monkeypatch):
    images.keep('a', GOAL, noise(seed=1))

    def full(path, rgb):
        path.write_bytes(b'half')
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(image_files, 'write', full)
    with pytest.raises(BadRequest, match='No space left on device'):
        images.keep('a', GOAL, noise(seed=2))
    assert (images.read('a', GOAL) == noise(seed=1)).all()
    assert os.listdir(images.directory) == ['a.goal.png']


def test_the_home_of_a_user_who_is_not_there_is_said():
    with pytest.raises(BadRequest, match=r"is '~nobody_here/a', but this computer knows no such user"):
        ReferenceImages('~nobody_here/a')


def test_a_directory_that_cannot_be_read_is_said(images, monkeypatch):
    def denied(path):
        raise PermissionError(13, 'Permission denied')

    monkeypatch.setattr(Path, 'is_file', denied)
    with pytest.raises(BadRequest, match=r"cannot read 'a' in '.*': Permission denied"):
        images.read('a', GOAL)


def test_a_directory_that_is_a_file_is_said(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(BadRequest, match=r"cannot keep 'a' in '.*file': "):
        ReferenceImages(str(tmp_path / 'file')).keep('a', GOAL, noise())


def test_only_files_count_as_kept(images):
    images.keep('a', GOAL, noise())
    (images.directory / 'folder.goal.png').mkdir()
    (images.directory / 'gone.goal.png').symlink_to('nowhere')
    assert images.names() == [('a', GOAL)]


def test_where_a_picture_is_kept_is_told_in_full(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert ReferenceImages('near').keep('a', GOAL, noise()) == tmp_path / 'near' / 'a.goal.png'
