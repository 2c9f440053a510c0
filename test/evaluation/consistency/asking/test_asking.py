# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Questions put to an engine: each is answered once, what fails is told, and a run that was ended goes on."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from repository import ROOT
from scripted_engine import Die, Gate, ScriptedEngine, words

from robobrain_ros.engines.base import Delta, EngineDead, EngineRefused
from robobrain_ros.errors import BadRequest, BrainError, ErrorCode
from robobrain_ros.evaluation.consistency.answers import run_files
from robobrain_ros.evaluation.consistency.answers.journal import Journal
from robobrain_ros.evaluation.consistency.asking import ask as asking
from robobrain_ros.evaluation.consistency.items import Item, Reply, Score

SOON = 20.0
HOW = asking.How(concurrency=3, max_tokens=64)


def questions(count: int) -> list[Item]:
    """Questions without images; the words of each are in no other."""
    return [
        Item('erqa', f'q{number}', f'What is number {number:04d}?', 'multiple-choice', 'A') for number in range(count)
    ]


@pytest.fixture
def told() -> list[str]:
    """What was said while it ran."""
    return []


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine(('The answer ', 'is B'))


@pytest.fixture
def stack(engine: ScriptedEngine, told: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[asking.Stack]:
    """The engine, running; nothing waits in these tests."""
    monkeypatch.setattr(asking, 'RESTART_PAUSES_S', (0.0, 0.0))
    monkeypatch.setattr(asking, 'BUSY_PAUSES_S', (0.0, 0.0))
    with asking.running(engine, told.append) as running:
        yield running


def ask(stack: asking.Stack, items: Sequence[Item], folder: Path, told: list[str], **how: Any) -> tuple[Reply, ...]:
    return asking.ask(stack, items, folder, replace(HOW, **how), told.append)


def asked(engine: ScriptedEngine) -> list[str]:
    """The questions that the engine got, in their order."""
    return [words(generation) for generation in engine.asked]


def test_each_question_gets_its_answer_in_the_items_order(stack, engine, tmp_path, told):
    items = questions(10)
    engine.scripts = {f'{number:04d}?': (f'answer {number}', '!') for number in range(10)}
    replies = ask(stack, items, tmp_path, told)
    assert [reply.text for reply in replies] == [f'answer {number}!' for number in range(10)]
    assert [(reply.question_id, reply.prompt) for reply in replies] == [(one.question_id, one.prompt) for one in items]
    assert {(reply.completion_tokens, reply.finish_reason, reply.error) for reply in replies} == {(2, 'stop', '')}
    assert all(reply.seconds > 0 for reply in replies)
    assert {(generation.max_tokens, generation.temperature) for generation in engine.asked} == {(64, 0.0)}


def test_what_is_kept_can_be_read_as_a_run(stack, tmp_path, told):
    replies = ask(stack, questions(4), tmp_path, told)
    kept = run_files.read_run(tmp_path, 'erqa')
    assert [reply.text for reply in kept] == [reply.text for reply in replies]
    info = run_files.read_info(tmp_path, 'erqa')
    assert (info['model_name'], info['max_tokens'], info['order'], info['num_workers']) == ('scripted', 64, 'fixed', 3)


def test_a_run_that_goes_on_and_is_cut_off_has_all_its_answers(stack, engine, tmp_path, told):
    """The list of its first end, of three questions, is not taken for the whole run."""
    items = questions(8)
    replies = ask(stack, items[:3], tmp_path, told)
    worth = [Score(item.question_id, 'B', 0.0, right=False) for item in items[:3]]
    run_files.write_run(tmp_path, 'erqa', items[:3], replies, worth, {'accuracy': 0.0}, {})
    gate = Gate()
    engine.scripts = {item.prompt: (gate,) for item in items[6:]}
    thread = threading.Thread(target=ask, args=(stack, items, tmp_path, told), kwargs={'concurrency': 1})
    thread.start()
    try:
        assert gate.reached.wait(SOON)
        assert len(run_files.read_run(tmp_path, 'erqa')) == 6
    finally:
        gate.open()
        thread.join(SOON)
    with pytest.raises(BadRequest, match='only scored answers can be compared'):
        run_files.read_scores(tmp_path, 'erqa')


def test_a_line_separator_in_an_error_does_not_cut_it(stack, engine, tmp_path, told):
    engine.script = (EngineRefused('too\u2028long'),)
    ask(stack, questions(1), tmp_path, told)
    assert [reply.error for reply in run_files.read_run(tmp_path, 'erqa')] == ['too\u2028long']


def test_so_many_at_a_time_and_no_more(stack, engine, tmp_path, told):
    ask(stack, questions(20), tmp_path, told, concurrency=5)
    assert engine.most_running == 5


def test_one_at_a_time_asks_in_order_and_a_seed_shuffles(stack, engine, tmp_path, told):
    items = questions(12)
    in_order = [item.prompt for item in items]
    ask(stack, items, tmp_path / 'a', told, concurrency=1)
    assert asked(engine) == in_order
    orders = []
    for folder, seed in (('b', 1), ('c', 1), ('d', 2)):
        engine.asked.clear()
        replies = ask(stack, items, tmp_path / folder, told, concurrency=1, order='shuffled', seed=seed)
        assert [reply.prompt for reply in replies] == in_order
        orders.append(asked(engine))
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[2]) == in_order != orders[2]


