# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The blocking work of an engine's start, in a thread that can be given up."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from robobrain_ros.engines.processes import Family

T = TypeVar('T')


async def in_thread(family: Family, work: Callable[..., T], *arguments: Any) -> T:
    """Run work that may start processes of a family, in a thread.

    A thread cannot be cancelled: when this is, the processes are killed until the work has given up, so that it leaves
    nothing behind.

    :param work: called with ``arguments``
    :returns: what it returns
    """
    running = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            await asyncio.to_thread(family.kill)
            await asyncio.wait([running], timeout=0.1)
        running.exception()  # of no interest
        raise
