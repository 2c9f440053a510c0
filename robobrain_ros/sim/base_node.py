# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A ROS 2 node that is a robot in a simulated room: it drives where it is sent, and its camera drives with it."""

import itertools
import sys
from collections.abc import Callable, Iterator
from typing import Any

from builtin_interfaces.msg import Time
from geometry_msgs.msg import Pose as PoseMessage
from geometry_msgs.msg import PoseStamped, PoseWithCovarianceStamped
from nav_msgs.msg import MapMetaData, OccupancyGrid
from nav_msgs.msg import Path as PathMessage
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from robobrain_ros.planners.goto.hearing import yaw_of
from robobrain_ros.ros import topics
from robobrain_ros.ros.node_parameters import declare
from robobrain_ros.ros.parameter import Parameter
from robobrain_ros.sim.base import NoPath, drive, path
from robobrain_ros.sim.base_messages import BASE, camera_pose, mounting_pose, pose_message, transform
from robobrain_ros.sim.camera import IMAGE_QOS, LATCHED
from robobrain_ros.sim.camera_messages import camera_info, image_message
from robobrain_ros.sim.program import run
from robobrain_ros.sim.room import Room
from robobrain_ros.sim.room_plan import Pose
from robobrain_ros.sim.view import OPTICAL_FRAME

STEP_M = 0.05
"""Poses on its way lie so far apart: between them, nobody looks whether it touches anything."""
MAP = 'map'
"""Frame of the map."""
PARAMETERS = (
    Parameter('seed', 0, 'which room it is', low=0, high=2**30),
    Parameter('width', 640, 'width of the images, pixels', low=64, high=1920),
    Parameter('height', 480, 'height of the images, pixels', low=64, high=1920),
    Parameter('rate_hz', 5.0, 'images and poses a second', low=1.0, high=60.0),
    Parameter('speed_m_s', 0.5, 'how fast the robot drives, m/s', low=0.1, high=100.0),
)
Ended = Callable[[str], None]


