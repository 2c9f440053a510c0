# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The names of all topics of the node robobrain_goto.

Those with ``~/`` lie below the node's name, the others in its namespace.
"""

NODE = 'robobrain_goto'
"""The node's own name, where it is started under no other."""

INSTRUCTION = '~/instruction'
"""Topic of std_msgs/String: what to go to, in plain words, such as ``the red mug``."""
CANCEL = '~/cancel'
"""Topic of std_msgs/Empty: end what is under way."""

COSTMAP = 'global_costmap/costmap'
"""Topic of nav_msgs/OccupancyGrid, transient local: costs around the robot's middle, as Nav2 publishes them."""
ROBOT_POSE = 'amcl_pose'
"""Topic of geometry_msgs/PoseWithCovarianceStamped, transient local: where the robot is, as AMCL publishes it."""

GOAL_POSE = '~/goal_pose'
"""Topic of geometry_msgs/PoseStamped: where to stand, facing the target; remap it to Nav2's ``goal_pose``."""
NAVIGATE = 'navigate_to_pose'
"""Action nav2_msgs/NavigateToPose, which is asked to drive there where the parameter ``drive`` says so."""
STATUS = '~/status'
"""Topic of diagnostic_msgs/DiagnosticStatus, transient local: how far it is, and how it ended."""
MARKERS = '~/markers'
"""Topic of visualization_msgs/MarkerArray, transient local: the pose and the target for RViz."""
OBJECT_POSE = '~/object_pose'
"""Topic of geometry_msgs/PoseStamped: where the target is, again and again, with the parameter ``follow_s``."""
FOLLOW = 'follow_object'
"""Action nav2_msgs/FollowObject, which is asked to drive behind it where the parameter ``drive`` says so."""
