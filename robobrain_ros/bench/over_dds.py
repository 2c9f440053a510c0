"""The whole node: from the publication of an image to the answer's message, over DDS, in a process of its own."""

import array
import itertools
import sys
import time
from collections.abc import Callable

import rclpy
from builtin_interfaces.msg import Duration
from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

from robobrain_ros.action import Query
from robobrain_ros.bench import QUIET
from robobrain_ros.bench.cases import Plan, Question, ask, tell
from robobrain_ros.client import Client, NoReply
from robobrain_ros.msg import Answer
from robobrain_ros.stack import Stack, bring_up, isolate

TIMEOUT_S = 120
STAGES = ('convert', 'prepare', 'first_token', 'decode', 'parse', 'project')


class Asker:
    """Publishes an image only when a request waits for one, and hears the answer."""

    def __init__(self, client: Client) -> None:
        self._client = client
        node = client.node
        reliable = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
        self._images = node.create_publisher(Image, 'image', reliable)
        self._answers: list[tuple[float, Answer]] = []
        node.create_subscription(Answer, f'{client.name}/answer', self._on_answer, 10)
        self._query: ActionClient = ActionClient(node, Query, f'{client.name}/query')

    def _on_answer(self, message: Answer) -> None:
        self._answers.append((time.perf_counter(), message))

    def ask(self, question: Question) -> tuple[float, Answer]:
        """(milliseconds from the image's publication to the answer, the answer).

        :raises NoReply: if there is none
        """
        height, width = question.rgb.shape[:2]
        image = Image(width=width, height=height, encoding='rgb8', step=3 * width)
        image.header.frame_id = 'camera'
        image.data = array.array('B', question.rgb.tobytes())
        now = self._client.node.get_clock().now
        case = question.case
        goal = Query.Goal(task=case.task, instruction=case.instruction, not_before=now().to_msg())
        goal.timeout = Duration(sec=TIMEOUT_S)
        self._client.wait(self._query.send_goal_async(goal), TIMEOUT_S, 'query')
        self._spin(lambda: self._images.get_subscription_count() > 0)  # it subscribes when it needs an image
        self._answers.clear()
        image.header.stamp = now().to_msg()
        begin = time.perf_counter()
        self._images.publish(image)
        self._spin(lambda: bool(self._answers))
        end, answer = self._answers[0]
        return 1000 * (end - begin), answer

    def _spin(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + TIMEOUT_S
        while not done():
            self._client.executor.spin_once(0.1)
            if time.monotonic() > deadline:
                raise NoReply(f'no answer within {TIMEOUT_S} s')


def main() -> None:
    """Run this path."""
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
    with Stack() as stack:
        stack.start('node', (*QUIET, *parameters))
        rclpy.init()
        client = Client(Node('bench_node'), check=stack.check)
        asker = Asker(client)
        bring_up(client)
        for question in ask(plan):
            total, answer = asker.ask(question)
            stages = {stage: getattr(answer.timings, f'{stage}_ms') for stage in STAGES}
            tell(question, {'transport': total - sum(stages.values()), **stages}, answer.tokens)
        client.close()
    rclpy.shutdown()


if __name__ == '__main__':
    main()
