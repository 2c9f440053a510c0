# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Untrusted answers: whatever the text, parsers raise nothing, invent nothing, and take linear time."""

import gc
import json
import random
import re
import time
from collections import Counter
from math import inf
from statistics import median
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st
from repository import FIXTURES

from robobrain_ros.tasks import TASKS, get_profile, get_task
from robobrain_ros.tasks.profiles import PROFILES

CORPUS = [
    case['answer'] for case in json.loads((FIXTURES / 'corpus' / 'ugly_answers.json').read_text(encoding='utf-8'))
]
PIECES = [
    '[',
    ']',
    '(',
    ')',
    '{',
    '}',
    '"',
    "'",
    ',',
    ':',
    '.',
    '-',
    '+',
    'e',
    ' ',
    '\n',
    '\\',
    '```',
    '</think>',
    '<think>',
    '<answer>',
    '</answer>',
    '512',
    '1000',
    '1001',
    '0.5',
    '-1',
    'nan',
    'inf',
    '1e999',
    '9' * 400,
    '٣',
    '½',
    '1. ',
    '- ',
    '\x00',
    '\ud800',
    '"label": "',
    '"point_2d": [',
    '"steps": [',
    '{"action": "',
    'not visible',
    '图中没有',
    'the cube',
    'Place ',
    '把方块放到盘子上',
    'Answer: ',
    'bounding box ',
    '<box>',
    '<point>',
    '</point>',
    '| a |\n|---|\n',
    'Step 1: ',
    'Notes:\n',
    '\n- action: pick\n  object: ',
    '（５，６）',
    '/*',
    '// ',
    '\nUser: ',
    '\\left(',
    'The plate is at ',
    '盘子位于',
    ' is the mug. ',
    ' is the kettle and ',
    '是水壶，',
    'The blue mug on the left is at ',
    '{"kettle": [7, 8], "mug": [',
    'Start at ',
    ', then go to ',
    'pick("a")\n',
    'move_to("b"), ',
]
INSTRUCTIONS = ('', 'the mug', 'Point to the red mug on the plate', '红色杯子', 'the left mug', 'where can I sit?')
FULL_WIDTH = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
NUMBER = re.compile(r'[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?')


def mutations(count):
    """Corpus answers, cut, joined, shuffled and with pieces put in; the same ones every time."""
    rng = random.Random(20261123)
    for _ in range(count):
        text = rng.choice(CORPUS)
        for _ in range(rng.randint(1, 6)):
            at, to = sorted(rng.randint(0, len(text)) for _ in range(2))
            text = rng.choice(
                [
                    text[:at] + rng.choice(PIECES) + text[at:],
                    text[:at] + text[to:],
                    text[:to] + text[at:],
                    text[:at] + text[at:to][::-1] + text[to:],
                    text + rng.choice(CORPUS),
                ]
            )
        yield text
    for _ in range(count):
        yield ''.join(rng.choice(PIECES) for _ in range(rng.randint(1, 40)))


def squeezed(text):
    """The text without blanks, control characters, half characters and Markdown's stars, in lower case."""
    return ''.join(c for c in text.lower() if not (c.isspace() or c in '*\ufffd' or category(c) in ('Cc', 'Cs')))


def check(task, text, profile, instruction=''):
    """One answer through one parser: all that is kept is in range and stands in the text."""
    parsed = task.parse(text, profile.scale(640, 480), profile, instruction=instruction)
    x_max, y_max = (1000, 1000) if profile.name != 'robobrain-2.0' else (640, 480)
    said = {float(number) + 0.0 for number in NUMBER.findall(text.translate(FULL_WIDTH))}
    for point in parsed.points:
        assert 0 <= point.x <= x_max
        assert 0 <= point.y <= y_max
        assert {point.x, point.y} <= said or any('centre' in drop.reason for drop in parsed.dropped)
        if point.depth is not None:
            assert point.depth in said
            assert 0 < point.depth < inf
    for box in parsed.boxes:
        assert 0 <= box.x1 < box.x2 <= x_max
        assert 0 <= box.y1 < box.y2 <= y_max
        assert {box.x1, box.y1, box.x2, box.y2} <= said
    for step in parsed.steps:
        assert step.description
        for words in (step.description, step.action, step.object, step.destination):
            words.encode('utf-8')
            assert words == ' '.join(words.split())
            assert '\x00' not in words
        if '\\' not in text:  # no escapes: every word stands in the text
            for words in (*step.description.replace(' -> ', ' ').split(), step.action, step.object, step.destination):
                assert squeezed(words) in squeezed(text)
    for drop in parsed.dropped:
        assert drop.text in text
        assert drop.reason
    if parsed.not_found:
        assert not any((parsed.points, parsed.boxes, parsed.steps))
    if not (parsed.points or parsed.boxes or parsed.steps or parsed.reply):
        assert parsed.dropped or parsed.not_found  # nothing vanishes silently


