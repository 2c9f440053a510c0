# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""When places are not believed, although nothing is refused in words that this package reads."""

import re

from robobrain_ros.tasks import keys

# 'Not' in other languages, in lower case. What exactly they deny is not read, so they are no refusals.
_NEGATION = re.compile(
    r'\b(?=[aginkp])(?:(?:nicht|kein\w*|pas|aucune?|introuvable|ning[uú]n\w*|não|nenhuma?|nessun\w*|non\s+è|niet|geen|'
    r'no\s+(?:se|hay|est[aá]|es|aparece|encuentr\w*|puedo))\b)'
)
_NOT_LATIN = re.compile(r'ません|ない|なし|無し|見えず|않|없|못|안\s|\bнет\b|\bне\s')
# '[y, x] = ', '(ymin, xmin, ymax, xmax)'
_Y_FIRST = re.compile(r'[\[(]\s*(?:y_?(?:min|1)?|row|v)\s*,\s*(?:x_?(?:min|1)?|col(?:umn)?|u)\s*[,\])]', re.IGNORECASE)
_NOT_CORNERS = re.compile(r'\bc?x_?c?y_?wh\b|[\[(]\s*c?x\s*,\s*c?y\s*,\s*w\w*\s*,\s*h\w*\s*[\])]', re.IGNORECASE)
_WORD = re.compile(r'[^\W\d_]+')


def doubt(text: str, prose: str, places: list[tuple[float, ...]]) -> str:
    """Why the places in an answer are not believed; empty if nothing speaks against them.

    :param text: the cleaned text
    :param prose: the same, without values
    :param places: their numbers
    """
    lower = prose.lower()
    if _NEGATION.search(lower) or (not lower.isascii() and _NOT_LATIN.search(lower)):
        return 'the words around it may say that it is not there, in a language that is not read'
    if _Y_FIRST.search(text):
        return 'the answer says that y comes before x'
    if any(len(place) == 4 for place in places) and _NOT_CORNERS.search(text):
        return 'the answer says that its numbers are no corners'
    if places and all(place[:2] == (0, 0) and len(place) < 4 for place in places) and _has_words(prose):
        return '(0, 0) beside words is what models write where they see nothing'
    return ''


def _has_words(prose: str) -> bool:
    words = [word for word in _WORD.findall(prose) if keys.normal(word) not in keys.ANSWER | keys.POINT]
    return len(words) > 1 or any(not word.isascii() for word in words)
