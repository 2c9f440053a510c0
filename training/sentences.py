# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""More English sentences than ``sim.phrases.TAUGHT`` has, for training alone.

Half of what is drawn are the taught sentences, half are these: many verbs in many frames, so that it is the thing that
counts and not the sentence around it. None is held out.
"""

from itertools import product

from robobrain_ros.sim.phrases import TAUGHT, Phrases

POLITE = ('', '', '', '', 'please ', 'now ', 'can you ', 'try to ', 'I want you to ', 'you should ', 'let us ')
ENDS = ('', '', '', '', ' please', ' now', ' with the gripper', ' carefully')
REACHING = (
    'pick {} up', 'lift {}', 'lift {} up', 'take hold of {}', 'grab hold of {}', 'seize {}', 'catch {}', 'grip {}',
    'reach to {}', 'reach towards {}', 'extend to {}', 'head for {}', 'head to {}', 'travel to {}', 'get to {}',
    'go over to {}', 'drive to {}', 'move towards {}', 'move the hand to {}', 'move the arm to {}', 'move close to {}',
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
    point=_half(TAUGHT.point, 'Point out {}', 'Please locate {}', 'Please find {}', 'Please identify {}', 'Give me {}',
                'Give a point on {}', 'Find me {}', 'Pick out {}', 'Select {}', 'Touch {}', 'Tap {}', 'Click on {}',
                'Can you find {}', 'Can you see where {} is', 'I need {}', 'Highlight {}', 'Look for {}',
                'Search for {}', 'Look at {}', 'Tell me where {} is', 'Which one is {}', 'Where do you see {}',
                'Where can I find {}', 'A point on {}', 'The position of {}', 'The middle of {}', 'Show {}',
                'Detect {}', 'Spot {}'),
    space=_half(TAUGHT.space, 'Please locate {}', 'Please find {}', 'Pick out {}', 'Select {}', 'Find me {}', 'Show {}',
                'Look for {}', 'A point in {}', 'Point at {}', 'Highlight {}', 'Detect {}', 'Tap {}'),
    handle=_half(TAUGHT.handle, 'the side handle of the {}', 'handle of the {}', 'the {} by its handle',
                 'the part to hold on the {}', 'where to hold the {}', 'where to grasp the {}', 'the handle at the {}',
                 'the place to grab the {}', 'the handle belonging to the {}'),
    pick=_half(TAUGHT.pick, *_framed(*REACHING, *TAUGHT.pick)),
    plan_pick=_half(TAUGHT.plan_pick, *_framed(*LIFTING, 'pick up {}', 'grasp {}', 'grab {}', 'lift {}', 'get {}')),
    put_on=_half(TAUGHT.put_on, 'lay {} on {}', 'set {} on {}', 'stack {} on {}', 'put {} on top of {}',
                 'lift {} onto {}', 'place {} onto {}', 'move {} on {}', 'drop {} on {}', 'leave {} on {}',
                 'carry {} to {}', 'transfer {} to {}', 'grasp {} and put it on {}', 'get {} and put it on {}',
                 'take {} to {}',
                 '{} goes on {}', 'put {} down on {}', 'please put {} on {}', 'place {} on top of {}', 'rest {} on {}',
                 'lift {} and place it on {}', 'take {} and put it on {}'),
    put_in=_half(TAUGHT.put_in, 'drop {} in {}', 'lay {} in {}', 'set {} in {}', 'put {} inside {}', 'place {} into {}',
                 'move {} into {}', 'carry {} to {}', 'transfer {} into {}', 'grab {} and put it in {}',
                 'take {} to {}',
                 'leave {} in {}', 'release {} in {}', 'store {} in {}', 'toss {} in {}', '{} goes into {}',
                 'please put {} in {}', 'lift {} into {}', 'grasp {} and drop it into {}', 'take {} and put it in {}'),
    put_all=_half(TAUGHT.put_all, 'put each {} {} {}', 'place all {}s {} {}', 'place each {} {} {}',
                  'put the {}s {} {}',
                  'move the {}s {} {}', 'move every {} {} {}', 'bring all the {}s {} {}',
                  'collect all {}s {} {}',
                  'gather the {}s {} {}', 'please put all {}s {} {}', 'drop all the {}s {} {}', 'lay every {} {} {}',
                  'take all the {}s and put them {} {}', 'all {}s go {} {}'),
    listing=_half(TAUGHT.listing, 'Name all objects.', 'Name everything.', 'Tell me what is on the table.', 'List all.',
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
                  'Could you find {}?', 'Can I find {} here?', 'Do we have {}?', 'Have you got {}?', 'Did you see {}?',
                  'Is {} among the objects?', 'Is {} in front of you?', 'Has the table got {}?', 'Do you notice {}?',
                  'Does it show {}?', 'Does the table show {}?', 'Does the table hold {}?', 'Is there also {}?',
                  'Tell me if there is {}.', 'Tell me whether you see {}.', 'Check whether there is {}.',
                  'Say if you see {}.', 'Yes or no: is there {}?', 'I look for {}. Is it there?', 'Are you seeing {}?',
                  'Can one see {} here?', 'Would you say there is {}?', 'Any sign of {}?'),
)  # fmt: skip
"""Sentences for training; the words in them are English."""
