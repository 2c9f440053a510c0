# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What each set of the release's table is: where it lies, how it is asked, and what its accuracy is made of.

Names are FlagEvalMM's task names, which published tables have. Nothing here holds any of their questions.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.data import prompts
from robobrain_ros.evaluation.consistency.data.prompts import Post

CHOICE = {'multiple-choice': 'multiple-choice'}
POINT = {'point': 'point'}
YES_NO = {'yes-no': 'yes-no'}
FOUR = {kind: kind for kind in ('multiple-choice', 'yes-no', 'point', 'numerical')}
VIDEO = {
    'object_rel_direction_easy': 'multiple-choice',
    'object_rel_direction_medium': 'multiple-choice',
    'object_rel_direction_hard': 'multiple-choice',
    'object_rel_distance': 'multiple-choice',
    'route_planning': 'multiple-choice',
    'obj_appearance_order': 'multiple-choice',
    'object_abs_distance': 'numerical',
    'object_counting': 'numerical',
    'object_size_estimation': 'numerical',
    'room_size_estimation': 'numerical',
}
EVALUATORS = {
    'choices_matching': 'choices',
    'ordered_list_matching': 'ordered-list',
    'number_matching': 'number',
    'bool_list_matching': 'bool-list',
    'key_items_matching': 'key-items',
}


@dataclass(frozen=True)
class SetRule:
    """How one set is found, asked and weighted."""

    name: str
    """FlagEvalMM's task name, such as ``erqa``; of our own sets ``robobrain_mini_...``."""
    kinds: Mapping[str, str]
    """Kind of question (``items.KINDS``) by what the entry's ``kind_key`` says."""
    post: Post
    """What is asked after the question."""
    pre: str = ''
    """What stands before the question."""
    place: str = ''
    """Where FlagEvalMM keeps it below its data folder, such as ``ERQA/test``; empty where that is not known."""
    file: str = 'data.json'
    """Name of the file of its questions there."""
    points: str = 'unit'
    """How coordinates in an answer are read: ``unit`` (0 to 1, integers are pixels) or ``norm1k`` (0 to 1000)."""
    stratum: str = ''
    """The entry's key that says which part of the set a question belongs to; empty where there are no parts."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """What each part weighs in the accuracy; empty where all questions weigh the same."""
    scene: tuple[str, ...] = ()
    """Keys of the entry that say together which scene it is about; questions that share an image go together too."""
    kind_key: str = 'question_type'
    """The entry's key that ``kinds`` is looked up by."""


def _where2place(name: str, points: str) -> SetRule:
    post = prompts.always(prompts.POINTS[points])
    return SetRule(name, POINT, post, place='Where2Place/test', points=points, stratum='sub_task')


def _robo_spatial(name: str, points: str) -> SetRule:
    post = prompts.by_kind({'yes-no': prompts.YES_NO, 'point': prompts.POINTS[points]})
    return SetRule(name, POINT | YES_NO, post, place='RoboSpatial-Home/all', points=points, stratum='category')


def _embodied_verse(name: str, place: str) -> SetRule:
    return SetRule(name, FOUR, prompts.always(''), place=place, stratum='level-1')


def _mini(name: str, kinds: Mapping[str, str], post: Post, pre: str = '') -> SetRule:
    return SetRule(
        f'robobrain_mini_{name}', kinds, post, pre, points='norm1k', stratum='sub_task', scene=('scene',)
    )  # fmt: skip


RULES = (
    SetRule(
        'erqa', CHOICE, prompts.always(prompts.REASON_LETTER), place='ERQA/test', stratum='sub_task'
    ),
    _where2place('Where2Place', 'unit'),
    _where2place('Where2Place_norm1k', 'norm1k'),
    SetRule(
        'blink_val_ev', CHOICE, prompts.always(prompts.LAST_LINE_LETTER), place='BLINK/val', file='data_ev.json',
        stratum='sub_task',
    ),
    SetRule(
        'cv_bench_test', CHOICE, prompts.letter, place='CV-Bench/test', stratum='source',
        weights={'ADE20K': 0.25, 'COCO': 0.25, 'Omni3D': 0.5}, scene=('source_dataset', 'source_filename'),
    ),
    SetRule(
        'embspatial_bench', CHOICE, prompts.letter, place='EmbSpatialBench/test', stratum='sub_task'
    ),
    SetRule('SAT', CHOICE, prompts.always(prompts.REASON_LETTER), place='SAT/test', stratum='sub_task'),
    SetRule(
        'vsi_bench_tiny', VIDEO,
        prompts.by_kind({'multiple-choice': prompts.VIDEO_LETTER, 'numerical': prompts.VIDEO_NUMBER}), prompts.FRAMES,
        place='VSI-Bench/test', file='data_tiny.json', stratum='question_type',
        scene=('dataset', 'scene_name'),
    ),
    _robo_spatial('robo_spatial_home_all', 'unit'),
    _robo_spatial('robo_spatial_home_all_norm1k', 'norm1k'),
    SetRule(
        'all_angles_bench', CHOICE, prompts.always(prompts.LETTER), place='All-Angles-Bench',
        stratum='category',
    ),
    SetRule('egoplan_bench2', CHOICE, prompts.always(prompts.LETTER), place='EgoPlan-Bench2'),
    _embodied_verse('EmbodiedVerse-Open-Sampled', ''),
    _embodied_verse('embodied_verse', 'EmbodiedVerse-Bench/open'),
    SetRule(
        'ERQAPlus', EVALUATORS, prompts.final_answer, place='ERQAPlus/test', stratum='task_category',
        kind_key='evaluator',
    ),
    _mini('choice', CHOICE, prompts.letter),
    _mini('views', CHOICE, prompts.always(prompts.REASON_LETTER)),
    _mini('yes_no', YES_NO, prompts.always(prompts.YES_NO)),
    _mini('point_norm1k', POINT, prompts.always(prompts.POINTS['norm1k'])),
    _mini('frames', {'numerical': 'numerical'}, prompts.always(prompts.VIDEO_NUMBER), prompts.FRAMES),
    _mini('mixed', FOUR, prompts.always('')),
)  # fmt: skip
"""All sets, in the order of the release's table, then our own."""
NAMES = tuple(rule.name for rule in RULES)
_BY_NAME = {rule.name: rule for rule in RULES}


def find(name: str) -> SetRule:
    """Return the rule of a set.

    :param name: a task name of FlagEvalMM, such as ``erqa``, or one of our mini sets
    :raises BadRequest: for a name that is not known, with the nearest one
    """
    if rule := _BY_NAME.get(name):
        return rule
    folded = {known.lower(): known for known in NAMES}
    near = difflib.get_close_matches(name.lower()[:100], folded, 1)
    meant = f"did you mean '{folded[near[0]]}'?" if near else f'there are {", ".join(NAMES)}'
    raise BadRequest(f'no set is named {name[:100]!r}: {meant}')
