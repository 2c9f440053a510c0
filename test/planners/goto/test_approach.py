# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Where a robot stands in front of something, in rooms whose right answers are found by trying every cell."""

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robobrain_ros.errors import BadRequest
from robobrain_ros.planners.goto.approach import NoApproach, Reason, approach
from robobrain_ros.planners.goto.grid import INSCRIBED, LETHAL, UNKNOWN, Grid
from robobrain_ros.planners.goto.ways import ways

CELL = 0.05
INFLATION_M = 0.4
SAMPLES = 60
"""On a line of sight."""


def room(size_m=10.0):
    """Free space with walls around it; every obstacle is a box: west, south, east, north in metres."""
    cells = np.zeros((round(size_m / CELL),) * 2, np.int8)
    for wall in ((0, 0, size_m, CELL), (0, 0, CELL, size_m), (0, size_m - CELL, size_m, size_m)):
        fill(cells, wall)
    return fill(cells, (size_m - CELL, 0, size_m, size_m))


def fill(cells, box, value=LETHAL):
    west, south, east, north = (round(edge / CELL) for edge in box)
    cells[south:north, west:east] = value
    return cells


def inflated(cells):
    """Costs as Nav2's inflation layer makes them, but for their exact fall from the inscribed radius outwards."""
    far = cv2.distanceTransform((cells != LETHAL).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) * CELL
    near = np.where(far <= INFLATION_M, INSCRIBED, np.where(far <= 0.8, 1 + 97 * (0.8 - far) / 0.4, 0))
    costs = np.where(cells == LETHAL, LETHAL, np.where(cells == UNKNOWN, UNKNOWN, near))
    return Grid(costs.astype(np.int8), CELL)


def around_table(standoff_m, max_standoff_m, cells=None, robot=(1.0, 5.0)):
    """In front of a table of 1 x 1 m in the middle of a room, with the target at its centre."""
    table = fill(room() if cells is None else cells, (4.5, 4.5, 5.5, 5.5))
    return approach((5.0, 5.0), robot, inflated(table), standoff_m, max_standoff_m)


def test_it_stands_before_the_near_side_and_faces_the_target():
    found = around_table(1.0, 1.5)
    assert (found.x, found.y) == pytest.approx((4.0, 5.0), abs=0.12)
    assert found.yaw == pytest.approx(0.0, abs=0.1)
    assert 1.0 <= found.distance_m < 1.1
    assert found.way_m == pytest.approx(3.0, abs=0.2)


@pytest.mark.parametrize(('robot', 'yaw'), [((9, 5), math.pi), ((5, 9), -math.pi / 2), ((5, 1), math.pi / 2)])
def test_every_side_can_be_the_near_one(robot, yaw):
    assert math.cos(around_table(1.0, 1.5, robot=robot).yaw - yaw) > 0.99


def test_a_stand_off_within_the_table_has_no_place_and_says_what_it_has_to_exceed():
    with pytest.raises(NoApproach, match=r'obstacles block \d+: max_standoff_m must be more than half') as error:
        around_table(0.7, 0.8)
    assert error.value.reason is Reason.OCCUPIED
    assert around_table(0.7, 1.2).distance_m >= 0.9


def test_it_goes_round_to_a_side_that_is_known():
    found = around_table(1.0, 1.4, fill(room(), (3, 3.5, 4.5, 6.5), UNKNOWN))
    assert found.x > 4.5
    assert abs(found.y - 5.0) >= 0.9


def test_what_nobody_has_seen_is_to_be_looked_at_first():
    with pytest.raises(NoApproach, match='look there first') as error:
        around_table(1.0, 1.5, fill(room(), (3, 3, 7, 7), UNKNOWN))
    assert error.value.reason is Reason.UNKNOWN


def test_it_does_not_stand_behind_a_wall():
    cells = fill(room(), (0, 5.0, 8.5, 5.1))  # the way round leads through the gap in the east
    shelf = fill(cells, (4.0, 6.2, 5.0, 6.5))
    found = approach((4.5, 6.35), (4.5, 3.0), inflated(shelf), 0.8, 2.5)
    assert found.y > 5.1
    assert found.way_m > 8.0


def test_what_stands_before_it_on_all_sides_hides_it():
    cells = fill(fill(room(), (3.5, 3.5, 6.5, 6.5)), (3.6, 3.6, 6.4, 6.4), 0)
    with pytest.raises(NoApproach, match='another obstacle stands before it') as error:
        approach((5.0, 5.0), (1.0, 5.0), inflated(cells), 2.0, 3.0)
    assert error.value.reason is Reason.HIDDEN


