# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Task progress: how much closer to its end did a task come, between two looks at the robot? One signed score.

Prompt, order of the images and form of the answer are those of Robo-Dopamine's GRM (arXiv 2512.23703), which RoboBrain
2.5 was trained with. What a score means for the whole task is in ``brain/progress_values.py``.
"""

import re
import unicodedata
from enum import Enum
from math import nan

from robobrain_ros.errors import BadRequest
from robobrain_ros.tasks.base import Guide, check_instruction
from robobrain_ros.tasks.profiles import PROFILES, Profile

IMAGE = '<image>'
"""Stands in a profile's prompt where an image goes."""
MAX_TOKENS = 32
"""An answer takes 10 tokens, 17 where every character is one; models that run on are stopped here."""
STOP = ('</score>',)
"""What ends an answer; the engine leaves it there."""
GUIDE = Guide(regex=r'<score>[+-]?(100(\.0)?|[1-9]?[0-9](\.[0-9])?)%</score>')
"""The grammar for guided decoding: '<score>+33%</score>', '<score>-4.5%</score>'."""

_RESERVED = re.compile(r'<image>|</?score>', re.IGNORECASE)
_TAG = re.compile(r'</?score>', re.IGNORECASE)
_NUMBER = re.compile(r'([+-]?) ?([0-9]{1,3}(?:\.[0-9]{1,6})?) ?(%?)')
_MINUS = str.maketrans('−–—', '---')
_LONGEST = 64
"""Characters of a score with the blanks around it; whatever is longer is none."""


class Mode(str, Enum):
    """What the present look at the robot is compared with."""

    INCREMENTAL = 'incremental'
    """The look before: the score is a hop from there."""
    FORWARD = 'forward'
    """The start: the score is the progress."""
    BACKWARD = 'backward'
    """The goal image: the score is what is missing, so it is 0 or negative."""


def pieces(instruction: str, profile: Profile) -> tuple[str, ...]:
    """Write the texts around the images of one request: one text more than there are images.

    The images are: the start of the task, its goal, then as many as ``profile.progress_views`` from before, and as many
    from after. The first two are from the front camera.

    :param instruction: what the robot is doing, in the user's words
    :raises BadRequest: if the instruction is not fit for this prompt, or the model has no such task
    """
    if not profile.progress:
        able = ', '.join(sorted(name for name, one in PROFILES.items() if one.progress))
        raise BadRequest(f'models of the profile {profile.name!r} cannot tell progress; those of {able} can')
    text = check_instruction(instruction)
    if found := _RESERVED.search(text):
        raise BadRequest(f'the instruction contains {found.group()!r}, which marks images and scores; leave it out')
    if len(text.splitlines()) > 1:
        raise BadRequest(f'the instruction has several lines; a task whose progress is judged has one: {text[:80]!r}')
    return tuple(piece.replace('{t}', text) for piece in profile.progress.split(IMAGE))


def read_score(text: str, cut_short: bool = False) -> float:
    """Read the answer: ``'<score>+33%</score>'`` is 0.33. It raises nothing and takes linear time.

    The last score counts. Beyond +-100 % it is clipped, as in the published script; that reads everything else as 0,
    which would mean "nothing changed", so here it is NaN.

    :param text: what the model answered, untrusted
    :param cut_short: the engine stopped at the token limit: a score without its end is none
    :returns: -1 .. 1, or NaN if the answer holds no score
    """
    tags = list(_TAG.finditer(text))
    openings = [place for place, tag in enumerate(tags) if tag.group()[1] != '/']
    if not openings:
        return nan if tags or cut_short else _number(text, percent=True)
    begin, *after = tags[openings[-1] :]
    if cut_short and not after:
        return nan
    return _number(text[begin.end() : after[0].start() if after else len(text)])


def _number(text: str, percent: bool = False) -> float:
    """The number that is all of a text, as a fraction; NaN if there is more or less in it.

    :param percent: only with its sign '%'
    """
    if len(text) > _LONGEST:
        return nan
    found = _NUMBER.fullmatch(unicodedata.normalize('NFKC', text).strip().translate(_MINUS))
    if not found or (percent and not found[3]):
        return nan
    score = min(float(found[2]), 100.0) / 100
    return -score if found[1] == '-' and score else score
