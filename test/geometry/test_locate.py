# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Pixels to positions: statuses, sizes, depth modes, and the whole way against a scene that is known."""

import math
from dataclasses import replace

import numpy as np
import pytest

from robobrain_ros.answer import PointStatus, Target
from robobrain_ros.geometry.camera_model import CameraModel
from robobrain_ros.geometry.locate import (
    HELD,
    DepthMode,
    DepthRules,
    Located,
    Scene,
    locate_targets,
    locate_waypoints,
    scale_factor,
    transformed,
    without_positions,
)
from robobrain_ros.geometry.transform import Transform
from robobrain_ros.sim.scene import TableTop

SIZE = (640, 480)
SCALED = DepthMode.MODEL_SCALED_TO_SENSOR
K = (500.0, 0.0, 320.0, 0.0, 500.0, 240.0, 0.0, 0.0, 1.0)
CAMERA = CameraModel.from_calibration(width=640, height=480, k=K)
RULES = DepthRules(mode=DepthMode.SENSOR)


def flat(z=2.0, size=SIZE):
    return np.full(size[::-1], z, np.float32)


def scene(depth=None, camera=CAMERA):
    return Scene(SIZE, camera, depth)


def way(*depths):
    return [Target((100.0 + 40 * index, 200.0), model_depth=depth) for index, depth in enumerate(depths)]


def test_targets_get_the_sensor_s_depth_and_keep_the_rest():
    target = Target((420.0, 290.0), box=(400, 280, 440, 300), label='mug', model_depth=9.0)
    located = locate_targets([target, Target((320.0, 240.0))], scene(flat()), RULES)
    first, second = located.targets
    assert first == Target((420.0, 290.0), (400, 280, 440, 300), 'mug', 9.0, PointStatus.OK, (0.4, 0.2, 2.0), 1.0)
    assert second.position == (0, 0, 2)
    assert located.reasons == ()


@pytest.mark.parametrize(
    ('view', 'status', 'reason'),
    [
        (scene(), PointStatus.NO_DEPTH, 'no depth image'),
        (scene(flat(np.nan)), PointStatus.NO_DEPTH, '0 of 25'),
        (scene(flat(0.0)), PointStatus.NO_DEPTH, '0 of 25'),
        (scene(flat(size=(848, 480))), PointStatus.NO_DEPTH, '848x480'),
        (scene(flat(20.0)), PointStatus.OUT_OF_RANGE, '20.000 m'),
        (scene(flat(), None), PointStatus.NO_CAMERA_INFO, 'without camera_info'),
        (
            scene(flat(), CameraModel.from_calibration(width=1280, height=960, k=K)),
            PointStatus.NO_CAMERA_INFO,
            '1280x960',
        ),
        (
            scene(
                flat(), CameraModel.from_calibration(width=640, height=480, k=K, d=(-1, 0, 0, 0, 0), model='plumb_bob')
            ),
            PointStatus.NO_CAMERA_INFO,
            'no inverse',
        ),
    ],
)
def test_without_knowledge_there_is_a_status_and_a_reason_but_no_position(view, status, reason):
    for locate in (locate_targets, locate_waypoints):
        located = locate([Target((630.0, 470.0), position=(1, 1, 1)), Target((630.0, 470.0))], view, RULES)
        assert [(target.position, target.status) for target in located.targets] == [(None, status)] * 2
        assert len(located.reasons) == 1
        assert reason in located.reasons[0]


@pytest.mark.parametrize('size', [(640, 480), (320, 240), (1280, 960), (160, 120)])
def test_a_depth_image_of_another_size_is_read_at_the_same_place(size):
    """A wall at an angle: z = 1 + u / 640 for the column u of the colour image."""
    columns = (np.arange(size[0]) + 0.5) * 640 / size[0] - 0.5
    depth = np.tile((1 + columns / 640).astype(np.float32), (size[1], 1))
    for u in (0, 17, 320, 639):
        target = locate_targets([Target((float(u), 100.0))], scene(depth), DepthRules(window_px=1)).targets[0]
        assert target.position is not None
        assert abs(target.position[2] - (1 + u / 640)) <= 0.5 / size[0] + 1e-6


def test_mode_model_takes_the_depth_as_it_is_and_needs_no_depth_image():
    located = locate_waypoints(way(1.0, None, 2.5, 99.0, 0.0), scene(), DepthRules(mode=DepthMode.MODEL))
    assert [target.status.name for target in located.targets] == ['OK', 'NO_DEPTH', 'OK', 'OUT_OF_RANGE', 'NO_DEPTH']
    assert located.targets[0].position == CAMERA.deproject(100, 200, 1.0)
    assert located.targets[2].position == CAMERA.deproject(180, 200, 2.5)
    assert {target.valid_fraction for target in located.targets} == {0.0}
    assert len(located.reasons) == 3


