# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The pipeline around a scripted engine: dead engines, stops at every stage, and the end."""

import threading
from concurrent.futures import CancelledError, wait
from queue import Queue

import numpy as np
import pytest
from brain_fixtures import SOON, answer, ask, said
from scripted_engine import Die, Gate, ScriptedEngine, words

from robobrain_ros.brain.brain import Brain
from robobrain_ros.brain.jobs import Policy, Stage
from robobrain_ros.brain.pipeline import Settings
from robobrain_ros.engines.base import EngineDead, EngineState
from robobrain_ros.errors import ErrorCode
from robobrain_ros.tasks.profiles import PROFILES

pytest_plugins = ('brain_fixtures',)


def test_a_dead_engine_is_revived_and_answers_again(make):
    brain = make()
    heard = threading.Event()
    engine, start = brain.engine, brain.engine.start

    async def starts_again(report):
        await start(report)
        heard.set()

    engine.start = starts_again
    assert said(brain, Die()).code is ErrorCode.ENGINE_DEAD
    assert heard.wait(SOON)
    assert said(brain, '[(1, 1)]').success
    assert engine.starts == 2


def test_a_revived_engine_is_starting_until_it_is_warm():
    engine, gate, told = ScriptedEngine(), Gate(), Queue()
    brain = Brain(engine, PROFILES['robobrain-2.5'])
    warm_up = engine.warm_up

    async def slow(generations):
        await gate.wait()
        return await warm_up(generations)

    def warm():
        while not told.get(timeout=SOON).startswith('warm after'):
            continue
        return brain.health().state is EngineState.READY

    brain.start(told.put).result(SOON)
    assert warm()
    engine.warm_up = slow
    engine.die()
    assert gate.reached.wait(SOON)
    assert (engine.health().state, brain.health().state) == (EngineState.READY, EngineState.STARTING)
    assert answer(brain).success, 'it does not wait for that'
    gate.open()
    assert warm()
    brain.close()
    assert brain.health().state is EngineState.STOPPED


def test_requests_to_a_dead_engine_end_at_once(make):
    engine = ScriptedEngine()
    brain = make(engine)
    engine.start_script = [(Gate(),)]
    assert said(brain, Die()).code is ErrorCode.ENGINE_DEAD
    assert said(brain, '[(1, 1)]').code is ErrorCode.ENGINE_DEAD


def leap(job, seconds):
    """The clock of the job's loop jumps ahead, after all that was asked of the loop until now."""

    def jump():
        clock = job.loop.time
        job.loop.time = lambda: clock() + seconds

    job.loop.call_soon_threadsafe(jump)


@pytest.mark.parametrize('where', ['queued', 'image', 'prefill', 'decode'])
@pytest.mark.parametrize('how', ['stop', 'timeout'])
def test_a_request_can_be_stopped_at_every_stage_and_leaves_nothing_in_the_engine(make, where, how):
    brain, gate = make(), Gate()
    engine = brain.engine
    stage = {
        'queued': Stage.QUEUED,
        'image': Stage.WAITING_IMAGE,
        'prefill': Stage.PREFILL,
        'decode': Stage.DECODE,
    }[where]
    holder = None
    if where == 'queued':
        held = Gate()
        holder = ask(brain, gate=held, timeout=600.0)
        assert held.reached.wait(SOON)
    engine.preparation = (gate,) if where == 'prefill' else ()
    engine.scripts = {'the mug': ('[(5', gate) if where == 'decode' else ('[(1, 1)]',)}
    job = ask(brain, gate=gate if where == 'image' else None, timeout=60.0)
    if where != 'queued':
        assert gate.reached.wait(SOON)
    if how == 'stop':
        assert job.stage is stage
        job.stop(ErrorCode.CANCELLED, 'the client cancelled')
    else:
        leap(job, 60.0)
    result = job.done.result(SOON)
    assert job.stage is stage
    assert result.code is (ErrorCode.CANCELLED if how == 'stop' else ErrorCode.TIMEOUT)
    assert result.text == ('[(5' if where == 'decode' else '')
    assert result.timings.total > 0
    assert engine.running == set()
    if holder is not None:
        held.open()
        assert holder.done.result(SOON).success
    engine.preparation, engine.scripts = (), {}
    assert answer(brain).success


