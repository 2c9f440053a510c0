# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Answers as markers for RViz and Foxglove."""

from builtin_interfaces.msg import Time
from std_msgs.msg import Header
from visualization_msgs.msg import Marker

from robobrain_ros.answer import Answer, GroundedStep, PointStatus, Target
from robobrain_ros.errors import ErrorCode
from robobrain_ros.ros.markers import SIZE_M, markers

HEADER = Header(stamp=Time(sec=5, nanosec=7), frame_id='base_link')
LOST = Target((1, 2), status=PointStatus.NO_DEPTH)


def target(x, y, z, label='') -> Target:
    return Target((1, 2), label=label, status=PointStatus.OK, position=(x, y, z))


def place(marker) -> tuple[float, float, float]:
    return marker.pose.position.x, marker.pose.position.y, marker.pose.position.z


def drawn(**fields) -> list[Marker]:
    """What is drawn after the marker that deletes all."""
    first, *others = markers(Answer('pointing', 'the red mug', **fields), HEADER).markers
    assert (first.action, first.header) == (Marker.DELETEALL, HEADER)
    assert all(marker.action == Marker.ADD and marker.header == HEADER for marker in others)
    assert len({(marker.ns, marker.id) for marker in others}) == len(others), 'each has a name of its own'
    assert all(marker.color.a > 0 and marker.pose.orientation.w == 1 for marker in others)
    assert all(min(marker.scale.x, marker.scale.y, marker.scale.z) > 0 for marker in others)
    return others


def test_a_target_is_a_sphere_with_the_instruction_beside_it():
    sphere, text = drawn(targets=(target(0.1, 0.2, 0.3),))
    assert (sphere.type, place(sphere), sphere.scale.x) == (Marker.SPHERE, (0.1, 0.2, 0.3), SIZE_M)
    assert (text.type, place(text), text.text) == (Marker.TEXT_VIEW_FACING, (0.1, 0.2, 0.3), 'the red mug')


def test_several_targets_are_numbered_or_labelled():
    found = drawn(targets=(target(1, 0, 1), target(2, 0, 1, 'mug'), target(3, 0, 1)))
    assert [marker.text for marker in found if marker.text] == ['1', 'mug', '3']


def test_long_labels_are_cut():
    assert len(drawn(targets=(target(0, 0, 1, 'x' * 99),))[1].text) == 40


def test_what_has_no_position_is_not_drawn_and_the_others_keep_their_numbers():
    found = drawn(targets=(LOST, target(2, 0, 1), LOST))
    assert [(marker.type, marker.id, place(marker)[0]) for marker in found] == [
        (Marker.SPHERE, 2, 2.0),
        (Marker.TEXT_VIEW_FACING, 2, 2.0),
    ]
    assert found[1].text == '2'


def test_waypoints_are_joined_by_a_line():
    *places, line = drawn(waypoints=(target(1, 0, 1), LOST, target(3, 0, 1)))
    assert line.type == Marker.LINE_STRIP
    assert [(point.x, point.y, point.z) for point in line.points] == [(1, 0, 1), (3, 0, 1)]
    assert 0 < line.scale.x < SIZE_M
    assert {marker.ns for marker in places} == {'waypoints', 'waypoints labels'}
    assert not [marker for marker in drawn(waypoints=(target(1, 0, 1),)) if marker.type == Marker.LINE_STRIP]


def test_a_mission_shows_each_place_once_and_each_way():
    cube, plate = target(1, 0, 1, 'the cube'), target(2, 0, 1, 'the plate')
    steps = (
        GroundedStep('reach', targets=(cube,), waypoints=(target(0, 0, 1), cube)),
        GroundedStep('grasp', targets=(cube,)),
        GroundedStep('place', targets=(plate,), waypoints=(target(0, 0, 1), cube, plate)),
        GroundedStep('rest'),
    )
    found = drawn(steps=steps)
    assert [marker.text for marker in found if marker.ns == 'targets labels'] == ['the cube', 'the plate']
    lines = [marker for marker in found if marker.type == Marker.LINE_STRIP]
    assert [(line.id, len(line.points)) for line in lines] == [(1, 2), (2, 3)]


def test_an_answer_without_positions_deletes_those_before():
    assert drawn(code=ErrorCode.NOT_FOUND) == []
    assert drawn(targets=(LOST,)) == []
