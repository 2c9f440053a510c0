# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Numbers in English words, "twenty-one", as the library word2number 1.1 reads them.

FlagEvalMM reads the words of numeric answers with that library, which is no dependency of this package: it has been
without a release since 2017. The rules are its own, the odd ones included: "five six" is 11, and of five number words
in a row the first counts.
"""

_SMALL = [
    'zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve',
    'thirteen', 'fourteen', 'fifteen', 'sixteen', 'seventeen', 'eighteen', 'nineteen',
]  # fmt: skip
_TENS = ['twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety']
_LARGE = {'billion': 10**9, 'million': 10**6, 'thousand': 10**3}
_POINT = 'point'
_VALUES = {
    **{word: value for value, word in enumerate(_SMALL)},
    **{word: 10 * value for value, word in enumerate(_TENS, start=2)},
    'hundred': 100,
    **_LARGE,
}


def in_words(text: str) -> float:
    """Return the number that the words of a text say; words that are no numbers are passed over.

    :param text: "twenty-one chairs", "one hundred and two", "three point five"; digits alone are a number, too
    :returns: an int, or a float where the words have a "point"
    :raises ValueError: if there is no such word, or their order makes no sense
    """
    text = text.replace('-', ' ').lower()
    if text.isdigit():
        return int(text)
    words = [word for word in text.split() if word in _VALUES or word == _POINT]
    if not words:
        raise ValueError(f'{text!r} has no number word; "twenty-one" would be one')
    if any(words.count(word) > 1 for word in (*_LARGE, _POINT)):
        raise ValueError(f'{text!r} has a number word twice that can come once only, as in "two million"')
    whole, decimals = words, []
    if _POINT in words:
        at = words.index(_POINT)
        whole, decimals = words[:at], words[at + 1 :]
    return _whole(whole) + _decimals(decimals)


def _whole(words: list[str]) -> int:
    """The part before the point: groups that end with billion, million, thousand, in this order, and what is left."""
    if len(words) < 2:
        return _VALUES[words[0]] if words else 0
    ends = [words.index(word) for word in _LARGE if word in words]
    if ends != sorted(ends):
        raise ValueError(f'{" ".join(words)!r} has its thousands in a wrong order; "two million one thousand" is right')
    total, begin = 0, 0
    for end in ends:
        total += _group(words[begin:end]) * _VALUES[words[end]]
        begin = end + 1
    # What is left begins behind the last of them that does not end the words: "two million three thousand" counts
    # "three thousand" a second time, as 3 + 1000. That is the library's.
    begins = [0, *(end + 1 for end in ends if end + 1 < len(words))]
    return total + (_group(words[begins[-1] :]) if begins[-1] or not ends else 0)


def _group(words: list[str]) -> int:
    """Words below a thousand: "one hundred twenty one" is 1 * 100 + 20 + 1."""
    values = [_VALUES[word] for word in words]
    if not values:
        raise ValueError('a number begins with "thousand", "million" or "billion"; "one thousand" would be right')
    if len(values) in (3, 4):
        return values[0] * values[1] + sum(values[2:])
    if len(values) == 2:
        return values[0] * values[1] if 100 in values else values[0] + values[1]
    return values[0]


def _decimals(words: list[str]) -> float:
    if not words or any(word not in _SMALL[:10] for word in words):
        return 0
    return float('0.' + ''.join(str(_VALUES[word]) for word in words))
