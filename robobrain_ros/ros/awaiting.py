# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Lets a callback of a node await what another thread does."""

import concurrent.futures
from typing import TypeVar

from rclpy.node import Node
from rclpy.task import Future

T = TypeVar('T')


async def in_callback(node: Node, work: 'concurrent.futures.Future[T]') -> T:
    """Wait for another thread's work, in a coroutine of this node's executor, and return or raise what came of it.

    :param work: if it is cancelled, this raises concurrent.futures.CancelledError
    """
    executor = node.executor
    assert executor is not None
    ended: Future[None] = Future(executor=executor)

    def done(_: object) -> None:
        ended.set_result(None)
        executor.wake()  # after the result: an executor looks at pending coroutines once per wake

    work.add_done_callback(done)
    await ended
    try:
        return work.result()
    finally:
        del work  # it knows the exception that it raises, which knows this frame: a cycle
