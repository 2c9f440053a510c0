# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Requests in progress: order, policies, time limits and stops, and that every one comes to an end, once."""

import asyncio
import random
import threading
from concurrent.futures import wait

import pytest
from scripted_engine import Gate

from robobrain_ros.answer import Answer
from robobrain_ros.brain.jobs import Desk, Job, Policy, Stage
from robobrain_ros.engines.loop import LoopThread
from robobrain_ros.errors import BrainError, ErrorCode

SOON = 20.0


class Office:
    """A desk in a loop of its own; every job appends its name to ``log`` when its turn comes."""

    def __init__(self) -> None:
        self.loop = LoopThread('office')
        self.desk = Desk()
        self.log: list[str] = []

    def job(self, name: str, report=lambda job: None) -> Job:
        return Job(Answer('pointing', name), self.loop.loop, report)

    def ask(self, name, work=None, policy=Policy.QUEUE, places=10, timeout=60.0, report=lambda job: None) -> Job:
        """:param work: a coroutine function that gets the job; without it, the job says its own name"""
        job = self.job(name, report)

        async def run() -> None:
            self.log.append(name)
            if work is not None:
                await work(job)
            job.update(Stage.PARSE, reply=name)

        self.loop.loop.call_soon_threadsafe(self.desk.admit, job, run, timeout, policy, places)
        return job

    def block(self, name='first', **options) -> tuple[Job, Gate]:
        """A job that holds the desk until its gate is opened."""
        gate = Gate()
        job = self.ask(name, lambda _: gate.wait(), **options)
        assert gate.reached.wait(SOON)
        return job, gate


@pytest.fixture
def office():
    office = Office()
    yield office
    office.loop.close()


def code(job: Job) -> ErrorCode:
    return job.done.result(SOON).code


def test_jobs_run_one_at_a_time_in_the_order_in_which_they_came(office):
    first, gate = office.block()
    jobs = [office.ask(f'{index}', places=20) for index in range(20)]
    assert not any(job.done.done() for job in (first, *jobs))
    gate.open()
    assert [job.done.result(SOON).reply for job in (first, *jobs)] == office.log
    assert office.log == ['first', *map(str, range(20))]


def test_the_queue_is_bounded_and_says_so(office):
    first, gate = office.block()
    waiting = [office.ask(f'{index}', places=2) for index in range(2)]
    refused = [office.ask('too many', places=2) for _ in range(5)]
    for job in refused:
        assert code(job) is ErrorCode.BUSY
        assert job.done.result().message == '2 requests are waiting already, and queue_size is 2'
    gate.open()
    assert [code(job) for job in (first, *waiting)] == [ErrorCode.OK] * 3
    assert code(office.ask('again', places=2)) is ErrorCode.OK
    assert 'too many' not in office.log


def test_a_queue_without_places_takes_one_at_a_time(office):
    first, gate = office.block(places=0)
    assert code(office.ask('second', places=0)) is ErrorCode.BUSY
    gate.open()
    assert code(first) is ErrorCode.OK
    assert code(office.ask('third', places=0)) is ErrorCode.OK


def test_a_stopped_job_gives_its_place_in_the_queue_free(office):
    _, gate = office.block(places=1)
    waiting = office.ask('waits', places=1)
    waiting.stop(ErrorCode.CANCELLED, 'changed my mind')
    assert code(waiting) is ErrorCode.CANCELLED
    other = office.ask('other', places=1)
    gate.open()
    assert code(other) is ErrorCode.OK
    assert office.log == ['first', 'other']


def test_reject_refuses_while_another_runs(office):
    first, gate = office.block(policy=Policy.REJECT)
    refused = [office.ask('second', policy=Policy.REJECT) for _ in range(3)]
    assert {code(job) for job in refused} == {ErrorCode.BUSY}
    assert 'reject' in refused[0].done.result().message
    gate.open()
    assert code(first) is ErrorCode.OK
    assert code(office.ask('third', policy=Policy.REJECT)) is ErrorCode.OK


def test_newest_wins_ends_all_others(office):
    first, _ = office.block()
    second = office.ask('second')
    third = office.ask('third', policy=Policy.NEWEST_WINS)
    assert [code(job) for job in (first, second, third)] == [ErrorCode.PREEMPTED, ErrorCode.PREEMPTED, ErrorCode.OK]
    assert "'third'" in first.done.result().message
    assert office.log == ['first', 'third']


def test_in_a_burst_only_the_newest_survives(office):
    jobs = [office.ask(f'{index}', lambda _: asyncio.sleep(0), policy=Policy.NEWEST_WINS) for index in range(50)]
    codes = [code(job) for job in jobs]
    assert codes[-1] is ErrorCode.OK
    assert set(codes) <= {ErrorCode.OK, ErrorCode.PREEMPTED}


