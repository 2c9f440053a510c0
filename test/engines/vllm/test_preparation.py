# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Requests made here equal those of vLLM's renderer; where they do not, the renderer is used."""

import logging
from dataclasses import replace

import numpy as np
import pytest
from engine_helpers import SOON

from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.engines.vllm import preparation
from robobrain_ros.engines.vllm.image_processor import PIXELS, Patches
from robobrain_ros.engines.vllm.preparation import Preparation

SIZES = [(384, 512), (512, 384), (256, 768)]  # as the tiny model sees images, so that nothing is resized
random = np.random.default_rng(1)


def image(height=384, width=512) -> np.ndarray:
    return random.integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize('values', [((0.5,) * 3, (0.5,) * 3), ((0.48, 0.46, 0.41), (0.27, 0.26, 0.28))])
@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('patch', [14, 16])
def test_rows_equal_those_of_the_hugging_face_processor(values, size, patch):
    torch = pytest.importorskip('torch')
    module = pytest.importorskip('transformers.models.qwen2_vl.image_processing_qwen2_vl')
    mean, std = values
    sides = {'patch_size': patch, 'merge_size': 2, 'temporal_patch_size': 2}
    limits = {'shortest_edge': 1024, 'longest_edge': 10**7}
    processor = module.Qwen2VLImageProcessor(image_mean=mean, image_std=std, size=limits, **sides)
    rgb = image(*(side // 32 * 2 * patch for side in size))
    theirs = processor(images=[rgb], return_tensors='pt', input_data_format='channels_last')['pixel_values']
    ours = Patches(patch, 2, 2, mean, std).rows(rgb, torch.float32)
    assert torch.equal(ours, theirs)
    assert torch.equal(Patches(patch, 2, 2, mean, std).rows(rgb, torch.bfloat16), theirs.to(torch.bfloat16))


def test_patches_come_from_the_checkpoint():
    assert Patches.read(TINY_MODEL) == Patches(16, 2, 2, (0.5,) * 3, (0.5,) * 3)


def one(engine, text: str, rgb: np.ndarray) -> tuple[str, list[np.ndarray]]:
    """What ``prepare`` takes for a question about one image."""
    return engine._template((rgb, text)), [rgb]


@pytest.fixture
def engine(tiny_brain):
    return tiny_brain.engine


@pytest.fixture
def calls() -> list[str]:
    """Prompts that the renderer got."""
    return []


@pytest.fixture
def fresh(engine, calls):
    """A Preparation with the engine's renderer, which has seen no image yet."""

    async def render(prompt):
        calls.append(prompt['prompt'])
        return await engine._preparation._render(prompt)

    return Preparation(render, engine._preparation._tokenizer, TINY_MODEL)


@pytest.fixture
def run(tiny_brain):
    return lambda coroutine: tiny_brain.loop.submit(coroutine).result(SOON)


@pytest.mark.engine
@pytest.mark.parametrize('size', SIZES)
def test_requests_equal_those_of_the_renderer(engine, run, fresh, calls, size):
    run(fresh.prepare(*one(engine, 'the table', image(*size))))
    for text in ('the red mug', 'été — "quoted" [(1, 2)]\n', ''):
        rgb = image(*size)
        prompt, _ = one(engine, text, rgb)
        ours = run(fresh.prepare(prompt, [rgb]))
        assert len(calls) == 1, 'made by the renderer'
        theirs = run(engine._preparation._render({'prompt': prompt, 'multi_modal_data': {'image': rgb}}))
        assert preparation._difference(ours, theirs, fresh._patches) == ''
        (grid,) = ({'ours': item['image_grid_thw'].data.tolist()} for item in ours['mm_kwargs']['image'])
        assert grid == {'ours': theirs['mm_kwargs']['image'][0]['image_grid_thw'].data.tolist()}


@pytest.mark.engine
def test_requests_with_several_images_equal_those_of_the_renderer(engine, run, fresh, calls):
    start, before, after, small = image(), image(), image(), image(512, 384)
    orders = [[start, before, after, small], [before, before, start, small]]
    for images in orders:
        content = ('Start ', images[0], ' before', *images[1:], 'how far?')
        prompt = engine._template(content)
        ours = run(fresh.prepare(prompt, images))
        theirs = run(engine._preparation._render({'prompt': prompt, 'multi_modal_data': {'image': images}}))
        assert preparation._difference(ours, theirs, fresh._patches) == ''
        names = ours['mm_hashes']['image']
        assert len(set(names)) == len({id(rgb) for rgb in images}), 'the same image has the same name'
    assert len(calls) == 1, 'the second one is made here'
    run(fresh.prepare(engine._template((start, before, 'an image too few for these places', after)), [start, before]))
    assert len(calls) == 2, 'left to the renderer, which refuses it'


@pytest.mark.engine
@pytest.mark.parametrize('right', [True, False])
def test_pixels_go_to_workers_that_make_the_same_rows_of_them(engine, run, fresh, right):
    made, rgb = [], image()
    run(fresh.prepare(*one(engine, 'the table', rgb)))
    (known,) = fresh._known.values()
    dtype = str(known['mm_kwargs']['image'][0]['pixel_values'].data.dtype)
    fresh._pixels = dtype if right else 'torch.float64'
    fresh._known.clear()  # so that they are compared again
    for _ in range(2):
        made.append(run(fresh.prepare(*one(engine, 'the table', rgb))))
    theirs, ours = made
    (item,) = ours['mm_kwargs']['image']
    assert item.keys() == {PIXELS if right else 'pixel_values', 'image_grid_thw'}
    assert preparation._difference(ours, theirs, fresh._patches) == ''
    if right:
        item[PIXELS].data[0, 0] ^= 1
        assert preparation._difference(ours, theirs, fresh._patches) == 'pixel_values'


@pytest.mark.engine
def test_images_are_named_by_their_pixels(engine, run, fresh):
    def name(rgb: np.ndarray) -> str:
        (found,) = run(fresh.prepare(*one(engine, 'the table', rgb)))['mm_hashes']['image']
        return found

    rgb = image()
    name(rgb)  # by the renderer
    first = name(rgb)
    assert first == name(rgb.copy())
    other = rgb.copy()
    other[200, 300, 1] ^= 1
    assert first != name(other)
    run(fresh.prepare(*one(engine, 'the table', image(512, 384))))
    assert first != name(rgb.reshape(512, 384, 3))


@pytest.mark.engine
@pytest.mark.parametrize('defect', ['pixels', 'tokens', 'parts', 'structure'])
def test_a_version_that_differs_is_left_to_its_renderer(engine, run, calls, caplog, defect):
    async def render(prompt):
        calls.append(prompt['prompt'])
        rendered = await engine._preparation._render(prompt)
        (item,) = rendered['mm_kwargs']['image']
        if defect == 'pixels':
            item['pixel_values'].data[7, 9] += 1
        elif defect == 'tokens':
            rendered['prompt_token_ids'].append(1)
        elif defect == 'parts':
            rendered['news'] = 1
        else:
            rendered['mm_kwargs'] = [item]
        return rendered

    other = Preparation(render, engine._preparation._tokenizer, TINY_MODEL)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            run(other.prepare(*one(engine, 'the table', image())))
    assert len(calls) == 3
    assert len([record for record in caplog.records if 'vLLM prepares' in record.message]) == 1


@pytest.mark.engine
def test_a_prompt_with_an_image_s_token_in_its_text_is_left_to_the_renderer(engine, run, fresh, calls):
    run(fresh.prepare(*one(engine, 'the table', image())))
    run(fresh.prepare(*one(engine, '<|image_pad|>', image())))
    assert len(calls) == 2


@pytest.mark.engine
def test_known_sizes_keep_no_pixels(engine, run, fresh):
    run(fresh.prepare(*one(engine, 'the table', image())))
    (known,) = fresh._known.values()
    assert known['mm_kwargs']['image'][0]['pixel_values'].data.numel() == 0


def test_replacing_an_element_keeps_its_field():
    """What ``_make`` relies on, in the installed vLLM."""
    inputs = pytest.importorskip('vllm.multimodal.inputs')
    field = inputs.MultiModalBatchedField()
    assert replace(inputs.MultiModalFieldElem(data=None, field=field), data=1).field is field
