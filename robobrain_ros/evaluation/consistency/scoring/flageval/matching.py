# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The five comparisons of ERQAPlus as FlagEvalMM makes them.

They are of letters, an ordered list, a number, noughts and ones, and words. Which one a question has is its kind; what
it is compared with lies in the entry's ``evaluator_kwargs``. All are bug for bug: letters suffer from the extraction of
``extraction.py``, and "no" is found in "nothing".
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.scoring.flageval.extraction import letters

Label = Mapping[str, Any]
"""``evaluator_kwargs`` of an entry."""

_BEFORE = ('Answer:', 'Answer', '答案：', '答案:', '答案')
_BOXED = re.compile(r'\\boxed\{([^}]+)\}')
_PLAIN = {0x2032: "'", 0x2009: ' ', 0x2010: '-', 0x2212: '-', 0x2013: '-', 0x22C5: '·'}
_NUMBER = re.compile(r'-?\d+(?:\.\d+)?')
_BEHIND_DASH = re.compile('(?<=.-).')
_EDGES = ' `,'


def final_answer(text: str) -> str:
    """Return what an answer says at its end: behind the last "Answer", else in the first box, else all of it."""
    for keyword in _BEFORE:
        if keyword in text:
            return text.split(keyword)[-1].strip().translate(_PLAIN)
    boxed = _BOXED.search(text, 0, text.rfind('}') + 1)  # the end keeps the search linear
    return (boxed[1].strip() if boxed else text).translate(_PLAIN)


def match(kind: str, text: str, label: Label) -> tuple[str, bool]:
    """Compare an answer with what is right.

    :param kind: ``choices``, ``ordered-list``, ``number``, ``bool-list`` or ``key-items``
    :param text: the raw answer
    :param label: ``evaluator_kwargs`` of the question
    :returns: what was read from the answer, and whether it is right
    :raises BadRequest: if the label lacks what the kind needs
    """
    found = final_answer(text)
    if kind == 'choices':
        found = ','.join(letters(found))
    return found, _COMPARISONS[kind](found, label)


def wanted(label: Label, key: str) -> Any:
    """Return one entry of a label.

    :raises BadRequest: if it is missing or empty
    """
    value = label.get(key)
    if value is None or value in ('', []):
        raise BadRequest(f'evaluator_kwargs are {dict(label)!r}; {key!r} is missing in them, or empty')
    return value


def alternatives(order: Any) -> list[str]:
    """Return the ordered lists that are right, each with commas between its entries: one list, several, or a text."""
    if isinstance(order, str):
        return [order]
    lists = order if isinstance(order[0], list) else [order]
    return [','.join(map(str, one)) for one in lists]


def tolerance(value: float) -> float:
    """Return by how much a number may miss: a tenth of a decimal fraction, a thousandth beside a whole number."""
    return abs(value) * 0.1 if isinstance(value, float) else 1e-3


def _choices(found: str, label: Label) -> bool:
    right = str(wanted(label, 'label')).upper().replace(' ', '')
    if len(right) > 1:
        return set(right) == set(found)
    return right == found


def _ordered_list(found: str, label: Label) -> bool:
    order = wanted(label, 'order')
    found = _bare(found)
    if isinstance(order[0], list):
        return any(found == one.lower().replace(' ', '').strip(_EDGES) for one in alternatives(order))
    if 'a-' in found:
        found = ','.join(_BEHIND_DASH.findall(found))
    return found == alternatives(order)[0].lower().replace(' ', '').strip(" `,*'")


def _bool_list(found: str, label: Label) -> bool:
    found = _bare(found)
    right = ','.join(map(str, wanted(label, 'bool_str')))
    return found == (f'[{right}]' if '[' in found else right)


def _number(found: str, label: Label) -> bool:
    numbers = _NUMBER.findall(found)
    value = wanted(label, 'value_to_match')
    return bool(numbers) and abs(float(numbers[-1]) - value) < tolerance(value)


def _key_items(found: str, label: Label) -> bool:
    def plain(text: str) -> str:
        return (text.replace(' ', '') if label.get('remove_space') else text).lower()

    def names(variants: Sequence[str]) -> bool:
        return any(plain(variant) in plain(found) for variant in variants)

    items = wanted(label, 'key_items')
    return all(map(names, items)) if isinstance(items[0], list) else names(items)


def _bare(text: str) -> str:
    return text.lower().replace(' ', '').replace('*', '').replace("'", '').strip(_EDGES)


_COMPARISONS: Mapping[str, Callable[[str, Label], bool]] = {
    'choices': _choices,
    'ordered-list': _ordered_list,
    'number': _number,
    'bool-list': _bool_list,
    'key-items': _key_items,
}
