# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Runs of the gripper as training records: pictures, the true progress of each for several goals, and the goals' words.

What is compared with what is drawn anew in each step of the training (``progress_loss.py``).
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import nan

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from robobrain_ros.geometry.letterbox import Letterbox
from robobrain_ros.sim.chinese import HELD_OUT_CHINESE, TAUGHT_CHINESE
from robobrain_ros.sim.goals import Goal, goals, progress_of
from robobrain_ros.sim.layout import GAP, draw
from robobrain_ros.sim.phrases import HELD_OUT, TAUGHT, Phrases
from robobrain_ros.sim.series import FAULTS, series
from robobrain_ros.sim.view import Array, View
from robobrain_ros.sim.world import Body, State, World
from robobrain_ros.tasks import get_profile
from robobrain_ros.tasks.progress import pieces
from training.config import CANVAS, STATIC
from training.sentences import WIDE
from training.variety import varied

Encode = Callable[[str], list[int]]

FRAMES = 8
"""Pictures of a run; the first one is its start."""
GOAL, OTHER_GOAL = FRAMES, FRAMES + 1
"""Places of two more pictures in a record: the main goal reached, here, and with the things at other places."""
GOALS = 4
"""Goals that a record knows the progress of; the first is what the run is about."""
FACTS = 8
"""Numbers about a picture and a goal that the auxiliary head learns: see ``_facts``."""
TAIL = 48
"""Most tokens of a question, from behind the last image to the answer."""
OUTCOMES = ('', *FAULTS)
SHARES = (0.44, 0.08, 0.13, 0.09, 0.08, 0.11, 0.07)
"""How often each outcome is drawn."""
KINDS = {'reach': 0.15, 'pick': 0.22, 'put': 0.48, 'put all': 0.15}
"""How often each kind of main goal is drawn, where the table has it."""

EPISODE = np.dtype([
    ('images', np.uint8, (FRAMES + 2, CANVAS[1], CANVAS[0], 3)),
    ('progress', np.float32, (GOALS, FRAMES + 2)),
    ('facts', np.float32, (GOALS, FRAMES + 2, FACTS)),  # NaN where a goal has none
    ('tails', np.int16, (GOALS, TAIL)),
    ('lengths', np.int16, (GOALS,)),  # tokens of each tail
    ('outcome', np.int16),  # index into OUTCOMES
])  # fmt: skip


def context_pieces(encode: Encode) -> list[list[int]]:
    """Return the ids in front of each image of a question about progress, as the chat template joins them."""
    texts = pieces('.', get_profile('robobrain-tiny'))[:-1]
    opened = ['<|im_start|>user\n', *['<|vision_end|>'] * (len(texts) - 1)]
    return [encode(f'{before}{text}<|vision_start|>') for before, text in zip(opened, texts, strict=True)]


def tail(text: str, encode: Encode) -> list[int]:
    """Return the ids behind the last image, up to the answer."""
    last = pieces(text, get_profile('robobrain-tiny'))[-1]
    return encode(f'<|vision_end|>{last}<|im_end|>\n<|im_start|>assistant\n')


def episodes(first: int, stride: int, held_out: bool, sizes: Callable[[np.random.Generator], tuple[int, int]],
             last: int) -> Iterator[NDArray[np.void]]:  # fmt: skip
    """Yield records of one run after the other; seeds whose table cannot be used are left out.

    :param stride: from one seed to the next
    :param held_out: tables and phrasings that training never has, for evaluation
    :param sizes: draws the camera's (width, height)
    :param last: the seed before which training ends
    """
    tokenizer = Tokenizer.from_file(str(STATIC / 'tokenizer.json'))
    seed = first
    while held_out or seed < last:
        rng = np.random.default_rng((seed, 11))
        try:
            layout = draw(seed, *sizes(rng))
            world = World.from_layout(layout if held_out else varied(layout, rng), seed)
            yield episode(world, rng, lambda text: tokenizer.encode(text).ids, held_out)
        except ValueError as error:  # no room on the table, or nothing to do
            print(f'seed {seed}: {error}', flush=True)
        seed += stride


