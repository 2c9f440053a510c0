# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How clients ask: topics ``~/instruction`` and ``~/request``, service ``~/ask`` and action ``~/query``."""

from collections.abc import Callable, Mapping
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSProfile
from std_msgs.msg import String

from robobrain_ros.action import Query
from robobrain_ros.answer import Answer
from robobrain_ros.brain.jobs import Job
from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.msg import Answer as AnswerMessage
from robobrain_ros.msg import Instruction
from robobrain_ros.ros import topics
from robobrain_ros.ros.answering import Answering
from robobrain_ros.ros.feedback import Feedback, GoalHandle
from robobrain_ros.srv import Ask
from robobrain_ros.tasks import parse_instruction

MOST_AT_ONCE = 1000
"""Goals that may come in one moment: the default for services drops all but ten."""
RESULT_S = 10
"""So long a result is kept for its client, seconds: Kilted's default; Jazzy keeps them, and their memory, for 900 s."""


class RequestServer:
    """Takes requests of every kind as long as the node lives, and gives each client its answer in that kind.

    :param node: whose topics, service and action these are
    :param answering: answers what is asked
    :param values: gives the parameters' values by name
    """

    def __init__(self, node: LifecycleNode, answering: Answering, values: Callable[[], Mapping[str, Any]]) -> None:
        self._node = node
        self._answering = answering
        self._values = values
        self._jobs: dict[bytes, Job] = {}
        """Those of the goals in progress, by the goal's UUID."""
        # a request that waits must not keep others, or its own cancellation, from being taken
        group = ReentrantCallbackGroup()
        # rclpy awaits coroutines of subscriptions too; only its type hints do not say so
        on_instruction: Any = self._on_instruction
        on_request: Any = self._on_request
        node.create_subscription(String, f'~/{topics.INSTRUCTION}', on_instruction, 10, callback_group=group)
        node.create_subscription(Instruction, f'~/{topics.REQUEST}', on_request, 10, callback_group=group)
        node.create_service(Ask, f'~/{topics.ASK}', self._on_ask, callback_group=group)
        many = QoSProfile(depth=MOST_AT_ONCE)
        ActionServer(
            node,
            Query,
            f'~/{topics.QUERY}',
            self._execute,
            callback_group=group,
            goal_callback=self._on_goal,
            cancel_callback=self._on_cancel,
            goal_service_qos_profile=many,
            cancel_service_qos_profile=many,
            result_service_qos_profile=many,
            result_timeout=RESULT_S,
        )

    async def _on_instruction(self, message: String) -> None:
        default = self._values()['default_task']
        try:
            task, instruction = parse_instruction(message.data, default)
        except BrainError as error:
            self._answering.refuse(Answer(default, message.data, error.code, str(error)))
            return
        await self._answering.ask(Instruction(task=task, instruction=instruction))

    async def _on_request(self, message: Instruction) -> None:
        await self._answering.ask(message)

    async def _on_ask(self, request: Ask.Request, response: Ask.Response) -> Ask.Response:
        response.answer = await self._answering.ask(request)
        return _conclude(response)

    def _on_goal(self, goal: Query.Goal) -> GoalResponse:
        if not self._answering.is_open:
            self._node.get_logger().warning(f'goal {goal.instruction!r} rejected: the node is not active')
            return GoalResponse.REJECT
        return GoalResponse.ACCEPT

    def _on_cancel(self, handle: GoalHandle) -> CancelResponse:
        job = self._jobs.get(bytes(handle.goal_id.uuid))
        if job is not None:
            job.stop(ErrorCode.CANCELLED, 'the client cancelled')
        return CancelResponse.ACCEPT

    async def _execute(self, handle: GoalHandle) -> Query.Result:
        identity = bytes(handle.goal_id.uuid)
        handle.request.request_id = handle.request.request_id or identity.hex()  # as ros2 action shows it
        feedback = Feedback(handle)

        def started(job: Job) -> None:
            self._jobs[identity] = job
            if handle.is_cancel_requested:  # it came before the job was there
                job.stop(ErrorCode.CANCELLED, 'the client cancelled')

        try:
            answer = await self._answering.ask(handle.request, feedback.add, started)
        finally:
            self._jobs.pop(identity, None)
        if answer.error_code == AnswerMessage.CANCELLED and handle.is_cancel_requested:
            handle.canceled()
        elif answer.error_code == AnswerMessage.OK:
            handle.succeed()
        else:
            handle.abort()
        result = Query.Result()
        result.answer = answer
        return _conclude(result)


def _conclude(reply: Any) -> Any:
    """Fill the fields that say how it ended, from the answer."""
    reply.success = reply.answer.error_code == AnswerMessage.OK
    reply.error_code = reply.answer.error_code
    reply.error_message = reply.answer.error_message
    return reply
