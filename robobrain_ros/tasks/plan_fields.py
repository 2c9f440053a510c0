# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The fields of a step, and of what holds steps: under which keys models write them, and the step that they make."""

import re

from robobrain_ros.tasks import keys
from robobrain_ros.tasks.plan_words import step_of
from robobrain_ros.tasks.values import Step

# The first key that holds words wins. 'subtask' and 'subtask_list' are RoboOS's names.
DESCRIPTION = ('description', 'subtask', 'step_description', 'instruction', 'step', 'task', 'text', '描述', '步骤')
ACTION = ('action', 'verb', 'skill', 'primitive', '动作', '操作')
OBJECT = ('object', 'target_object', 'target', 'item', '物体', '对象', '目标')
DESTINATION = ('destination', 'target_location', 'location', 'place', 'receptacle', 'to', '目的地', '位置')
NAME = ('name', 'title', '名称')
"""Keys of a step's words where it has none of the others."""
ORDER = ('subtask_order', 'order', 'step_number', 'step', 'number', 'id', '序号', '步骤')
LISTS = (
    'steps',
    'subtask_list',
    'subtasks',
    'plan',
    'step_list',
    'actions',
    'tasks',
    'action_sequence',
    '步骤',
    '计划',
)
INNER = ('substeps', 'sub_steps', 'subtasks', 'sub_tasks', 'children', 'details', 'steps', '子步骤')
AROUND = (*keys.ANSWER, 'arguments', 'parameters', 'data')
"""Keys of what may hold the plan."""
DETAILS = ('params', 'parameters', 'arguments', 'args', '参数')
"""Keys of a step that hold more of its fields."""
_MARK = re.compile(r'\(?(?:step\s*)?[0-9]{1,3}\s?[.):、]\s*|(?:步骤|第)\s?[0-9]{1,3}\s?步?[:：.,，]\s*', re.IGNORECASE)
NO_WORDS = frozenset({'', 'none', 'null', 'n/a', 'na', '-'})


def without_mark(words: str) -> str:
    """The words of a step without the number in front: 'Step 1: pick up the mug'."""
    match = _MARK.match(words)
    return words[match.end() :] if match and match.end() < len(words) else words


def compose(description: str, action: str, thing: str, destination: str) -> Step | None:
    """A step from its fields, of which some may be empty; None without description and action."""
    if not description and not action:
        return None
    if not (thing or destination) and (not action or (not description and (' ' in action or '(' in action))):
        return step_of(description or action)
    if not description:
        description = ' '.join(filter(None, (action, thing))) + (f' -> {destination}' if destination else '')
    return Step(description, action, thing, destination)
