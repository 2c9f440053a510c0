# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""rclpy's lifecycle node, with a reply to each request to change its state. Blocks nothing."""

from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn


class AnsweringLifecycleNode(LifecycleNode):
    """A lifecycle node that refuses a transition which its state does not allow.

    rclpy 7.1 (Jazzy) raises in the callback of the service instead, so that whoever asked waits for ever; rclpy 9.1
    (Kilted) answers with ``success: false``, as rclcpp does. Nothing public lies between the service and the exception:
    this is the method that both versions call, under the name that Python gives it.
    """

    def _LifecycleNodeMixin__change_state(self, transition_id: int) -> TransitionCallbackReturn:
        try:
            return super()._LifecycleNodeMixin__change_state(transition_id)
        except rclpy_implementation.RCLError as error:
            self.get_logger().warning(f'transition {transition_id} is refused in this state: {error}')
            return TransitionCallbackReturn.ERROR
