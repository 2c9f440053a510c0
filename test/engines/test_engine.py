# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Real vLLM with the tiny checkpoint, through the Engine protocol and through the brain: embedded, and on a server.

One engine of each kind for all of it. Whatever a test asks of one, the other one answers as well.
"""

import asyncio
import json
import re
import time
from dataclasses import replace

import numpy as np
import pytest
from engine_helpers import ENDLESS, SOON, begun, deltas, generation, text
from model_server import metric

from robobrain_ros.brain.brain import Brain
from robobrain_ros.brain.frame import Frame
from robobrain_ros.brain.jobs import Stage
from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.engines.base import EngineRefused, EngineState
from robobrain_ros.engines.vllm.embedded import EmbeddedEngine
from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.evaluation.tabletop import FIRST_SEED, frame_of, score
from robobrain_ros.geometry.resize import resize
from robobrain_ros.sim.questions import questions
from robobrain_ros.sim.scene import TableTop
from robobrain_ros.tasks import TASKS
from robobrain_ros.tasks.base import Guide
from robobrain_ros.tasks.profiles import PROFILES

pytestmark = pytest.mark.engine


@pytest.fixture(scope='module')
def scenes() -> list[TableTop]:
    return [TableTop(seed) for seed in range(FIRST_SEED, FIRST_SEED + 10)]


@pytest.fixture(scope='module')
def images(scenes) -> list[np.ndarray]:
    return [scene.render()[0] for scene in scenes]


@pytest.fixture(params=['embedded', 'server'])
def brain(request) -> Brain:
    """The shared brain, with each kind of engine."""
    return request.getfixturevalue('tiny_brain' if request.param == 'embedded' else 'served_brain')


@pytest.fixture
def engine(brain):
    """The shared engine; nothing may be left in it."""
    engine = brain.engine
    yield engine
    health = engine.health()
    assert (health.state, health.in_flight, health.error) == (EngineState.READY, 0, '')
    if isinstance(engine, EmbeddedEngine):
        assert engine._llm.output_processor.get_num_unfinished_requests() == 0
    else:
        (url,) = health.details
        deadline = time.monotonic() + SOON
        while metric(url, 'vllm:num_requests_running') + metric(url, 'vllm:num_requests_waiting'):
            assert time.monotonic() < deadline, 'the server still works on what nobody waits for'
            time.sleep(0.1)


@pytest.fixture
def run(brain):
    """Runs a coroutine in the engine's loop."""
    return lambda coroutine: brain.loop.submit(coroutine).result(SOON)


def prompt(task: str, instruction: str) -> str:
    return TASKS[task].prompt(instruction, PROFILES['robobrain-tiny'])


def test_a_ready_engine_says_so_from_any_thread(engine):
    health = engine.health()
    assert (health.state, health.in_flight, health.error) == (EngineState.READY, 0, '')
    assert len(health.pids) >= 1 or 'serves tiny' in '\n'.join(health.details.values())


def test_the_stream_begins_empty_goes_token_by_token_and_ends_with_a_reason(engine, run, images):
    stream = run(deltas(engine, generation(prompt('general', 'List the objects on the table.'), images[0])))
    assert (stream[0].text, stream[0].tokens, stream[0].finish_reason) == ('', 0, '')
    assert len(stream) > 5
    assert sum(delta.tokens for delta in stream) > 5
    assert all(delta.tokens for delta in stream[1:-1])
    assert [delta.finish_reason for delta in stream[1:-1]] == [''] * (len(stream) - 2)
    assert stream[-1].finish_reason in ('stop', 'length')


def test_greedy_answers_repeat_and_see_the_image(engine, run, images):
    ask = prompt('pointing', 'the gripper')
    first, second, other = (text(run(deltas(engine, generation(ask, images[index])))) for index in (0, 0, 1))
    assert first == second
    assert first != other


def test_several_images_are_seen_in_their_order_between_the_texts(engine, run, images):
    def ask(*content: str | np.ndarray) -> str:
        request = replace(generation(), content=content)
        return text(run(deltas(engine, request)))

    question = prompt('pointing', 'the gripper')
    one, other = images[:2]
    last = ask(one, 'then', other, question)
    assert last == ask(one, 'then', other, question)
    assert last != ask(other, 'then', one, question)
    assert ask(*[one] * 7, other, question)
    with pytest.raises(EngineRefused, match=r'8|[Aa]t most'):
        ask(*[one] * 9, question)


def test_answers_end_at_the_token_limit_or_after_a_stop_string(engine, run, images):
    ask = prompt('pointing', 'the gripper')
    short = run(deltas(engine, generation(ask, images[0], max_tokens=3)))
    assert (sum(delta.tokens for delta in short), short[-1].finish_reason) == (3, 'length')
    stopped = run(deltas(engine, generation(ask, images[0], stop=(',',))))
    assert (text(stopped)[-1], text(stopped).count(','), stopped[-1].finish_reason) == (',', 1, 'stop')


