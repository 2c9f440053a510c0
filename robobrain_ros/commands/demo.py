"""``robobrain demo``: simulated camera and node talk over DDS, and answers are shown beside the truth.

There is one question a task, and one about something that is not there. With ``--episodes``, the loop is
closed: the simulated gripper does what was answered, and the simulator judges.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from sensor_msgs.msg import Image

from robobrain_ros.brain.image_files import write
from robobrain_ros.commands.contact_sheet import ContactSheet
from robobrain_ros.commands.episodes import KINDS as EPISODES
from robobrain_ros.commands.episodes import Arena, play
from robobrain_ros.commands.local_stack import LocalStack, bring_up, isolate, ros
from robobrain_ros.evaluation.tabletop import FIRST_SEED, iou
from robobrain_ros.msg import Answer, Target
from robobrain_ros.ros import topics
from robobrain_ros.ros.camera.conversions import to_rgb
from robobrain_ros.ros.client import Client
from robobrain_ros.sim.questions import Question, questions
from robobrain_ros.sim.scene import TableTop

KINDS = (
    ('pointing', 'named'),
    ('affordance', 'handle'),
    ('grounding', 'named'),
    ('trajectory', 'pick'),
    ('planning', 'put'),
    ('general', 'list'),
    ('pointing', 'absent'),
)
"""What the demo asks for, by task."""
FLOOR = 0.85
"""Least part of the episodes that is to succeed."""
BRAIN = f'/{topics.NODE}'
COLUMNS = '{:<11} {:<34} {:<34} {:>10} {:>21} {:>13}  {}'


@dataclass(frozen=True)
class Row:
    """One question and what came back."""

    question: Question
    answer: Answer

    @property
    def good(self) -> bool:
        """Whether something was found, or that there is nothing, where that is so."""
        return bool(self.answer.error_code == (Answer.NOT_FOUND if self.question.kind == 'absent' else Answer.OK))

    def cells(self) -> tuple[str, ...]:
        """Return the texts that ``COLUMNS`` has place for: question, answer, where it is, how good, and times."""
        answer, timings = self.answer, self.answer.timings
        places = answer.targets or answer.waypoints
        last = places[-1] if places else None
        position = last.position if last and last.status == Target.STATUS_OK else None
        text = answer.error_message or answer.text.replace('\n', ' ')
        stages = (
            timings.convert_ms + timings.prepare_ms,
            timings.first_token_ms,
            timings.decode_ms,
            timings.parse_ms + timings.project_ms,
            timings.total_ms,
        )
        return (
            self.question.task,
            _short(self.question.instruction),
            _short(text),
            f'{last.u:.0f}, {last.v:.0f}' if last else '-',
            f'{position.x:+.3f} {position.y:+.3f} {position.z:.3f}' if position else '-',
            self.distance(),
            ' + '.join(f'{stage:.0f}' for stage in stages[:-1]) + f' = {stages[-1]:.0f}',
        )

    def distance(self) -> str:
        """Say how far the answer is from the truth, in the unit that suits the task."""
        question, answer = self.question, self.answer
        if question.kind == 'absent':
            return 'right: none' if self.good else 'there is none'
        if question.steps:
            same = [step.description for step in answer.steps] == list(question.steps)
            return 'same plan' if same else 'other plan'
        if question.reply:
            return f'{sum(name in answer.reply for name in question.reply)} of {len(question.reply)} named'
        if question.box and answer.targets:
            box = answer.targets[0]
            return f'IoU {iou(question.box, (box.u_min, box.v_min, box.u_max, box.v_max)):.2f}'
        if question.waypoints and answer.waypoints:
            u, v, _ = question.waypoints[-1]
            return f'{math.hypot(answer.waypoints[-1].u - u, answer.waypoints[-1].v - v):.0f} px'
        if question.pixel and answer.targets:
            target = answer.targets[0]
            pixels = f'{math.hypot(target.u - question.pixel[0], target.v - question.pixel[1]):.0f} px'
            if target.status != Target.STATUS_OK or question.position is None:
                return pixels
            place = target.position
            return f'{100 * math.dist((place.x, place.y, place.z), question.position):.1f} cm, {pixels}'
        return '-'


@contextmanager
def running(*camera_arguments: str) -> Iterator[Client]:
    """Start simulated camera and node as processes, and yield a client of the active node. Blocks until it is warm.

    :param camera_arguments: for the simulated camera, such as '-p', 'seed:=7'
    """
    isolate()  # or another camera would be seen as well
    begin = time.monotonic()
    with LocalStack() as stack:
        print('Starting a simulated camera and the node (about 30 s the first time) ...', flush=True)
        stack.start('sim.camera', ['--ros-args', *camera_arguments, '--log-level', 'simulated_camera:=warn'])
        stack.start('ros.node', ['--ros-args', '-p', 'model:=tiny', '--log-level', 'robobrain:=warn'])
        with ros():
            node = Node('robobrain_demo')
            client = Client(node, check=stack.check)
            progress = node.create_subscription(DiagnosticArray, topics.DIAGNOSTICS, _Progress(begin).show, 5)
            bring_up(client)
            node.destroy_subscription(progress)
            print(f'Ready after {time.monotonic() - begin:.0f} s.\n')
            yield client
            client.close()


def run(seed: int, output: Path) -> int:
    """Ask, print the table and write the pictures. Blocks for about a minute.

    :param seed: which table top the simulated camera sees
    :param output: folder of the pictures
    :returns: 0 if something was found where it is there, and nothing where it is not
    """
    output.mkdir(parents=True, exist_ok=True)
    with running('-p', f'seed:={seed}') as client:
        pictures: list[Image] = []
        client.node.create_subscription(Image, f'{client.name}/{topics.ANNOTATED}', pictures.append, 5)
        print(
            COLUMNS.format(
                'task',
                'instruction',
                'answer',
                'pixel',
                'position in metres',
                'from truth',
                'ms: image + first token + decoding + 3D',
            )
        )
        rows = [_ask(client, question, pictures, output) for question in choose(seed)]
    print(
        f'\nPositions are in the frame {rows[0].answer.header.frame_id}; of a trajectory, its last waypoint is shown.'
    )
    print(f'Pictures: {output.resolve()}')
    return 0 if all(row.good for row in rows) else 1


def run_episodes(number: int, seed: int, output: Path) -> int:
    """Play episodes, print a table with success rates, write a contact sheet. Blocks.

    :param seed: where to begin among the scenes that no training has seen
    :param output: folder of the contact sheet
    :returns: the exit code, 0 if at least ``FLOOR`` of them succeeded
    """
    output.mkdir(parents=True, exist_ok=True)
    sheet = ContactSheet()
    successes: dict[str, list[bool]] = {kind: [] for kind in EPISODES}
    begin = 0.0
    with running('-p', f'follow:={BRAIN}') as client:
        begin = time.monotonic()
        for outcome in play(Arena(client), number, FIRST_SEED + seed):
            sheet.add(outcome)
            successes[outcome.episode.kind].append(outcome.success)
    took = time.monotonic() - begin
    rates = ', '.join(f'{kind} {sum(found)}/{len(found)}' for kind, found in successes.items())
    done = sum(map(sum, successes.values()))
    print(f'\n{done} of {number} episodes succeeded ({100 * done / number:.0f} %): {rates}; {took / number:.1f} s each')
    path = output / 'episodes.png'
    sheet.write(path)
    print(f'The best and the worst of each kind: {path.resolve()}')
    return 0 if done >= FLOOR * number else 1


class _Progress:
    """Prints what the engine does while it starts, from /diagnostics."""

    def __init__(self, begin: float) -> None:
        self._begin = begin
        self._shown = ''

    def show(self, array: DiagnosticArray) -> None:
        for status in array.status:
            if status.name.endswith(': engine') and status.message != self._shown:
                self._shown = status.message
                print(f'  {time.monotonic() - self._begin:4.0f} s  {status.message}', flush=True)


def choose(seed: int) -> list[Question]:
    """Choose a question of each of ``KINDS``; another one of its task, or none, where there is no such thing.

    :param seed: of the table top
    """
    every = questions(TableTop(seed), np.random.default_rng(seed))
    chosen = []
    for task, kind in KINDS:
        wanted = [question for question in every if (question.task, question.kind) == (task, kind)]
        others = [question for question in every if question.task == task and question.kind != 'absent']
        chosen += (wanted or others)[:1]
    return chosen


def _ask(client: Client, question: Question, pictures: list[Image], output: Path) -> Row:
    pictures.clear()
    answer = client.query(question.task, question.instruction, timeout_s=30)
    row = Row(question, answer)
    print(COLUMNS.format(*row.cells()), flush=True)
    deadline = time.monotonic() + 5
    while not pictures and time.monotonic() < deadline:
        client.executor.spin_once(0.1)
    if pictures:
        name = question.kind if question.kind == 'absent' else question.task
        write(output / f'{name}.png', to_rgb(pictures[-1]))
    return row


def _short(text: str, length: int = 34) -> str:
    return text if len(text) <= length else text[: length - 1] + '…'