@pytest.mark.parametrize('distorted', [False, True])
def test_model_depth_along_the_ray(distorted):
    d = (-0.1, 0.01, 0, 0) if distorted else ()
    camera = CameraModel.from_calibration(width=640, height=480, k=K, d=d, model='plumb_bob')
    target = Target((5.0, 5.0), model_depth=2.0)
    rules = DepthRules(mode=DepthMode.MODEL, model_depth_is_ray=True)
    position = locate_waypoints([target], scene(camera=camera), rules).targets[0].position
    assert math.hypot(*position) == pytest.approx(2.0)
    np.testing.assert_allclose(camera.project(position), (5, 5), atol=1e-3)


def test_mode_sensor_ignores_the_model():
    located = locate_waypoints(way(5.0, None), scene(flat()), DepthRules(mode=DepthMode.SENSOR))
    assert [target.position[2] for target in located.targets] == [2.0, 2.0]


def test_mode_scaled_takes_one_factor_from_what_is_touched():
    """About 1.6 m by the model is 2 m away; one waypoint hangs before a wall at 8 m, one has a hole, one no depth."""
    depth = flat()
    depth[:, 130:150] = np.nan
    depth[:, 170:190] = 8.0
    depths = (1.6, 1.2, 1.6, 1.7, 1.65)
    located = locate_waypoints(way(None, *depths), scene(depth), DepthRules(mode=SCALED))
    factor = (2 + HELD[0]) / 1.7  # of those with 2 m behind them, the least
    for target, model in zip(located.targets[1:], depths, strict=True):
        assert target.status is PointStatus.OK
        np.testing.assert_allclose(target.position, CAMERA.deproject(*target.pixel, model * factor))
    assert [target.valid_fraction for target in located.targets] == [0.0, 0.0, 1.0, 1.0, 1.0, 1.0]
    assert (located.targets[0].status, located.targets[0].position) == (PointStatus.NO_DEPTH, None)


@pytest.mark.parametrize(
    ('depths', 'factor'),
    [
        ([(3.0, 1.0), (0.97, 1.0)], 1.0),  # held 3 cm behind the surface that is seen, as it may be
        ([(1.3, 1.0), (1.0, 1.0)], 1.0 + HELD[0]),  # too near: not held yet
        ([(1.3, 1.0), (1.2, 1.0)], 1.2 + HELD[0]),
        ([(1.3, 1.0), (0.9, 1.0)], 0.9 + HELD[1]),  # too far: beyond what is held
        ([(0.97, 1.0), (1.2, 1.0)], 1.0),  # an end in the air
        ([(2.4, 2.0)], (2.4 + HELD[0]) / 2),
        ([(1.2, 1.0), (1.0, 1.1), (3.0, 1.0)], (1.0 + HELD[1]) / 1.1),  # a wall behind the end
        ([(1.1, 1.0), (0.97, 1.0), (0.33, 1.0)], 1.0),  # a cable before it
        ([(1.1, 1.0), (None, 1.0)], 1.1 + HELD[0]),
        ([(1.1, 1.0), (1.0, None)], 1.1 + HELD[0]),
        ([(2.9, 1.0), (0.3, 1.0), (None, None)], None),
        ([], None),
    ],
)
def test_the_model_is_believed_as_far_as_what_is_touched_allows(depths, factor):
    assert scale_factor(depths) == (None if factor is None else pytest.approx(factor))


@pytest.mark.parametrize('seed', range(100, 104))
def test_true_depths_of_the_model_lead_to_the_true_places(seed):
    """To the middle of what is grasped, though the sensor sees its surface 2 to 6 cm before that."""
    table = TableTop(seed)
    view, (_, metres) = table.view, table.render()
    camera = CameraModel.from_calibration(width=view.width, height=view.height, k=view.k.ravel().tolist())
    for thing in table.truth().objects:
        item = thing.item
        u, v, z = view.project(item.centre)
        if item.shape in ('bowl', 'plate', 'mug') or table.truth().labels[round(v), round(u)] < 0:
            continue  # hollow, or hidden
        gripper = view.project(table.layout.gripper)
        above = view.project([item.x, item.y, item.height + 0.1])
        waypoints = [Target((float(u), float(v)), model_depth=float(z)) for u, v, z in (gripper, above, (u, v, z))]
        located = locate_waypoints(waypoints, Scene((view.width, view.height), camera, metres), DepthRules())
        assert math.dist(located.targets[-1].position, thing.position) <= 0.03, item


def test_mode_scaled_judges_the_range_after_scaling():
    rules = DepthRules(mode=SCALED, min_depth_m=1.8, max_depth_m=3.0)
    depth = flat()
    depth[:, 170:190] = 8.0  # behind the third, which hangs in the air
    located = locate_waypoints(way(1.5, 1.5, 2.5), scene(depth), rules)
    assert [target.status.name for target in located.targets] == ['OK', 'OK', 'OUT_OF_RANGE']


