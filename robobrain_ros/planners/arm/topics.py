# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The names of all topics of the node robobrain_arm and of the arm that it moves.

Those with ``~/`` lie below the node's name, the others in its namespace. The arm's are those of ros2_control, as the
driver of Universal Robots starts it.
"""

NODE = 'robobrain_arm'
"""The node's own name, where it is started under no other."""

TRAJECTORY = 'joint_trajectory_controller/joint_trajectory'
"""Topic of trajectory_msgs/JointTrajectory: what a joint_trajectory_controller follows."""
JOINT_STATES = 'joint_states'
"""Topic of sensor_msgs/JointState: where arm and hand are."""
GRIPPER = 'gripper_controller/commands'
"""Topic of std_msgs/Float64MultiArray with one value: the knuckle's angle of the hand, radians, 0 for open."""
CAMERA_POSE = 'camera_pose'
"""Topic of geometry_msgs/PoseStamped, transient local: the camera's optical frame in a fixed one; without tf2."""

PLAN = '~/plan'
"""Topic of robobrain_ros/Plan: what to do. The plans of the brain are heard as well, on its own topic."""
REACH = '~/reach'
"""Topic of geometry_msgs/PointStamped: have the hand go to above a point; remap it to the brain's ``~/target``."""
CANCEL = '~/cancel'
"""Topic of std_msgs/Empty: stop at once, and hold what is held."""
RELEASE = '~/release'
"""Topic of std_msgs/Empty: open the hand where it is, after a cancel or a failure."""
STATUS = '~/status'
"""Topic of diagnostic_msgs/DiagnosticStatus, transient local: how far it is, and how it ended."""
