# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The world in which things move: taking hold, carrying, letting go, and what the judge is told."""

from dataclasses import replace

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from visualization_msgs.msg import MarkerArray

from robobrain_ros.sim.layout import Item, draw
from robobrain_ros.sim.scene import TableTop
from robobrain_ros.sim.world import GRASP_M, TOUCH_M, Body, State, World
from robobrain_ros.sim.world_state import from_markers, to_markers

SEED = 7


@pytest.fixture(scope='module')
def fresh():
    return World(SEED)


@pytest.fixture
def world(fresh):
    """As on the first day."""
    fresh.state = fresh._start
    return fresh


def item(shape, colour='red', radius=0.03, height=0.06, x=0.0, y=0.0):
    return Item(shape, colour, np.array([0.8, 0.1, 0.1]), radius, height, x, y, 0.0)


def body(shape, x=0.0, y=0.0, z=0.0, **fields):
    return Body(item(shape, **fields), np.array([x, y, z]))


def put(world, *bodies, gripper=(0.0, 0.0, 0.3)):
    """Other things than it began with, for everything but its pictures."""
    world.state = State(bodies, np.array(gripper))
    return world


def test_it_begins_as_the_table_top_of_its_seed(world):
    scene = TableTop(SEED)
    rgb, depth = world.render()
    assert (rgb == scene.render()[0]).all()
    np.testing.assert_array_equal(depth, scene.render()[1])
    assert [one.name for one in world.state.bodies] == [thing.name for thing in scene.truth().objects]
    assert (world.state.gripper == scene.layout.gripper).all()
    assert world.state.held == ''


def test_pictures_show_what_was_moved_and_where_it_was(world):
    rgb, depth = world.render()
    thing = world.state.bodies[1]
    world.move(thing.position + [0, 0, thing.item.height / 2])
    world.close()
    world.move(world.state.gripper + [0, 0, 0.15])
    moved, _ = world.render()
    u, v, _ = world.view.project(thing.item.centre)
    changed = (moved != rgb).any(axis=-1)
    assert changed[round(v), round(u)]
    assert 0.001 < changed.mean() < 0.5
    world.state = world._start
    again, depth_again = world.render()
    assert (again == rgb).all()
    np.testing.assert_array_equal(depth_again, depth)


@pytest.mark.parametrize(
    ('point', 'takes'),
    [
        ((0.0, 0.0, 0.03), True),
        ((0.0, 0.0, 0.06 + GRASP_M - 0.001), True),
        ((GRASP_M - 0.001, 0.0, 0.03), True),
        ((GRASP_M + 0.001, 0.0, 0.03), False),
        ((0.0, 0.0, 0.06 + GRASP_M + 0.001), False),
    ],
)
def test_the_gripper_takes_what_is_near(world, point, takes):
    put(world, body('cube'), body('bowl', 0.3, colour='blue'))
    world.move(point)
    world.close()
    assert world.state.held == ('red cube' if takes else '')


def test_what_is_held_moves_along_and_only_that(world):
    put(world, body('cube'), body('ball', 0.05, colour='blue'))
    world.move([0, 0, 0.04])
    world.close()
    world.move([0.2, 0.1, 0.3])
    np.testing.assert_allclose(world.state.body('red cube').position, [0.2, 0.1, 0.26])
    np.testing.assert_allclose(world.state.body('blue ball').position, [0.05, 0, 0])
    world.move([0.05, 0, 0.03])
    world.close()
    assert world.state.held == 'red cube', 'it has only one hand'
    world.open()
    world.open()
    world.move([0, 0, 0.3])
    np.testing.assert_allclose(world.state.body('red cube').position[:2], [0.05, 0])


@pytest.mark.parametrize(
    ('support', 'offset', 'height', 'rests'),
    [
        ('plate', 0.06, 0.005, True),
        ('plate', 0.08, 0.0, False),
        ('bowl', 0.03, 0.006, True),
        ('cube', 0.02, 0.06, True),
        ('mug', 0.0, 0.06, True),
        ('ball', 0.0, 0.0, False),
    ],
)
def test_what_is_let_go_falls_onto_what_is_below(world, support, offset, height, rests):
    radius = 0.07 if support in ('plate', 'bowl') else 0.03
    below = body(support, 0.3, colour='blue', radius=radius)
    put(world, body('cube'), below)
    world.move([0, 0, 0.03])
    world.close()
    world.move([0.3 + offset, 0, 0.12])
    assert not world.state.rests_on('red cube', below.name), 'it is held'
    world.open()
    np.testing.assert_allclose(world.state.body('red cube').position, [0.3 + offset, 0, height])
    assert world.state.rests_on('red cube', below.name) is rests
    assert not world.state.rests_on(below.name, 'red cube')


def test_touching_means_being_there_and_nowhere_nearer(world):
    state = put(world, body('cube'), body('cube', 0.08, colour='blue')).state
    at = lambda x, z=0.03: replace(state, gripper=np.array([x, 0, z]))  # noqa: E731
    assert at(0.0).touches('red cube')
    assert at(0.03 + TOUCH_M - 0.001 - 0.01).touches('red cube')
    assert not at(0.042).touches('red cube'), 'the other one is nearer'
    assert not at(-0.03 - TOUCH_M - 0.001).touches('red cube')
    assert not at(0.0, 0.06 + TOUCH_M + 0.001).touches('red cube')


def test_the_state_comes_back_from_its_markers(world):
    world.move(world.state.bodies[0].position + [0, 0, 0.01])
    world.close()
    state = from_markers(to_markers(world.state, Time(sec=3)))
    assert state.held == world.state.held != ''
    np.testing.assert_allclose(state.gripper, world.state.gripper)
    for here, there in zip(state.bodies, world.state.bodies, strict=True):
        assert here.name == there.name
        np.testing.assert_allclose(here.position, there.position, atol=1e-12)
        assert (here.item.radius, here.item.height) == pytest.approx((there.item.radius, there.item.height))


def test_other_markers_are_refused(world):
    array = to_markers(world.state, Time())
    with pytest.raises(ValueError, match="no marker 'gripper'"):
        from_markers(MarkerArray(markers=array.markers[1:]))
    array.markers[1].ns = 'pink elephant'
    with pytest.raises(ValueError, match="'pink elephant'"):
        from_markers(array)


def test_a_negative_seed_is_refused():
    with pytest.raises(ValueError, match='-1'):
        World(-1)


def test_a_film_shows_states_as_pictures_of_them_would(world):
    raised = world.state.moved(world.state.gripper + [0.0, 0.0, 0.1])
    before, after = world.film([world.state, raised])
    assert world.state is world._start
    assert (before == world.render()[0]).all()
    world.state = raised
    assert (after == world.render()[0]).all()
    assert (after != before).any()


def test_a_layout_that_was_changed_makes_a_world_of_its_own():
    layout = draw(SEED, 160, 120)
    painted = replace(layout, items=tuple(replace(item, colour='black', rgb=np.zeros(3)) for item in layout.items[:1]))
    other = World.from_layout(painted, SEED)
    assert [body.name for body in other.state.bodies] == [f'black {layout.items[0].shape}']
    assert (other.width, other.height) == (160, 120)
    assert (other.render()[0] == TableTop.from_layout(painted, SEED).render()[0]).all()
