# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The image tracker on things that move on the simulated table, and on pictures made for one question."""

import numpy as np
import pytest
from moving_scenes import RATE, film

from robobrain_ros.geometry.point_tracker import Picture, PointTracker, Seen

pytest_plugins = ('moving_scenes',)
MOVING_S, COVERED_S = 1.5, 0.5
SLIDE_S = 0.4
"""The cover takes so long from beside the thing to before it."""


@pytest.fixture(scope='module')
def run(moving):
    """Follow the thing for a while, then cover it: (time, Seen or why not) of each picture; errors in metres."""
    times = np.arange(0, MOVING_S + SLIDE_S + COVERED_S, 1 / RATE)
    parts = np.clip((times - MOVING_S) / SLIDE_S, 0, 1)
    states = (moving.covered(t, part) if part else moving.at(t) for t, part in zip(times, parts, strict=True))
    pictures = film(moving.world, states)
    tracker = PointTracker(next(pictures), moving.pixel)
    start = np.array(moving.camera.deproject(*tracker.seen.pixel, tracker.seen.depth_m))
    seen = [(time, tracker.step(picture)) for time, picture in zip(times[1:], pictures, strict=True)]
    errors = [
        np.linalg.norm(moving.camera.deproject(*one.pixel, one.depth_m) - moving.truth(start, time))
        for time, one in seen
        if isinstance(one, Seen) and time <= MOVING_S
    ]
    return seen, np.array(errors)


def test_a_moving_thing_is_followed_within_a_centimetre(run):
    _, errors = run
    assert len(errors) >= 0.9 * MOVING_S * RATE, 'it is seen nearly always'
    assert np.median(errors) < 0.01
    assert errors.max() < 0.03


def test_a_covered_thing_is_not_seen_from_then_on(run):
    seen, _ = run
    covered = [one for time, one in seen if time > MOVING_S + SLIDE_S + 1e-6]
    assert len(covered) >= 4
    assert all(isinstance(one, str) for one in covered), 'no point is ever guessed'
    last = max(time for time, one in seen if isinstance(one, Seen))
    assert last <= MOVING_S + SLIDE_S + 0.3


def board(width=320, height=240, seed=0):
    """A picture with something to see everywhere."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (height // 4, width // 4, 3), np.uint8)
    return np.kron(coarse, np.ones((4, 4, 1), np.uint8))


def moved(rgb, right, down):
    return np.roll(rgb, (down, right), axis=(0, 1))


def at(depth, rgb):
    return Picture(rgb, np.full(rgb.shape[:2], depth, np.float32))


def test_without_depth_the_pixel_is_followed_and_no_depth_is_made_up():
    rgb = board()
    tracker = PointTracker(Picture(rgb), (160, 120))
    seen = tracker.step(Picture(moved(rgb, 6, -3)))
    assert isinstance(seen, Seen), seen
    assert seen.pixel == pytest.approx((166, 117), abs=0.3)
    assert np.isnan(seen.depth_m)


def test_depth_that_fails_for_a_picture_is_used_again_afterwards():
    rgb = board()
    tracker = PointTracker(at(0.8, rgb), (160, 120))
    seen = tracker.step(Picture(moved(rgb, 2, 0)))
    assert isinstance(seen, Seen)
    assert np.isnan(seen.depth_m)
    seen = tracker.step(at(0.85, moved(rgb, 4, 0)))
    assert isinstance(seen, Seen)
    assert seen.depth_m == pytest.approx(0.85)


def covered(rgb, rows, columns):
    """A grey thing at 0.5 m before a board at 0.8 m."""
    rgb, depth = rgb.copy(), np.full(rgb.shape[:2], 0.8, np.float32)
    rgb[rows, columns], depth[rows, columns] = 127, 0.5
    return Picture(rgb, depth)


def test_something_that_comes_between_is_noticed_by_its_depth():
    rgb = board()
    tracker = PointTracker(at(0.8, rgb), (160, 120))
    hidden = tracker.step(covered(rgb, slice(116, 125), slice(156, 165)))
    assert isinstance(hidden, Seen), 'most of it is seen still'
    assert hidden.depth_m == pytest.approx(0.8), 'its own depth, not that of what hides its point'
    why = tracker.step(covered(rgb, slice(None), slice(154, None)))
    assert 'depth at its point is -0.300 m off' in str(why)
    assert isinstance(tracker.step(at(0.8, rgb)), Seen), 'when it is seen again soon, it goes on'


def test_nothing_comes_nearer_in_a_leap():
    rgb = board()
    tracker = PointTracker(at(0.8, rgb), (160, 120))
    assert 'seen there is -0.30 m off' in str(tracker.step(at(0.5, rgb)))


def test_another_picture_shows_it_no_more():
    tracker = PointTracker(at(0.8, board()), (160, 120))
    why = tracker.step(at(0.8, board(seed=1)))
    assert isinstance(why, str)
    assert why


def test_a_thing_that_leaves_the_picture_is_not_seen():
    rgb = board()
    tracker = PointTracker(at(0.8, rgb), (300, 120))
    steps = [tracker.step(at(0.8, moved(rgb, 4 * step, 0))) for step in range(1, 6)]
    assert isinstance(steps[1], Seen)
    assert isinstance(steps[-1], str)


def test_the_pixel_grows_less_sure_with_every_step():
    rgb = board()
    tracker = PointTracker(at(0.8, rgb), (160, 120))
    steps = [tracker.step(at(0.8, rgb)) for _ in range(9)]
    spreads = [step.spread_px for step in steps if isinstance(step, Seen)]
    assert len(spreads) == 9
    assert spreads == sorted(spreads)
    assert spreads[-1] > 2 * spreads[0]


@pytest.mark.parametrize(
    ('pixel', 'why'),
    [((160, 120), r'nothing around pixel \(160, 120\)'), ((400, 60), r'\(400, 60\) lies outside the 320x240 image')],
)
def test_what_cannot_be_followed_is_refused(pixel, why):
    grey = np.full((240, 320, 3), 127, np.uint8)
    with pytest.raises(ValueError, match=why):
        PointTracker(at(0.8, grey), pixel)


@pytest.mark.parametrize('size', [(160, 120), (640, 480), (320, 200)])
def test_an_image_of_another_size_does_not_show_it_and_the_next_one_of_its_own_does(size):
    rgb = board()
    tracker = PointTracker(Picture(rgb), (160.0, 120.0))
    width, height = size
    said = tracker.step(Picture(board(width, height)))
    assert said == f'the image is {width}x{height}, that before was 320x240'
    assert isinstance(tracker.step(Picture(rgb)), Seen)
