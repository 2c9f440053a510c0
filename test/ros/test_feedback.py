# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Feedback: sent while the work waits for something, and each one says something new."""

import asyncio

import pytest

from robobrain_ros.answer import Answer
from robobrain_ros.brain.jobs import Job, Stage
from robobrain_ros.ros.feedback import Feedback

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


def work_on(handle: Handle, *pauses: str) -> Job:
    """Goes through all stages, and lets the loop go round after some."""

    async def work(job: Job) -> None:
        for stage in Stage:
            job.update(stage, text=f'{stage.value} at last' if stage is Stage.DECODE else job.answer.text)
            before = list(handle.heard)
            if stage.value in pauses:
                await asyncio.sleep(0)
            else:
                assert handle.heard == before, 'the work waited for it'
            job.update(stage)  # says nothing new

    async def run() -> Job:
        job = Job(Answer('pointing', 'the mug'), asyncio.get_running_loop(), Feedback(handle).add)
        job.start(work(job), 10.0)
        await asyncio.wrap_future(job.done)
        return job

    return asyncio.run(run())


TEXT = 'DECODE at last'


def test_it_is_sent_when_the_work_waits_and_before_the_end(handle):
    assert work_on(handle, 'WAITING_IMAGE', 'DECODE').done.result().success
    assert handle.heard == [('WAITING_IMAGE', ''), ('DECODE', TEXT), ('PROJECT', TEXT)]


def test_nothing_is_said_twice(handle):
    work_on(handle, *(stage.value for stage in Stage))
    assert handle.heard == [(stage.value, TEXT if stage in list(Stage)[3:] else '') for stage in Stage]


def test_a_goal_that_has_ended_hears_nothing(handle):
    handle.is_active = False
    work_on(handle)
    assert not handle.heard
