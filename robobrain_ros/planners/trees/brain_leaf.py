# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What the leaves have in common that send a goal to an action of the brain: instruction, time limit, other fields."""

from typing import Any

from robobrain_ros.planners.trees.leaf import ActionLeaf, Words, check_fields, said
from robobrain_ros.ros.client import duration

REPLY_S = 2.0
"""So long a brain may take to reply after its own time limit, seconds."""


class BrainLeaf(ActionLeaf):
    """A leaf whose goal has an instruction and a time limit; it fails with NO_BRAIN if nobody serves the action.

    :param kind: type of the action
    :param action: its name below the brain's
    :param brain: name of the brain's node
    :param timeout_s: the goal ends with TIMEOUT after this, seconds
    :param fields: further fields of the goal
    :raises BadRequest: for a field that is none
    """

    def __init__(
        self,
        name: str,
        key: str,
        kind: Any,
        action: str,
        instruction: Words,
        brain: str,
        timeout_s: float,
        **fields: Any,
    ) -> None:
        super().__init__(name, key, kind, f'{brain}/{action}', 'NO_BRAIN')
        self._instruction, self._timeout_s = instruction, timeout_s
        self._fields = {'timeout': duration(timeout_s)} | fields
        check_fields(kind.Goal, self._fields)

    def goal(self) -> tuple[Any, float]:
        """Make the goal."""
        return self._kind.Goal(instruction=said(self._instruction), **self._fields), self._timeout_s + REPLY_S
