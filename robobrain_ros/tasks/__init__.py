"""The model's language: each task's prompt, grammar and tolerant parser. No ROS, no vLLM."""

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


def parse_instruction(text: str, default_task: str) -> tuple[str, str]:
    """Split 'task: text' into a task's name and the text; without a known task in front, all is for the default task.

    Task names are taken in any case, and a full-width colon is a colon.

    :returns: (task, text)
    :raises BadRequest: if nothing is left to ask, the text is not fit for a prompt, or the default is no task
    """
    head, *tail = _SEPARATOR.split(text, maxsplit=1)
    if tail and task_name(head) in NAMES:
        return task_name(head), check_instruction(tail[0])
    if task_name(default_task) != MISSION:
        get_task(default_task)
    return task_name(default_task), check_instruction(text)
