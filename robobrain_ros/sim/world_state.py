# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The state of a simulated world as markers: for RViz, and for whoever judges what a robot has done."""

import numpy as np
from builtin_interfaces.msg import Time
from visualization_msgs.msg import Marker, MarkerArray

from robobrain_ros.sim.layout import COLOURS, SHAPES, Item
from robobrain_ros.sim.view import WORLD_FRAME
from robobrain_ros.sim.world import Body, State

GRIPPER, HELD, MOVING = 'gripper', 'held', 'moving'
FORMS = {'cube': Marker.CUBE, 'ball': Marker.SPHERE}


def to_markers(state: State, stamp: Time) -> MarkerArray:
    """Return one marker for each thing, and one for the gripper; namespace: its name.

    A thing's text says whether it is held, the gripper's whether it is moving, and what has gone wrong on purpose.
    """
    gripper = _marker(GRIPPER, Marker.SPHERE, state.gripper, (0.02, 0.02, 0.02), stamp)
    gripper.text = ' '.join(filter(None, [MOVING if state.moving else '', state.fault]))
    markers = [gripper]
    for body in state.bodies:
        item = body.item
        middle = body.position + [0, 0, item.height / 2]
        size = (2 * item.radius, 2 * item.radius, item.height)
        marker = _marker(body.name, FORMS.get(item.shape, Marker.CYLINDER), middle, size, stamp)
        marker.color.r, marker.color.g, marker.color.b = map(float, item.rgb)
        marker.text = HELD if body.name == state.held else ''
        markers.append(marker)
    return MarkerArray(markers=markers)


def from_markers(array: MarkerArray) -> State:
    """Return the state that markers of ``to_markers`` show, without what no judge needs: yaw and handles.

    :raises ValueError: for markers that do not come from there
    """
    bodies, gripper, held, told = [], None, '', list[str]()
    for marker in array.markers:
        place = np.array([marker.pose.position.x, marker.pose.position.y, marker.pose.position.z])
        if marker.ns == GRIPPER:
            gripper, told = place, marker.text.split()
            continue
        colour, _, shape = marker.ns.partition(' ')
        if colour not in COLOURS or shape not in SHAPES:
            raise ValueError(f'marker {marker.ns!r} is no thing of a simulated world, such as "red cube"')
        rgb = np.array([marker.color.r, marker.color.g, marker.color.b])
        x, y, z = place
        item = Item(shape, colour, rgb, marker.scale.x / 2, marker.scale.z, float(x), float(y), 0.0)
        bodies.append(Body(item, np.array([x, y, z - marker.scale.z / 2])))
        held = marker.ns if marker.text == HELD else held
    if gripper is None:
        raise ValueError(f'there is no marker {GRIPPER!r}, only {[marker.ns for marker in array.markers]}')
    fault = next((word for word in told if word != MOVING), '')
    return State(tuple(bodies), gripper, held, fault, MOVING in told)


def _marker(name: str, form: int, place: np.ndarray, size: tuple[float, float, float], stamp: Time) -> Marker:
    marker = Marker(ns=name, type=form, action=Marker.ADD)
    marker.header.frame_id, marker.header.stamp = WORLD_FRAME, stamp
    position, scale = marker.pose.position, marker.scale
    position.x, position.y, position.z = map(float, place)
    marker.pose.orientation.w = marker.color.a = 1.0
    scale.x, scale.y, scale.z = size
    return marker