def test_a_box_that_is_unknown_inside_hides_nothing_of_itself():
    cells = fill(fill(room(), (3.5, 3.5, 6.5, 6.5)), (3.6, 3.6, 6.4, 6.4), UNKNOWN)
    assert approach((5.0, 5.0), (1.0, 5.0), inflated(cells), 1.0, 2.5).x == pytest.approx(3.0, abs=0.3)


def test_a_closed_room_cannot_be_entered():
    with pytest.raises(NoApproach, match='no way through free and known cells') as error:
        around_table(1.0, 1.5, fill(room(), (2.0, 0, 2.1, 10)))
    assert error.value.reason is Reason.UNREACHABLE


def test_a_target_off_the_map_is_named():
    with pytest.raises(NoApproach, match=r'from \(-5.00, 5.00\): the target is outside of the map') as error:
        approach((-5.0, 5.0), (1.0, 5.0), inflated(room()), 1.0, 1.5)
    assert error.value.reason is Reason.OUTSIDE


def test_a_robot_off_the_map_is_named():
    with pytest.raises(NoApproach, match=r'the robot at \(12.00, 5.00\) is outside of the map') as error:
        around_table(1.0, 1.5, robot=(12.0, 5.0))
    assert error.value.reason is Reason.OUTSIDE


def test_a_robot_that_stands_at_the_table_may_leave_it():
    assert around_table(1.0, 1.5, robot=(4.3, 5.0)).x == pytest.approx(4.0, abs=0.12)
    with pytest.raises(NoApproach, match=r'is in a cell of value 100, and no free cell is within 0.5 m') as error:
        around_table(1.0, 1.5, robot=(5.0, 5.0))
    assert error.value.reason is Reason.ROBOT_BLOCKED


@pytest.mark.parametrize('standoffs', [(0.0, 1.0), (1.5, 1.0), (1.0, math.inf), (math.nan, 1.0), (1.0, math.nan)])
def test_stand_offs_that_cannot_be_are_quoted(standoffs):
    with pytest.raises(BadRequest, match=f'standoff_m is {standoffs[0]} and max_standoff_m is {standoffs[1]}'):
        around_table(*standoffs)


def test_places_that_are_none_are_quoted():
    with pytest.raises(BadRequest, match=r'the target is at \(nan, 5.0\)'):
        approach((math.nan, 5.0), (1.0, 5.0), inflated(room()), 1.0, 1.5)


@settings(max_examples=30, deadline=None)
@given(
    turn=st.floats(-math.pi, math.pi),
    corner=st.tuples(st.floats(-50, 50), st.floats(-50, 50)),
    robot=st.sampled_from([(1.0, 5.0), (8.0, 2.0), (5.0, 9.0)]),
)
def test_a_map_that_is_turned_and_moved_gives_the_same_pose_there(turn, corner, robot):
    def moved(x, y):
        cosine, sine = math.cos(turn), math.sin(turn)
        return cosine * x - sine * y + corner[0], sine * x + cosine * y + corner[1]

    cells = inflated(fill(room(), (4.53, 4.53, 5.48, 5.48))).cells
    # not on the border between two cells, where rounding would decide
    target, robot = (5.01, 5.02), (robot[0] + 0.02, robot[1] + 0.02)
    plain = approach(target, robot, Grid(cells, CELL), 1.03, 1.53)
    found = approach(moved(*target), moved(*robot), Grid(cells, CELL, corner[0], corner[1], turn), 1.03, 1.53)
    assert found.way_m == pytest.approx(plain.way_m, abs=2 * CELL)
    assert found.distance_m == pytest.approx(plain.distance_m, abs=2 * CELL)
    assert math.dist((found.x, found.y), moved(*target)) == pytest.approx(found.distance_m, abs=1e-6)


# --- random rooms ---------------------------------------------------------------------------------


