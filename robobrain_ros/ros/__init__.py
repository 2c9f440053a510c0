# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The ROS 2 side: the node, and ``Client``, which asks a running node from Python.

Importing this package needs no ROS; using ``Client`` does.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from robobrain_ros.ros.client import Client

__all__ = ['Client']


def __getattr__(name: str) -> Any:
    """Import ``Client`` when it is first used (PEP 562)."""
    if name != 'Client':
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    from robobrain_ros.ros.client import Client

    return Client
