# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The simulated UR5e and its chain: whether the tool is where MuJoCo has it, and comes where it is asked to be."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from robobrain_ros.planners.arm import ik
from robobrain_ros.planners.arm.chain import Chain
from robobrain_ros.sim.arm_model import ARM, HAND, JOINTS, arm_model, chain_of
from robobrain_ros.sim.layout import draw

MODEL = arm_model(draw(1, 320, 240))
CHAIN = chain_of(MODEL)
HOME = np.array([1.57, -2.2, 2.2, -1.57, -1.57, 0.0])
angles = arrays(float, 6, elements=st.floats(-3, 3))


def test_the_chain_is_where_mujoco_has_the_arm():
    import mujoco

    data = mujoco.MjData(MODEL)
    places = [MODEL.joint(f'{ARM}{name}').qposadr[0] for name in JOINTS]
    for some in np.random.default_rng(0).uniform(-3, 3, (20, 6)):
        data.qpos[places] = some
        mujoco.mj_kinematics(MODEL, data)
        pose, site = CHAIN.pose(some), data.site(f'{HAND}pinch')
        assert np.allclose(pose[:3, 3], site.xpos, atol=1e-9)
        assert np.allclose(pose[:3, :3], site.xmat.reshape(3, 3), atol=1e-9)
        assert np.linalg.norm(pose[:3, 3] - CHAIN.base) <= CHAIN.reach


@settings(max_examples=50, deadline=None)
@given(angles)
def test_the_jacobian_is_the_slope_of_the_pose(some):
    small = 1e-6
    jacobian = CHAIN.jacobian(CHAIN.links(some))
    for joint in range(6):
        step = np.eye(6)[joint] * small
        slope = ik.misses(CHAIN.pose(some + step), CHAIN.pose(some - step)) / (2 * small)
        assert np.allclose(jacobian[:, joint], slope, atol=1e-5)


@settings(max_examples=50, deadline=None)
@given(arrays(float, 6, elements=st.floats(-3.1, 3.1)), arrays(float, 6, elements=st.floats(-6.2, 6.2)))
def test_whole_turns_change_nothing_and_bring_nearer(some, near):
    turned = CHAIN.nearest_turn(some, near)
    assert CHAIN.within(turned)
    assert np.allclose(CHAIN.pose(turned), CHAIN.pose(some), atol=1e-9)
    assert (np.abs(turned - near) <= np.abs(some - near) + 1e-9).all()


def test_all_of_500_poses_that_the_arm_can_have_are_found():
    there = np.random.default_rng(2).uniform(CHAIN.lower, CHAIN.upper, (500, 6))
    missed = []
    for number, pose in enumerate(CHAIN.pose(there)):
        found = ik.solutions(CHAIN, pose, HOME)
        if not len(found):
            missed.append(number)
            continue
        assert CHAIN.within(found).all()
        misses = ik.misses(pose, CHAIN.pose(found))
        assert np.linalg.norm(misses[:, :3], axis=1).max() < ik.POSITION_M
        assert np.linalg.norm(misses[:, 3:], axis=1).max() < ik.ANGLE_RAD
        far = np.abs(found - HOME).max(axis=1)
        assert (np.diff(far) >= 0).all()
    assert missed == []


def test_where_the_arm_stands_it_finds_itself():
    assert np.allclose(ik.solutions(CHAIN, CHAIN.pose(HOME), HOME)[0], HOME, atol=1e-3)


def test_what_is_too_far_has_no_solution():
    pose = CHAIN.pose(HOME)
    pose[:3, 3] = CHAIN.base + [0, -1.2, 0]
    assert len(ik.solutions(CHAIN, pose, HOME)) == 0


def test_a_limit_is_kept_even_where_the_pose_needs_more():
    pose = CHAIN.pose(HOME)
    free = ik.solutions(CHAIN, pose, HOME)
    held = Chain(CHAIN.names, CHAIN.offsets, CHAIN.axes, CHAIN.tool, CHAIN.lower, CHAIN.upper.copy())
    held.upper[2] = -0.1  # the elbow may bend one way only
    found = ik.solutions(held, pose, np.array([*HOME[:2], -1.0, *HOME[3:]]))
    assert (free[:, 2] > 0).any()
    assert len(found)
    assert (found[:, 2] <= -0.1).all()


@pytest.mark.parametrize('turn', [0.0, 1e-9, 1.0, math.pi - 1e-6])
def test_the_turn_that_is_left_is_measured(turn):
    pose = np.eye(4)
    pose[:2, :2] = [[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]]
    assert np.allclose(ik.misses(pose, np.eye(4)), [0, 0, 0, 0, 0, turn], atol=1e-6)


def test_parts_that_do_not_fit_together_are_refused():
    with pytest.raises(ValueError, match=r'6 joints need arrays'):
        Chain(CHAIN.names, CHAIN.offsets[:5], CHAIN.axes, CHAIN.tool, CHAIN.lower, CHAIN.upper)
    with pytest.raises(ValueError, match=r'shoulder_pan_joint may turn from -6\.28\d+ to -7'):
        Chain(CHAIN.names, CHAIN.offsets, CHAIN.axes, CHAIN.tool, CHAIN.lower, np.full(6, -7.0))
