# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Answers built from a known truth plus distractions: what is read is the truth or less, never a distraction.

Every answer is made by a seeded generator, so a failure comes back; ``--fuzz N`` makes N times as many.
"""

import json
import random
from dataclasses import dataclass

import pytest

from robobrain_ros.tasks import get_profile, get_task
from robobrain_ros.tasks.values import Parsed

PROFILE = get_profile('robobrain-2.5')
NUMBER = 8000
"""Answers a case, without ``--fuzz``."""
OWN = {
    'pointing': ('point_2d', 'points', 'point', 'coordinates', 'answer', '坐标'),
    'trajectory': ('waypoints', 'trajectory', 'points', 'answer', '轨迹'),
    'grounding': ('bbox_2d', 'bbox', 'box', 'boxes', 'answer', '边界框'),
}
FOREIGN = (
    'image_size',
    'obstacles',
    'table',
    'size',
    'reference points',
    'camera-pose',
    'note',
    'distractor',
    '障碍物',
    'start_region',
    'camera.intrinsics',
    'ImageSize',
    'препятствия',
    '障害物',
    'bbox_3d',
)
IN_FRONT = (
    'The image has the size {}. ',
    'In the image of size {}, I look for it. ',
    'The blue mug is at {}, so the red mug is to the right of it. ',
    'Obstacles at {} must be avoided. ',
    'The gripper starts at {}. ',
    '图像尺寸为{}。',
    '障碍物位于{}，需要避开。',
    'First guess: {}. ',
    'Blue mug: {}\n',
    'Example: {}\n',
    'Keep clear of {}. ',
    'The forbidden zone is at {}. ',
    'Obstacles:\n{}\nTarget:\n',
    'For instance, {}. ',
    '请勿触碰{}。',
    '盘子位于{}。',
    '圖像尺寸為{}。',
)
BEHIND = (
    '',
    '.',
    '\n',
    '\nThe plate is at {}.',
    ', which is right of the plate at {}.',
    ' (image size {})',
    ' // not {}',
    '\nUser: and the plate?\nAssistant: {}',
    '。盘子在{}。',
)
LEADS = (
    'The answer is ',
    'It is at ',
    'Answer: ',
    'So the point is ',
    '答案：',
    'Here it is:\n',
    'The final answer is: ',
)
REFUSALS = (
    'The red mug is not visible in the image.',
    'I cannot find any red mug.',
    "This image doesn't show any red mug.",
    'There is no red mug on the table.',
    'The red mug is missing.',
    'No red mug.',
    '图像中未找到红色的杯子。',
    '图中没有红色杯子。',
    '无法看到目标。',
    '圖中沒有紅色杯子。',
    '抱歉，沒有找到紅色杯子。',
    '画面中看不到红色杯子，因此无法给出坐标。',
    'Sorry, there is no red mug in the image, so I cannot point at it.',
    'Red mug: not found.',
    "Unfortunately, I couldn't locate the red mug.",
    '{"found": false}',
    '{"state": {"found": false}}',
    'The red mug is outside the field of view.',
    '暂无目标。',
)
WRAPPERS = (
    '{}',
    '```json\n{}\n```',
    '<answer>{}</answer>',
    '<think>Perhaps [(1, 2)] or [3, 4, 5, 6]?</think>{}',
    '<think>a</think>\n<think>(1, 2)</think><answer>{}</answer>',
    '<|im_start|>{}<|im_end|>',
    '{}<|im_end|>',
    'Sure! (with pleasure)\n{}',
    '<reasoning>Is it [(1, 2)]?</reasoning><|im_start|>assistant\n{}<|endoftext|>',
    '\\boxed{{{}}}',
    '<s>{}</s>',
)


@dataclass(frozen=True)
class Built:
    """An answer, and what it says."""

    text: str
    truth: tuple[tuple[float, ...], ...]


def group(rng: random.Random, task: str, low: int, high: int) -> tuple[float, ...]:
    """A place, all its numbers between ``low`` and ``high``; of a waypoint, a depth in metres."""
    if task == 'grounding':
        x1, x2 = sorted(rng.sample(range(low, high), 2))
        y1, y2 = sorted(rng.sample(range(low, high), 2))
        return x1, y1, x2, y2
    place = rng.randrange(low, high), rng.randrange(low, high)
    return place if task == 'pointing' else (*place, rng.randrange(500, 900) / 1000)


def truth(rng: random.Random, task: str) -> tuple[tuple[float, ...], ...]:
    """Places of 400 .. 999 on both axes, each once; distractions have lower numbers."""
    most = {'pointing': 3, 'trajectory': 5, 'grounding': 2}[task]
    return tuple(dict.fromkeys(group(rng, task, 400, 1000) for _ in range(rng.randint(1, most))))


def shown(places: tuple[tuple[float, ...], ...], rng: random.Random) -> str:
    """A list of places, in one of the models' forms."""
    opened, closed = rng.choice([('(', ')'), ('[', ']')])
    comma = rng.choice([', ', ','])
    one = [opened + comma.join(f'{value:g}' for value in place) + closed for place in places]
    return f'[{comma.join(one)}]'


