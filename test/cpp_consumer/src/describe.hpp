// Copyright 2026 robobrain_ros contributors
// SPDX-License-Identifier: Apache-2.0
// Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
// the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
// applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
// WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
// governing permissions and limitations under the License.

// One line of text for an answer: what a planner would look at.
#pragma once

#include <sstream>
#include <string>

#include "robobrain_ros/msg/answer.hpp"

inline std::string describe(const robobrain_ros::msg::Answer & answer)
{
  using robobrain_ros::msg::Answer;
  using robobrain_ros::msg::Target;

  std::ostringstream line;
  line << answer.task << " '" << answer.instruction << "': ";
  if (answer.error_code != Answer::OK) {
    line << "error " << int{answer.error_code} << ", " << answer.error_message;
    return line.str();
  }
  const auto place = [&line, &answer](const char * what, const Target & target) {
      line << what << " at pixel (" << target.u << ", " << target.v << ")";
      if (target.status == Target::STATUS_OK) {  // else the position means nothing
        line << " = (" << target.position.x << ", " << target.position.y << ", " << target.position.z <<
          ") m in " << answer.header.frame_id;
      }
      line << "; ";
    };
  for (const auto & target : answer.targets) {place("target", target);}
  for (const auto & waypoint : answer.waypoints) {place("waypoint", waypoint);}
  for (const auto & step : answer.steps) {line << step.description << "; ";}
  line << answer.reply << "seen " << answer.frame_age_s << " s before, answered in " << answer.timings.total_ms << " ms";
  return line.str();
}