def random_room(seed):
    """Two rooms with a door or none, furniture, unknown spots; a target on or beside one of them, and a robot."""
    random = np.random.default_rng(seed)
    cells = room(6.0)
    fill(cells, (2.9, 0, 3.0, 6.0))
    if random.random() < 0.8:
        door = random.uniform(0.3, 4.5)
        fill(cells, (2.9, door, 3.0, door + random.uniform(0.7, 1.3)), 0)
    boxes = []
    for _ in range(random.integers(2, 7)):
        west, south = random.uniform(0.1, 5.0, 2)
        boxes.append((west, south, west + random.uniform(0.2, 1.2), south + random.uniform(0.2, 1.2)))
        fill(cells, boxes[-1])
    for _ in range(random.integers(0, 4)):
        west, south = random.uniform(0.1, 4.5, 2)
        spot = cells[round(south / CELL) :, round(west / CELL) :][:25, :25]
        spot[spot == 0] = UNKNOWN
    west, south, east, north = boxes[0]
    grid = inflated(cells)
    starts = np.argwhere(grid.free)
    robot = grid.centres_of(starts[random.integers(len(starts))])
    target = (random.uniform(west, east), random.uniform(south, north))
    return target, (float(robot[0]), float(robot[1])), grid, random.uniform(0.4, 1.0)


def will_do(grid, target, robot, nearest, farthest):
    """Every cell where the robot may stand, by trying one after the other, and its reach by OpenCV's components."""
    _, label = cv2.connectedComponents(grid.free.astype(np.uint8), connectivity=4)
    home = label[math.floor(robot[1] / CELL), math.floor(robot[0] / CELL)]
    values = grid.cells.tolist()
    good = set()
    for row, column in np.argwhere(label == home).tolist():
        x, y = (column + 0.5) * CELL, (row + 0.5) * CELL
        if nearest <= math.dist((x, y), target) <= farthest:
            behind = hidden = False
            for step in range(SAMPLES + 1):
                part = step / SAMPLES
                value = values[math.floor((y + (target[1] - y) * part) / CELL)][
                    math.floor((x + (target[0] - x) * part) / CELL)
                ]
                behind = behind or value == LETHAL
                hidden = hidden or (behind and 0 <= value < INSCRIBED)
            if not hidden:
                good.add((row, column))
    return good


def test_in_random_rooms_it_reaches_a_free_place_or_names_the_reason():
    reached = 0
    missed: list[tuple[int, object]] = []
    reasons: list[Reason] = []
    for seed in range(100):
        target, robot, grid, standoff = random_room(seed)
        good = will_do(grid, target, robot, standoff, standoff + 0.4)
        try:
            found = approach(target, robot, grid, standoff, standoff + 0.4)
        except NoApproach as error:
            reasons.append(error.reason)
            if good:
                missed.append((seed, error))
            continue
        reached += 1
        assert grid.free[tuple(grid.cells_of(np.array([found.x, found.y])))]
        assert (found.x + found.distance_m * math.cos(found.yaw), found.y + found.distance_m * math.sin(found.yaw)) == (
            pytest.approx(target, abs=1e-6)
        )
        if tuple(grid.cells_of(np.array([found.x, found.y]))) not in good:
            missed.append((seed, found))
    assert len(missed) <= 5, missed
    assert 30 <= reached <= 95, 'the rooms are neither all easy nor all impossible'
    assert set(reasons) >= {Reason.OCCUPIED, Reason.UNREACHABLE}


# --- ways -----------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.0, 0.5))
def test_ways_lead_where_opencv_says_that_cells_are_joined(seed, density):
    random = np.random.default_rng(seed)
    free = random.random((24, 31)) >= density
    free[5, 7] = True
    lengths = ways(free, np.array([[5, 7]]), np.ones_like(free))
    _, label = cv2.connectedComponents(free.astype(np.uint8), connectivity=4)
    np.testing.assert_array_equal(np.isfinite(lengths), free & (label == label[5, 7]))


def test_lengths_in_the_open_are_nearly_straight():
    lengths = ways(np.ones((101, 101), bool), np.array([[50, 50]]), np.ones((101, 101), bool))
    rows, columns = np.mgrid[-50:51, -50:51]
    straight = np.hypot(rows, columns)
    assert (lengths >= 0.89 * straight).all()
    assert (lengths <= straight + 1).all()


def test_waves_stop_when_all_that_is_wanted_is_reached():
    wanted = np.zeros((50, 50), bool)
    wanted[10, 12] = True
    lengths = ways(np.ones((50, 50), bool), np.array([[10, 10]]), wanted)
    assert lengths[10, 12] == 2
    assert np.isinf(lengths[40, 40])


@pytest.mark.parametrize(
    ('cells', 'resolution'), [(np.zeros((0, 5)), 0.05), (np.zeros(5), 0.05), (np.zeros((2, 2)), 0)]
)
def test_maps_that_are_none_are_refused(cells, resolution):
    with pytest.raises(BadRequest, match='the map has'):
        Grid(cells, resolution)