def test_only_one_request_is_in_the_engine_at_a_time(make):
    brain = make()
    jobs = [ask(brain, instruction=f'number {index}') for index in range(10)]
    assert all(job.done.result(SOON).success for job in jobs)
    assert brain.engine.most_running == 1
    assert [words(generation)[:8] for generation in brain.engine.asked] == [f'number {index}' for index in range(10)]


def test_newest_wins_takes_the_engine_from_the_older(make):
    brain, gate = make(settings=Settings(policy=Policy.NEWEST_WINS)), Gate()
    brain.engine.scripts = {'old': ('[(5', gate)}
    old = ask(brain, instruction='old')
    assert gate.reached.wait(SOON)
    assert answer(brain, instruction='new').success
    assert old.done.result(SOON).code is ErrorCode.PREEMPTED
    assert brain.engine.most_running == 1


def test_stop_all_ends_all(make):
    brain, gate = make(), Gate()
    jobs = [ask(brain, gate=gate) for _ in range(5)]
    assert gate.reached.wait(SOON)
    brain.stop_all(ErrorCode.NOT_ACTIVE, 'deactivated')
    assert {job.done.result(SOON).code for job in jobs} == {ErrorCode.NOT_ACTIVE}


def test_many_threads_may_ask_and_stop_while_the_engine_dies_now_and_then(make):
    brain = make(settings=Settings(queue_size=1000))
    brain.engine.scripts = {'dies': ('[(1', Die())}
    jobs, lock = [], threading.Lock()

    def client(number):
        random = np.random.default_rng(number)
        for index in range(50):
            name = 'dies' if random.random() < 0.02 else f'{number}/{index}'
            job = ask(brain, instruction=name, timeout=float(random.choice([0.01, 60.0])))
            with lock:
                jobs.append(job)
            if random.random() < 0.3:
                job.stop(ErrorCode.CANCELLED, 'by chance')

    threads = [threading.Thread(target=client, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _, still = wait([job.done for job in jobs], timeout=60)
    assert not still
    assert len(jobs) == 400
    assert {job.done.result().code for job in jobs} <= {
        ErrorCode.OK,
        ErrorCode.CANCELLED,
        ErrorCode.TIMEOUT,
        ErrorCode.ENGINE_DEAD,
    }
    assert brain.engine.running == set()


def test_a_start_that_fails_says_why_and_the_brain_can_be_closed():
    engine = ScriptedEngine()
    engine.start_script = [(EngineDead('no such model'),)]
    brain = Brain(engine, PROFILES['robobrain-2.5'])
    with pytest.raises(EngineDead, match='no such model'):
        brain.start(lambda text: None).result(SOON)
    brain.close()
    assert (engine.starts, engine.closed) == (1, 1)


def test_close_while_starting_cancels_the_start_first():
    engine, gate = ScriptedEngine(), Gate()
    engine.start_script = [(gate,)]
    brain = Brain(engine, PROFILES['robobrain-2.5'])
    started = brain.start(lambda text: None)
    assert gate.reached.wait(SOON)
    brain.close()
    with pytest.raises(CancelledError):
        started.result(SOON)
    assert (engine.starts, engine.closed, engine.health().state) == (1, 1, EngineState.STOPPED)


def test_close_while_reviving_ends_that(make):
    engine, gate = ScriptedEngine(), Gate()
    engine.start_script = [(), (gate,)]
    brain = Brain(engine, PROFILES['robobrain-2.5'])
    brain.start(lambda text: None).result(SOON)
    engine.die()
    assert gate.reached.wait(SOON)
    brain.close()
    assert (engine.closed, engine.health().state) == (1, EngineState.STOPPED)


def test_close_ends_requests_and_threads(make):
    before = threading.enumerate()  # the session's brain may be among them
    brain, gate = Brain(ScriptedEngine(), PROFILES['robobrain-2.5']), Gate()
    brain.start(lambda text: None).result(SOON)
    jobs = [ask(brain, gate=gate), ask(brain)]
    assert gate.reached.wait(SOON)
    brain.close()
    assert {job.done.result(SOON).code for job in jobs} == {ErrorCode.CANCELLED}
    assert [thread.name for thread in threading.enumerate() if thread not in before] == []


def test_a_brain_that_never_started_can_be_closed_and_refuses():
    brain = Brain(ScriptedEngine(), PROFILES['robobrain-2.5'])
    assert answer(brain).code is ErrorCode.ENGINE_DEAD
    brain.close()
