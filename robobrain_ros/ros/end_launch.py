# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""For launch files: how ``ros2 launch`` and its processes end together. Needs launch, which has no wheel."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from launch import LaunchContext
    from launch.actions import Shutdown
    from launch.events.process import ProcessExited

DIES_WITH_PARENT = 'setpriv --pdeathsig TERM'
"""Prefix of a command: the process gets SIGTERM as soon as its parent is gone, also by SIGKILL."""


def end_launch(event: 'ProcessExited', context: 'LaunchContext') -> 'Shutdown | None':
    """End the whole launch because a process that it needs has ended; for ``on_exit`` of launch's actions.

    Nothing happens while launch itself shuts down.

    :raises RuntimeError: if the process failed: by an exception, and only so, ``ros2 launch`` returns 1
    """
    from launch.actions import Shutdown

    if context.is_shutdown:
        return None
    if event.returncode:
        raise RuntimeError(f'{event.process_name} has failed with exit code {event.returncode}')
    return Shutdown(reason=f'{event.process_name} has ended')
