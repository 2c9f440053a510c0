// Copyright 2026 robobrain_ros contributors
// SPDX-License-Identifier: Apache-2.0
// Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
// the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
// applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
// WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
// governing permissions and limitations under the License.

// Fills an answer as the node would and prints it, without rclcpp: headers and type support of the interfaces work.
#include <iostream>

#include "describe.hpp"
#include "rosidl_typesupport_cpp/message_type_support.hpp"

int main()
{
  using robobrain_ros::msg::Answer;
  using robobrain_ros::msg::Target;

  Answer answer;
  answer.header.frame_id = "camera_color_optical_frame";
  answer.task = "pointing";
  answer.instruction = "the red plate";
  Target target;
  target.u = 374.0F;
  target.v = 199.0F;
  target.status = Target::STATUS_OK;
  target.position.x = 0.148;
  target.position.y = -0.110;
  target.position.z = 1.261;
  answer.targets.push_back(target);
  std::cout << describe(answer) << "\n";

  answer.error_code = Answer::NO_IMAGE;
  answer.error_message = "no image has come";
  std::cout << describe(answer) << "\n";

  const auto * support = rosidl_typesupport_cpp::get_message_type_support_handle<Answer>();
  std::cout << "type support: " << (support ? support->typesupport_identifier : "none") << "\n";
  return support == nullptr;
}
