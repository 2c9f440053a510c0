# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Runs as training records, what is compared in them, and how far held-out ones are followed."""

from math import nan

import numpy as np
import pytest

torch = pytest.importorskip('torch')
tokenizers = pytest.importorskip('tokenizers')

from robobrain_ros.brain.progress_values import hop  # noqa: E402
from robobrain_ros.sim.phrases import HELD_OUT_PAIRS  # noqa: E402
from robobrain_ros.sim.world import World  # noqa: E402
from robobrain_ros.tasks.progress import read_score  # noqa: E402
from training.buffer import Ring  # noqa: E402
from training.config import CANVAS, STATIC, Sizes  # noqa: E402
from training.episodes import (  # noqa: E402
    EPISODE,
    FRAMES,
    GOAL,
    GOALS,
    OTHER_GOAL,
    OUTCOMES,
    SHARES,
    TAIL,
    episode,
    episodes,
)  # fmt: skip
from training.learner import Learner, Recipe  # noqa: E402
from training.progress_loss import BINS, GREY, Answers, draw_pairs, hops, room  # noqa: E402
from training.progress_scores import COMPARED, Followed, follow, measure  # noqa: E402
from training.render import FIRST_TRAINING_SEED, draw_image_size  # noqa: E402
from training.samples import RECORD  # noqa: E402

TOKENIZER = tokenizers.Tokenizer.from_file(str(STATIC / 'tokenizer.json'))
SMALL = Sizes(vision_width=64, vision_depth=1, vision_heads=2, vision_inner=64, grid=8, deepstack=(0,), width=64,
              depth=1, heads=1, kv_heads=1, inner=64)  # fmt: skip


def encode(text):
    return TOKENIZER.encode(text).ids


def words(ids):
    return TOKENIZER.decode(ids, skip_special_tokens=True).strip()


@pytest.fixture(scope='module')
def drawn():
    worlds = [World(FIRST_TRAINING_SEED + number, *size) for number, size in enumerate([(640, 480), (480, 480)])]
    return np.concatenate([episode(world, np.random.default_rng(2), encode) for world in worlds])


@pytest.fixture
def ring(drawn):
    ring = Ring(4, 'cpu', EPISODE)
    ring.add(drawn)
    return ring


def test_a_record_shows_a_run_and_knows_how_far_it_is(drawn):
    for row in drawn:
        assert row['images'].shape == (FRAMES + 2, CANVAS[1], CANVAS[0], 3)
        assert row['progress'].shape == (GOALS, FRAMES + 2)
        assert (row['progress'][:, 0] == 0).all()
        assert row['progress'][0, GOAL] == row['progress'][0, OTHER_GOAL] == 1
        assert (row['progress'][0, FRAMES - 1] == 1) == (OUTCOMES[row['outcome']] == '')
        texts = {words(ids[:length].tolist()) for ids, length in zip(row['tails'], row['lengths'], strict=True)}
        assert len(texts) == GOALS
        assert all('<score>' in text and 'assistant' in text for text in texts)
        assert (row['images'][0] != row['images'][1]).any()
        gripper, held = row['facts'][0, :, :2], row['facts'][0, :, -1]
        assert (gripper[1:] != gripper[0]).any()
        assert set(held.tolist()) <= {0.0, 1.0}
        assert held[0] == 0
    assert sum(SHARES) == pytest.approx(1)


def test_training_has_no_pair_that_is_held_out():
    source = episodes(FIRST_TRAINING_SEED, 1, False, draw_image_size, FIRST_TRAINING_SEED + 5)
    texts = ' '.join(words(ids.tolist()) for one in source for ids in one['tails'][0])
    assert texts
    assert not any(pair in texts for pair in HELD_OUT_PAIRS)


def test_answers_read_as_the_percentage_that_they_stand_for():
    answers = Answers(encode, 'cpu')
    for percent in (-100, -33, -4, 0, 7, 50, 100):
        ids = answers.ids[percent + 100]
        assert read_score(words(ids.tolist())) == percent / 100
        told = words(ids[answers.weights[percent + 100] == 1].tolist())
        assert told == (f'{percent:+d}%' if percent else '0%')


def test_an_answer_follows_its_question(drawn):
    answers = Answers(encode, 'cpu')
    tails, lengths = (torch.from_numpy(drawn[name].copy()) for name in ('tails', 'lengths'))
    percent = torch.arange(-40, -40 + tails[..., 0].numel()).view(tails.shape[:2])
    behind = answers.behind(tails, lengths.long(), TAIL + answers.longest, percent)
    alone = answers.behind(tails, lengths.long(), TAIL + answers.longest)
    two = behind.flatten(0, 1), alone.flatten(0, 1)
    rows = zip(tails.flatten(0, 1), lengths.flatten(), percent.flatten(), *two, strict=True)
    for question, length, value, whole, open_one in rows:
        assert whole[:length].tolist() == question[:length].tolist() == open_one[:length].tolist()
        assert read_score(words(whole[length:].tolist())) == value / 100
        assert open_one[length:].sum() == 0