def test_a_reply_prefix_is_given_and_not_repeated(engine, run, images):
    ask = prompt('pointing', 'the gripper')
    whole = text(run(deltas(engine, generation(ask, images[0]))))
    assert text(run(deltas(engine, generation(ask, images[0], reply_prefix=whole[:2])))) == whole[2:]


def test_temperature_makes_answers_differ(engine, run, images):
    ask = [generation(prompt('general', 'Detect all objects.'), images[0], temperature=2.0) for _ in range(3)]
    assert len({text(run(deltas(engine, request))) for request in ask}) > 1


def test_abort_ends_a_stream_with_its_reason(engine, run):
    async def work():
        request = generation(max_tokens=700, guide=ENDLESS)
        task = await begun(engine, request)
        assert engine.health().in_flight == 1
        await engine.abort(request.request_id)
        await engine.abort('unknown')
        return await task

    assert run(work())[-1].finish_reason == 'abort'


def test_abort_during_preparation_ends_it_too(engine, run):
    async def work():
        request = generation(max_tokens=700, guide=ENDLESS)
        task = asyncio.create_task(deltas(engine, request))
        while not engine.health().in_flight:
            await asyncio.sleep(0)
        await engine.abort(request.request_id)
        return await task

    stream = run(work())
    assert stream[-1].finish_reason == 'abort'
    assert sum(delta.tokens for delta in stream) < 700


@pytest.mark.parametrize('moment', ['at once', 'in preparation', 'after the first token'])
def test_cancelling_the_task_aborts_in_the_engine(engine, run, moment):
    async def work():
        request = generation(max_tokens=700, guide=ENDLESS)
        task = asyncio.create_task(deltas(engine, request)) if moment != 'after the first token' else None
        if task is None:
            task = await begun(engine, request)
        if moment == 'in preparation':
            while not engine.health().in_flight:
                await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert engine.health().in_flight == 0
        return await deltas(engine, generation())

    assert run(work())[-1].finish_reason in ('stop', 'length')


def test_concurrent_requests_answer_as_alone(engine, run, images):
    ask = [prompt('pointing', 'the gripper'), prompt('general', 'Detect all objects.')]

    def request(index: int):
        return generation(ask[index % 2], images[index])

    async def together():
        return await asyncio.gather(*(deltas(engine, request(index)) for index in range(8)))

    alone = [text(run(deltas(engine, request(index)))) for index in range(8)]
    assert [text(stream) for stream in run(together())] == alone
    assert len(set(alone)) > 4


@pytest.mark.parametrize('profile', ['robobrain-2.5', 'robobrain-2.0', 'robobrain-tiny'])
def test_guided_answers_have_the_format(engine, run, images, profile):
    profile = PROFILES[profile]

    async def work():
        guides = {task.name: task.guide(profile) for task in TASKS.values()}
        names = [name for name, guide in guides.items() if guide is not None]
        streams = await asyncio.gather(
            *(deltas(engine, generation('x', images[0], 768, guide=guides[name])) for name in names)
        )
        return [(guides[name], stream) for name, stream in zip(names, streams, strict=True)]

    answers = run(work())
    assert len(answers) >= 4
    for guide, stream in answers:
        if guide.regex is not None:
            assert stream[-1].finish_reason == 'stop'
            assert re.fullmatch(guide.regex, text(stream))
        elif stream[-1].finish_reason == 'stop':
            steps = json.loads(text(stream))['steps']
            assert all(set(step) == {'action', 'object', 'destination', 'description'} for step in steps)
        else:
            assert text(stream).startswith('{"steps"')


@pytest.mark.parametrize(
    ('options', 'quoted'),
    [
        ({'guide': Guide(regex='(((')}, 'regex'),
        ({'guide': Guide(json_schema={'type': 'nonsense'})}, 'nonsense'),
        ({'text': 'word ' * 5000}, '4096'),
        ({'max_tokens': 0}, 'max_tokens'),
        ({'temperature': -1.0}, 'temperature'),
    ],
)
def test_bad_requests_are_refused_and_the_engine_lives_on(engine, run, options, quoted):
    with pytest.raises(EngineRefused, match=quoted) as caught:
        run(deltas(engine, generation(**options)))
    assert caught.value.code is ErrorCode.ENGINE_FAILED
    assert run(deltas(engine, generation()))[-1].finish_reason in ('stop', 'length')


@pytest.mark.parametrize('size', [(1, 1), (7, 3), (31, 33), (2000, 10), (10, 2000), (3840, 2160)])
def test_images_of_all_sizes_are_answered(engine, run, size):
    image = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), np.uint8)
    assert run(deltas(engine, generation(image=image, max_tokens=4)))[-1].finish_reason in ('stop', 'length')


