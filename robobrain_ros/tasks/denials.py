# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Keys of an object that say that what was asked for is not there: "found": false, "status": "not found"."""

import re
from collections.abc import Callable, Iterable

from robobrain_ros.tasks import keys
from robobrain_ros.tasks.refusals import is_refusal
from robobrain_ros.tasks.structure import Atom, Group

Named = list[tuple[str, Atom | Group]]
FALSE = frozenset({'false', 'no', '0', '0.0', 'none', 'null', 'not found', '否', '无'})
_TRUE = frozenset({'true', 'yes', '1', '是'})
_SURE = frozenset({'confidence', 'score', 'probability', 'visibility', '置信度', '可见性'})
_STATE = frozenset({
    'state', 'meta', 'metadata', 'result', 'results', 'detection', 'visibility', 'target', 'object', 'found', 'visible',
    '检测', '结果', '目标',
}) | keys.SAYS  # fmt: skip
"""Keys of objects that say how it went."""
_OTHERS_TOO = re.compile('target|match|relevant|correct|selected|chosen', re.IGNORECASE)
_NUMBER_OF = re.compile(r'(?:num|number|n|count)_(?:of_)?(?:objects?|detections?|targets?|matches|points?|found)')
_DEEPEST = 4
_NAMES = keys.LABEL | keys.TYPE
_LABELS = keys.LABEL - {'description'}


def named_items(group: Group) -> Named:
    """The values of an object that have a key."""
    return [(item.key, item.value) for item in group.items if item.key is not None]


def denies(named: Named, words: Callable[[Atom | Group], str], owns: Callable[[str], bool], depth: int = 0) -> bool:
    """Whether any of these keys says that it is not there.

    :param words: an atom's text
    :param owns: whether a key answers the question
    """
    return any(_denies(key, value, words, owns, depth) for key, value in named)


def is_another(named: Named, words: Callable[[Atom | Group], str]) -> bool:
    """Whether an object says that it is not what was asked for: type obstacle, "is_target": false."""
    for written, value in named:
        key, said = keys.normal(written), keys.normal(words(value))
        if key in _NAMES and (said in keys.OTHERS or re.split(r'[_:：(\s]', said)[0] in keys.OTHERS):
            return True
        if said in FALSE and _OTHERS_TOO.search(key) and not keys.says_found(written):
            return True
    return False


def _denies(
    written: str, value: Atom | Group, words: Callable[[Atom | Group], str], owns: Callable[[str], bool], depth: int
) -> bool:
    key = keys.normal(written)
    if isinstance(value, Group):
        if key == 'error' and value.items:
            return True
        inner = named_items(value)
        if depth == _DEEPEST or not inner or not (key in _STATE or owns(written)):
            return False
        if keys.says_found(written) and depth == 0 and words(inner[0][1]).lower() in FALSE:
            return True  # {"found": {"red mug": false}}
        return not _has_label(inner) and denies(inner, words, owns, depth + 1)
    said = words(value).lower()
    return (
        (keys.says_found(written) and said in FALSE)
        or (key in _SURE and (said in FALSE or is_refusal(said)))
        or ((key in ('ok', 'detection', 'detections') or _NUMBER_OF.fullmatch(key)) and said in FALSE)
        or (key in keys.ABSENT and said in _TRUE)
        or ((key in keys.SAYS or owns(written)) and bool(said) and is_refusal(words(value)))
    )


def _has_label(named: Iterable[tuple[str, Atom | Group]]) -> bool:
    return any(keys.normal(key) in _LABELS for key, _ in named)
