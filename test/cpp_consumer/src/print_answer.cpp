// Copyright 2026 robobrain_ros contributors
// SPDX-License-Identifier: Apache-2.0
// Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
// the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
// applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
// WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
// governing permissions and limitations under the License.

// Prints what the brain answers: ros2 run robobrain_cpp_consumer print_answer --ros-args -r answer:=/robobrain/answer
#include <memory>

#include "describe.hpp"
#include "rclcpp/rclcpp.hpp"

int main(int argc, char ** argv)
{
  rclcpp::init(argc, argv);
  const auto node = std::make_shared<rclcpp::Node>("print_answer");
  const auto subscription = node->create_subscription<robobrain_ros::msg::Answer>(
    "answer", 5, [&node](const robobrain_ros::msg::Answer & answer) {
      RCLCPP_INFO(node->get_logger(), "%s", describe(answer).c_str());
    });
  rclcpp::spin(node);
  rclcpp::shutdown();
  return 0;
}
