"""Feedback: sent when the work has gone on, in order, nothing lost but what is out of date."""

import asyncio

import pytest

from robobrain_ros.answer import Answer
from robobrain_ros.feedback import Feedback
from robobrain_ros.jobs import Job, Stage

pytestmark = [pytest.mark.ros]


class Handle:
    """An action's goal on the server's side."""

    def __init__(self) -> None:
        self.is_active = True
        self.heard = []

    def publish_feedback(self, message) -> None:
        self.heard.append((message.stage, message.partial_text))


@pytest.fixture
def handle():
    return Handle()


def work(job: Job) -> None:
    """Goes on without a pause."""
    job.update(Stage.WAITING_IMAGE)
    for text in ('[', '[(', '[(1'):
        job.update(Stage.DECODE, text=text)
    job.update(Stage.PARSE)


NEWEST = [('WAITING_IMAGE', ''), ('DECODE', '[(1'), ('PARSE', '[(1')]


def job(feedback: Feedback) -> Job:
    return Job(Answer('pointing', 'the mug'), asyncio.get_running_loop(), feedback.add)


def test_the_work_does_not_wait_for_it(handle):
    async def run():
        work(job(Feedback(handle)))
        assert not handle.heard
        while not handle.heard:
            await asyncio.sleep(0.001)
        assert handle.heard == NEWEST

    asyncio.run(asyncio.wait_for(run(), 10))


def test_the_rest_can_be_sent_at_once_and_is_not_sent_twice(handle):
    async def run():
        feedback = Feedback(handle)
        work(job(feedback))
        feedback.send()
        assert handle.heard == NEWEST
        work(job(feedback))
        feedback.send()
        feedback.send()
        assert handle.heard == NEWEST * 2

    asyncio.run(run())


def test_later_feedback_is_sent_too(handle):
    async def run():
        feedback = Feedback(handle)
        one = job(feedback)
        for stage in (Stage.PREFILL, Stage.DECODE, Stage.DECODE):
            before = len(handle.heard)
            one.update(stage)
            while len(handle.heard) == before:
                await asyncio.sleep(0.001)
        assert [stage for stage, _ in handle.heard] == ['PREFILL', 'DECODE', 'DECODE']

    asyncio.run(asyncio.wait_for(run(), 10))


def test_a_goal_that_has_ended_hears_nothing(handle):
    async def run():
        feedback = Feedback(handle)
        work(job(feedback))
        handle.is_active = False
        feedback.send()
        assert not handle.heard

    asyncio.run(run())
