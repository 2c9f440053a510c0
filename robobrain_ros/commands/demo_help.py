# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What ``robobrain demo --help`` says about right answers."""

DESCRIPTION = """\
Start a simulated camera and the node, ask one question per task and one about
an object that is absent, compare the answers with the simulator's truth, and
save the pictures. Or, with --episodes, let the simulated gripper do what the
model answered.

An answer is right if
  pointing, affordance  the pixel shows the object, or the handle
  grounding             intersection over union with the true box above 0.5
  trajectory            it ends within 3 cm of the place, by the depth camera
  planning              every step is the expected one, word by word
  general (a list)      it names at least 80 % of the objects, no absent one
  an absent object      the answer is NOT_FOUND

An episode succeeds if the objects end up in the right place in the simulator.

The exit code is 1 if an answer is wrong or missing, or if fewer than 85 % of
the episodes succeed."""