class SimulatedBase(Node):
    """Publishes what the camera sees, the map and the robot's pose, and drives to each pose on ``goal_pose``.

    Topics, with the names that drivers, AMCL and Nav2 use: ``image`` (rgb8), ``depth/image`` (32FC1, metres),
    ``camera_info``; ``global_costmap/costmap`` (nav_msgs/OccupancyGrid, from the true plan of the room, inflated,
    once a second), ``amcl_pose`` (the true pose, with the stamp of each image) and ``plan`` (nav_msgs/Path). Where
    tf2_msgs is installed, ``/tf`` and ``/tf_static`` hold the pose and the camera's place on the robot. Use its methods
    in its executor only.

    :raises BadRequest: if a parameter's value is not allowed
    :raises RuntimeError: no OpenGL here; says what to install
    """

    def __init__(self, **options: Any) -> None:
        super().__init__('simulated_base', **options)
        declare(self, PARAMETERS, self._parameter_overrides, fixed=True)
        self._image = self.create_publisher(Image, topics.IMAGE, IMAGE_QOS)
        self._depth = self.create_publisher(Image, topics.DEPTH_IMAGE, IMAGE_QOS)
        self._info = self.create_publisher(CameraInfo, topics.CAMERA_INFO, IMAGE_QOS)
        self._pose = self.create_publisher(PoseWithCovarianceStamped, 'amcl_pose', LATCHED)
        self._costmap = self.create_publisher(OccupancyGrid, 'global_costmap/costmap', LATCHED)
        self._plan = self.create_publisher(PathMessage, 'plan', LATCHED)
        self._transform = self._create_transforms()
        self._way: Iterator[Pose] = iter(())
        self._ended: Ended | None = None
        self._drawn: tuple[Pose, list[Any]] | None = None
        self.driven: list[Pose] = []
        """Where the robot has been in this room."""
        self.enter(self._value('seed'))
        self.create_subscription(PoseStamped, 'goal_pose', self._on_goal_pose, 1)
        self.create_timer(1 / self._value('rate_hz'), self._publish)
        self.create_timer(1.0, self._publish_costmap)

    def _create_transforms(self) -> Callable[[Header, PoseMessage], None] | None:
        """Publish where the camera is on the robot, and return what publishes where the robot is."""
        try:
            from tf2_msgs.msg import TFMessage
        except ImportError:
            self.get_logger().info('/tf is not published: tf2_msgs is not installed (there is no wheel of it)')
            return None
        moving = self.create_publisher(TFMessage, '/tf', 100)
        fixed = self.create_publisher(TFMessage, '/tf_static', LATCHED)
        fixed.publish(TFMessage(transforms=[transform(Header(frame_id=BASE), OPTICAL_FRAME, mounting_pose())]))
        return lambda header, pose: moving.publish(TFMessage(transforms=[transform(header, BASE, pose)]))

    def _value(self, name: str) -> Any:
        return self.get_parameter(name).value

    def enter(self, seed: int) -> None:
        """Go on in another room, and publish it."""
        self.stop('another room')
        self.room = Room(seed, self._value('width'), self._value('height'))
        """What is really where; it judges where the robot stands."""
        self.grid = self.room.plan.grid()
        self.driven = [self.room.pose]
        self._publish()
        self._publish_costmap()
        self.get_logger().info(f'room {seed}: {", ".join(self.room.plan.things)}')

    def go(self, goal: PoseStamped, ended: Ended) -> None:
        """Drive to a pose, from the next image on. It goes only where the map is free.

        :param ended: called once, with '' when the robot is there, or with a sentence why it is not
        """
        self.stop('another goal')
        wanted = Pose(goal.pose.position.x, goal.pose.position.y, yaw_of(goal.pose.orientation))
        if goal.header.frame_id != MAP:
            ended(f'the goal is in frame {goal.header.frame_id!r}, but must be in {MAP!r}')
            return
        try:
            corners = path(self.grid, self.room.pose, wanted)
        except NoPath as error:
            ended(str(error))
            return
        poses = [PoseStamped(header=self._header(), pose=pose_message(Pose(*corner))) for corner in corners]
        self._plan.publish(PathMessage(header=self._header(), poses=poses))
        self._way, self._ended = drive(self.room.pose, corners, wanted.yaw, STEP_M), ended

    def stop(self, why: str = 'it was stopped') -> None:
        """Stand still; a drive that is under way ends with this reason."""
        self._way = iter(())
        ended, self._ended = self._ended, None
        if ended is not None:
            ended(why)

    def _on_goal_pose(self, goal: PoseStamped) -> None:
        self.go(goal, lambda why: self.get_logger().info(f'it does not get there: {why}' if why else 'it is there'))

    def _publish(self) -> None:
        """Go on, then publish what is seen there, and where that is, with one stamp."""
        steps = max(round(self._value('speed_m_s') / self._value('rate_hz') / STEP_M), 1)
        poses = list(itertools.islice(self._way, steps))
        for pose in poses:
            self.room.move(pose)
        self.driven += poses
        header = self._header()
        message = PoseWithCovarianceStamped(header=header)
        message.pose.pose = pose_message(self.room.pose)
        self._pose.publish(message)  # before the image: who gets that knows where it is from
        if self._transform is not None:
            self._transform(header, message.pose.pose)
        for publisher, picture in self._pictures():
            picture.header.stamp = header.stamp
            publisher.publish(picture)
        if not poses and self._ended is not None:
            self.stop('')

    def _pictures(self) -> list[Any]:
        """Return publishers with what they publish, drawn again only where the robot has moved."""
        if self._drawn is None or self._drawn[0] is not self.room.pose:
            rgb, depth = self.room.render()
            self._drawn = (
                self.room.pose,
                [
                    (self._depth, image_message(depth, '32FC1')),
                    (self._info, camera_info(self.room.view)),
                    (self._image, image_message(rgb, 'rgb8')),
                ],
            )
        return self._drawn[1]

    def _publish_costmap(self) -> None:
        rows, columns = self.grid.cells.shape
        info = MapMetaData(resolution=self.grid.resolution, width=columns, height=rows)
        info.origin.position.x, info.origin.position.y = self.grid.x, self.grid.y
        self._costmap.publish(OccupancyGrid(header=self._header(), info=info, data=self.grid.cells.ravel().tolist()))

    def _header(self) -> Header:
        stamp: Time = self.get_clock().now().to_msg()
        return Header(frame_id=MAP, stamp=stamp)


def _nodes() -> Iterator[Node]:
    base = SimulatedBase()
    base.get_logger().info(f'for the brain: camera_pose:="[\'{camera_pose()}\']"')
    yield base


def main(args: list[str] | None = None) -> int:
    """Run the robot until SIGINT, SIGTERM or SIGHUP; return the exit code. Blocks."""
    description = 'A robot with a camera in a simulated room, which drives to each pose on goal_pose.'
    return run('simulated_base', description, PARAMETERS, args, _nodes)


if __name__ == '__main__':
    sys.exit(main())
