# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How much two boxes are the same."""

Box = tuple[float, float, float, float]
"""(u_min, v_min, u_max, v_max) in pixels, or in any other unit that both boxes share."""


def iou(a: Box, b: Box | None) -> float:
    """Return intersection over union of two boxes (u_min, v_min, u_max, v_max); 0 without the second, or any area."""
    if b is None:
        return 0.0
    both = max(min(a[2], b[2]) - max(a[0], b[0]), 0.0) * max(min(a[3], b[3]) - max(a[1], b[1]), 0.0)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both
    return both / union if union > 0 else 0.0
