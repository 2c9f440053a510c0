# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The node robobrain_arm, with MoveIt 2 to move the arm: plans, checks and grasps are the same, the ways are MoveIt's.

    ros2 launch ur_moveit_config ur_moveit.launch.py ur_type:=ur5e
    python examples/moveit_pick.py --ros-args --params-file my_arm.yaml

It needs MoveIt 2 and pymoveit2 (5.0.0). TOOL has to be a link of your URDF at the point between the finger tips, its z
out of the hand. Run on 2026-11-28: this file against pymoveit2 5.0.0 with stand-ins for moveit_msgs and control_msgs,
which showed that names and arguments fit. MoveIt itself and a robot were not run.
"""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from typing import Any

import numpy as np
from geometry_msgs.msg import Point, Pose, PoseStamped, Quaternion
from rclpy.executors import MultiThreadedExecutor
from rclpy.node import Node
from std_msgs.msg import Header

from robobrain_ros.geometry.transform import quaternion
from robobrain_ros.planners.arm.clearance import OPEN_M, Arm
from robobrain_ros.planners.arm.joints import Joints
from robobrain_ros.planners.arm.node import main
from robobrain_ros.planners.arm.reach import Stop
from robobrain_ros.planners.failure import Failure

TOOL, KNUCKLE, CLOSED_RAD = 'robotiq_85_tcp', 'robotiq_85_left_knuckle_joint', 0.8
LONGEST_S = 60.0


class MoveItMover:
    """Has MoveIt move to each stop, in a straight line where the checked way is one.

    :param node: the node robobrain_arm; what MoveIt needs is a node of its own beside it
    """

    def __init__(self, node: Node, arm: Arm, joints: Joints) -> None:
        from pymoveit2 import GripperCommand, MoveIt2
        from pymoveit2.robots import ur

        self._node, self._arm, self._frame = node, arm, node.get_parameter('frame').value
        beside = Node('robobrain_arm_moveit', context=node.context, use_global_arguments=False)
        self._moveit = MoveIt2(beside, ur.joint_names(), ur.base_link_name(), TOOL, ur.MOVE_GROUP_ARM)
        self._hand = GripperCommand(beside, [KNUCKLE], 0.0, CLOSED_RAD)
        executor = MultiThreadedExecutor(context=node.context)
        executor.add_node(beside)
        Thread(target=executor.spin, daemon=True).start()
        self._pool = ThreadPoolExecutor(1)
        self._order = 0  # of the newest motion: what older ones tell is not told on

    def move_to(
        self, stop: Stop, path: np.ndarray, done: Callable[[], None], failed: Callable[[Failure], None]
    ) -> None:
        """Have MoveIt plan to the stop's pose, and go there."""
        x, y, z, w = quaternion(stop.pose[:3, :3].tolist())
        place = Point(**dict(zip('xyz', stop.pose[:3, 3].tolist(), strict=True)))
        pose = PoseStamped(
            header=Header(frame_id=self._frame), pose=Pose(position=place, orientation=Quaternion(x=x, y=y, z=z, w=w))
        )
        places = self._arm.chain.pose(path)[:, :3, 3]
        line = places[0] + np.linspace(0, 1, len(places))[:, None] * (places[-1] - places[0])
        straight = bool(np.abs(places - line).max() < 0.005)

        def move(is_wanted: Callable[[], bool]) -> bool:
            way = self._moveit.plan(
                pose=pose, cartesian=straight, cartesian_fraction_threshold=0.999, timeout_sec=LONGEST_S
            )
            return is_wanted() and self._moveit.execute(way)

        self._run(self._moveit, move, stop.name, done, failed)

    def grip(self, opening: float, done: Callable[[], None], failed: Callable[[Failure], None]) -> None:
        """Have the gripper's action move the knuckle."""
        knuckle = CLOSED_RAD * min(max(1 - opening / OPEN_M, 0.0), 1.0)
        self._run(
            self._hand, lambda is_wanted: is_wanted() and self._hand.move_to_position(knuckle), 'hand', done, failed
        )

    def hold(self) -> None:
        """Cancel what MoveIt executes, and forget what it still plans."""
        self._order += 1
        self._moveit.cancel_execution()

    def _run(
        self,
        what: Any,
        begin: Callable[[Callable[[], bool]], bool],
        name: str,
        done: Callable[[], None],
        failed: Callable[[Failure], None],
    ) -> None:
        self._order += 1
        order, executor = self._order, self._node.executor

        def is_wanted() -> bool:
            return order == self._order

        def work() -> None:
            began = begin(is_wanted)
            if began and not is_wanted():
                what.cancel_execution()  # it was cancelled just when it began
            moved = began and what.wait_until_executed(timeout_sec=LONGEST_S)
            why = Failure('ARM_STOPPED', f'{name}: MoveIt: {what.last_failure()}')
            # a hand stops short of where it was told when it holds something: robobrain_arm looks at joint_states
            end = done if moved or what is self._hand else lambda: failed(why)
            if executor is not None:
                executor.create_task(lambda: end() if is_wanted() else None)

        self._pool.submit(work)


if __name__ == '__main__':
    sys.exit(main(make_mover=MoveItMover))
