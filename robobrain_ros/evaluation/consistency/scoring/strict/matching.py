# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The five comparisons of ERQAPlus as a careful person would make them; ``flageval/`` has FlagEvalMM's."""

import re
from collections.abc import Callable, Mapping, Sequence

from robobrain_ros.evaluation.consistency.scoring.flageval.matching import Label, alternatives, tolerance, wanted
from robobrain_ros.evaluation.consistency.scoring.strict.extraction import (
    entries,
    letters,
    mentions,
    number,
    plain,
    statement,
)

_TRUTH = {'1': '1', 'true': '1', 'yes': '1', '0': '0', 'false': '0', 'no': '0'}
_KEYED = re.compile(r'\w+\s*[-:=]\s*(.+)')


def match(kind: str, text: str, label: Label) -> tuple[str, bool]:
    """Compare what an answer says in the end with what is right.

    :param kind: ``choices``, ``ordered-list``, ``number``, ``bool-list`` or ``key-items``
    :param text: the raw answer
    :param label: ``evaluator_kwargs`` of the question
    :returns: what was read from the answer, and whether it is right
    :raises BadRequest: if the label lacks what the kind needs
    """
    return _COMPARISONS[kind](text, label)


def _choices(text: str, label: Label) -> tuple[str, bool]:
    """Letters are a set: their order does not count."""
    found = letters(text)
    return ','.join(found), set(found) == set(re.findall('[A-Z]', str(wanted(label, 'label')).upper()))


def _ordered_list(text: str, label: Label) -> tuple[str, bool]:
    """Entries count in their order; "A-3, B-1" is also read as "3, 1"."""
    found = entries(text)
    right = [tuple(map(plain, one.split(','))) for one in alternatives(wanted(label, 'order'))]
    keyed = [match[1] for entry in found if (match := _KEYED.fullmatch(entry))]
    return ', '.join(found), found in right or (len(keyed) == len(found) and tuple(keyed) in right)


def _number(text: str, label: Label) -> tuple[str, bool]:
    """The one number of the statement, within the set's tolerance."""
    found, value = number(text), wanted(label, 'value_to_match')
    return '' if found is None else f'{found:g}', found is not None and abs(found - value) <= tolerance(value) * (
        1 + 1e-9
    )


def _bool_list(text: str, label: Label) -> tuple[str, bool]:
    """Noughts and ones may also be written as false and true, no and yes."""
    found = [_TRUTH.get(entry, '') for entry in entries(text)]
    return ','.join(found), found == [str(one) for one in wanted(label, 'bool_str')]


def _key_items(text: str, label: Label) -> tuple[str, bool]:
    """Whole words of the statement: one of the variants, or one of each group of variants."""
    said = statement(text).text
    items = wanted(label, 'key_items')

    def names(variants: Sequence[str]) -> bool:
        if label.get('remove_space'):
            return any(variant.replace(' ', '').lower() in said.replace(' ', '').lower() for variant in variants)
        return any(mentions(said, variant) for variant in variants)

    return said, all(map(names, items)) if isinstance(items[0], list) else names(items)


_COMPARISONS: Mapping[str, Callable[[str, Label], tuple[str, bool]]] = {
    'choices': _choices,
    'ordered-list': _ordered_list,
    'number': _number,
    'bool-list': _bool_list,
    'key-items': _key_items,
}
