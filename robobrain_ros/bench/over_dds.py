# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The whole node: from the publication of an image to the answer's message, over DDS, in a process of its own."""

import array
import itertools
import queue
import sys
import threading
import time
from typing import Any

from builtin_interfaces.msg import Duration
from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image

from robobrain_ros.action import Query
from robobrain_ros.bench import QUIET
from robobrain_ros.bench.cases import BenchRequest, Plan, requests, tell
from robobrain_ros.commands.local_stack import LocalStack, bring_up_visibly, isolate, ros
from robobrain_ros.engines import ending
from robobrain_ros.msg import Answer
from robobrain_ros.ros import topics
from robobrain_ros.ros.camera.camera_frame import stamp_ns
from robobrain_ros.ros.client import Client, NoReply
from robobrain_ros.ros.spin_safely import spin_safely

TIMEOUT_S = 120
STAGES = ('convert', 'prepare', 'first_token', 'decode', 'parse', 'project')
"""What the answer tells, by the node's own clock."""


class Asker:
    """Publishes an image only when a request waits for one, and hears the answer."""

    def __init__(self, client: Client) -> None:
        self._client = client
        reliable = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
        self._images = client.node.create_publisher(Image, topics.IMAGE, reliable)
        self._query: ActionClient[Any, Any, Any] = ActionClient(client.node, Query, f'{client.name}/{topics.QUERY}')
        # answers have a thread of their own: they do not queue behind the feedback
        self._answers: queue.SimpleQueue[tuple[int, int, Answer]] = queue.SimpleQueue()
        self._ears = Node('bench_ears', start_parameter_services=False, enable_rosout=False)
        on_answer: Any = self._on_answer  # rclpy's type hints know no second argument
        self._ears.create_subscription(Answer, f'{client.name}/{topics.ANSWER}', on_answer, 10)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._ears)
        self._thread = threading.Thread(target=spin_safely, args=(self._executor, self._ears.get_logger()), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread that hears answers."""
        self._executor.shutdown()
        self._thread.join()
        self._ears.destroy_node()

    def _on_answer(self, message: Answer, info: dict[str, int]) -> None:
        self._answers.put((time.time_ns(), info['source_timestamp'], message))

    def ask(self, request: BenchRequest) -> tuple[dict[str, float], Answer]:
        """Ask, and return milliseconds by stage from the image's publication to the answer, and the answer.

        All clocks are the host's: the image's stamp, its age when the node took it, and DDS's stamp of the answer.

        :raises NoReply: if there is none
        """
        self._wait_for_image(request)
        image = self._message(request)
        # as in a camera's driver, where the message lies in memory; rclpy would first convert it
        data = serialize_message(image)
        begin = time.time_ns()
        self._images.publish(data)
        published = time.time_ns()
        try:
            heard, sent, answer = self._answers.get(timeout=TIMEOUT_S)
        except queue.Empty:
            raise NoReply(f'no answer within {TIMEOUT_S} s') from None
        taken = stamp_ns(image.header) + round(1e9 * answer.frame_age_s)
        stages = {'publish': (published - begin) / 1e6, 'image': (taken - published) / 1e6}
        stages |= {stage: getattr(answer.timings, f'{stage}_ms') for stage in STAGES}
        own = sum(took for stage, took in stages.items() if stage in STAGES)
        return stages | {'reply': (sent - taken) / 1e6 - own, 'answer': (heard - sent) / 1e6}, answer

    def _wait_for_image(self, request: BenchRequest) -> None:
        """Bring the node to where it waits for an image: what it does before that is not measured."""
        known: list[str] = []
        now = self._client.node.get_clock().now().to_msg()
        goal = Query.Goal(
            task=request.case.task, instruction=request.instruction, not_before=now, timeout=Duration(sec=TIMEOUT_S)
        )
        hear = lambda message: known.append(message.feedback.stage)  # noqa: E731
        self._client.wait(self._query.send_goal_async(goal, feedback_callback=hear), TIMEOUT_S, 'query')
        deadline = time.monotonic() + TIMEOUT_S
        while 'WAITING_IMAGE' not in known or not self._images.get_subscription_count():
            self._client.executor.spin_once(0.1)
            if time.monotonic() > deadline:
                raise NoReply(f'the node did not wait for an image within {TIMEOUT_S} s')

    def _message(self, request: BenchRequest) -> Image:
        height, width = request.rgb.shape[:2]
        image = Image(width=width, height=height, encoding='rgb8', step=3 * width)
        image.header.stamp = self._client.node.get_clock().now().to_msg()
        image.header.frame_id = 'camera'
        image.data = array.array('B', request.rgb.tobytes())
        return image


def main() -> int:
    """Run this path with the plan on the command line, and return the exit code; blocks."""
    plan = Plan.from_json(sys.argv[1])
    isolate()
    settings = {
        'model': str(plan.model),
        'device': plan.device,
        'max_pixels': plan.config.max_pixels,
        'warm_up_width': plan.size[0],
        'warm_up_height': plan.size[1],
    }
    parameters = itertools.chain.from_iterable(('-p', f'{name}:={value}') for name, value in settings.items())
    with LocalStack() as stack:
        stack.start('ros.node', (*QUIET, *parameters))
        with ros():
            client = Client(Node('bench_node'), check=stack.check)
            asker = Asker(client)
            bring_up_visibly(client)
            for request in requests(plan):
                stages, answer = asker.ask(request)
                tell(request, stages, answer.tokens)
            asker.close()
            client.close()
    return 0


if __name__ == '__main__':
    sys.exit(ending.run('bench', main))