def literal(value: object, rng: random.Random, quote: str) -> str:
    """JSON, with this quote around strings and keys; keys are bare where it is empty."""
    if isinstance(value, dict):
        return '{' + ', '.join(f'{quote}{key}{quote}: {literal(item, rng, quote)}' for key, item in value.items()) + '}'
    if isinstance(value, list | tuple):
        return '[' + ', '.join(literal(item, rng, quote) for item in value) + ']'
    if isinstance(value, str):
        return f'{quote or chr(34)}{value}{quote or chr(34)}'
    return json.dumps(value)


def distraction(rng: random.Random, task: str) -> object:
    """Numbers that are no answer, at any depth."""
    places = [list(group(rng, task, 1, 300)) for _ in range(rng.randint(1, 3))]
    return rng.choice(
        [
            places[0],
            places,
            {rng.choice(OWN[task]): places},
            [{'x': 7, 'y': 9}, {'point_2d': [11, 12], 'label': 'a'}],
            {'inner': [{'deep': places}]},
            'left of (5, 3) and [1, 2, 3, 4]',
        ]
    )


def as_object(rng: random.Random, task: str) -> Built:
    """JSON or YAML: the truth under its key, distractions under others, in any order."""
    places = truth(rng, task)
    value: object = [list(place) for place in places] if len(places) > 1 or rng.random() < 0.7 else list(places[0])
    fields: list[tuple[str, object]] = [(rng.choice(OWN[task]), value)]
    fields += [(name, distraction(rng, task)) for name in rng.sample(FOREIGN, rng.randint(0, 3))]
    fields += [('label', 'red mug')] * rng.randint(0, 1) + [('confidence', 0.9)] * rng.randint(0, 1)
    rng.shuffle(fields)
    if rng.random() < 0.2:
        return Built(
            '\n'.join(f'{key.replace(" ", "_")}: {literal(item, rng, chr(34))}' for key, item in fields), places
        )
    text = literal(dict(fields), rng, rng.choice(['"', "'", '']) if not any(' ' in key for key, _ in fields) else '"')
    return Built(rng.choice(['{}', '[{}]', 'Here: {}']).format(text), places)


def as_prose(rng: random.Random, task: str) -> Built:
    """Sentences with numbers in front, then the list."""
    places = truth(rng, task)
    front = ''.join(
        rng.choice(IN_FRONT).format(shown((group(rng, task, 1, 300),), rng)[1:-1]) for _ in range(rng.randint(0, 2))
    )
    lead = rng.choice(LEADS)
    # 'It is at' names no answer: of places in prose, the last is taken, and the others are reported
    behind = rng.choice(BEHIND if 'nswer' in lead or '答案' in lead else BEHIND[:3])
    distant = shown((group(rng, task, 1, 300),), rng)[1:-1]
    return Built(front + lead + shown(places, rng) + behind.format(distant), places)


def places_of(parsed: Parsed, task: str) -> list[tuple[float, ...]]:
    """What was read, as plain numbers."""
    if task == 'grounding':
        return [(box.x1, box.y1, box.x2, box.y2) for box in parsed.boxes]
    return [tuple(v for v in (point.x, point.y, point.depth) if v is not None) for point in parsed.points]


def read(task: str, text: str, cut_short: bool = False) -> list[tuple[float, ...]]:
    """The places in an answer."""
    return places_of(get_task(task).parse(text, PROFILE.scale(640, 480), PROFILE, cut_short), task)


def wrapped(text: str, rng: random.Random) -> str:
    """The text in one of the wrappers."""
    return rng.choice(WRAPPERS).format(text)


def answers(seed: int, task: str, number: int) -> list[Built]:
    """Answers of all kinds, in wrappers; the same ones every time."""
    rng = random.Random(f'{seed} {task}')
    built = [rng.choice([as_object, as_prose])(rng, task) for _ in range(number)]
    return [Built(wrapped(one.text, rng), one.truth) for one in built]


@pytest.mark.timeout(0)  # --fuzz 50 takes minutes
@pytest.mark.parametrize('task', OWN)
def test_a_whole_answer_gives_the_truth(task, fuzz):
    for built in answers(1, task, NUMBER * fuzz):
        assert read(task, built.text) == list(built.truth), built.text


@pytest.mark.timeout(0)
@pytest.mark.parametrize('task', OWN)
def test_a_cut_answer_gives_the_truth_or_less(task, fuzz):
    rng = random.Random(7)
    for built in answers(2, task, NUMBER * fuzz):
        text = built.text[: rng.randrange(len(built.text))]
        found = read(task, text, cut_short=True)
        assert found == list(built.truth)[: len(found)], text


@pytest.mark.parametrize('task', OWN)
def test_every_cut_of_some_answers(task, fuzz):
    for built in answers(3, task, 60):
        for end in range(len(built.text)):
            found = read(task, built.text[:end], cut_short=True)
            assert found == list(built.truth)[: len(found)], built.text[:end]


@pytest.mark.timeout(0)
@pytest.mark.parametrize('task', OWN)
def test_a_refusal_gives_nothing(task, fuzz):
    rng = random.Random(11)
    for built in answers(4, task, NUMBER // 4 * fuzz):
        refusal = rng.choice(REFUSALS)
        text = rng.choice([f'{refusal} {shown(built.truth, rng)}', f'{shown(built.truth, rng)}\n{refusal}', refusal])
        parsed = get_task(task).parse(wrapped(text, rng), PROFILE.scale(640, 480), PROFILE)
        assert places_of(parsed, task) == [], text
        assert parsed.not_found, text
