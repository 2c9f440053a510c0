# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Tokens a second: the arithmetic by values worked out by hand, the gate at its edges, and what cannot be measured."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, islice

import numpy as np
import pytest
from scripted_engine import Die, ScriptedEngine

from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.engines.base import EngineRefused, Generation
from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.asking.ask import running
from robobrain_ros.evaluation.consistency.throughput import measure as throughput
from robobrain_ros.evaluation.consistency.throughput.rates import CASE, SHARE, Outcome, Rate
from robobrain_ros.tasks.profiles import Profile, detect_profile


class Slow(ScriptedEngine):
    """Takes so long for each answer, seconds."""

    def __init__(self, pause: float = 0.002, script=('a ', 'cup', '.')) -> None:
        super().__init__(script)
        self.pause = pause

    async def generate(self, generation):
        await asyncio.sleep(self.pause)
        async for delta in super().generate(generation):
            yield delta


def rate(tokens_per_s: float, at: int = 1, tokens: float = 20.0) -> Rate:
    return Rate(at, tokens_per_s, tokens_per_s, tokens_per_s, tokens_per_s / tokens, tokens, 10.0)


def few(profile: Profile) -> Iterator[Generation]:
    """Questions that need no drawing."""
    return (Generation((f'question {number}',), 64, f'rate-{number}') for number in count())


def sides(native: ScriptedEngine, other: ScriptedEngine) -> tuple[throughput.Make, throughput.Make]:
    profile = detect_profile(TINY_MODEL)
    return (lambda: (native, profile)), (lambda: (other, profile))


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throughput, 'questions', few)


def quiet(text: str) -> None:
    """Nobody listens."""


def test_a_rate_counts_what_comes_while_all_places_are_taken():
    # two in flight: the time runs from the second answer (2 s) until none is left to be asked (8 s)
    arrivals = [(1.0, 100), (2.0, 100), (3.0, 4), (4.5, 8), (5.0, 2), (7.0, 10), (8.0, 6), (8.5, 100)]
    found = throughput._rate(2, arrivals, [0.5, 0.1], [1.0, 2.0, 5.0, 8.0, 8.5, 9.0], 8.0)
    assert found.tokens_per_s == pytest.approx(30 / 6)
    assert (found.slowest, found.fastest) == pytest.approx((4 / 2, 16 / 2))  # 2 to 4, 4 to 6, 6 to 8 s: 4, 10, 16
    assert found.answers_per_s == pytest.approx(2 / 6)
    assert found.tokens == pytest.approx(330 / 6)
    assert found.first_token_ms == pytest.approx(300)


def test_so_many_are_in_flight_and_each_question_is_asked_once():
    engine = Slow()
    with running(engine, quiet) as stack:
        found = stack.wait(throughput.measure(engine, list(islice(few(detect_profile(TINY_MODEL)), 40)), 8))
    assert engine.most_running == 8
    assert len(engine.asked) == 40
    assert (found.at, found.tokens) == (8, 3.0)
    assert 0 <= found.slowest <= found.tokens_per_s <= found.fastest
    assert found.tokens_per_s > 0


def test_a_question_that_is_not_answered_ends_the_measurement():
    engine = Slow(script=(EngineRefused('too long'),))
    with running(engine, quiet) as stack, pytest.raises(EngineRefused, match='too long'):
        stack.wait(throughput.measure(engine, list(islice(few(detect_profile(TINY_MODEL)), 9)), 3))
    assert engine.running == set()


@pytest.mark.parametrize(
    ('native', 'other', 'code'),
    [
        ((100.0, 400.0), (80.0, 320.0), 0),
        ((100.0, 400.0), (200.0, 319.0), 1),
        ((100.0, 400.0), (79.9, 400.0), 1),
        ((100.0, 400.0), (500.0, 500.0), 0),
        ((100.0, 0.0), (100.0, 1.0), 2),
        ((100.0, 4.0), (100.0, 0.0), 2),
    ],
)
def test_the_gate_asks_for_each_number_in_flight(native, other, code):
    outcome = Outcome(
        tuple(rate(speed, at) for speed, at in zip(native, (1, 4), strict=True)),
        tuple(rate(speed, at) for speed, at in zip(other, (1, 4), strict=True)),
        SHARE,
    )
    assert outcome.exit_code == code
    assert outcome.to_json()['passed'] == {0: True, 1: False, 2: None}[code]
    assert ('cannot be compared' in outcome.message) == (code == 2)


@pytest.mark.parametrize(('tokens', 'code'), [(25.0, 0), (15.0, 0), (25.1, 2), (14.9, 2)])
def test_answers_of_other_lengths_are_not_the_same_work(tokens, code):
    assert Outcome((rate(100.0),), (rate(100.0, tokens=tokens),), SHARE).exit_code == code