def test_thoughts_are_parted_from_the_answer(stack, engine, tmp_path, told):
    engine.script = ('<think>a mug', '</think>', '\nB')
    (reply,) = ask(stack, questions(1), tmp_path, told)
    assert (reply.reason, reply.text) == ('<think>a mug</think>', '\nB')


def test_what_the_engine_refuses_is_an_error_and_is_asked_again_next_time(stack, engine, tmp_path, told):
    items = questions(5)
    engine.scripts = {'0002': (EngineRefused('the prompt has 9000 tokens, 4096 fit'),)}
    replies = ask(stack, items, tmp_path, told)
    assert [reply.error for reply in replies] == ['', '', 'the prompt has 9000 tokens, 4096 fit', '', '']
    assert replies[2].text == ''
    (line,) = (tmp_path / 'erqa' / 'errors.jsonl').read_text().splitlines()
    assert json.loads(line)['question_id'] == 'q2'
    engine.scripts, engine.asked = {}, []
    again = ask(stack, items, tmp_path, told)
    assert asked(engine) == [items[2].prompt]
    assert [reply.error for reply in again] == [''] * 5
    assert told[-1] == 'erqa: 4 of 5 questions were answered before'


def test_an_answer_that_was_given_up_is_an_error(stack, engine, tmp_path, told):
    engine.script = ('half an', Delta(' answer', 1, 'abort'))
    (reply,) = ask(stack, questions(1), tmp_path, told)
    assert (reply.text, reply.error) == ('', 'the engine gave the question up')


def test_an_answer_that_was_cut_says_so(stack, engine, tmp_path, told):
    engine.script = ('A long', Delta(' story', 1, 'length'))
    (reply,) = ask(stack, questions(1), tmp_path, told)
    assert (reply.text, reply.finish_reason) == ('A long story', 'length')


def test_a_busy_server_is_asked_again(stack, engine, tmp_path, told):
    busy = BrainError(ErrorCode.BUSY, 'all servers are full')
    refused = iter((busy, busy))

    class Busy(ScriptedEngine):
        async def generate(self, generation):
            if (error := next(refused, None)) is not None:
                raise error
            async for delta in super().generate(generation):
                yield delta

    with asking.running(Busy(('A',)), told.append) as full:
        (reply,) = ask(full, questions(1), tmp_path, told)
    assert (reply.text, reply.error) == ('A', '')
    engine.script = (busy,)
    (reply,) = ask(stack, questions(1), tmp_path / 'never', told)
    assert reply.error == 'all servers are full'
    assert len(engine.asked) == 3  # as often as there are pauses, and once more


def test_an_engine_that_dies_is_started_again_and_no_answer_is_lost(stack, engine, tmp_path, told):
    deaths = iter((True,))

    class Once(Exception):
        """Stands for a death at the first time only."""

    async def act(item):
        if isinstance(item, Once) and next(deaths, False):
            engine.die()
            raise EngineDead('the engine process died')

    engine._act = act
    engine.scripts = {'0003': (Once(), 'C')}
    replies = ask(stack, questions(8), tmp_path, told)
    assert [reply.error for reply in replies] == [''] * 8
    assert engine.starts == 2
    assert 'the engine process died; starting it again' in told


def test_a_question_that_kills_the_engine_has_no_answer_and_the_others_have(stack, engine, tmp_path, told):
    engine.scripts = {'0003': (Die(),)}
    replies = ask(stack, questions(8), tmp_path, told, concurrency=1)
    assert [reply.question_id for reply in replies if reply.error] == ['q3']
    assert replies[3].error.startswith('the engine died each time it was asked')
    assert engine.starts == 3


def test_an_engine_that_does_not_come_back_ends_the_run_and_keeps_its_answers(stack, engine, tmp_path, told):
    items = questions(6)
    engine.scripts = {'0004': (Die(),)}
    engine.start_script = [(EngineDead('no memory'),), (EngineDead('still no memory'),)]
    with pytest.raises(EngineDead, match='still no memory'):
        ask(stack, items, tmp_path, told, concurrency=1)
    assert len(run_files.read_run(tmp_path, 'erqa')) == 4
    engine.scripts, engine.asked = {}, []
    stack.wait(engine.start(told.append))
    ask(stack, items, tmp_path, told, concurrency=1)
    assert asked(engine) == [item.prompt for item in items[4:]]


def test_an_engine_that_only_dies_is_given_up(stack, engine, tmp_path, told):
    engine.script = (Die(),)
    with pytest.raises(EngineDead):
        ask(stack, questions(50), tmp_path, told, concurrency=1)
    assert engine.starts == asking.MOST_DEATHS


