# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Lets a callback of a node await what another thread does."""

import concurrent.futures
from typing import Any

from rclpy.node import Node
from rclpy.task import Future


def in_callback(node: Node, work: 'concurrent.futures.Future[Any]') -> 'Future[Any]':
    """Make a future that a coroutine of this node's executor can await, with the outcome of another thread's work.

    :param work: if it is cancelled, awaiting raises concurrent.futures.CancelledError
    """
    executor = node.executor
    assert executor is not None
    future: Future[Any] = Future(executor=executor)

    def done(ended: 'concurrent.futures.Future[Any]') -> None:
        try:
            future.set_result(ended.result())
        except (Exception, concurrent.futures.CancelledError) as error:
            future.set_exception(error.with_traceback(None))  # the traceback knows the future: a cycle
        executor.wake()  # after the result: an executor looks at pending coroutines once per wake

    work.add_done_callback(done)
    return future
