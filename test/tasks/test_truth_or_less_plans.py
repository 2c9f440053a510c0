# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Plans built from known steps plus distractions: what is read is the steps or fewer, in order.

Every answer is made by a seeded generator, so a failure comes back; ``--fuzz N`` makes N times as many.
"""

import json
import random
from dataclasses import dataclass

import pytest
from test_truth_or_less import NUMBER, PROFILE, REFUSALS, WRAPPERS

from robobrain_ros.tasks import get_task
from robobrain_ros.tasks.values import Parsed

THINGS = ('the red cube', 'the yellow plate', 'the mug', 'the drawer')
CHINESE = ('红色方块', '黄色盘子', '杯子', '抽屉')
PLAIN = tuple(wrapper for wrapper in WRAPPERS if 'boxed' not in wrapper)
"""Nobody writes a list of records into a LaTeX box."""
NUMBERS = ('{}. ', '{}) ', 'Step {}: ', '**Step {}:** ', '({}) ', '{}、', '步骤{}：', '第{}步：', '### Step {}: ')
FIELDS = ('description', 'action', 'object', 'destination')
BULLETS = ('- ', '* ', '• ')
FRONT = (
    '',
    'Sure, here is the plan:\n\n',
    'The scene shows:\n1. a lamp\n2. a chair\n\nPlan:\n',
    'Objects:\n- lamp\n- chair\n\nSteps:\n',
    '## Observations\n1. The lamp is on.\n\n## Plan\n',
    '观察：\n1. 台灯\n2. 椅子\n\n步骤：\n',
)
BEHIND = (
    '',
    '\n\nThis completes the task.',
    '\n\nNotes:\n1. The lamp is hot.\n2. Mind the chair.',
    '\n\nNote: mind the chair.',
    '\n\nAlternatively:\n1. Push the lamp\n2. Stop',
    '\n\n注意：\n1. 台灯很烫',
)
SIDE = {
    'scene': ['a lamp', 'a chair'],
    'notes': ['Mind the chair'],
    'task': 'tidy up',
    'reasoning_explanation': '1. the lamp\\n2. the chair',
    'objects': [{'name': 'lamp'}],
}


@dataclass(frozen=True)
class Plan:
    """An answer, and the descriptions of its steps."""

    text: str
    steps: tuple[str, ...]


def steps(rng: random.Random) -> list[tuple[str, str, str, str]]:
    """Description, action, object and destination of 1 to 5 steps, each once."""
    made = []
    for _ in range(rng.randint(1, 5)):
        a, b = rng.sample(range(len(THINGS)), 2)
        one, other = THINGS[a], THINGS[b]
        made.append(
            rng.choice(
                [
                    (f'Pick up {one}', 'pick', one, ''),
                    (f'Place {one} on {other}', 'place', one, other),
                    (f'Open {one}', 'open', one, ''),
                    (f'拿起{CHINESE[a]}', '拿起', CHINESE[a], ''),
                    (
                        f'把{CHINESE[a]}放到{CHINESE[b]}上',
                        '放',
                        CHINESE[a],
                        f'{CHINESE[b]}上',
                    ),
                ]
            )
        )
    return list(dict.fromkeys(made))


def as_text(rng: random.Random) -> Plan:
    """A numbered or bulleted list, between other lists."""
    made = steps(rng)
    mark = rng.choice(NUMBERS + BULLETS)
    lines = [mark.format(number) + step[0] for number, step in enumerate(made, 1)]
    return Plan(rng.choice(FRONT) + '\n'.join(lines) + rng.choice(BEHIND), tuple(step[0] for step in made))


def as_json(rng: random.Random) -> Plan:
    """Objects or strings under one of the models' keys, beside other keys, with their orders shuffled."""
    made = steps(rng)
    form = rng.choice(['strings', 'objects', 'orders', 'numbered'])
    items: list[object] = [step[0] if form == 'strings' else dict(zip(FIELDS, step, strict=True)) for step in made]
    if form == 'orders':
        items = [{'subtask': step[0], 'subtask_order': rng.choice([str, int])(n)} for n, step in enumerate(made, 1)]
        rng.shuffle(items)
    plan = {f'step_{n}': item for n, item in enumerate(items, 1)} if form == 'numbered' else items
    fields = [(rng.choice(['steps', 'plan', 'subtask_list', '步骤']), plan)]
    fields += [(name, SIDE[name]) for name in rng.sample(list(SIDE), rng.randint(0, 3))]
    rng.shuffle(fields)
    return Plan(json.dumps(dict(fields), ensure_ascii=rng.random() < 0.3), tuple(step[0] for step in made))


