# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Images and videos of a benchmark: what reaches a model, and what is refused."""

import io
import random
import struct
import zlib

import benchmark_folders as made
import cv2
import numpy as np
import pytest
from PIL import Image

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.data import layout, media
from robobrain_ros.evaluation.consistency.data.grouping import groups


def packed(rgb) -> np.ndarray:
    """The pixels of an image after JPEG of quality 95, by OpenCV instead of Pillow."""
    coded = cv2.imencode('.jpg', cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 95])[1]
    return cv2.cvtColor(cv2.imdecode(coded, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


@pytest.mark.parametrize('ending', ['png', 'jpg', 'webp'])
def test_every_image_is_packed_once_as_jpeg(tmp_path, ending):
    path = made.picture(tmp_path / f'x.{ending}', (61, 47))
    stored = np.asarray(Image.open(path).convert('RGB'))
    sent = media.as_sent(path)
    assert sent.dtype == np.uint8
    assert np.array_equal(sent, packed(stored))
    assert media.size_of(path) == (61, 47)


def test_what_is_no_rgb_becomes_so_and_nothing_is_turned(tmp_path):
    made.picture(tmp_path / 'x.png', (20, 10))
    rgb = Image.open(tmp_path / 'x.png')
    for mode in ('L', 'RGBA', 'P', '1', 'LA'):
        rgb.convert(mode).save(tmp_path / f'{mode}.png')
        assert media.as_sent(tmp_path / f'{mode}.png').shape == (10, 20, 3)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees when shown
    rgb.save(tmp_path / 'turned.jpg', exif=exif)
    assert media.size_of(tmp_path / 'turned.jpg') == (20, 10)
    assert media.as_sent(tmp_path / 'turned.jpg').shape == (10, 20, 3)


def test_an_image_that_is_cut_is_refused(tmp_path):
    whole = made.picture(tmp_path / 'x.png', (200, 200)).read_bytes()
    (tmp_path / 'cut.png').write_bytes(whole[: len(whole) // 2])
    assert media.size_of(tmp_path / 'cut.png') == (200, 200)  # its header is whole
    with pytest.raises(BadRequest, match=r'cannot read .*cut\.png'):
        media.as_sent(tmp_path / 'cut.png')


def test_an_image_of_too_many_pixels_or_bytes_is_refused_unread(tmp_path, monkeypatch):
    small = made.picture(tmp_path / 'x.png').read_bytes()
    header = b'IHDR' + struct.pack('>II', 40_000, 40_000) + small[24:29]
    bomb = tmp_path / 'bomb.png'
    bomb.write_bytes(small[:12] + header + struct.pack('>I', zlib.crc32(header)) + small[33:])
    for read in (media.size_of, media.as_sent):
        with pytest.raises(BadRequest, match=r'cannot read .*bomb\.png.*exceeds limit'):
            read(bomb)
    monkeypatch.setattr(media, 'MOST_PIXELS', 1000)
    with pytest.raises(BadRequest, match='40 x 30 pixels, more than the 1000'):
        media.size_of(tmp_path / 'x.png')
    monkeypatch.setattr(media, 'MOST_BYTES', 10)
    with pytest.raises(BadRequest, match=r"'x\.png' has 0 MiB"):
        media.inside(tmp_path.resolve(), 'x.png')


def test_damaged_images_are_read_or_refused_and_nothing_else(tmp_path):
    drawn, path, outcomes = random.Random(0), tmp_path / 'x', set()
    seeds = [made.picture(tmp_path / f'x.{ending}').read_bytes() for ending in ('png', 'jpg', 'webp')]
    for _ in range(300):
        damaged = bytearray(drawn.choice(seeds))
        for _ in range(drawn.choice([1, 4, 16])):
            damaged[drawn.randrange(len(damaged))] = drawn.randrange(256)
        path.write_bytes(damaged[: drawn.randrange(1, 2 * len(damaged))])
        try:
            outcomes.add(f'{media.as_sent(path).ndim} axes')
        except BadRequest as error:
            outcomes.add(type(error).__name__)
    assert outcomes == {'3 axes', 'BadRequest'}


def video(path, frames: int, size: tuple[int, int] = (64, 48)):
    """Write a video whose frames become brighter one by one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'mp4v'), 10.0, size)
    for index in range(frames):
        writer.write(np.full((size[1], size[0], 3), 40 + 5 * index, np.uint8))
    writer.release()
    return path


@pytest.mark.parametrize(
    ('frames', 'shown'),
    [(5, range(5)), (16, range(16)), (40, [0, 2, 5, 7, 10, 12, 15, 17, 20, 22, 25, 27, 30, 32, 35, 37])],
)
def test_sixteen_frames_evenly_apart_are_shown(tmp_path, frames, shown):
    found = media.frames_of(video(tmp_path / 'x.mp4', frames))
    assert all(frame.shape == (48, 64, 3) for frame in found)
    # the codec takes half a step away
    assert np.allclose([frame.mean() / 5 - 7.6 for frame in found], list(shown), atol=0.45)


def test_a_question_about_a_video_has_its_frames_after_the_text(tmp_path):
    folder = tmp_path / 'vsi_bench_tiny'
    video(folder / 'scannet' / 's1.mp4', 20)
    entry = {'question': 'How many?', 'question_type': 'object_counting', 'answer': '3', 'dataset': 'scannet'}
    entries = [entry | {'question_id': str(n), 'scene_name': 's1', 'video_path': 'scannet/s1.mp4'} for n in (3, 9)]
    made.write(folder, entries)
    items = layout.read_set(folder)
    assert [(item.kind, item.frames, item.group, item.stratum) for item in items] == [
        ('numerical', True, '3', 'object_counting'), ('numerical', True, '3', 'object_counting'),
    ]  # fmt: skip
    text, *frames = layout.content(items[0])
    assert str(text).startswith('These are frames of a video.\nHow many?\n')
    assert len(frames) == 16


@pytest.mark.parametrize(
    'content',
    [
        b'#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n',
        b"ffconcat version 1.0\nfile '/etc/hostname'\n",
        b'',
        b'RIFF\0\0\0\0WAVE',
    ],
)
def test_what_is_no_video_by_its_first_bytes_is_not_given_to_ffmpeg(tmp_path, content):
    (tmp_path / 'x.mp4').write_bytes(content)
    with pytest.raises(BadRequest, match=r"x\.mp4' is no video"):
        media.frames_of(tmp_path / 'x.mp4')


def test_a_video_that_cannot_be_read_or_is_too_long_is_refused(tmp_path, monkeypatch):
    (tmp_path / 'cut.mp4').write_bytes(video(tmp_path / 'x.mp4', 20).read_bytes()[:200])
    with pytest.raises(BadRequest, match='no frame that can be read'):
        media.frames_of(tmp_path / 'cut.mp4')
    monkeypatch.setattr(media, 'MOST_FRAMES', 19)
    with pytest.raises(BadRequest, match='has 20 frames, but a video may have 19'):
        media.frames_of(tmp_path / 'x.mp4')
    monkeypatch.setattr(media, 'MOST_PIXELS', 1000)
    monkeypatch.setattr(media, 'MOST_FRAMES', 20)
    with pytest.raises(BadRequest, match='have 3072 pixels'):
        media.frames_of(tmp_path / 'x.mp4')


def test_groups_follow_shared_images_through_others(tmp_path):
    paths = {
        name: made.picture(tmp_path / f'{name}.png', seed=seed) for name, seed in zip('abcA', (1, 2, 3, 1), strict=True)
    }
    chain = groups(['', '', '', ''], [[paths['a']], [paths['b'], paths['A']], [paths['c']], [paths['b']]], 'wxyz')
    assert chain == ('w', 'w', 'y', 'w')
    assert groups(['s', '', 's'], [[], [], []], 'xyz') == ('x', 'y', 'x')  # unknown scenes are not one scene


def test_files_of_one_size_are_told_apart_by_what_is_in_them(tmp_path):
    for name, last in (('a', b'1'), ('b', b'2'), ('c', b'1')):
        (tmp_path / name).write_bytes(b'x' * 2_000_000 + last)
    paths = [[tmp_path / name] for name in 'abc']
    assert groups(['', '', ''], paths, 'abc') == ('a', 'b', 'a')


def test_pictures_are_packed_as_flagevalmm_packs_them(tmp_path):
    """Its client: ``Image.open(path).convert('RGB').save(..., format='JPEG', quality=95)``, decoded by the server."""
    path, sent = made.picture(tmp_path / 'x.png', (333, 217)), io.BytesIO()
    Image.open(path).convert('RGB').save(sent, format='JPEG', quality=95)
    assert np.array_equal(media.as_sent(path), np.asarray(Image.open(sent)))
