# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Answers end with their closing bracket: not a token more is computed for them, and nobody waits for one."""

from dataclasses import replace

import numpy as np
import pytest
from engine_helpers import SOON, deltas, generation, text

from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.evaluation.tabletop import FIRST_SEED
from robobrain_ros.sim.questions import questions
from robobrain_ros.sim.scene import TableTop
from robobrain_ros.tasks import TASKS
from robobrain_ros.tasks.profiles import detect_profile

pytestmark = pytest.mark.engine

PROFILE = detect_profile(TINY_MODEL)
TASKS_WITH_POINTS = ('pointing', 'affordance', 'trajectory')


@pytest.fixture(scope='module')
def scene() -> TableTop:
    return TableTop(FIRST_SEED)


@pytest.fixture(scope='module')
def image(scene) -> np.ndarray:
    return scene.render()[0]


@pytest.fixture(scope='module')
def asked(scene) -> dict[str, str]:
    """For each task a prompt about what is there."""
    every = [question for question in questions(scene, np.random.default_rng(0)) if question.kind != 'absent']
    first = {question.task: question.instruction for question in reversed(every)}
    return {task: TASKS[task].prompt(instruction, PROFILE) for task, instruction in first.items()}


@pytest.fixture
def engine(tiny_brain):
    return tiny_brain.engine


@pytest.fixture
def run(tiny_brain):
    """Runs a coroutine in the engine's loop."""
    return lambda coroutine: tiny_brain.loop.submit(coroutine).result(SOON)


@pytest.fixture
def aborted(engine, monkeypatch) -> list[str]:
    """The requests that the client had to end in the engine."""
    core, ids = engine._llm.engine_core, []
    tell = core.abort_requests_async

    async def noted(request_ids):
        ids.extend(request_ids)
        await tell(request_ids)

    monkeypatch.setattr(core, 'abort_requests_async', noted)
    return ids


def tokens(stream) -> int:
    return sum(delta.tokens for delta in stream)


@pytest.mark.parametrize('task', TASKS_WITH_POINTS)
def test_the_closing_bracket_is_the_last_token_and_ends_the_answer(engine, run, image, asked, aborted, task):
    whole = run(deltas(engine, generation(asked[task], image, 256)))
    stopped = run(deltas(engine, generation(asked[task], image, 256, stop=TASKS[task].stop(PROFILE))))
    assert text(stopped) == text(whole)
    assert text(stopped).startswith('[(')
    assert tokens(stopped) == tokens(whole) - 1  # without the one that says it is the end
    assert text(stopped).endswith(')]')  # vLLM joins deltas that nobody has taken yet
    assert stopped[-1].finish_reason == 'stop'
    assert not aborted


@pytest.mark.parametrize('task', TASKS_WITH_POINTS)
def test_a_grammar_does_not_keep_the_bracket_from_coming(engine, run, image, asked, task):
    free = generation(asked[task], image, 256, stop=TASKS[task].stop(PROFILE))
    guided = replace(free, request_id='guided', guide=TASKS[task].guide(PROFILE))
    assert text(run(deltas(engine, guided))) == text(run(deltas(engine, free)))


def test_stop_strings_of_several_tokens_are_found_in_the_text(engine, run, image, asked, aborted):
    ask = asked['pointing']
    whole = text(run(deltas(engine, generation(ask, image))))
    stop = whole[2:5]  # digits, a token each
    stopped = run(deltas(engine, generation(ask, image, stop=(stop, ')]'))))
    assert (text(stopped), tokens(stopped), stopped[-1].finish_reason) == (f'[({stop}', 4, 'stop')
    assert len(aborted) == 1


def test_only_whole_tokens_are_stopped_at(engine):
    preparation = engine._preparation
    (token,) = preparation.single_tokens(('12', ')]', 'no token'))
    assert preparation._tokenizer.decode([token]) == ')]'
    assert preparation.single_tokens(()) == []
