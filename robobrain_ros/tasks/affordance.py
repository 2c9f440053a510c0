# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Task affordance: where would a hand take hold of it? Points, or a box where the model's profile answers with one."""

import re

from robobrain_ros.tasks import grounding, pointing
from robobrain_ros.tasks.base import Guide, Raw, Task
from robobrain_ros.tasks.chinese import HANDLING, sentence_parts, simplified
from robobrain_ros.tasks.profiles import Profile
from robobrain_ros.tasks.values import Parsed

_GERUNDS = {
    'carry': 'carrying',
    'catch': 'catching',
    'close': 'closing',
    'cut': 'cutting',
    'drag': 'dragging',
    'grab': 'grabbing',
    'grasp': 'grasping',
    'grip': 'gripping',
    'hold': 'holding',
    'lift': 'lifting',
    'move': 'moving',
    'open': 'opening',
    'pick': 'picking',
    'pour': 'pouring',
    'press': 'pressing',
    'pull': 'pulling',
    'push': 'pushing',
    'raise': 'raising',
    'rotate': 'rotating',
    'slide': 'sliding',
    'squeeze': 'squeezing',
    'take': 'taking',
    'touch': 'touching',
    'turn': 'turning',
    'twist': 'twisting',
    'unscrew': 'unscrewing',
    'use': 'using',
}
_VERBS = {gerund: verb for verb, gerund in _GERUNDS.items()}
_COMPLETE = re.compile(
    r'\b(?:affordance|handles?|areas?|regions?|spots?|parts?)\b|把手|手柄|区域|部位|位置|抓取点', re.IGNORECASE
)
_DETERMINER = re.compile(r'(?:the|a|an|this|that|these|those|my|your|its?)\b', re.IGNORECASE)
_PARTICLE = re.compile(r'\A(?:up|from|for|with|out|off|on|down)\s+', re.IGNORECASE)


def wording(text: str, profile: Profile) -> str:
    """Says what to do with a thing in the words that the profile's model knows.

    Texts that name an area or a handle themselves stay as they are. 'holding the cup', 'hold the cup' and 'the cup'
    mean the same, for a bare thing is to be held. In Chinese texts, the thing keeps its name:
    '拿起杯子' asks for picking up 杯子.
    """
    if _COMPLETE.search(text):
        return text
    first, _, thing = text.partition(' ')
    word = first.lower()
    if parts := sentence_parts(text.rstrip('。 ')):  # '拿起杯子', '把杯子拿起来'
        verb, thing = HANDLING.get(simplified(parts[0]), 'move'), parts[1] or parts[2]
        thing = f'up {thing}' if verb == 'pick' else thing
    elif thing and (word in _GERUNDS or word in _VERBS or (word.endswith('ing') and _DETERMINER.match(thing))):
        verb = _VERBS.get(word, word)
    else:
        verb, thing = 'hold', text
    if profile.affordance == 'area':
        return f'the affordance area for {_GERUNDS.get(verb, verb)} {thing}'
    if profile.affordance == 'task':
        return f'{verb} {thing}'
    return f'the handle of {_PARTICLE.sub("", thing)}'


def read(raw: Raw) -> Parsed:
    """Points, or boxes, as the profile has it."""
    return grounding.read(raw) if raw.profile.affordance == 'task' else pointing.read(raw)


def grammar(profile: Profile) -> Guide:
    """The grammar of pointing or of grounding, as the profile has it."""
    return grounding.grammar(profile) if profile.affordance == 'task' else pointing.grammar(profile)


AFFORDANCE = Task(
    name='affordance',
    description='Points at where to take hold of a thing: "holding the cup", or just "the red mug".',
    max_tokens=256,
    read=read,
    wording=wording,
    grammar=grammar,
    places=True,
    closing=pointing.POINTING.closing,
)
