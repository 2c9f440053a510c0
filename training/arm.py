# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""An industrial arm of the UR5e's size and look that holds the gripper, for some of the training's scenes."""

import math

import numpy as np

from robobrain_ros.sim.layout import Array, Layout, Link

UPPER_ARM, FOREARM = 0.425, 0.392
"""Lengths of the two long links, metres: https://www.universal-robots.com/articles/ur/application-installation/dh-parameters-for-calculations-of-kinematics-and-dynamics/"""
SHOULDER, OFFSET, WRIST, FLANGE = 0.163, 0.12, 0.0997, 0.085
"""Height of the shoulder above the base, upper arm beside it, length of a wrist joint, flange above the finger tips."""
ROOM = 0.12
"""The base keeps so far from the things on the table, metres."""


def industrial_arm(layout: Layout, rng: np.random.Generator) -> tuple[Link, ...] | None:
    """Draw where the robot stands, behind the gripper or beside it; None where there is no room for it."""
    for _ in range(20):
        turn, away = rng.uniform(-0.25, 1.25) * math.pi, rng.uniform(0.3, 0.65)
        base = np.array([*(layout.gripper[:2] + away * np.array([math.cos(turn), math.sin(turn)])), 0.0])
        free = all(math.hypot(*(base[:2] - item.centre[:2])) > item.reach + ROOM for item in layout.items)
        if free and base[1] > -0.15:
            links = _links(base - layout.gripper, rng)
            if links is not None:
                return links
    return None


def _links(base: Array, rng: np.random.Generator) -> tuple[Link, ...] | None:
    """Return base, arm and wrist; ``base`` is relative to the point between the finger tips."""
    up = np.array([0.0, 0.0, 1.0])
    flange = FLANGE * up
    turn = math.atan2(-base[1], -base[0])
    ahead = np.array([math.cos(turn), math.sin(turn), 0.0])
    side = np.array([-ahead[1], ahead[0], 0.0]) * rng.choice((-1, 1))
    wrist3 = flange + WRIST * up
    wrist1 = wrist3 + WRIST * side + 0.04 * up
    shoulder = base + SHOULDER * up
    reach = wrist1 - shoulder - np.dot(wrist1 - shoulder, side) * side
    distance = float(np.linalg.norm(reach))
    if not 0.2 < distance < 0.98 * (UPPER_ARM + FOREARM):
        return None
    bend = math.acos((UPPER_ARM**2 + distance**2 - FOREARM**2) / (2 * UPPER_ARM * distance))
    rise = math.asin(reach[2] / distance) + bend
    elbow = shoulder + UPPER_ARM * (math.cos(rise) * ahead + math.sin(rise) * up)
    out = OFFSET * side
    tube, cap, joint = _colours(rng)

    def rod(start: Array, end: Array, radius: float, rgb: tuple[float, float, float], round_ends: bool = True) -> Link:
        return Link(start, end, radius, rgb, round_ends)

    return (
        rod(base, base + 0.09 * up, 0.075, joint, round_ends=False),
        rod(base + 0.09 * up, shoulder, 0.062, tube),
        rod(shoulder, shoulder + 1.1 * out, 0.06, tube, round_ends=False),
        rod(shoulder + 1.1 * out, shoulder + 1.5 * out, 0.06, cap, round_ends=False),
        rod(shoulder + out, elbow + out, 0.052, tube),
        rod(elbow + 1.4 * out, elbow + 0.9 * out, 0.057, cap, round_ends=False),
        rod(elbow + out, elbow, 0.05, tube),
        rod(elbow, wrist1, 0.04, tube),
        rod(wrist1 + 0.05 * side, wrist1 + 0.065 * side, 0.038, cap, round_ends=False),
        rod(wrist1 + 0.05 * side, wrist1 - 0.04 * side, 0.037, joint, round_ends=False),
        rod(wrist1, wrist3, 0.037, tube),
        rod(wrist3 + 0.04 * up, wrist3 - 0.02 * up, 0.037, tube, round_ends=False),
        rod(wrist3 - 0.02 * up, flange, 0.034, joint, round_ends=False),
    )


def _colours(rng: np.random.Generator) -> tuple[tuple[float, float, float], ...]:
    """Draw the colours of tubes, caps and joints: light grey, blue-grey, dark."""
    light, dark = rng.uniform(0.6, 0.85), rng.uniform(0.08, 0.3)
    blue = np.clip(np.array([0.36, 0.50, 0.62]) * rng.uniform(0.8, 1.2), 0, 1)
    return (light, light, 1.02 * light), (float(blue[0]), float(blue[1]), float(blue[2])), (dark, dark, dark)
