# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The names of all topics, services and actions of the node.

To rename one, change it here, in README.md and docs/reference/interfaces.md, and in the views config/robobrain.rviz
and config/foxglove.json; their tests say what they lack.

Requests and outputs lie below the node's name: ``target`` is ``~/target``, such as ``/robobrain/target``. Topics of a
camera lie in the node's namespace, behind the camera's name if it has one: ``image``, or ``front/image``.
"""

from geometry_msgs.msg import PointStamped, PoseArray, PoseStamped, PoseWithCovarianceStamped
from nav_msgs.msg import Path
from sensor_msgs.msg import CameraInfo, Image
from visualization_msgs.msg import MarkerArray

from robobrain_ros.msg import Answer, Plan, Progress

NODE = 'robobrain'
"""The node's own name, where it is started under no other."""

INSTRUCTION = 'instruction'
"""Topic of std_msgs/String: an instruction in plain words, or behind its task: ``grounding: the red mug``."""
REQUEST = 'request'
"""Topic of robobrain_ros/Instruction: an instruction with task, camera, frame, times and options."""
ASK = 'ask'
"""Service robobrain_ros/Ask: replies when the request has ended."""
QUERY = 'query'
"""Action robobrain_ros/Query: gives feedback while the request is worked on, and can be cancelled."""
MONITOR = 'monitor'
"""Action robobrain_ros/Monitor: watches a task until it has succeeded, failed or stalled."""
TRACK = 'track'
"""Action robobrain_ros/Track: follows a thing from image to image."""
REMEMBER = 'remember'
"""Service robobrain_ros/Remember: keeps start and goal images for ``monitor`` by name."""
REQUESTS = (INSTRUCTION, REQUEST, ASK, QUERY, MONITOR, TRACK, REMEMBER)
"""How clients ask."""

ANSWER = 'answer'
"""Every request's end, in success and in failure."""
TARGET = 'target'
"""The first target, if its position is known."""
TARGET_POSE = 'target_pose'
"""The first target with how a tool should stand there, if its position is known."""
TARGET_WITH_COVARIANCE = 'target_with_covariance'
"""The first target with the covariance of its position, if that is known."""
TARGETS = 'targets'
"""All targets whose position is known."""
WAYPOINTS = 'waypoints'
"""The poses of a trajectory, all of them or none."""
TRAJECTORY = 'trajectory'
"""A trajectory as a path, whole or not at all."""
PLAN = 'plan'
"""The steps of task planning, or of a mission."""
PROGRESS = 'progress'
"""Every sample of a monitor."""
TRACKED_POSE = 'tracked_pose'
"""Where the thing of a track is, in every image that shows it."""
ANNOTATED = 'annotated'
"""The answer drawn on its image, while someone subscribes."""
MARKERS = 'markers'
"""Targets and trajectories for RViz and Foxglove, while someone subscribes."""
OUTPUTS: dict[str, type] = {
    ANSWER: Answer,
    TARGET: PointStamped,
    TARGET_POSE: PoseStamped,
    TARGET_WITH_COVARIANCE: PoseWithCovarianceStamped,
    TARGETS: PoseArray,
    WAYPOINTS: PoseArray,
    TRAJECTORY: Path,
    PLAN: Plan,
    PROGRESS: Progress,
    TRACKED_POSE: PoseWithCovarianceStamped,
    ANNOTATED: Image,
    MARKERS: MarkerArray,
}
"""What the node publishes while it is active: message type by name."""

IMAGE = 'image'
"""Colour images; by transport ``compressed``, they are on ``image/compressed``."""
DEPTH_IMAGE = 'depth/image'
"""Depth registered to the colour images; by transport ``compressedDepth``, it is on ``depth/image/compressedDepth``."""
CAMERA_INFO = 'camera_info'
"""The intrinsics of the colour images."""
CAMERA: dict[str, type] = {IMAGE: Image, DEPTH_IMAGE: Image, CAMERA_INFO: CameraInfo}
"""What the node hears of each camera: message type, by transport ``raw``, by name."""

DIAGNOSTICS = '/diagnostics'
"""Topic of diagnostic_msgs/DiagnosticArray, shared by all nodes: state of engine, cameras and requests."""
