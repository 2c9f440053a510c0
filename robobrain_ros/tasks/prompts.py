# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The texts with which the models are asked; ``{t}`` stands for what the user says.

Sources: those of RoboBrain 2.5 and 2.0 follow ``inference.py`` of the public repositories FlagOpen/RoboBrain2.5 and
FlagOpen/RoboBrain2.0, byte for byte; the tiny checkpoint was trained on those of 2.5, ``PLAN_TINY`` and
``PROGRESS_TINY``. No planning prompt is published for RoboBrain 2.5; the one here asks for the JSON that
``planning.SCHEMA`` describes. ``PROGRESS`` is that of FlagOpen/Robo-Dopamine (``SYSTEM_PROMPT`` in
``examples/inference.py``), which says that RoboBrain 2.5 is asked so, too; it goes into the user's turn.
"""

from collections.abc import Mapping
from types import MappingProxyType

POINT = (
    '{t}. Please provide its 2D coordinates. Your answer should be formatted as a tuple, i.e. [(x, y)], '
    'where the tuple contains the x and y coordinates of a point satisfying the conditions above.'
)
BOX = 'Please provide the bounding box coordinate of the region this sentence describes: {t}.'
WAYPOINTS = (
    'Please predict 3D end-effector-centric waypoints to complete the task successfully. The task is '
    '"{t}". Your answer should be formatted as a list of tuples, i.e., [(x1, y1, d1), (x2, y2, d2), '
    '...], where each tuple contains the x and y coordinates and the depth of the point.'
)
JSON_PLAN = (
    'The task is "{t}". Please list the steps that the robot should take to complete the task, using '
    'only what is visible in the image. Your answer should be formatted as JSON, i.e. {"steps": '
    '[{"action": "...", "object": "...", "destination": "...", "description": "..."}, ...]}, where '
    'action is one verb, object is what is acted on, destination is where it goes or "", and description '
    'is the step in a short sentence.'
)

# RoboBrain 2.0's own
POINT_2_0 = (
    '{t}. Your answer should be formatted as a list of tuples, i.e. [(x1, y1), (x2, y2), ...], where each tuple '
    'contains the x and y coordinates of a point satisfying the conditions above. The coordinates should indicate the '
    'normalized pixel locations of the points in the image.'
)
AREA_2_0 = (
    'You are a robot using the joint control. The task is "{t}". Please predict a possible affordance area of the end '
    'effector.'
)
WAYPOINTS_2_0 = (
    'You are a robot using the joint control. The task is "{t}". Please predict up to 10 key trajectory points to '
    'complete the task. Your answer should be formatted as a list of tuples, i.e. [[x1, y1], [x2, y2], ...], where '
    'each tuple contains the x and y coordinates of a point.'
)
PLAN_TINY = 'The task is "{t}". Please list the steps to complete the task.'

# How far a task is: the images stand where <image> is. {t} stands twice, in backticks.
PROGRESS = """
You are a rigorous, impartial vision evaluator for robot task progress. Your job is to judge whether the AFTER image set moves closer to the task objective than the BEFORE image set, using the provided reference examples only as anchors.

<Task>
`{t}`

REFERENCE EXAMPLES (for visual anchoring only; not necessarily this run's actual START/END):
- REFERENCE START — Robot Front Image (task just starting): <image>
- REFERENCE END — Robot Front Image (task fully completed): <image>
</Task>

BEFORE Robot Front Image: <image>
BEFORE Robot Left Wrist Image: <image>
BEFORE Robot Right Wrist Image: <image>

AFTER Robot Front Image: <image>
AFTER Robot Left Wrist Image: <image>
AFTER Robot Right Wrist Image: <image>

Goal
Compare the BEFORE and AFTER three-view sets and judge whether AFTER moves closer to accomplishing the task than BEFORE, using the REFERENCE START/END images as conceptual anchors.

Progress Estimation (no formulas)
1) Calibrate using the references:
   - REFERENCE START = “just beginning”; REFERENCE END = “fully completed.”
   - Visually estimate how far BEFORE and AFTER are along this START→END continuum.
2) Direction:
   - AFTER better than BEFORE → positive score.
   - AFTER worse than BEFORE → negative score.
   - Essentially the same → 0.
3) Normalize to an integer percentage in [-100%, +100%]:
   - For improvements, scale the improvement relative to what remained from BEFORE to END.
   - For regressions, scale the deterioration relative to how far BEFORE had progressed from START.
   - Clip to [-100%, +100%] and round to the nearest integer percent.

Evaluation Criteria (apply across all three views)
1) Task Alignment: Evidence directly tied to `{t}`.
2) Completeness & Accuracy: Correct pose, contact, placement, orientation, grasp quality, absence of collisions, stability, etc.
3) View-Specific Evidence & Consistency:
   - Use the **Front** view for global layout, object pose, approach path, end-state geometry, and scene-level constraints.
   - Use the **Left/Right Wrist** views to inspect **fine-grained gripper state** (finger closure, contact location/area, slippage, wedge/misalignment, object deformation, cable/wire/cloth entanglement, unintended contact, occluded collisions).
   - When views disagree, prioritize the view that provides **decisive cues** for the criterion at hand. In particular, wrist views often **override** for grasp/contact validity and safety.
   - If any single view shows a failure that invalidates success (e.g., mis-grasp, collision, unsafe/unstable pose), let that override when judging progress.
4) Ignore Irrelevant Factors: Lighting, color shifts, background clutter, or UI/watermarks that don't affect task success.
5) Ambiguity: If evidence is genuinely inconclusive or conflicting without decisive cues, treat progress as unchanged → 0%.

Output Format (STRICT)
Return ONLY one line containing the score wrapped in <score> tags, as an integer percentage with a percent sign:
<score>+NN%</score>  or  <score>-NN%</score>  or  <score>0%</score>
"""  # noqa: E501 - the published text has these lines
PROGRESS_TINY = 'start<image> end<image> before<image> after<image>The task is "{t}". Please provide its <score>.'


def by_task(pointing: str, affordance: str, trajectory: str, planning: str) -> Mapping[str, str]:
    """A profile's prompts by the names of the tasks; general is what the user says, grounding is the same for all."""
    return MappingProxyType(
        {
            'general': '{t}',
            'pointing': pointing,
            'affordance': affordance,
            'grounding': BOX,
            'trajectory': trajectory,
            'planning': planning,
        }
    )
