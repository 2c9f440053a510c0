# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What a tool is."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from robobrain_ros.planners.tools.results import Result
from robobrain_ros.planners.tools.robot import Report, Robot
from robobrain_ros.ros.parameter import Parameter


@dataclass(frozen=True)
class Tool:
    """One thing that an agent can call."""

    name: str
    description: str
    """In whole sentences: agents choose by it."""
    fields: tuple[Parameter, ...]
    """What it takes."""
    required: tuple[str, ...]
    """The names of those that it cannot do without."""
    run: Callable[[Robot, Mapping[str, Any], Report], Awaitable[Result]]
    """Does it, with the values that were given. Raises Failure, or BadRequest for what can be seen to be wrong."""
    moves: bool = False
    """The robot moves."""
