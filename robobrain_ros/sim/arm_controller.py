# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A ROS 2 node that is a simulated UR5e with a 2F-85 hand and a camera over its table, with a robot driver's topics."""

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import rclpy
from geometry_msgs.msg import PoseStamped
from rcl_interfaces.msg import SetParametersResult
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_msgs.msg import Float64MultiArray, Header
from trajectory_msgs.msg import JointTrajectory
from visualization_msgs.msg import MarkerArray

from robobrain_ros.errors import BadRequest, BrainError
from robobrain_ros.planners.arm import topics as arm_topics
from robobrain_ros.ros import topics
from robobrain_ros.ros.node_parameters import declare
from robobrain_ros.ros.parameter import Parameter
from robobrain_ros.sim.arm import GRIP_S, HOME, ArmWorld
from robobrain_ros.sim.camera import IMAGE_QOS, LATCHED
from robobrain_ros.sim.camera_messages import camera_info, image_message, pose_of
from robobrain_ros.sim.joint_controller import JointController, Waypoint
from robobrain_ros.sim.layout import draw
from robobrain_ros.sim.program import run
from robobrain_ros.sim.world_state import to_markers

NODE = 'simulated_arm'
KNUCKLE = 'robotiq_85_left_knuckle_joint'
"""The hand's joint, by the name that Robotiq's driver gives it."""
CLOSED_RAD = 0.8
"""Its angle when the hand is closed; 0 when it is open."""
PERIOD_S = 0.02
"""Between two joint_states, seconds of the host's clock."""
MOST_S = 0.1
"""No more than so much time of the host is made up for at once: then the simulation is slower than it should be."""
STATE_S = 0.1
"""Between two messages on ``objects`` while something moves."""
SETTLING_S, LONGEST_SETTLING_S = 0.3, 5.0
"""After the last command the simulation runs on for so long at least, until everything lies still, and at most."""
PARAMETERS = (
    Parameter('seed', 0, 'which table top there is; can be set while it runs', low=0, high=2**31 - 1, dynamic=True),
    Parameter('width', 640, 'width of the images, pixels', low=64, high=1920),
    Parameter('height', 480, 'height of the images, pixels', low=64, high=1920),
    Parameter('rate_hz', 10.0, 'images a second while nothing moves', low=1.0, high=60.0),
    Parameter('moving_rate_hz', 1.0, 'images a second while something moves; each has to be drawn', low=0.1, high=10.0),
    Parameter('speed', 1.0, 'seconds that pass in the world in one of the host, if it can', low=0.1, high=20.0),
    Parameter(
        'arm_in_view', True, 'whether the arm is in the images; false: they show what is behind it, as if it were glass'
    ),
)  # fmt: skip


