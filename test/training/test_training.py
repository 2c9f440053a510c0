# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The training's records say what the scene shows, its losses fall, and it goes on where it stopped."""

import numpy as np
import pytest

torch = pytest.importorskip('torch')
tokenizers = pytest.importorskip('tokenizers')

from robobrain_ros.geometry.letterbox import Letterbox  # noqa: E402
from robobrain_ros.sim.phrases import HELD_OUT_PAIRS  # noqa: E402
from robobrain_ros.sim.scene import TableTop  # noqa: E402
from robobrain_ros.tasks import get_profile, get_task  # noqa: E402
from training.buffer import Loader, Ring  # noqa: E402
from training.config import CANVAS, STATIC, Sizes  # noqa: E402
from training.dense import Cells  # noqa: E402
from training.learner import Learner, Recipe, decay  # noqa: E402
from training.render import FIRST_HELD_OUT_SEED, FIRST_TRAINING_SEED, records  # noqa: E402
from training.samples import KINDS, RECORD, record  # noqa: E402
from training.scores import evaluate  # noqa: E402

TOKENIZER = tokenizers.Tokenizer.from_file(str(STATIC / 'tokenizer.json'))
SMALL = Sizes(vision_width=64, vision_depth=1, vision_heads=2, vision_inner=64, grid=8, deepstack=(0,), width=64,
              depth=1, heads=1, kv_heads=1, inner=64)  # fmt: skip
RECIPE = Recipe(images=2, short=4, long=2, warm_up=1, rate=3e-3)
SIZES = ((640, 480), (640, 360), (480, 480))


def encode(text):
    return TOKENIZER.encode(text).ids


def words(ids):
    return TOKENIZER.decode(ids, skip_special_tokens=True).strip()


@pytest.fixture(scope='module')
def drawn():
    scenes = [TableTop(FIRST_TRAINING_SEED + number, *size) for number, size in enumerate(SIZES)]
    return scenes, np.concatenate([record(scene, np.random.default_rng(1), encode) for scene in scenes])


def learner():
    return Learner(SMALL, RECIPE, encode, 'cpu', seed=1, compiled=False)


@pytest.fixture
def ring(drawn):
    ring = Ring(4, 'cpu')
    ring.add(drawn[1])
    return ring


def test_answers_lead_back_to_the_object_through_the_package_s_own_parser(drawn):
    profile, checked = get_profile('robobrain-tiny'), 0
    for scene, row in zip(*drawn, strict=True):
        box = Letterbox((scene.view.width, scene.view.height), CANVAS)
        for ids, (start, end, kind, label, _) in zip(row['short'], row['short_spans'], strict=True):
            if KINDS[kind] not in {('pointing', 'named'), ('pointing', 'relational'), ('affordance', 'grasp')}:
                continue
            scale = profile.scale(*CANVAS)
            parsed = box.undo(get_task('pointing').parse(words(ids[start : end - 1].tolist()), scale, profile), scale)
            u, v = scale.to_pixel(parsed.points[0].x, parsed.points[0].y, *box.image)
            around = scene.truth().labels[max(v - 1, 0) : v + 2, max(u - 1, 0) : u + 2]
            assert label in around
            checked += 1
    assert checked > 20


def test_what_is_not_there_is_not_visible(drawn):
    asked = [
        words(ids[start : end - 1].tolist())
        for row in drawn[1]
        for ids, (start, end, kind, *_) in zip(row['short'], row['short_spans'], strict=True)
        if KINDS[kind][1] == 'absent'
    ]
    assert asked
    assert set(asked) == {'not visible'}


def test_cells_show_what_the_labels_show(drawn, ring):
    cells = Cells(ring.take(torch.arange(3)), across=8, favour=4.0)
    for index, scene in enumerate(drawn[0]):
        for thing in scene.truth().objects:
            if not thing.region:
                continue
            box = Letterbox((scene.view.width, scene.view.height), CANVAS)
            x, y = box.to_canvas(thing.region.pixel[0] / box.image[0], thing.region.pixel[1] / box.image[1])
            cell = int(y * 12) * 16 + int(x * 16)
            nearby = cells.row[index, max(cell - 1, 0) : cell + 2, 2:4]
            assert (nearby - torch.tensor([x, y])).abs().sum(-1).min() < 1e-3


def test_training_scenes_have_no_pair_that_is_held_out():
    source = records(FIRST_TRAINING_SEED, 1, held_out=False)
    for one in (next(source) for _ in range(4)):
        text = ' '.join(words(ids.tolist()) for ids in one['long'][0])
        assert not any(pair in text for pair in HELD_OUT_PAIRS)
    assert FIRST_TRAINING_SEED < FIRST_HELD_OUT_SEED


def test_losses_fall_and_broken_gradients_change_nothing(ring):
    student = learner()
    first = student.step(ring, 1.0).sum()
    for _ in range(12):
        last = student.step(ring, 1.0).sum()
    assert last < 0.8 * first
    before = {name: value.detach().clone() for name, value in student.parameters.items()}
    with torch.no_grad():
        student.parameters['lm_head.weight'][0, 0] = float('nan')
    student.step(ring, 1.0)
    assert int(student.skipped) == 1
    name = 'model.language_model.norm.weight'
    torch.testing.assert_close(student.parameters[name], before[name])


def test_a_resumed_training_goes_on_where_it_stopped(ring, tmp_path):
    student = learner()
    for _ in range(3):
        student.step(ring, 1.0)
    student.save(tmp_path / 'state.pt')
    other = learner()
    other.load(tmp_path / 'state.pt')
    assert other.step_number == 3
    batch = ring.take(torch.arange(2))
    for one in (student, other):
        one.random.manual_seed(5)
    torch.testing.assert_close(other.losses(batch, {}), student.losses(batch, {}))
    moments = [one.optimizer.state[one.parameters['lm_head.weight']]['exp_avg'] for one in (student, other)]
    torch.testing.assert_close(*moments)


def test_evaluation_names_every_kind_and_knows_right_answers(ring):
    student = learner()
    success, examples = evaluate(student.plain, student.weights(), ring, words, 1)
    assert {'pointing/named', 'trajectory/pick', 'false not visible'} <= set(success)
    assert all(0 <= value <= 1 for value in success.values())
    assert all('<' not in example.right for example in examples)


def test_shards_become_scenes_and_go_away(drawn, tmp_path):
    ring = Ring(4, 'cpu')
    for number in range(3):
        np.save(tmp_path / f'{number}.npy', drawn[1][:2])
    loader = Loader(tmp_path, ring, burst=4, trickle=0.0)
    loader.start()
    for _ in range(500):
        if ring.written >= 4:
            break
        loader.join(0.02)
    loader.stop()
    assert loader.error is None
    assert (ring.written, len(ring)) == (4, 4)
    assert len(list(tmp_path.glob('*.npy'))) == 1  # the trickle is 0: the rest waits
    np.testing.assert_array_equal(ring.fields['image'][0].numpy(), drawn[1]['image'][0])
    assert RECORD.itemsize == drawn[1].itemsize


def test_the_rate_is_stable_then_falls_to_nearly_nothing():
    assert decay(0.0, 0.25) == decay(0.74, 0.25) == 1.0
    assert decay(0.9, 0.25) < 0.4
    assert decay(1.0, 0.25) == pytest.approx(0.01)
