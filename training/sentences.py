# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""More sentences than ``sim.phrases.TAUGHT`` and ``sim.chinese.TAUGHT_CHINESE`` have, for training alone.

Half of what is drawn are the taught sentences, half are these: many verbs in many frames, so that it is the thing that
counts and not the sentence around it. None is held out.
"""

from dataclasses import replace
from itertools import product

from robobrain_ros.sim.chinese import TAUGHT_CHINESE
from robobrain_ros.sim.phrases import TAUGHT, Phrases

POLITE = ('', '', '', '', 'please ', 'now ', 'can you ', 'try to ', 'I want you to ', 'you should ', 'let us ')
ENDS = ('', '', '', '', ' please', ' now', ' with the gripper', ' carefully')
REACHING = (
    'pick {} up', 'lift {}', 'lift {} up', 'take hold of {}', 'grab hold of {}', 'seize {}', 'catch {}', 'grip {}',
    'reach to {}', 'reach towards {}', 'extend to {}', 'head for {}', 'head to {}', 'travel to {}', 'get to {}',
    'go over to {}', 'drive to {}', 'move towards {}', 'move the hand to {}', 'move the arm to {}',
    'move close to {}',
    'get close to {}', 'go near {}', 'bring the arm to {}', 'guide the gripper to {}', 'put the gripper on {}',
    'steer to {}', 'pluck {}', 'collect {}', 'secure {}', 'raise {}', 'get me {}', 'bring {}', 'bring me {}',
    'hand me {}', 'pass me {}', 'give me {}', 'come to {}', 'tap {}', 'press {}', 'push {}', 'contact {}',
    'close in on {}', 'aim for {}',
    'hover at {}', 'clutch {}', 'obtain {}', 'retrieve {}', 'snatch {}', 'remove {}', 'clear away {}',
)  # fmt: skip
LIFTING = (
    'pick {} up', 'lift up {}', 'lift {} up', 'take hold of {}', 'grab hold of {}', 'seize {}', 'grip {}', 'raise {}',
    'hold {}', 'go and get {}', 'collect {}', 'get me {}', 'bring me {}', 'hand me {}', 'pass me {}', 'give me {}',
    'lift {} off the table', 'take up {}', 'pluck {}', 'retrieve {}', 'catch {}', 'remove {}', 'clear away {}',
    'reach for {} and lift it', 'grasp {} and lift it',
)  # fmt: skip


def _framed(*verbs: str) -> tuple[str, ...]:
    """Put every sentence into every frame."""
    return tuple(f'{before}{verb}{behind}' for before, verb, behind in product(POLITE, verbs, ENDS))


def _half(taught: tuple[str, ...], *more: str) -> tuple[str, ...]:
    """Return both, the taught ones as often as the others."""
    times, rest = divmod(len(more), len(taught))
    return taught * times + taught[:rest] + more if times else taught + more


WIDE = Phrases(
    point=_half(TAUGHT.point, 'Point out {}', 'Please locate {}', 'Please find {}', 'Please identify {}',
    'Give me {}',
                'Give a point on {}', 'Find me {}', 'Pick out {}', 'Select {}', 'Touch {}', 'Tap {}', 'Click on {}',
                'Can you find {}', 'Can you see where {} is', 'I need {}', 'Highlight {}', 'Look for {}',
                'Search for {}', 'Look at {}', 'Tell me where {} is', 'Which one is {}', 'Where do you see {}',
                'Where can I find {}', 'A point on {}', 'The position of {}', 'The middle of {}', 'Show {}',
                'Detect {}', 'Spot {}'),
    space=_half(TAUGHT.space, 'Please locate {}', 'Please find {}', 'Pick out {}', 'Select {}', 'Find me {}',
    'Show {}',
                'Look for {}', 'A point in {}', 'Point at {}', 'Highlight {}', 'Detect {}', 'Tap {}'),
    handle=_half(TAUGHT.handle, 'the side handle of the {}', 'handle of the {}', 'the {} by its handle',
                 'the part to hold on the {}', 'where to hold the {}', 'where to grasp the {}',
                 'the handle at the {}',
                 'the place to grab the {}', 'the handle belonging to the {}'),
    pick=_half(TAUGHT.pick, *_framed(*REACHING, *TAUGHT.pick)),
    plan_pick=_half(TAUGHT.plan_pick, *_framed(*LIFTING, 'pick up {}', 'grasp {}', 'grab {}', 'lift {}', 'get {}')),
    put_on=_half(TAUGHT.put_on, 'lay {} on {}', 'set {} on {}', 'stack {} on {}', 'put {} on top of {}',
                 'lift {} onto {}', 'place {} onto {}', 'move {} on {}', 'drop {} on {}', 'leave {} on {}',
                 'carry {} to {}', 'transfer {} to {}', 'grasp {} and put it on {}', 'get {} and put it on {}',
                 'take {} to {}',
                 '{} goes on {}', 'put {} down on {}', 'please put {} on {}', 'place {} on top of {}',
                 'rest {} on {}',
                 'lift {} and place it on {}', 'take {} and put it on {}'),
    put_in=_half(TAUGHT.put_in, 'drop {} in {}', 'lay {} in {}', 'set {} in {}', 'put {} inside {}',
    'place {} into {}',
                 'move {} into {}', 'carry {} to {}', 'transfer {} into {}', 'grab {} and put it in {}',
                 'take {} to {}',
                 'leave {} in {}', 'release {} in {}', 'store {} in {}', 'toss {} in {}', '{} goes into {}',
                 'please put {} in {}', 'lift {} into {}', 'grasp {} and drop it into {}',
                 'take {} and put it in {}'),
    put_all=_half(TAUGHT.put_all, 'put each {} {} {}', 'place all {}s {} {}', 'place each {} {} {}',
                  'put the {}s {} {}',
                  'move the {}s {} {}', 'move every {} {} {}', 'bring all the {}s {} {}',
                  'collect all {}s {} {}',
                  'gather the {}s {} {}', 'please put all {}s {} {}', 'drop all the {}s {} {}', 'lay every {} {} {}',
                  'take all the {}s and put them {} {}', 'all {}s go {} {}'),
    listing=_half(TAUGHT.listing, 'Name all objects.', 'Name everything.', 'Tell me what is on the table.',
    'List all.',
                  'Tell me what you see.', 'What can you see?', 'What objects are there?', 'List all things.',
                  'What objects can you see?', 'List all things on the table.', 'Give me a list of the objects.',
                  'Which objects are here?', 'What things are on the table?', 'Find all objects.', 'Find everything.',
                  'What does the picture show?', 'What items are on the table?', 'Show me all objects.',
                  'Everything on the table?', 'Which items do you see?', 'Detect everything on the table.',
                  'Locate all objects.', 'Describe the table.', 'What lies on the table?', 'Point to all objects.'),
    count=_half(TAUGHT.count, 'How many {} can be seen?', 'How many {} can you count?', 'Can you count the {}?',
                'What is the count of {}?', 'How many {} are in the picture?', 'How many {} can you see?',
                'How many {} are here?', 'Give me the number of {}.', 'Number of {}?', 'Please count the {}.',
                'How many {} does the table have?', 'Say how many {} there are.'),
    colour=_half(TAUGHT.colour, 'What colour does {} have?', 'Which color is {}?', 'Name the colour of {}.',
                 '{} has which colour?', 'Say which colour {} has.',
                 '{} is of which colour?',
                 'Give me the colour of {}.', 'Which colour do you see on {}?'),
    present=_half(TAUGHT.present, 'Is {} there?', 'Is {} visible?', 'Is {} in view?', 'Is {} in the picture?',
                  'Is there {} to be seen?', 'Does the image contain {}?', 'Does the picture contain {}?',
                  'Does the scene have {}?', 'Does the scene show {}?', 'Can you find {}?', 'Can you spot {}?',
                  'Could you find {}?', 'Can I find {} here?', 'Do we have {}?', 'Have you got {}?',
                  'Did you see {}?',
                  'Is {} among the objects?', 'Is {} in front of you?', 'Has the table got {}?', 'Do you notice {}?',
                  'Does it show {}?', 'Does the table show {}?', 'Does the table hold {}?', 'Is there also {}?',
                  'Tell me if there is {}.', 'Tell me whether you see {}.', 'Check whether there is {}.',
                  'Say if you see {}.', 'Yes or no: is there {}?', 'I look for {}. Is it there?',
                  'Are you seeing {}?',
                  'Can one see {} here?', 'Would you say there is {}?', 'Any sign of {}?'),
)  # fmt: skip
"""Sentences for training; the words in them are English."""

CHINESE_POLITE = ('', '', '', '请', '请你', '帮我', '请帮我', '现在')
CHINESE_LIFTING = (
    '拿起{}', '抓起{}', '抓住{}', '抓取{}', '把{}拿起来', '把{}抓起来', '捡起{}', '拾起{}', '把{}捡起来', '夹住{}',
    '夹起{}',
    '把{}夹起来', '提起{}', '把{}提起来', '举起{}', '把{}拿来', '把{}取来', '把{}拿给我', '拿一下{}', '抓一下{}',
    '去拿{}',
    '取走{}', '拿走{}', '把{}拿走',
)  # fmt: skip
CHINESE_REACHING = (
    *CHINESE_LIFTING, '移到{}', '移动到{}', '移动到{}那里', '把夹爪移到{}', '把夹爪移动到{}', '靠近{}', '碰{}',
    '碰一下{}',
    '去{}那里', '到{}那里', '伸向{}', '够到{}', '推{}', '按{}', '拿{}',
)  # fmt: skip
_TAUGHT = TAUGHT_CHINESE
WIDE_CHINESE = replace(
    _TAUGHT,
    point=_half(_TAUGHT.point, '请指向{}', '看看{}在哪里', '{}在什么位置', '{}的位置', '{}在什么地方', '我要{}',
                '帮我找{}',
                '帮我找到{}', '请给出{}的位置', '点一下{}', '选中{}', '请定位{}', '定位{}', '哪个是{}',
                '告诉我{}在哪里'),
    space=_half(_TAUGHT.space, '请找出{}', '请指向{}', '定位{}', '{}的位置', '帮我找{}', '点一下{}', '哪里是{}'),
    handle=_half(_TAUGHT.handle, '{}的那个把手', '{}旁边的把手', '{}可以握的地方', '握住{}的地方', '{}的把',
                 '{}上的手柄', '{}手柄', '指出{}的手柄', '{}旁边的手柄',
                 '{}上的那个把手', '找到{}的把手', '请指出{}的把手'),
    pick=_half(_TAUGHT.pick, *(f'{before}{verb}' for before, verb in product(CHINESE_POLITE, CHINESE_REACHING))),
    plan_pick=_half(
        _TAUGHT.plan_pick,
        *(f'{before}{verb}' for before, verb in product(CHINESE_POLITE[3:], CHINESE_LIFTING)),
    ),
    put_on=_half(_TAUGHT.put_on, '把{}摆到{}上', '把{}摆在{}上', '把{}移动到{}上', '请把{}移到{}上', '把{}拿到{}上',
                 '帮我把{}放到{}上', '抓起{}放到{}上', '把{}搬到{}上', '把{}放置在{}上', '{}放到{}上'),
    put_in=_half(_TAUGHT.put_in, '把{}放入{}', '把{}放入{}里', '把{}装进{}里', '把{}移动到{}里', '把{}丢进{}里',
                 '把{}拿到{}里', '帮我把{}放进{}里', '抓起{}放进{}里', '请把{}放入{}', '{}放进{}里'),
    put_all=_half(_TAUGHT.put_all, '请把所有{}都{}{}{}', '把全部{}都{}{}{}', '把全部的{}{}{}{}', '把每个{}都{}{}{}',
                  '帮我把所有{}{}{}{}', '所有{}都{}{}{}', '把这些{}都{}{}{}'),
    listing=_half(_TAUGHT.listing, '列出所有东西。', '告诉我桌上有什么。', '你看见什么？', '请说出桌上的物体。',
                  '有什么东西？',
                  '图里有什么？', '列出你看到的东西。', '桌子上有哪些物体？', '请列出桌上的东西。', '检测所有物体',
                  '桌上都有什么？', '桌上都有哪些东西？', '这里都有什么？', '这里都有哪些物体？', '找出桌上的所有物体',
                  '请找出所有物体', '请找出所有东西', '找出桌上所有东西', '把桌上的东西都列出来', '桌上的所有东西',
                  '请列出桌子上的所有东西', '说出你看到的所有东西', '请告诉我桌子上有什么'),
    count=_half(_TAUGHT.count, '请数一数{}。', '一共有几个{}？', '总共有多少个{}？', '你看见几个{}？', '{}有几个？',
                '{}有多少个？', '{}的数量是多少？', '告诉我有几个{}。', '有多少{}？', '桌上有多少{}？',
                '桌子上有多少{}？', '一共有多少{}？',
                '这里有几个{}？', '这里一共有几个{}？', '请问桌上有几个{}？', '请问一共有几个{}？',
                '请告诉我有几个{}。', '你能看到几个{}？', '请数数{}', '图里有几个{}？', '看看有几个{}？'),
    colour=_half(_TAUGHT.colour, '{}什么颜色？', '{}是什么色？', '告诉我{}的颜色。', '{}的颜色？',
                 '你看{}是什么颜色？'),
    present=_half(_TAUGHT.present, '是否有{}？', '桌上是否有{}？', '能看见{}吗？', '你看见{}了吗？', '能找到{}吗？',
                  '图里有{}吗？', '桌上有没有{}？', '这里有没有{}？', '存在{}吗？', '找得到{}吗？', '还有{}吗？',
                  '{}在吗？'),
)  # fmt: skip
"""Sentences for training in Chinese."""
