# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A ROS 2 node that is a colour and depth camera over a simulated table top."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import rclpy
from geometry_msgs.msg import TransformStamped
from rcl_interfaces.msg import SetParametersResult
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from visualization_msgs.msg import MarkerArray

from robobrain_ros.errors import BrainError
from robobrain_ros.ros import topics
from robobrain_ros.ros.node_parameters import declare
from robobrain_ros.ros.parameter import Parameter
from robobrain_ros.sim.camera_messages import camera_info, image_message, jpeg_message, pose_of
from robobrain_ros.sim.faults import Fault, FaultyWorld
from robobrain_ros.sim.program import run
from robobrain_ros.sim.trajectory_follower import TrajectoryFollower
from robobrain_ros.sim.world import World
from robobrain_ros.sim.world_state import to_markers

# Raw images are lost when best effort meets a small buffer, and an old one is of no use: reliable, newest only.
IMAGE_QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
FAULT = Parameter(
    'fault',
    '',
    "what goes wrong once in the next table top, at the first occasion; '': nothing",
    ('', *(fault.value for fault in Fault)),
    dynamic=True,
)
PARAMETERS = (
    Parameter('seed', 0, 'which table top is shown; can be set while it runs', low=0, high=2**31 - 1, dynamic=True),
    Parameter('width', 640, 'width of the images, pixels', low=64, high=1920),
    Parameter('height', 480, 'height of the images, pixels', low=64, high=1920),
    Parameter('rate_hz', 10.0, 'images a second', low=1.0, high=60.0),
    Parameter('image_transport', 'raw', 'raw; compressed: JPEG images on image/compressed, too', ('raw', 'compressed')),
    Parameter(
        'follow', '', "full name of the node whose answers move the gripper, such as /robobrain; '': nothing moves"
    ),
    Parameter('dwell_s', 0.0, 'how long the gripper stays at each waypoint, seconds', low=0.0, high=60.0),
    FAULT,
)


class SimulatedCamera(Node):
    """Publishes one scene again and again, each time with a new stamp, until it changes.

    It does when the parameter ``seed`` is set, which begins a new one, and when something is moved in ``world``. What
    the parameter ``fault`` names then goes wrong once in it: set ``fault`` before ``seed``. A
    scene is drawn only then: software rendering would cost more than the brain can spare. When setting ``seed`` has
    been answered (after some 0.3 s), every image with a later stamp shows the new scene.

    Topics, all with the same stamp and frame: ``image`` (rgb8), ``depth/image`` (32FC1, metres along the optical axis,
    NaN where there is nothing), ``camera_info``, and ``image/compressed`` (JPEG) where ``image_transport`` says so.
    ``objects`` (visualization_msgs/MarkerArray in ``world``, latched) is what really is where, for those who judge;
    every image that is stamped later shows it so. ``/tf_static`` holds the camera's pose in ``world`` (the middle of
    the table's surface) where tf2_msgs is installed.

    :raises BadRequest: if a parameter's value is not allowed
    :raises RuntimeError: no OpenGL here; says what to install
    """

    def __init__(self, **options: Any) -> None:
        """Draw the first scene and begin to publish.

        :param options: of rclpy's Node
        """
        super().__init__('simulated_camera', **options)
        declare(self, PARAMETERS, self._parameter_overrides, fixed=True)
        self._image = self.create_publisher(Image, topics.IMAGE, IMAGE_QOS)
        self._depth = self.create_publisher(Image, topics.DEPTH_IMAGE, IMAGE_QOS)
        self._info = self.create_publisher(CameraInfo, topics.CAMERA_INFO, IMAGE_QOS)
        compressed = self.get_parameter('image_transport').value == 'compressed'
        self._jpeg = (
            self.create_publisher(CompressedImage, f'{topics.IMAGE}/compressed', IMAGE_QOS) if compressed else None
        )
        self._objects = self.create_publisher(MarkerArray, 'objects', LATCHED)
        self._publish_pose = self._create_pose_publisher()
        self.world = self._begin(self.get_parameter('seed').value)
        """What is shown; whoever moves something in it has to do so in this node's executor."""
        self.add_on_set_parameters_callback(self._on_parameters)
        self.create_timer(1.0 / self.get_parameter('rate_hz').value, self._publish)

    def _create_pose_publisher(self) -> Callable[[TransformStamped], None] | None:
        try:
            from tf2_msgs.msg import TFMessage
        except ImportError:
            self.get_logger().info('/tf_static is not published: tf2_msgs is not installed (there is no wheel of it)')
            return None
        publisher = self.create_publisher(TFMessage, '/tf_static', LATCHED)
        return lambda transform: publisher.publish(TFMessage(transforms=[transform]))

    def _on_parameters(self, parameters: 'list[rclpy.Parameter[Any]]') -> SetParametersResult:
        for parameter in parameters:
            try:
                if parameter.name == FAULT.name:
                    FAULT.check(parameter.value)
                elif parameter.name == 'seed':
                    self.world = self._begin(parameter.value)
            except (BrainError, RuntimeError, ValueError) as error:
                return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _begin(self, seed: int) -> World:
        """Return the world of a seed, drawn, with its pose published."""
        size = (self.get_parameter('width').value, self.get_parameter('height').value)
        fault = self.get_parameter('fault').value
        world = FaultyWorld(seed, *size, fault=Fault(fault)) if fault else World(seed, *size)
        self._draw(world)
        if self._publish_pose:
            transform = pose_of(world.view)
            transform.header.stamp = self.get_clock().now().to_msg()
            self._publish_pose(transform)
        names = ', '.join(body.name for body in world.state.bodies)
        self.get_logger().info(f'seed {seed}, {world.view.width}x{world.view.height}: {names}')
        return world

    def _draw(self, world: World) -> None:
        """Draw the world as it is now, and keep it as messages that lack only a stamp."""
        rgb, depth = world.render()
        self._drawn = world.state
        self._messages = [
            (self._image, image_message(rgb, 'rgb8')),
            (self._depth, image_message(depth, '32FC1')),
            (self._info, camera_info(world.view)),
        ]
        if self._jpeg:
            self._messages.append((self._jpeg, jpeg_message(rgb)))
        self._objects.publish(to_markers(world.state, self.get_clock().now().to_msg()))

    def _publish(self) -> None:
        if self.world.state is not self._drawn:
            self._draw(self.world)
        stamp = self.get_clock().now().to_msg()
        for publisher, message in self._messages:
            message.header.stamp = stamp
            publisher.publish(message)


def _nodes() -> Iterator[Node]:
    """Make the camera, and what has its gripper follow a brain if that is wanted."""
    camera = SimulatedCamera()
    yield camera
    brain = camera.get_parameter('follow').value
    if brain:
        yield TrajectoryFollower(brain, lambda: camera.world, camera.get_parameter('dwell_s').value)


def main(args: list[str] | None = None) -> int:
    """Run the camera until SIGINT, SIGTERM or SIGHUP; return the exit code. Blocks."""
    description = 'A colour and depth camera over a simulated table, whose gripper may follow the answers of a node.'
    return run('simulated_camera', description, PARAMETERS, args, _nodes)


if __name__ == '__main__':
    sys.exit(main())