class SimulatedArm(Node):
    """Moves the arm as trajectories on topics say, and publishes what its joints, a camera and a judge see.

    Subscribes to ``joint_trajectory_controller/joint_trajectory``: a trajectory takes the place of the one before; one
    that a joint_trajectory_controller would refuse, or whose joints would turn beyond limits or too fast, changes
    nothing, and the log says why. Subscribes to ``gripper_controller/commands``: angle of the hand's knuckle, 0 .. 0.8.

    Publishes ``joint_states``; ``image``, ``depth/image``, ``camera_info`` and ``objects`` as the simulated camera does
    (sim/camera.py); and ``camera_pose`` (PoseStamped, latched): the optical frame in ``world``. While something moves,
    images come more seldom, each freshly drawn. Setting the parameter ``seed`` begins another table top, with the arm
    at home; when that has been answered, after seconds, every later image shows it.

    :raises BadRequest: if a parameter's value is not allowed
    :raises RuntimeError: no OpenGL here, or no model of the arm; says what to install
    """

    def __init__(self, **options: Any) -> None:
        """Build the first table top and begin to publish.

        :param options: of rclpy's Node
        """
        super().__init__(NODE, **options)
        declare(self, PARAMETERS, self._parameter_overrides, fixed=True)
        self._image = self.create_publisher(Image, topics.IMAGE, IMAGE_QOS)
        self._depth = self.create_publisher(Image, topics.DEPTH_IMAGE, IMAGE_QOS)
        self._info = self.create_publisher(CameraInfo, topics.CAMERA_INFO, IMAGE_QOS)
        self._objects = self.create_publisher(MarkerArray, 'objects', LATCHED)
        self._pose = self.create_publisher(PoseStamped, arm_topics.CAMERA_POSE, LATCHED)
        self._joints = self.create_publisher(JointState, arm_topics.JOINT_STATES, 10)
        self._close_camera: Callable[[], None] = lambda: None
        self._begin(self.get_parameter('seed').value)
        self.create_subscription(JointTrajectory, arm_topics.TRAJECTORY, self._on_trajectory, 5)
        self.create_subscription(Float64MultiArray, arm_topics.GRIPPER, self._on_gripper, 5)
        self.add_on_set_parameters_callback(self._on_parameters)
        self._ticked = time.monotonic()
        self.create_timer(PERIOD_S, self._tick)
        self.create_timer(1.0 / self.get_parameter('rate_hz').value, self._show)

    def destroy_node(self) -> None:
        """End the node; call it in the thread that has spun it."""
        self._close_camera()
        super().destroy_node()

    def _on_parameters(self, parameters: 'list[rclpy.Parameter[Any]]') -> SetParametersResult:
        for parameter in parameters:
            try:
                if parameter.name == 'seed':
                    self._begin(parameter.value)
            except (BrainError, RuntimeError, ValueError) as error:
                return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _begin(self, seed: int) -> None:
        """Build the table top of a seed, with the arm at home."""
        world = ArmWorld(draw(seed, self.get_parameter('width').value, self.get_parameter('height').value))
        self._close_camera()
        self._camera = world.camera(self.get_parameter('arm_in_view').value)
        self._close_camera = self._camera.close
        self._world, self._controller = world, JointController(world.arm.chain, HOME)
        self._commanded = self._gripped = world.time
        """When the last command is carried out, and the last one for the hand, by the world's clock."""
        self._moving, self._told, self._drawn = False, 0.0, 0.0
        """Whether something moves; when that was last told and drawn, by the host's clock."""
        self._messages: list[tuple[Any, Any]] = []
        """The newest images, which lack only a stamp; none where the world has changed since."""
        self._tell()
        mounting = pose_of(world.view).transform
        pose = PoseStamped()
        pose.header.frame_id, pose.header.stamp = 'world', self.get_clock().now().to_msg()
        place = mounting.translation
        pose.pose.position.x, pose.pose.position.y, pose.pose.position.z = place.x, place.y, place.z
        pose.pose.orientation = mounting.rotation
        self._pose.publish(pose)
        names = ', '.join(body.name for body in world.state().bodies)
        self.get_logger().info(f'seed {seed}, {world.view.width}x{world.view.height}: {names}')

    def _on_trajectory(self, message: JointTrajectory) -> None:
        points = [
            Waypoint(Duration.from_msg(point.time_from_start).nanoseconds / 1e9, point.positions, point.velocities)
            for point in message.points
        ]
        now = self._world.time
        try:
            ahead = self._ahead(message.header)
            self._controller.take(message.joint_names, points, now, now + ahead * self.get_parameter('speed').value)
        except BadRequest as error:
            self.get_logger().error(f'a trajectory is refused: {error}')
            return
        self._commanded = max(self._controller.ends(), self._gripped)
        self._moving = True

    def _ahead(self, header: Header) -> float:
        """Return how long from now, seconds of the host, a message wants to begin."""
        stamp = header.stamp
        if stamp.sec < 0:
            raise BadRequest(f'its stamp is {stamp.sec} s, {stamp.nanosec} ns, but must not be negative; zero: now')
        if not stamp.sec and not stamp.nanosec:
            return 0.0
        now = self.get_clock().now()
        return float((Time.from_msg(stamp, now.clock_type) - now).nanoseconds / 1e9)

    def _on_gripper(self, message: Float64MultiArray) -> None:
        values = list(message.data)
        if len(values) != 1 or not 0 <= values[0] <= CLOSED_RAD:
            given = f'{values[:3]}' if len(values) <= 3 else f'{len(values)} numbers'
            self.get_logger().error(
                f'a command for the hand is refused: it is {given}, but must be one angle, 0 .. {CLOSED_RAD:g} rad'
            )
            return
        self._world.close_to(values[0] / CLOSED_RAD)
        self._gripped = self._world.time + GRIP_S
        self._commanded = max(self._gripped, self._controller.ends())
        self._moving = True

    def _tick(self) -> None:
        """Let the simulation go on, and tell of it."""
        now = time.monotonic()
        passed, self._ticked = now - self._ticked, now
        world = self._world
        if self._moving:
            self._messages = []
            end = world.time + min(passed, MOST_S) * self.get_parameter('speed').value
            while world.time < end:
                world.command(*self._controller.at(world.time))
                world.step()
            over = world.time - self._commanded
            self._moving = over < SETTLING_S or (over < LONGEST_SETTLING_S and not world.is_still)
            if not self._moving or now - self._told > STATE_S:
                self._tell()
        self._joints.publish(
            JointState(
                header=Header(stamp=self.get_clock().now().to_msg()),
                name=[*world.arm.chain.names, KNUCKLE],
                position=[*world.angles.tolist(), world.knuckle],
                velocity=[*world.velocities.tolist(), 0.0] if self._moving else np.zeros(len(HOME) + 1).tolist(),
            )
        )

    def _tell(self) -> None:
        """Publish where everything is."""
        self._told = time.monotonic()
        self._objects.publish(to_markers(self._world.state(self._moving), self.get_clock().now().to_msg()))

    def _show(self) -> None:
        """Publish images; an old one never shows a new stamp after something has moved."""
        now = time.monotonic()
        if self._moving and now - self._drawn < 1.0 / self.get_parameter('moving_rate_hz').value:
            return
        stamp = self.get_clock().now().to_msg()
        if not self._messages:
            rgb, depth = self._world.photograph(self._camera)
            self._messages = [
                (self._image, image_message(rgb, 'rgb8')),
                (self._depth, image_message(depth, '32FC1')),
                (self._info, camera_info(self._world.view)),
            ]
            self._drawn = now
        for publisher, message in self._messages:
            message.header.stamp = stamp
            publisher.publish(message)


def main(args: list[str] | None = None) -> int:
    """Run the arm until SIGINT, SIGTERM or SIGHUP; return the exit code. Blocks."""
    description = "A simulated UR5e with a hand behind a table, under a camera; it has a robot driver's topics."
    return run(NODE, description, PARAMETERS, args, lambda: [SimulatedArm()])


if __name__ == '__main__':
    sys.exit(main())