@pytest.mark.parametrize('waiting', [False, True])
def test_a_job_whose_time_is_up_ends_wherever_it_is(office, waiting):
    if waiting:
        _, gate = office.block()
    late = office.ask('late', lambda _: Gate().wait(), timeout=0.05)
    assert code(late) is ErrorCode.TIMEOUT
    assert late.done.result().message == 'no answer within 0.05 s'
    if waiting:
        gate.open()
    assert code(office.ask('next')) is ErrorCode.OK
    assert ('late' in office.log) is not waiting


def test_a_stop_right_after_asking_ends_the_job_before_it_begins(office):
    held = threading.Event()
    office.loop.loop.call_soon_threadsafe(held.wait, SOON)  # so that both arrive in the same round of the loop
    job = office.ask('job')
    job.stop(ErrorCode.CANCELLED, 'at once')
    held.set()
    assert job.done.result(SOON).message == 'at once'
    assert office.log == []


def test_the_first_stop_counts(office):
    job, _ = office.block()
    for number, reason in enumerate([ErrorCode.PREEMPTED, ErrorCode.CANCELLED, ErrorCode.TIMEOUT]):
        job.stop(reason, f'stop {number}')
    assert code(job) is ErrorCode.PREEMPTED
    assert job.done.result().message == 'stop 0'


def test_a_stop_after_the_end_changes_nothing(office):
    job = office.ask('job')
    assert code(job) is ErrorCode.OK
    job.stop(ErrorCode.CANCELLED, 'too late')
    assert code(office.ask('next')) is ErrorCode.OK
    assert code(job) is ErrorCode.OK


def test_nobody_can_take_the_result_away(office):
    job, gate = office.block()
    assert not job.done.cancel()
    gate.open()
    assert code(job) is ErrorCode.OK


def test_stop_all_ends_the_running_and_the_waiting(office):
    first, _ = office.block()
    waiting = [office.ask(f'{index}') for index in range(3)]
    office.loop.loop.call_soon_threadsafe(office.desk.stop_all, ErrorCode.NOT_ACTIVE, 'deactivated')
    assert {code(job) for job in (first, *waiting)} == {ErrorCode.NOT_ACTIVE}
    assert code(office.ask('next')) is ErrorCode.OK


def test_errors_become_codes_and_defects_are_logged(office, caplog):
    async def refuse(_: Job) -> None:
        raise BrainError(ErrorCode.NO_IMAGE, 'no image has come')

    async def break_down(_: Job) -> None:
        raise ZeroDivisionError('one by nought')

    refused, broken = office.ask('refused', refuse), office.ask('broken', break_down)
    assert (code(refused), refused.done.result().message) == (ErrorCode.NO_IMAGE, 'no image has come')
    assert (code(broken), broken.done.result().message) == (ErrorCode.INTERNAL, 'ZeroDivisionError: one by nought')
    (record,) = caplog.records
    assert record.exc_info[0] is ZeroDivisionError
    assert code(office.ask('next')) is ErrorCode.OK


def test_a_listener_hears_every_stage_in_order_and_its_defects_cost_nothing(office, caplog):
    heard = []

    def listen(job: Job) -> None:
        heard.append((job.stage, job.answer.reply))
        raise RuntimeError('deaf')

    job = office.ask('job', report=listen)
    assert code(job) is ErrorCode.OK
    assert heard == [(Stage.QUEUED, ''), (Stage.PARSE, 'job')]
    assert [record.exc_info[0] for record in caplog.records] == [RuntimeError] * 2


def test_closing_the_loop_ends_every_job(office):
    first, _ = office.block()
    second = office.ask('second')
    office.loop.close()
    assert {code(job) for job in (first, second)} == {ErrorCode.CANCELLED}


@pytest.mark.parametrize('policy', list(Policy))
def test_a_thousand_jobs_with_random_ends_all_end(office, policy):
    random_ = random.Random(7)

    def work(may_hang: bool):
        async def run(job: Job) -> None:
            for _ in range(random_.randrange(4)):
                await asyncio.sleep(0)
                job.update(Stage.DECODE, text=job.answer.text + 'x')
            if random_.random() < 0.1:
                raise BrainError(ErrorCode.ENGINE_DEAD, 'died')
            if may_hang and random_.random() < 0.3:
                await Gate().wait()

        return run

    jobs = []
    for index in range(1000):
        limit = random_.choice([0.001, 0.01, 60.0])
        jobs.append(office.ask(f'{index}', work(limit < 1), policy, places=50, timeout=limit))
        if random_.random() < 0.5:
            random_.choice(jobs).stop(ErrorCode.CANCELLED, 'by chance')
        if index % 10 == 0:
            jobs[-1].done.result(SOON)
    wait([job.done for job in jobs], timeout=SOON)
    answers = [job.done.result(0) for job in jobs]
    assert {answer.code for answer in answers} <= {
        ErrorCode.OK,
        ErrorCode.BUSY,
        ErrorCode.CANCELLED,
        ErrorCode.TIMEOUT,
        ErrorCode.ENGINE_DEAD,
        ErrorCode.PREEMPTED,
    }
    assert ErrorCode.OK in {answer.code for answer in answers}
    assert all(answer.timings.total >= 0 for answer in answers)
    assert code(office.ask('after all that')) is ErrorCode.OK
