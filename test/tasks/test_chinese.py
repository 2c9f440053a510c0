# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Steps that a model writes in Chinese."""

import pytest

from robobrain_ros.tasks.chinese import simplified
from robobrain_ros.tasks.plan_words import step_of


@pytest.mark.parametrize(
    ('sentence', 'fields'),
    [
        ('把红色方块放到盘子上', ('放', '红色方块', '盘子上')),
        ('將紅色方塊放到盤子上。', ('放', '紅色方塊', '盤子上')),
        ('拿起红色方块', ('拿起', '红色方块', '')),
        ('请打开抽屉。', ('打开', '抽屉', '')),
        ('把杯子拿起来', ('拿起', '杯子', '')),
        ('放置红色方块到盘子上', ('放置', '红色方块', '盘子上')),
        ('移动到红色方块', ('移动', '', '红色方块')),
        ('推动杯子', ('推动', '杯子', '')),
        # more than verb, thing and place: a description only
        ('从桌上拿起杯子', ('', '', '')),
        ('拿起杯子，然后放到盘子上', ('', '', '')),
        ('放到盘子上', ('', '', '')),
        ('向前移动', ('', '', '')),
    ],
)
def test_what_a_step_says(sentence, fields):
    step = step_of(sentence)
    assert step.description == sentence.rstrip('。')
    assert (step.action, step.object, step.destination) == fields


def test_traditional_characters_stand_where_simplified_ones_do():
    assert simplified('圖中沒有紅色方塊 (512, 300)') == '图中没有红色方块 (512, 300)'
