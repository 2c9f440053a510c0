# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The model's language: each task's prompt, grammar and tolerant parser. No ROS, no vLLM."""

import difflib
import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

from robobrain_ros.errors import BadRequest
from robobrain_ros.tasks.affordance import AFFORDANCE
from robobrain_ros.tasks.base import Guide, Task, check_instruction
from robobrain_ros.tasks.general import GENERAL
from robobrain_ros.tasks.grounding import GROUNDING
from robobrain_ros.tasks.planning import PLANNING
from robobrain_ros.tasks.pointing import POINTING
from robobrain_ros.tasks.profiles import Profile, Scale, detect_profile, get_profile
from robobrain_ros.tasks.trajectory import TRAJECTORY

__all__ = [
    'MISSION',
    'NAMES',
    'TASKS',
    'Guide',
    'Profile',
    'Scale',
    'Task',
    'detect_profile',
    'get_profile',
    'get_task',
    'parse_instruction',
    'task_name',
]

TASKS: Mapping[str, Task] = MappingProxyType(
    {task.name: task for task in (POINTING, AFFORDANCE, GROUNDING, TRAJECTORY, PLANNING, GENERAL)}
)

MISSION = 'mission'
"""The task that is made of others (``brain/mission.py``): a plan, then a place and a way for each step."""
NAMES = (*TASKS, MISSION)


_SEPARATOR = re.compile('[:：﹕︰∶꞉]')
"""Colons, as other scripts' keyboards write them."""


def task_name(text: str) -> str:
    """A task's name as it is looked up: without outer blanks, in lower case, full-width letters as plain ones."""
    return unicodedata.normalize('NFKC', text).strip().lower()


def get_task(name: str) -> Task:
    """Look a task of the model up by its name, in any case.

    :raises BadRequest: if there is none, listing the names there are
    """
    try:
        return TASKS[task_name(name)]
    except KeyError:
        raise BadRequest(f'unknown task {name!r}; there are {", ".join(NAMES)}') from None


_NEAR = 0.85
"""How similar (difflib, 0 .. 1) a word before a colon must be to a task's name to be taken for a misspelled one."""
_SHORT = 4
"""So many letters of a task's name, or more, are taken for it cut short."""


def _meant(word: str) -> str:
    """Return the task that a word before a colon nearly names; empty if there is none."""
    short = [name for name in NAMES if len(word) >= _SHORT and name.startswith(word)]
    return next(iter(short or difflib.get_close_matches(word, NAMES, 1, _NEAR)), '')


def parse_instruction(text: str, default_task: str) -> tuple[str, str]:
    """Split 'task: text' into a task's name and the text; without a task's name in front, all is for the default task.

    A colon may also belong to the instruction, as in 'look: the red mug'. But a word before it that is nearly a task's
    name is refused, since the default task would give another kind of answer than the one that was asked for.

    Task names are taken in any case, and a full-width colon is a colon.

    :returns: (task, text)
    :raises BadRequest: if nothing is left to ask, the text is not fit for a prompt, the default is no task, or the
        word before the colon is a task's name misspelled
    """
    head, *tail = _SEPARATOR.split(text, maxsplit=1)
    name = task_name(head)
    if tail and name in NAMES:
        return name, check_instruction(tail[0])
    if tail and (meant := _meant(name)):
        raise BadRequest(f'there is no task {head.strip()!r}; did you mean {meant!r}? There are {", ".join(NAMES)}')
    if task_name(default_task) != MISSION:
        get_task(default_task)
    return task_name(default_task), check_instruction(text)
