# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Tokens a second of two stacks are measured, with few and with many questions in flight."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np

from robobrain_ros.bench.cases import NOISE
from robobrain_ros.bench.parity import cases
from robobrain_ros.commands.progress_bar import Progress
from robobrain_ros.engines.base import Engine, Generation
from robobrain_ros.errors import BadRequest, BrainError
from robobrain_ros.evaluation.consistency.asking.ask import Say, at_once, running
from robobrain_ros.evaluation.consistency.throughput.rates import SPANS, Outcome, Rate
from robobrain_ros.tasks.profiles import Profile

EACH = 8
"""Questions for each place in flight."""
LEAST = 32
"""Questions at the least, however few are in flight."""
Make = Callable[[], tuple[Engine, Profile]]


def run(native: Make, other: Make, at: Sequence[int], share: float, tell: Say) -> Outcome:
    """Measure two stacks one after the other, each with the whole device. Blocks; takes minutes.

    Both get the same questions about simulated table tops, each with a picture of its own, and answer greedily.

    :param native: makes the stack that the other one is measured by, and says how its model is asked
    :param at: numbers of questions in flight
    :param share: percent of the native tokens a second that are enough
    :param tell: hears what goes on, in sentences
    :raises BadRequest: for numbers out of range
    """
    if not at or any(type(count) is not int or count < 1 for count in at) or len(set(at)) != len(at):
        raise BadRequest(f'questions in flight are {list(at)!r}, but must be whole numbers of 1 or more, each once')
    if not 0 < share < float('inf'):
        raise BadRequest(f'the gate is {share!r} %, but must be above 0')
    names = ('native', 'other')
    stacks: list[tuple[Engine, Profile]] = []
    rates: list[tuple[Rate, ...]] = []
    try:
        for name, make in zip(names, (native, other), strict=True):
            tell(f'looking for the {name} stack')  # both before one is started: a wrong address is told at once
            stacks.append(make())
        tell('drawing the pictures')
        every = questions(stacks[0][1])
        asked = [tuple(islice(every, max(EACH * count, LEAST))) for count in at]
        for name, (engine, _) in zip(names, stacks, strict=True):
            rates.append(_rates(engine, name, at, asked, tell))
    except BadRequest:
        raise
    except BrainError as error:
        done = [*rates, (), ()]
        return Outcome(done[0], done[1], share, f'the {name} stack failed: {error}')
    return Outcome(rates[0], rates[1], share)


def questions(profile: Profile) -> Iterator[Generation]:
    """Yield questions without end, alike each time; no picture comes twice, so that no cache can help.

    An answer ends where the model ends it: servers differ in which other ends they know, and so in what they count.

    :param profile: how the model is asked
    """
    random = np.random.default_rng(1)
    for case in cases(profile, 1_000_000, 'rate'):
        pieces: list[str | np.ndarray] = []
        for piece in case.generation.content:
            if not isinstance(piece, str):
                noise = random.integers(-NOISE, NOISE, piece.shape, np.int16, endpoint=True)
                piece = np.clip(piece + noise, 0, 255).astype(np.uint8)
            pieces.append(piece)
        yield Generation(tuple(pieces), case.generation.max_tokens, case.generation.request_id)


def _rates(
    engine: Engine, name: str, at: Sequence[int], asked: Sequence[Sequence[Generation]], tell: Say
) -> tuple[Rate, ...]:
    """Start a stack, measure it with each number in flight, and end it."""
    with running(engine, tell) as stack, Progress(name, sum(map(len, asked)), 'answers') as progress:
        stack.wait(engine.warm_up([replace(asked[0][0], request_id='warm-up')]))
        return tuple(
            stack.wait(measure(engine, generations, count, progress.advance))
            for count, generations in zip(at, asked, strict=True)
        )


async def measure(
    engine: Engine, generations: Sequence[Generation], at: int, heard: Callable[[], None] = lambda: None
) -> Rate:
    """Ask questions with ``at`` in flight, and count tokens while all places are taken.

    The time begins when as many were answered as there are places, and ends when no question is left to be asked.

    :param heard: called behind each answer
    :raises BrainError: for a question that is not answered; no rate is right without it
    """
    waiting, clock = iter(generations), time.perf_counter
    arrivals: list[tuple[float, int]] = []
    ended: list[float] = []
    firsts: list[float] = []
    dry = 0.0

    async def work() -> None:
        nonlocal dry
        for generation in waiting:
            begin, first = clock(), True
            async for delta in engine.generate(generation):
                if delta.tokens:
                    arrivals.append((clock(), delta.tokens))
                    if first:
                        firsts.append(clock() - begin)
                        first = False
            ended.append(clock())
            heard()
        dry = dry or clock()

    await at_once(at, work)
    return _rate(at, arrivals, firsts, ended, dry)


def _rate(
    at: int, arrivals: Sequence[tuple[float, int]], firsts: Sequence[float], ended: Sequence[float], dry: float
) -> Rate:
    """Work out a rate.

    :param arrivals: when tokens came, and how many, seconds
    :param firsts: how long each answer's first token took
    :param ended: when each answer ended
    :param dry: when no question was left
    """
    begin = sorted(ended)[at - 1]
    length = max(dry - begin, 1e-9)
    counts = np.zeros(SPANS)
    for when, tokens in arrivals:
        if begin < when <= dry:
            counts[min(int(SPANS * (when - begin) / length), SPANS - 1)] += tokens
    each = counts * SPANS / length
    return Rate(
        at,
        float(counts.sum() / length),
        float(each.min()),
        float(each.max()),
        sum(begin < end <= dry for end in ended) / length,
        sum(tokens for _, tokens in arrivals) / len(ended),
        1000 * statistics.mean(firsts) if firsts else 0.0,
    )
