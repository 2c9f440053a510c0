# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How instructions are worded: the phrasings that the shipped checkpoint was taught, and some that it never saw."""

from dataclasses import dataclass

from robobrain_ros.sim.wording import ENGLISH, Wording

HELD_OUT_PAIRS = frozenset({'orange mug', 'white cylinder', 'purple plate'})
"""Objects that no training scene shows and no training question names; only evaluation does."""


@dataclass(frozen=True)
class Phrases:
    """Sentences by what they ask for; ``{}`` stands for a thing such as 'the red mug'.

    An entry that is there twice is drawn twice as often.
    """

    point: tuple[str, ...]
    space: tuple[str, ...]
    handle: tuple[str, ...]
    """Here ``{}`` is a name without an article."""
    pick: tuple[str, ...]
    plan_pick: tuple[str, ...]
    put_on: tuple[str, ...]
    put_in: tuple[str, ...]
    put_all: tuple[str, ...]
    """Here ``{}`` are a shape, what stands in front of a place, the place, and what stands behind it."""
    listing: tuple[str, ...]
    count: tuple[str, ...]
    """Here ``{}`` is a shape in the plural, or 'objects'."""
    colour: tuple[str, ...]
    present: tuple[str, ...]
    """Here ``{}`` is a name with the indefinite article."""
    wording: Wording = ENGLISH
    """Words for what stands in the place of ``{}``."""
    novel: str = ''
    """How evaluation calls questions in these phrasings; empty for those that training asks most."""


TAUGHT = Phrases(
    point=('{}',) * 4
    + ('Point to {}', 'Locate {}', 'Identify {}', 'Find {}', 'Where is {}', 'Please point out {}',
       'Identify a point on {}', 'point at {}', 'Look at the image and locate {}', 'Show me {}'),
    space=('{}', '{}', 'Point to {}', 'Identify {}', 'Find {}', 'Locate {}', 'Identify spot within {}',
           'Please point out {}', 'Where is {}'),
    handle=('the handle of the {}', 'the handle of the {}', "the {}'s handle", 'the {} handle',
            'the handle on the {}'),
    pick=('pick up {}', 'pick {}', 'grasp {}', 'reach for {}', 'reach {}', 'move the gripper to {}', 'grab {}',
          'touch {}', 'move to {}', 'take {}', 'get {}', 'approach {}', 'move over to {}', 'reach out for {}',
          'bring the gripper to {}', 'go and get {}', 'hold {}'),
    plan_pick=('pick up {}', 'grasp {}', 'grab {}', 'lift {}', 'pick up {} please', 'please grasp {}', 'get {}'),
    put_on=('put {} on {}', 'put {} on {}', 'place {} on {}', 'move {} onto {}', 'put {} onto {}',
            'pick up {} and place it on {}', 'pick up {} and put it on {}', 'move {} to {}'),
    put_in=('put {} in {}', 'put {} in {}', 'place {} in {}', 'put {} into {}', 'drop {} into {}',
            'pick up {} and put it in {}', 'pick up {} and place it in {}', 'move {} to {}'),
    put_all=('put all {}s {} {}', 'put all the {}s {} {}', 'put every {} {} {}', 'place all the {}s {} {}'),
    listing=('List the objects on the table with their 2D coordinates.', 'List the objects on the table.',
             'Which objects are on the table? Give each with a point.', 'Detect all objects.',
             'What is on the table?', 'What do you see?', 'List everything.', 'Name all that you see.',
             'Which objects do you see?', 'What is there?', 'Which things are on the table?', 'Name the objects.'),
    count=('How many {} are there?', 'How many {} are on the table?', 'how many {} are there?', 'Count the {}.',
           'How many {} do you see?', 'Give the number of {}.', 'Count all {}.', 'What number of {} do you see?',
           'How many {}?', 'Tell me how many {} there are.', 'The number of {} on the table?'),
    colour=('What colour is {}?', 'What color is {}?', 'what colour is {}?', 'Which colour is {}?', 'The colour of {}?',
            'Tell me which colour {} is.'),
    present=('Is there {}?', 'Is there {} on the table?', 'is there {}?', 'Do you see {}?', 'Is {} on the table?',
             'Is there {} here?', 'Does the picture show {}?', 'Do you find {}?'),
)  # fmt: skip
HELD_OUT = Phrases(
    point=('Could you point at {}', 'Mark {}', 'Indicate where {} is'),
    space=('Show me {}', 'Mark {}'),
    handle=('the grip of the {}', 'the handle that the {} has'),
    pick=('go to {}', 'fetch {}', 'get hold of {}'),
    plan_pick=('pick {}', 'take {}'),
    put_on=('set {} down on {}', 'bring {} onto {}', 'take {} and lay it on {}'),
    put_in=('throw {} into {}', 'take {} and drop it in {}'),
    put_all=('move all the {}s {} {}', 'place every {} {} {}'),
    listing=('Name every object on the table.', 'Which things are there?'),
    count=('Tell me the number of {}.', 'What is the number of {} on the table?'),
    colour=('Tell me the colour of {}.', 'What is the colour of {}?'),
    present=('Can you see {}?', 'Does the table have {}?'),
    novel='phrasing',
)