@pytest.mark.parametrize('shape', [(1, 300, 3), (0, 5, 3)])
def test_images_that_no_model_takes_are_refused(engine, run, shape):
    with pytest.raises(BrainError, match=f'{shape[1]}x{shape[0]}') as caught:
        run(deltas(engine, generation(image=np.zeros(shape, np.uint8))))
    assert caught.value.code is ErrorCode.BAD_IMAGE


def test_answers_equal_those_of_transformers(engine, run, images):
    import torch
    import transformers

    model = transformers.Qwen3VLForConditionalGeneration.from_pretrained(TINY_MODEL, dtype=torch.float32).eval()
    processor = transformers.AutoProcessor.from_pretrained(TINY_MODEL)
    asked = [('pointing', 'the gripper'), ('trajectory', 'pick up the mug'), ('general', 'Detect all objects.')]
    for image, (task, instruction) in zip(images, asked, strict=False):
        ask = prompt(task, instruction)
        content = [{'type': 'image'}, {'type': 'text', 'text': ask}]
        chat = processor.apply_chat_template([{'role': 'user', 'content': content}], add_generation_prompt=True)
        size = engine.input_size(image.shape[1], image.shape[0])
        inputs = processor(text=[chat], images=[resize(image, size)], return_tensors='pt')
        with torch.inference_mode():
            tokens = model.generate(**inputs, do_sample=False, max_new_tokens=96)[0, inputs['input_ids'].shape[1] :]
        expected = processor.tokenizer.decode(tokens, skip_special_tokens=True)
        stream = run(deltas(engine, generation(ask, image, 96)))
        assert text(stream) == expected
        assert sum(delta.tokens for delta in stream) in (len(tokens), len(tokens) - 1)


def test_a_server_answers_as_the_embedded_engine_does(tiny_brain, served_brain, images):
    """Text, tokens, and how likely each was."""
    asked = [('pointing', 'the gripper'), ('trajectory', 'pick up the mug'), ('general', 'Detect all objects.')]

    def answer(brain, image, ask):
        stop = TASKS[ask[0]].stop(PROFILES['robobrain-tiny'])
        request = generation(prompt(*ask), image, 96, stop=stop, alternatives=3)
        return brain.loop.submit(deltas(brain.engine, request)).result(SOON)

    for image, ask in zip(images, asked, strict=False):
        here, there = (answer(brain, image, ask) for brain in (tiny_brain, served_brain))
        assert text(here) == text(there)
        assert here[-1].finish_reason == there[-1].finish_reason
        mine, theirs = ([token for delta in stream for token in delta.spelled] for stream in (here, there))
        assert [token.text for token in mine] == [token.text for token in theirs]
        odds = [[dict(token.odds)[token.text] for token in tokens] for tokens in (mine, theirs)]
        assert odds[0] == pytest.approx(odds[1], abs=1e-3)


def _ask(brain: Brain, scene: TableTop, task: str, instruction: str, **options):
    async def frame() -> Frame:
        return frame_of(scene)

    return brain.submit(task, instruction, frame, **options)


@pytest.mark.parametrize('guided', [False, True])
def test_every_task_answers_in_its_format_over_seeded_scenes(brain, engine, scenes, guided):
    before = brain.settings
    brain.settings = type(before)(guided_decoding=guided)
    tasks = list(TASKS)
    try:
        bad = []
        for index, scene in enumerate(scenes):
            every = questions(scene, np.random.default_rng(scene.seed))
            for task in tasks[index % 2 :: 2] if guided else tasks:
                question = next((question for question in every if question.task == task), None)
                if question is None:
                    continue
                answer = _ask(brain, scene, task, question.instruction).done.result(SOON)
                if not score(question, answer, scene)['valid'] or not answer.complete:
                    bad.append((task, question.instruction, answer.text, answer.message))
        assert len(bad) <= 1, bad  # out of some 60
    finally:
        brain.settings = before


def test_a_whole_answer_has_targets_times_and_stages(brain, engine, scenes):
    stages = []
    answer = _ask(brain, scenes[0], 'pointing', 'the gripper', report=lambda job: stages.append(job.stage)).done.result(
        SOON
    )
    assert answer.success
    assert answer.targets[0].position is not None
    assert list(dict.fromkeys(stages)) == list(Stage)
    times = vars(answer.timings)
    parts = [value for name, value in times.items() if name != 'total']
    assert all(value >= 0 for value in parts)
    assert 0.9 * times['total'] - 5 <= sum(parts) <= times['total']
    assert min(times['prepare'], times['first_token'], times['decode']) > 0


def test_stopping_a_job_aborts_it_in_the_engine(brain, engine, scenes):
    jobs = [_ask(brain, scenes[0], 'general', 'Detect all objects.') for _ in range(3)]
    jobs[1].stop(ErrorCode.CANCELLED, 'never mind')
    brain.stop_all(ErrorCode.NOT_ACTIVE, 'deactivated')
    codes = [job.done.result(SOON).code for job in jobs]
    assert codes == [ErrorCode.NOT_ACTIVE, ErrorCode.CANCELLED, ErrorCode.NOT_ACTIVE]