@pytest.mark.timeout(0)  # --fuzz 50 takes minutes
@pytest.mark.parametrize('profile', PROFILES.values(), ids=PROFILES.keys())
def test_mutated_answers(profile, fuzz, counted):
    rng = random.Random(5)
    for text in counted(mutations(1000 * fuzz), 2000 * fuzz):
        instruction = rng.choice(INSTRUCTIONS)
        for task in TASKS.values():
            check(task, text, profile, instruction)


@given(st.text() | st.lists(st.sampled_from(PIECES)).map(''.join), st.sampled_from(INSTRUCTIONS) | st.text())
def test_any_text(text, instruction):
    for task in TASKS.values():
        check(task, text, get_profile('robobrain-2.5'), instruction)


@pytest.mark.parametrize(
    'unit',
    [
        '(',
        '[',
        '{',
        ')',
        '(1,',
        '(1, 2',
        '(1, 2)',
        '[1, 2, 3, 4]',
        '1',
        '.',
        'e',
        ' ',
        '\n',
        '"',
        "'",
        '\\',
        '\\"',
        '{"',
        '{"a',
        "{'",
        "'x'",
        '{"a":',
        '{"a": "b",',
        '[{',
        '["',
        '[ ',
        '{"steps": [',
        '"a" ',
        '"a": ',
        '"label": "',
        "'label': '\\",
        '"label": "x\\" ',
        '<think>',
        '</think>',
        '<answer>',
        '```',
        '1. ',
        '1. a\n',
        '- a\n',
        ' 2. ',
        '* ',
        '#',
        'step ',
        'not ',
        'no a ',
        'n\u2019t ',
        'Place the a on ',
        'the ',
        '{"action": "a"}',
        '\\u0041',
        '\ud83d',
        '{"label": "a", "point_2d": [1, 2]}',
        '，',
        '- a: 1\n',
        'a: (1, 2)\n',
        '<box>',
        '<point>1, 2</point>',
        '<li>',
        '<|im_end|>',
        '<!--',
        'User:\n',
        '| a |\n',
        'a: ',
        '步骤1：a\n',
        '1、a；',
        'answer: (1, 2) ',
        'The answer is ',
        'bounding box ',
        'there is no ',
        '[[1, 2], [3, 4]]',
        '(a (1, 2)) ',
        '{"params": {"a": "b"}}',
        '{"x": 1, "y": 2}',
        '【',
    ],
)
def test_time_is_linear(unit):
    profile = get_profile('robobrain-2.5')

    def least(task, make, size):
        """The least processor time of three readings: what else the machine does only adds to it."""
        answer, took = make(unit * (size // len(unit))), []
        for _ in range(3):
            started = time.thread_time()
            task.parse(answer, profile.scale(640, 480), profile)
            took.append(time.thread_time() - started)
        return min(took)

    for task in (TASKS['pointing'], TASKS['planning'], TASKS['general']):
        for make in (
            lambda text: text,
            lambda text: '{"a": "' + text,
            lambda text: '{"a": ' + text,
            lambda text: "{'label': '" + text,
            lambda text: text + '(1, 2)',
        ):
            # Eight times the text: linear reading takes 8 times as long, quadratic 64 times.
            assert least(task, make, 32_000) < 24 * least(task, make, 4_000)


FULL_LENGTH = {
    'points': ('pointing', f'[{", ".join(f"({x}, {x + 300})" for x in range(100, 185))}]'),
    'objects': ('pointing', json.dumps([{'point_2d': [x, 300], 'label': 'red mug'} for x in range(100, 134)])),
    'prose': ('pointing', 'The plate is at (100, 100), so the mug is not there. ' * 50 + 'Answer: [(512, 300)]'),
    'waypoints': ('trajectory', f'[{", ".join(f"({x}, 300, 0.{x})" for x in range(100, 160))}]'),
    'boxes': ('grounding', json.dumps([{'bbox_2d': [x, 300, 900, 901], 'label': 'mug'} for x in range(100, 130)])),
    'plan': ('planning', json.dumps({'steps': [{'action': 'place', 'object': f'cube {n}'} for n in range(50)]})),
    'list': ('planning', '\n'.join(f'{n}. Place the red cube on the yellow plate carefully' for n in range(1, 60))),
    'records': ('planning', '- action: place\n  object: the cube\n  destination: the plate\n' * 45),
    'tags': ('pointing', ''.join(f'<a{number}>[1,2]' for number in range(77))),
    'refused objects': ('pointing', '{"found": false} ' * 128 + '[(500, 500)]'),
    'pairs': ('pointing', '[1,2],' * 128),
    'keys': ('pointing', 'a: (1, 2)\n' * 96),
    'named': ('pointing', 'Blue mug: (1, 2)\n' * 85),
    'negations': ('pointing', 'not at (1, 2) ' * 96),
    'parentheses': ('pointing', '(a (1, 2)) ' * 96),
    'answers': ('pointing', 'answer ' * 768 + '[(500, 500)]'),
    'withouts': ('pointing', 'without ' * 768 + '[(500, 500)]'),
    'guesses': ('grounding', 'could be found ' * 256 + '[(500, 500)]'),
    'refusals': ('pointing', 'I cannot see it, ' * 153),
    'sentences': ('planning', 'Pick up the cup, then place it. ' * 85),
    'headings': ('planning', '## a\n' * 256),
    'other things': ('pointing', 'The plate is at (1, 2). ' * 64 + 'The mug is at (3, 4).'),
    'things behind': ('pointing', '(1, 2) is the kettle and ' * 80 + '(3, 4) is the red mug.'),
    'keys of things': ('pointing', json.dumps({f'cup {n}': [n, n] for n in range(80)} | {'red mug': [3, 4]})),
    'moves': ('trajectory', 'Go to (1, 2, 0.5), then ' * 51 + 'stop at (3, 4, 0.5).'),
    'calls': ('planning', 'pick("a")\n' * 150),
    'words': ('planning', 'if如果' * 384),
    'table': ('planning', '| Step | Action |\n|---|---|\n' + '| 1 | Place the red cube on the plate |\n' * 70),
}


WORDS = re.compile(r'\w+|[^\w\s]')


def count_words() -> None:
    """A piece of plain Python, by which this machine is measured now: 0.36 ms where nothing else runs."""
    counts: Counter[str] = Counter()
    for match in WORDS.finditer(FULL_LENGTH['prose'][1]):
        counts[match.group().lower()] += 1


@pytest.mark.parametrize('kind', FULL_LENGTH)
def test_an_answer_of_768_tokens_is_read_in_5_ms(kind):
    task, answer = FULL_LENGTH[kind]
    profile = get_profile('robobrain-2.5')
    scale = profile.scale(640, 480)

    def took(work) -> float:
        started = time.thread_time()
        work()
        return time.thread_time() - started

    pairs = [
        (took(lambda: get_task(task).parse(answer, scale, profile, False, 'the red mug')), took(count_words))
        for _ in range(25)
    ]
    reading, counting = (min(times) for times in zip(*pairs, strict=True))
    assert reading < 13.5 * counting


@pytest.mark.parametrize('kind', FULL_LENGTH)
def test_ten_times_the_answer_takes_ten_times_as_long(kind):
    """Up to 1.3 times that: the median of seven comparisons, each of the least of three readings."""
    task, answer = get_task(FULL_LENGTH[kind][0]), FULL_LENGTH[kind][1] + '\n'
    profile = get_profile('robobrain-2.5')
    scale = profile.scale(640, 480)

    def took(text: str) -> float:
        times = []
        for _ in range(3):
            started = time.thread_time()
            task.parse(text, scale, profile, False, 'the red mug')
            times.append(time.thread_time() - started)
        return min(times)

    gc.collect()
    gc.disable()  # it looks at all that the process holds, not at what was read
    try:
        ratios = [took(answer * 10) / took(answer) for _ in range(7)]
    finally:
        gc.enable()
    assert median(ratios) < 13