def as_yaml(rng: random.Random) -> Plan:
    """Records of YAML."""
    made = steps(rng)
    records = [
        f'- description: {step[0]}\n  action: {step[1]}\n  object: {step[2]}'
        + f'\n  destination: {step[3]}' * bool(step[3])
        for step in made
    ]
    return Plan('\n'.join(records), tuple(step[0] for step in made))


def as_table(rng: random.Random) -> Plan:
    """A Markdown table."""
    made = steps(rng)
    rows = [f'| {number} | {step[0]} |' for number, step in enumerate(made, 1)]
    head = rng.choice(['| Step | Action |', '| # | Description |', '| 序号 | 步骤 |'])
    return Plan('\n'.join([head, '|---|---|', *rows]), tuple(step[0] for step in made))


def lowered(words: str) -> str:
    """The words in the middle of a sentence."""
    return words[0].lower() + words[1:]


def as_prose(rng: random.Random) -> Plan:
    """Two steps or more in sentences with words of order, between statements."""
    made = [lowered(step[0]) for step in steps(rng)]
    while len(made) < 2:
        made = [lowered(step[0]) for step in steps(rng)]
    if all(step.isascii() for step in made):
        first, joint, end = rng.choice([('First, ', ', then ', '.'), ('', ', and then ', '.'), ('', '. Then ', '.')])
        around = rng.choice(['{}', 'The lamp is on. {}', '{} The lamp is hot.', 'Plan: {}'])
    else:
        first, joint, end = rng.choice([('首先', '，然后', '。'), ('先', '，再', '。'), ('', '，接着', '')])
        around = rng.choice(['{}', '台灯是亮的。{}', '计划：{}'])
    text = first + joint.join(made) + end
    return Plan(around.format(text), tuple(made))


def as_calls(rng: random.Random) -> Plan:
    """Two calls of functions or more."""
    calls = [
        '{}({})'.format(step[1], ', '.join(f'"{name}"' for name in step[2:] if name))
        for step in steps(rng) + steps(rng)
        if step[1].isascii()
    ] or ['pick("the mug")', 'place("the mug", "the plate")']
    calls = calls if len(calls) > 1 else [*calls, 'open("the box")']
    form = rng.choice(['{}', '[{}]', 'plan = [{}]'])
    return Plan(form.format((', ' if '[' in form else '\n').join(calls)), tuple(calls))


def plans(seed: int, number: int) -> list[Plan]:
    """Plans of all kinds, in wrappers; the same ones every time."""
    rng = random.Random(f'{seed} plans')
    built = [rng.choice([as_text, as_json, as_yaml, as_table, as_prose, as_calls])(rng) for _ in range(number)]
    return [Plan(rng.choice(PLAIN).format(one.text), one.steps) for one in built]


def read(text: str, cut_short: bool = False) -> Parsed:
    """The answer as the task reads it."""
    return get_task('planning').parse(text, PROFILE.scale(640, 480), PROFILE, cut_short)


@pytest.mark.timeout(0)  # --fuzz 50 takes minutes
def test_a_whole_plan_gives_its_steps(fuzz):
    for plan in plans(1, NUMBER // 2 * fuzz):
        assert tuple(step.description for step in read(plan.text).steps) == plan.steps, plan.text


@pytest.mark.timeout(0)
def test_a_cut_plan_gives_its_steps_or_fewer(fuzz):
    rng = random.Random(7)
    for plan in plans(2, NUMBER // 2 * fuzz):
        text = plan.text[: rng.randrange(len(plan.text))]
        found = [step.description for step in read(text, cut_short=True).steps]
        assert set(found) <= set(plan.steps), text


def test_every_cut_of_some_plans():
    for plan in plans(3, 60):
        for end in range(len(plan.text)):
            found = [step.description for step in read(plan.text[:end], cut_short=True).steps]
            assert set(found) <= set(plan.steps), plan.text[:end]


def test_a_refusal_is_no_plan():
    rng = random.Random(11)
    for refusal in REFUSALS * 20:
        text = rng.choice(['{}', '1. {}', '- {}']).format(refusal) if not refusal.startswith('{') else refusal
        parsed = read(rng.choice(WRAPPERS).format(text))
        assert not parsed.steps, text
        assert parsed.not_found, text
