# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

# Given as -DCMAKE_PROJECT_INCLUDE=<this file> when building against the ROS 2 wheels of PyPI, never on a ROS host.
#
# The targets that the wheels export name files of the machine that they were built on (its numpy headers, its
# libtinyxml2.so ...). CMake stops over include directories, and make over libraries, that do not exist: drop those.
function(drop_missing_paths_of_imported_targets)
  get_property(_targets DIRECTORY PROPERTY IMPORTED_TARGETS)
  foreach(_target IN LISTS _targets)
    foreach(_property INTERFACE_INCLUDE_DIRECTORIES INTERFACE_LINK_LIBRARIES)
      get_target_property(_values ${_target} ${_property})
      if(_values)
        set(_present "")
        foreach(_value IN LISTS _values)
          if(NOT IS_ABSOLUTE "${_value}" OR EXISTS "${_value}")
            list(APPEND _present "${_value}")
          endif()
        endforeach()
        set_property(TARGET ${_target} PROPERTY ${_property} "${_present}")
      endif()
    endforeach()
  endforeach()
endfunction()
cmake_language(DEFER CALL drop_missing_paths_of_imported_targets)  # once all find_package() calls are through
