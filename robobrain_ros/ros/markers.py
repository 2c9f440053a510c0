# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""An answer as markers for RViz and Foxglove: spheres at targets, a line along a trajectory, labels."""

from collections.abc import Sequence

from geometry_msgs.msg import Point
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from robobrain_ros.answer import Answer, Target

SIZE_M = 0.02
TARGET, WAYPOINT = ColorRGBA(r=1.0, g=0.75, b=0.0, a=1.0), ColorRGBA(r=0.3, g=0.6, b=1.0, a=1.0)
CANDIDATE = ColorRGBA(r=0.6, g=0.6, b=0.6, a=1.0)
"""Grey: places of an answer that is UNSURE."""


def markers(answer: Answer, header: Header) -> MarkerArray:
    """Targets and ways of an answer that have positions, behind a marker that deletes those of earlier answers.

    :param header: stamp of the image, frame of the positions
    """
    array = MarkerArray(markers=[Marker(header=header, action=Marker.DELETEALL)])
    waypoints = [waypoint for way in answer.ways for waypoint in way]
    for places, usual, namespace in ((answer.places, TARGET, 'targets'), (waypoints, WAYPOINT, 'waypoints')):
        colour = usual if answer.success else CANDIDATE
        for number, place in enumerate(places, 1):
            if place.position:
                label = place.label or (str(number) if len(places) > 1 else answer.instruction)
                array.markers += _place(place.position, label, colour, header, namespace, number)
    for number, way in enumerate(answer.ways, 1):
        if answer.success and len(path := _points(way)) > 1:
            array.markers.append(_marker(Marker.LINE_STRIP, header, 'trajectory', number, WAYPOINT, points=path))
    return array


def _place(
    position: tuple[float, float, float], label: str, colour: ColorRGBA, header: Header, namespace: str, number: int
) -> list[Marker]:
    sphere = _marker(Marker.SPHERE, header, namespace, number, colour)
    text = _marker(Marker.TEXT_VIEW_FACING, header, f'{namespace} labels', number, colour, text=label[:40])
    for marker in (sphere, text):
        marker.pose.position = _point(position)
    return [sphere, text]


def _marker(kind: int, header: Header, namespace: str, number: int, colour: ColorRGBA, **fields: object) -> Marker:
    marker = Marker(header=header, ns=namespace, id=number, type=kind, action=Marker.ADD, color=colour, **fields)
    marker.pose.orientation.w = 1.0
    marker.scale.x = marker.scale.y = marker.scale.z = SIZE_M if kind != Marker.LINE_STRIP else SIZE_M / 4
    return marker


def _points(places: Sequence[Target]) -> list[Point]:
    return [_point(place.position) for place in places if place.position]


def _point(position: tuple[float, float, float]) -> Point:
    x, y, z = position
    return Point(x=x, y=y, z=z)