def test_the_files_of_flagrelease_are_in_the_json():
    document = json.loads(json.dumps(Outcome((rate(100.0, 4),), (rate(90.0, 4),), SHARE).to_json()))
    assert document['native'][CASE]['4']['Output token throughput (tok/s)'] == 100.0
    assert document['other'][CASE]['4']['Output token throughput (tok/s)'] == 90.0
    assert document['ratios'] == {'4': pytest.approx(90.0)}
    assert (document['gate'], document['passed']) == (80.0, True)


def test_the_table_has_a_row_for_each_number_and_the_verdict_below():
    lines = Outcome((rate(100.0), rate(300.0, 16)), (rate(90.0), rate(150.0, 16)), SHARE).table()
    assert lines[2] == '| 1 | 100.0 (100.0 to 100.0) | 90.0 (90.0 to 90.0) | 90.0 % |'
    assert lines[3].startswith('| 16 | 300.0')
    assert '50.0 %' in lines[-1]
    assert '16 in flight' in lines[-1]
    assert 'too few' in lines[-1]


@pytest.mark.parametrize(('pause', 'share', 'code'), [(0.1, 80.0, 1), (0.002, 0.01, 0)])
def test_two_stacks_run_one_after_the_other(undrawn, pause, share, code):
    native, other = Slow(), Slow(pause)
    outcome = throughput.run(*sides(native, other), (1, 4), share, quiet)
    assert outcome.exit_code == code
    assert [rate.at for rate in outcome.native] == [rate.at for rate in outcome.other] == [1, 4]
    assert (native.closed, other.closed) == (1, 1)
    assert [one.content for one in native.asked] == [one.content for one in other.asked]


def unsteady(tokens_per_s: float, by: float, at: int) -> Rate:
    return replace(rate(tokens_per_s, at), slowest=tokens_per_s - by, fastest=tokens_per_s + by)


def test_a_verdict_that_rests_on_unsteady_rates_says_so():
    native = (unsteady(100, 1, 1), unsteady(100, 1, 4))
    assert 'varied' not in Outcome(native, (unsteady(90, 5, 1), unsteady(90, 5, 4)), SHARE).message
    told = Outcome(native, (unsteady(90, 5, 1), unsteady(90, 10, 4)), SHARE)
    assert 'With 4 in flight the rates varied so much' in told.message
    assert told.exit_code == 0
    assert 'With 1, 4 in flight' in Outcome(native, (unsteady(79, 5, 1), unsteady(50, 40, 4)), SHARE).message


def test_a_stack_that_fails_cannot_be_compared(undrawn):
    outcome = throughput.run(*sides(Slow(), Slow(script=('a', Die()))), (1,), SHARE, quiet)
    assert outcome.exit_code == 2
    assert 'the other stack failed: the engine process died' in outcome.message
    assert outcome.table()[-1] == outcome.message
    assert outcome.to_json()['ratios'] == {}


def test_a_stack_that_cannot_be_made_is_told_before_the_first_is_asked(undrawn):
    def gone():
        raise EngineRefused('no server')

    native = Slow()
    outcome = throughput.run(sides(native, native)[0], gone, (1,), SHARE, quiet)
    assert outcome.message == 'cannot be compared: the other stack failed: no server'
    assert native.starts == 0


@pytest.mark.parametrize('at', [(), (0,), (4, 4), (1, -2), (1.5,)])
def test_numbers_in_flight_that_cannot_be_are_refused(at):
    with pytest.raises(BadRequest, match='questions in flight are'):
        throughput.run(*sides(Slow(), Slow()), at, SHARE, quiet)


@pytest.mark.parametrize('share', [0, -1, float('inf'), float('nan')])
def test_a_gate_that_cannot_be_is_refused(share):
    with pytest.raises(BadRequest, match='the gate is'):
        throughput.run(*sides(Slow(), Slow()), (1,), share, quiet)


def test_questions_are_alike_each_time_and_no_picture_comes_twice():
    profile = detect_profile(TINY_MODEL)
    first, again = (list(islice(throughput.questions(profile), 8)) for _ in range(2))
    assert len({one.request_id for one in first}) == 8
    for one, other in zip(first, again, strict=True):
        assert one.request_id == other.request_id
        assert all(np.array_equal(a, b) for a, b in zip(one.content, other.content, strict=True))
    pictures = [one.images[0].tobytes() for one in first]
    assert len(set(pictures)) == 8
    assert not any(one.stop or one.guide or one.reply_prefix for one in first)  # stacks differ in these