def test_hops_are_those_of_the_brain():
    values = torch.linspace(0, 1, 11, dtype=torch.float64)
    ours = hops(values[:, None], values[None])
    theirs = torch.tensor([[hop(float(one), float(other)) for other in values] for one in values])
    torch.testing.assert_close(ours, theirs.double())


def test_pairs_are_drawn_from_a_run_and_balanced(drawn):
    progress = torch.from_numpy(drawn['progress'].copy())
    shares, random = torch.full((BINS,), 1 / BINS), torch.Generator().manual_seed(1)
    drawn_pairs = [draw_pairs(progress, 8, 3, shares, random) for _ in range(40)]
    for pairs in drawn_pairs:
        assert pairs.pictures.shape == (16, 4)
        assert (pairs.pictures[:, 0] == 0).all()
        assert set(pairs.pictures[:, 1].tolist()) <= {GOAL, OTHER_GOAL, GREY}
        assert (pairs.pictures[:, 3] < FRAMES).all()
        back = pairs.pictures[:, 2] >= FRAMES
        assert (pairs.pictures[back, 1] == pairs.pictures[back, 2]).all()  # the goal that it goes back from is shown
        assert (pairs.goals[:, 0] == 0).all()
        assert (pairs.goals[:, 1] != pairs.goals[:, 2]).all()
        rows = zip(pairs.episode, pairs.pictures, pairs.goals, pairs.percent, strict=True)
        for run, pictures, goals, percent in rows:
            truth = [progress[run, goal][pictures[2:]].tolist() for goal in goals]
            assert percent.tolist() == [pytest.approx(100 * hop(*each), abs=0.51) for each in truth]
    assert any((pairs.pictures[:, 2] >= FRAMES).any() for pairs in drawn_pairs)
    main = torch.cat([pairs.percent[:, 0] for pairs in drawn_pairs])
    assert (main > 20).float().mean() > 0.2
    assert (main < -20).float().mean() > 0.2
    assert shares.sum() == pytest.approx(1)


def test_room_makes_context_and_question_a_multiple_of_eight(drawn):
    student = Learner(SMALL, Recipe(), encode, 'cpu', seed=1, compiled=False)
    length = room(student.comparison, torch.from_numpy(drawn['tails'].copy()), student.answers)
    assert length >= TAIL + student.answers.longest
    assert (length + len(student.comparison)) % 8 == 0


def test_progress_is_learned_beside_the_scenes_and_evaluated(ring):
    scenes = Ring(2, 'cpu', RECORD)
    scenes.add(np.zeros(2, RECORD))
    recipe = Recipe(images=1, short=2, long=1, warm_up=1, rate=3e-3, episodes=1, pairs=2, asked=2)
    student = Learner(SMALL, recipe, encode, 'cpu', seed=1, compiled=False)
    first = student.step(scenes, 1.0, ring)[3:]
    for _ in range(9):
        last = student.step(scenes, 1.0, ring)[3:]
    assert last[0] < 0.8 * first[0]
    assert not any(name.startswith('dense.') for name in student.weights())
    followed = follow(student.plain, student.weights(), student.comparison, student.answers, ring, words, 1)
    assert len(followed[0].scores) == len(COMPARED)
    found = measure(followed)
    assert {'progress/hop error', 'progress/invalid', 'progress/verdict'} <= set(found)
    assert all(-1 <= value <= 1 for value in found.values())


def test_figures_of_one_who_knows_are_perfect_and_of_one_who_is_silent_are_not():
    truth, goal = [0.0, 0.1, 0.25, 0.4, 0.5, 0.75, 0.9, 1.0], 1.0
    scores = [hop(goal if before < 0 else truth[before], truth[after]) for before, after in COMPARED]
    found = measure([Followed(truth, scores, goal)])
    assert {name: value for name, value in found.items() if 'error' in name or name == 'progress/invalid'} == {
        f'progress/{name}': pytest.approx(0, abs=1e-9)
        for name in ('hop error', 'back error', 'forward error', 'backward error', 'curve error', 'invalid')
    }
    for name in ('VOC+', 'VOC-', 'VOC fused', 'verdict', 'hop sign', 'back sign'):
        assert found[f'progress/{name}'] == pytest.approx(1)
    silent = measure([Followed(truth[:-1] + [0.9], [nan] * len(COMPARED), nan)])
    assert silent['progress/invalid'] == silent['progress/hop error'] == 1
    assert silent['progress/false success'] == 0
