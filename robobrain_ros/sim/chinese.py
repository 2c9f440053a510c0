# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Instructions in simplified Chinese: what the shipped checkpoint is taught, and some that it never sees.

Questions alone are in Chinese; answers are those of the English question.
"""

from robobrain_ros.sim.phrases import Phrases
from robobrain_ros.sim.wording import Wording

_COLOURS = {'红': 'red', '绿': 'green', '蓝': 'blue', '黄': 'yellow', '橙': 'orange', '紫': 'purple', '白': 'white',
            '黑': 'black'}  # fmt: skip
_SHAPES = {
    'cube': ('方块', '方块', '方块', '立方体'),
    'ball': ('球', '球', '球', '小球'),
    'cylinder': ('圆柱', '圆柱', '圆柱体'),
    'bowl': ('碗',),
    'plate': ('盘子', '盘子', '碟子'),
    'mug': ('杯子', '杯子', '杯子', '马克杯'),
}


def in_english(name: str) -> str:
    """Translate a name of this module: '红色的方块' is 'the red cube', '红色的物体' 'the red object'.

    :raises ValueError: it ends in no noun that is known
    """
    nouns = [(noun, shape) for shape, all_of_it in _SHAPES.items() for noun in all_of_it]
    for noun, english in [*nouns, ('物体', 'object'), ('东西', 'object')]:
        if name.endswith(noun):
            colour = _COLOURS.get(name[0])
            return f'the {colour} {english}' if colour else f'the {english}'
    raise ValueError(f'{name!r} names nothing on a table top; it should end in a noun such as 方块')


CHINESE = Wording(
    shapes=_SHAPES,
    colours={english: (f'{chinese}色的', f'{chinese}色的', f'{chinese}色', chinese)
             for chinese, english in _COLOURS.items()},
    things=('物体', '物体', '东西'),
    unseen=('物体', '东西'),
    any_thing=('物体', '物体', '东西'),
    objects='物体',
    joined='{}{}',
    definite='{}',
    indefinite=str,
    plural=str,
    leftmost=('最左边的{}', '最左边的{}', '最左侧的{}'),
    rightmost=('最右边的{}', '最右边的{}', '最右侧的{}'),
    nearest=('离相机最近的{}', '最近的{}', '最靠近相机的{}'),
    farthest=('离相机最远的{}', '最远的{}'),
    beside=('{1}{0}边的物体', '{1}{0}边的东西', '在{1}{0}边的物体', '{1}{0}侧的物体'),
    sides=('左', '右'),
    closest=('离{}最近的物体', '离{}最近的东西', '最靠近{}的物体'),
    closest_to_gripper=('离夹爪最近的物体', '最靠近夹爪的物体'),
    space=('{}的空位置', '{}的空位置', '{}的空位'),
    around=('{}左边', '{}右边', '{}前面', '{}后面'),
    between='{}和{}之间',
    handle='{}的把手',
    gripper=('夹爪', '夹爪', '机器人的夹爪', '机械手'),
    on=('放到', '上'),
    into=('放进', '里'),
    in_english=in_english,
)  # fmt: skip
TAUGHT_CHINESE = Phrases(
    point=('{}',) * 3
    + ('指出{}', '请指出{}', '找到{}', '请找到{}', '{}在哪里', '{}在哪', '请找出{}', '找出{}', '指向{}'),
    space=('{}', '{}', '指出{}', '请指出{}', '找到{}', '找出{}', '{}在哪里'),
    handle=('{}的把手', '{}的把手', '{}把手', '{}上的把手'),
    pick=('拿起{}', '抓起{}', '抓住{}', '抓取{}', '把{}拿起来', '把{}抓起来', '拿{}', '移动到{}', '移到{}', '去拿{}',
          '请拿起{}', '请抓住{}', '把夹爪移到{}', '抓{}'),
    plan_pick=('拿起{}', '请拿起{}', '抓起{}', '抓住{}', '把{}拿起来', '请把{}拿起来', '抓取{}'),
    put_on=('把{}放到{}上', '把{}放到{}上', '把{}放在{}上', '请把{}放到{}上', '把{}移到{}上', '把{}放到{}上面',
            '拿起{}放到{}上', '请把{}放在{}上面'),
    put_in=('把{}放进{}里', '把{}放进{}里', '把{}放到{}里', '请把{}放进{}里', '把{}移到{}里', '把{}放进{}',
            '拿起{}放进{}里', '请把{}放到{}里面'),
    put_all=('把所有{}都{}{}{}', '把所有的{}{}{}{}', '请把所有{}{}{}{}', '把{}全都{}{}{}'),
    listing=('桌上有什么？', '桌子上有什么？', '你看到了什么？', '列出桌上的所有物体。', '有哪些物体？',
             '桌上有哪些东西？', '找出所有物体', '请列出所有物体。', '这里有什么？'),
    count=('有几个{}？', '桌上有几个{}？', '桌子上有几个{}？', '有多少个{}？', '几个{}？', '数一数{}。',
           '你看到几个{}？'),
    colour=('{}是什么颜色？', '{}是什么颜色的？', '{}的颜色是什么？', '请问{}是什么颜色？'),
    present=('有{}吗？', '桌上有{}吗？', '桌子上有{}吗？', '有没有{}？', '你看到{}了吗？', '这里有{}吗？',
             '{}在桌上吗？'),
    wording=CHINESE,
    novel='Chinese',
)  # fmt: skip
HELD_OUT_CHINESE = Phrases(
    point=('指一下{}', '标出{}', '请问{}在哪里'),
    space=('标出{}', '请找到{}'),
    handle=('{}的手柄', '{}那个把手'),
    pick=('取{}', '把{}拿过来', '给我{}'),
    plan_pick=('取{}', '把{}拿过来'),
    put_on=('将{}放到{}上', '请把{}移到{}上面', '拿{}放在{}上'),
    put_in=('将{}放进{}里', '拿{}放到{}里面'),
    put_all=('将所有{}都{}{}{}', '请把所有的{}都{}{}{}'),
    listing=('桌子上都有什么？', '请找出桌上的所有东西'),
    count=('请问有几个{}？', '这里有多少{}？'),
    colour=('请问{}的颜色是什么？', '{}是哪种颜色？'),
    present=('看得到{}吗？', '桌子上有没有{}？'),
    wording=CHINESE,
    novel='Chinese phrasing',
)  # fmt: skip