@pytest.mark.parametrize(
    ('how', 'said'),
    [
        ({'order': 'random'}, "order is 'random'"),
        ({'concurrency': 0}, 'concurrency is 0'),
        ({'max_tokens': 0}, 'max_tokens is 0'),
    ],
)
def test_values_out_of_range_are_refused(stack, tmp_path, told, how, said):
    with pytest.raises(BadRequest, match=said):
        ask(stack, questions(1), tmp_path, told, **how)
    assert list(tmp_path.iterdir()) == []


def test_answers_of_another_model_or_length_are_not_mixed(stack, engine, tmp_path, told):
    ask(stack, questions(2), tmp_path, told)
    with pytest.raises(BadRequest, match='holds answers with max_tokens 64, but this run has 128'):
        ask(stack, questions(2), tmp_path, told, max_tokens=128)
    engine.model = 'another'
    with pytest.raises(BadRequest, match="model_name 'scripted'"):
        ask(stack, questions(2), tmp_path, told)
    engine.model = 'scripted'
    ask(stack, questions(3), tmp_path, told, concurrency=1)


def test_a_question_in_other_words_is_not_taken_for_answered(stack, tmp_path, told):
    ask(stack, questions(2), tmp_path, told)
    other = [Item('erqa', 'q1', 'Where is it?', 'multiple-choice', 'A')]
    with pytest.raises(BadRequest, match=r"now asks 'Where is it\?': name another folder"):
        ask(stack, other, tmp_path, told)


def test_a_torn_answer_is_asked_again(stack, engine, tmp_path, told):
    ask(stack, questions(3), tmp_path, told)
    (tmp_path / 'erqa' / 'items' / 'q1.json').write_text('{"question_id": "q1", "ans')
    engine.asked.clear()
    ask(stack, questions(3), tmp_path, told)
    assert asked(engine) == ['What is number 0001?']
    assert any('q1.json' in text and 'counts as not asked' in text for text in told)


def test_a_disk_that_takes_nothing_ends_the_run(stack, tmp_path, told):
    (tmp_path / 'erqa').mkdir()
    (tmp_path / 'erqa' / 'items').write_text('in the way')
    with pytest.raises(BadRequest, match='cannot write'):
        ask(stack, questions(3), tmp_path, told)


def test_an_interrupt_ends_what_runs_and_keeps_what_was_answered(engine, tmp_path, told):
    gate = Gate()
    engine.scripts = {'0002': ('half', gate), '0003': ('half', gate), '0004': ('half', gate)}

    def interrupt() -> None:
        assert gate.reached.wait(SOON)
        time.sleep(0.2)  # the other two reach it
        os.kill(os.getpid(), signal.SIGINT)

    def run() -> None:
        with asking.running(engine, told.append) as stack:
            thread.start()
            ask(stack, questions(9), tmp_path, told)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    thread = threading.Thread(target=interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            run()
    finally:
        signal.signal(signal.SIGINT, before)
        thread.join(SOON)
    assert engine.running == set()
    assert engine.closed == 1
    assert [reply.question_id for reply in run_files.read_run(tmp_path, 'erqa')] == ['q0', 'q1']


CHILD = """
import asyncio, sys
from dataclasses import replace
from pathlib import Path
from scripted_engine import ScriptedEngine
from test_asking import HOW, questions
from robobrain_ros.evaluation.consistency.asking import ask as asking

class Slow(ScriptedEngine):
    async def generate(self, generation):
        await asyncio.sleep(0.003)
        async for delta in super().generate(generation):
            yield delta
        print(generation.request_id, flush=True)

with asking.running(Slow(), print) as stack:
    asking.ask(stack, questions(2000), Path(sys.argv[1]), replace(HOW, concurrency=4), print)
"""


@pytest.mark.parametrize('after', [1, 30, 90])
def test_kill_9_loses_at_most_one_question_a_worker(stack, engine, tmp_path, told, after):
    path = os.pathsep.join((str(ROOT), str(ROOT / 'test' / 'fixtures'), str(Path(__file__).parent)))
    child = subprocess.Popen(
        [sys.executable, '-c', CHILD, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {'PYTHONPATH': path},
    )
    watchdog = threading.Timer(60, child.kill)
    watchdog.start()
    try:
        assert child.stdout is not None
        answered = []
        for line in child.stdout:
            if line.startswith('erqa-'):
                answered.append(line.strip())
                if len(answered) == after:
                    child.send_signal(signal.SIGKILL)
        assert child.wait(SOON) == -signal.SIGKILL
    finally:
        watchdog.cancel()
        child.kill()
    kept = Journal(tmp_path, 'erqa').all(pytest.fail)
    assert after <= len(answered) < 2000
    assert len(answered) - 4 <= len(kept)
    ask(stack, questions(2000), tmp_path, told)
    assert len(asked(engine)) == 2000 - len(kept)
    assert len(run_files.read_run(tmp_path, 'erqa')) == 2000