def test_mode_scaled_with_depth_along_the_ray_finds_the_true_positions():
    truth = [(-0.4, 0.1, 1.2), (0.0, 0.2, 1.5), (0.5, -0.3, 1.9)]
    depth = flat(np.nan)
    waypoints = []
    for point in truth:
        u, v = CAMERA.project(point)
        depth[round(v) - 3 : round(v) + 4, round(u) - 3 : round(u) + 4] = point[2] - 0.03
        waypoints.append(Target((u, v), model_depth=math.hypot(*point)))
    rules = DepthRules(mode=SCALED, model_depth_is_ray=True)
    for target, point in zip(locate_waypoints(waypoints, scene(depth), rules).targets, truth, strict=True):
        assert math.dist(target.position, point) < 1e-6


@pytest.mark.parametrize('depth', [None, flat(np.nan), flat(50.0), flat(size=(100, 99))])
def test_mode_scaled_without_sensor_depth_gives_no_positions(depth):
    located = locate_waypoints(way(1.0, 2.0, None), scene(depth), DepthRules(mode=SCALED))
    assert [(target.position, target.status) for target in located.targets] == [(None, PointStatus.NO_DEPTH)] * 3
    assert 'no waypoint has a sensor depth that fits the model' in located.reasons[0]


def test_no_waypoints():
    for mode in DepthMode:
        assert locate_waypoints([], scene(flat()), DepthRules(mode=mode)).targets == ()


@pytest.mark.parametrize('model', ['plumb_bob', 'rational_polynomial', 'equidistant'])
def test_a_rendered_ball_is_found_within_a_millimetre(model):
    """A ball before a wall, its depth rendered pixel by pixel through the distorted camera."""
    d = {
        'plumb_bob': (-0.2, 0.05, 0.001, 0.001, 0),
        'rational_polynomial': (0.3, 0.1, 0, 0, 0.01, 0.5, 0.1, 0.01),
        'equidistant': (0.01, 0.002, 0, 0),
    }[model]
    camera = CameraModel.from_calibration(width=160, height=120, k=(130, 0, 80, 0, 130, 60, 0, 0, 1), d=d, model=model)
    centre, radius = np.array([0.2, -0.1, 1.5]), 0.15
    rays = np.array([[camera.ray(u, v) for u in range(160)] for v in range(120)])
    # |z ray - centre| = radius, solved for the smaller z
    a, b, c = (rays**2).sum(-1), rays @ centre, centre @ centre - radius**2
    with np.errstate(invalid='ignore'):
        hit = (b - np.sqrt(b * b - a * c)) / a
    depth = np.where(np.isfinite(hit), hit, 3.0).astype(np.float32)
    for column, row in ((95, 52), (97, 50), (99, 53)):
        places = [Target((float(column), float(row)))]
        located = locate_targets(places, Scene((160, 120), camera, depth), DepthRules(window_px=1))
        assert math.dist(located.targets[0].position, centre) == pytest.approx(radius, abs=1e-6)
    wall = locate_targets([Target((30.0, 90.0))], Scene((160, 120), camera, depth), RULES).targets[0]
    assert wall.position[2] == 3.0


@pytest.mark.parametrize(
    ('fields', 'words'),
    [
        ({'window_px': 4}, 'window_px is 4'),
        ({'window_px': 0}, 'window_px is 0'),
        ({'min_valid_fraction': 1.1}, '1.1'),
        ({'min_valid_fraction': -0.1}, '-0.1'),
        ({'min_depth_m': 3.0, 'max_depth_m': 2.0}, 'min_depth_m is 3.0'),
        ({'min_depth_m': -1.0}, '-1.0'),
        ({'max_depth_m': math.nan}, 'nan'),
    ],
)
def test_rules_that_make_no_sense(fields, words):
    with pytest.raises(ValueError, match=words):
        DepthRules(**fields)


# --- other frames ---------------------------------------------------------------------------------------------------
SEEN = Target((420.0, 290.0), (400, 280, 440, 300), 'mug', 9.0, PointStatus.OK, (0.4, 0.2, 2.0), 1.0)
UNSEEN = Target((5.0, 5.0), status=PointStatus.NO_DEPTH)
BOTH = Located((SEEN, UNSEEN), ('a hole',))


def test_move_changes_positions_and_nothing_else():
    quarter = Transform.from_quaternion((10.0, 20.0, 30.0), (0.0, 0.0, math.sqrt(0.5), math.sqrt(0.5)))
    moved = transformed(BOTH, quarter)
    assert moved.targets[0].position == pytest.approx((9.8, 20.4, 32.0))
    assert replace(moved.targets[0], position=SEEN.position) == SEEN
    assert moved.targets[1] is UNSEEN
    assert moved.reasons == ('a hole',)


def test_nothing_moves_within_the_same_frame():
    assert transformed(BOTH, None) is BOTH


def test_lose_takes_positions_away_and_says_why():
    lost = without_positions(BOTH, 'no transform')
    assert lost.targets[0] == replace(SEEN, position=None, status=PointStatus.NO_TF)
    assert lost.targets[1] == UNSEEN, 'what had no position keeps its own status'
    assert lost.reasons == ('a hole', 'no transform')
