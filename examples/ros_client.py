# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Ask a running node from Python, over ROS 2.

    robobrain up --sim                 # in another terminal: node, and a simulated camera
    python examples/ros_client.py "the red bowl"

``Client`` needs a node of yours, which it spins while it waits; it sends the action that ``ros2 action`` sends, as does
``robobrain query "the red bowl"`` in a shell.
"""

import sys

import rclpy
from rclpy.node import Node

from robobrain_ros.ros import Client

instruction = sys.argv[1] if len(sys.argv) > 1 else 'the red bowl'
rclpy.init()
client = Client(Node('robobrain_example'), name='/robobrain')
answer = client.query(
    'pointing', instruction, timeout_s=30.0, feedback=lambda part: print(f'{part.stage}: {part.partial_text}')
)
print('outcome:', answer.error_code, answer.error_message or 'success')
print('positions are in frame', answer.position_frame)
for target in answer.targets:
    place = target.position  # not a number where the depth is unknown; target.status says why
    print(f'target at pixel ({target.u:.0f}, {target.v:.0f}), {place.x:.3f} {place.y:.3f} {place.z:.3f} m')
client.close()
rclpy.shutdown()