def episode(world: World, rng: np.random.Generator, encode: Encode, held_out: bool = False
            ) -> NDArray[np.void]:  # fmt: skip
    """Return one run in a world as an array of one ``EPISODE``.

    :param held_out: ask in phrasings that training never uses, at times
    :raises ValueError: if nothing can be done on this table
    """
    start, out = world.state, np.zeros(1, EPISODE)
    main, outcome = _draw_goal(list(goals(start)), rng), OUTCOMES[int(rng.choice(len(OUTCOMES), p=SHARES))]
    if main.kind == 'reach' and outcome in ('slip', 'drop'):
        outcome = 'undo'
    try:
        states = series(start, main, rng, outcome)
    except ValueError:  # nothing else to take, or no free place
        outcome = ''
        states = series(start, main, rng)
    inner = sorted(rng.choice(range(1, len(states) - 1), FRAMES - 2, replace=False))
    shown = [states[0], *(states[index] for index in inner), states[-1]]
    shown += [series(begin, main, rng)[-1] for begin in (start, _rearranged(world, rng))]
    box = Letterbox((world.width, world.height), CANVAS)
    phrases = _draw_phrases(rng, held_out)
    for index, goal in enumerate([main, *_others(start, main, rng)]):
        asked = phrases if goal.kind != 'reach' else (HELD_OUT if phrases is HELD_OUT else TAUGHT)
        ids = _say(goal, start, rng, asked, encode)
        out['tails'][0, index, : len(ids)], out['lengths'][0, index] = ids, len(ids)
        out['progress'][0, index] = [progress_of(start, state, goal) for state in shown]
        out['facts'][0, index] = [_facts(state, goal, world.view, box) for state in shown]
    out['images'][0] = [box.draw(rgb) for rgb in world.film(shown)]
    out['outcome'] = OUTCOMES.index(outcome)
    return out


def _draw_goal(found: list[Goal], rng: np.random.Generator) -> Goal:
    shares = {kind: share for kind, share in KINDS.items() if any(goal.kind == kind for goal in found)}
    kind = str(rng.choice(list(shares), p=np.array(list(shares.values())) / sum(shares.values())))
    alike = [goal for goal in found if goal.kind == kind]
    return alike[int(rng.integers(len(alike)))]


def _draw_phrases(rng: np.random.Generator, held_out: bool) -> Phrases:
    new = held_out and rng.random() < 0.3
    if rng.random() < 0.15:
        return HELD_OUT_CHINESE if new else TAUGHT_CHINESE
    if new:
        return HELD_OUT
    return TAUGHT if held_out else WIDE


def _say(goal: Goal, start: State, rng: np.random.Generator, phrases: Phrases, encode: Encode) -> list[int]:
    """Return the ids of a question about a goal.

    :raises ValueError: none of its phrasings has room
    """
    for _ in range(10):
        ids = tail(goal.say(start, rng, phrases), encode)
        if len(ids) <= TAIL:
            return ids
    raise ValueError(f'{goal.text!r} is asked in {len(ids)} tokens; there is room for {TAIL}')


def _facts(state: State, goal: Goal, view: View, box: Letterbox) -> list[float]:
    """Return where gripper, thing and place are on the canvas (0 .. 1), how far it is to the thing, whether it is held.

    Distances are in half metres. Of several things, the held one counts, else the nearest one that is not in its place.
    """
    names = goal.things(state)
    open_ones = [name for name in names if not goal.where or not state.rests_on(name, goal.where)] or names
    nearest = min(open_ones, key=lambda name: state.body(name).grip_distance(state.gripper))
    thing = state.body(state.held if state.held in names else nearest)

    def place(point: Array) -> tuple[float, float]:
        u, v, _ = view.project(point)
        return box.to_canvas((u + 0.5) / view.width, (v + 0.5) / view.height)

    where = (nan, nan)
    if goal.where:
        where = place(state.body(goal.where).position + [0, 0, state.body(goal.where).item.height / 2])
    middle = thing.position + [0, 0, thing.item.height / 2]
    away = min(2 * thing.grip_distance(state.gripper), 1.0)
    return [*place(state.gripper), *place(middle), *where, away, float(state.held == thing.name)]


def _others(start: State, main: Goal, rng: np.random.Generator) -> list[Goal]:
    """Draw other goals on the same table: most share the thing or the place, which is what they are mixed up with.

    :raises ValueError: there are too few
    """
    rest = [goal for goal in goals(start) if goal != main]
    if len(rest) < GOALS - 1:
        raise ValueError(f'this table has no {GOALS} goals')
    weight = np.array([3.0 if goal.what == main.what or (main.where and goal.where == main.where) else 1.0
                       for goal in rest])  # fmt: skip
    return [rest[index] for index in rng.choice(len(rest), GOALS - 1, replace=False, p=weight / weight.sum())]


def _rearranged(world: World, rng: np.random.Generator) -> State:
    """Return the world's things at other places of the table that the camera sees.

    :raises ValueError: there is no room
    """
    state = world.state
    placed: list[Body] = []
    for body in state.bodies:
        for _ in range(60):
            place = np.array([rng.uniform(-0.3, 0.3), rng.uniform(-0.22, 0.22), 0.0])
            u, v, _ = world.view.project(place + [0, 0, body.item.height / 2])
            seen = 0.06 < u / world.width < 0.94 and 0.1 < v / world.height < 0.94
            gaps = (np.linalg.norm(place - other.position) - other.item.reach for other in placed)
            if seen and all(gap > body.item.reach + GAP for gap in gaps):
                placed.append(replace(body, position=place))
                break
        else:
            raise ValueError(f'there is no other place for the {body.name}')
    gripper = state.gripper + [*rng.normal(0, 0.06, 2), rng.uniform(0.0, 0.08)]
    return replace(state, bodies=tuple(placed), gripper=gripper)
