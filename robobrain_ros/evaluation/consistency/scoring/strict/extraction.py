# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What an answer says, read as a careful person would: the statement at its end, and the letter, number or list in it.

Thoughts, code fences and answer tags are no part of the statement. What says two things says nothing: "A or B" has no
letter. ``flageval/extraction.py`` has FlagEvalMM's readings.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from robobrain_ros.evaluation.consistency.scoring.word_numbers import in_words
from robobrain_ros.tasks.wrappers import clean

_ANSWER = re.compile(
    r'(?:\banswer\b[\s*_"\']*(?:(?:is|would be|should be)\b)?|\b(?:option|choice)\s+is\b|答案(?:是|为)?|故选)'
    r'\s*[:：*]*',
    re.IGNORECASE,
)
_BOXED = re.compile(r'\\boxed\s*\{(?:\\text\s*\{)?([^{}]*)')
_BEFORE = ' \t\n*_#"\'`$,:;!“”‘’，、：；！'
_BEHIND = _BEFORE + '.。'
_LETTER = re.compile(
    r'(?:the\s+)?(?:option|choice|letter)?[\s*_"\'`$]*[(\[{]?\s*([A-Za-z])(?![A-Za-z\'’])', re.IGNORECASE
)
_MORE = re.compile(r'[\s)\]*]*(?:,|/|&|\bor\b|\band\b)\s*[*(\[]*[A-Z](?![A-Za-z])')
_SETS_OFF = re.compile(r'[*_"\'`$\s]*(?:[.。):：\]}]|-\s|[,;]|$|\n)')
_NAMED = re.compile(
    r'\(([A-Z])\)|\*\*([A-Z])[.:]?\*\*|\b(?:[Oo]ption|[Cc]hoice)\s+([A-Z])\b|(?:\bis|[:,])[\s*(]+([A-Z])\Z'
)
_NEGATION = re.compile(r"\bnot\b|n['’]t\b|\bneither\b", re.IGNORECASE)
_SEPARATOR = re.compile(r'\s*(?:[,，、;；/&\s]|\band\b)\s*', re.IGNORECASE)
_YES_NO = re.compile(r'(yes|no)\b', re.IGNORECASE)
_DIGITS = re.compile(
    r'(?<![\w.])[-+]?(?:\d{1,3}(?:,\d{3})+(?![\d,])|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?|(?<![\w.])[-+]?\.\d+'
)
_ABOUT = re.compile(r'(?:about|around|approximately|roughly|nearly|exactly|[~≈<>]|\s)*', re.IGNORECASE)
_RANGE = re.compile(r'\s*(?:-|–|—|to|or)\s*\d')
_ARTICLE = re.compile(r'^(?:the|a|an)\s+', re.IGNORECASE)


@dataclass(frozen=True)
class Statement:
    """What an answer says in the end."""

    text: str
    """In its own letters, without decoration around it; may have several lines."""
    marked: bool
    """The answer says itself that this is it: "Answer:", a box. Otherwise it is the last line that is not blank."""
    first_line: str
    """How the whole answer begins: some models answer first, and explain then."""

    @property
    def lines(self) -> tuple[str, ...]:
        """Lines that may hold the answer, the likeliest first."""
        if self.marked:
            return (_bare(self.text.split('\n')[0]),)
        return (self.text, self.first_line)


def statement(answer: str) -> Statement:
    """Find what an answer says in the end.

    :param answer: the raw answer
    :returns: empty where there is nothing but thoughts
    """
    text = clean(answer)
    lines = [line for line in map(_bare, text.split('\n')) if line] or ['']
    marks = [mark.end() for mark in _ANSWER.finditer(text) if _bare(text[mark.end() :])]
    # What is no part of the answer proper is blank in the cleaned text, which is as long.
    boxes = [box for box in _BOXED.finditer(answer) if text[box.start(1) : box.end(1)].strip()]
    if boxes and (not marks or boxes[-1].start() >= marks[-1]):
        return Statement(_bare(boxes[-1][1]), True, lines[0])
    if marks:
        return Statement(_bare(text[marks[-1] :]), True, lines[0])
    return Statement(lines[-1], False, lines[0])


def letter(answer: str, options: Sequence[str], texts: Sequence[str] = ()) -> str:
    """Return the one option that an answer chooses.

    :param options: the letters that may be chosen, such as A, B, C, D
    :param texts: what the options say, in the same order: an answer that repeats one chooses it
    :returns: a capital letter; empty if none is chosen, or several
    """
    said = statement(answer)
    for line in said.lines:
        if found := _letter(line, options):
            return found
    for line in said.lines:
        same = [option for option, text in zip(options, texts, strict=False) if plain(text) == plain(line)]
        if len(same) == 1:
            return same[0]
    return ''


def letters(answer: str) -> tuple[str, ...]:
    """Return all options that an answer chooses, as "A, C" or "A and C" does: capital letters in their order."""
    for line in statement(answer).lines:
        parts = [_unbracketed(part) for part in _SEPARATOR.split(line)]
        parts = [part for part in parts if part]
        if parts and all(re.fullmatch('[A-Za-z]', part) for part in parts):
            return tuple(sorted({part.upper() for part in parts}))
        if one := _letter(line, [chr(code) for code in range(ord('A'), ord('Z') + 1)]):
            return (one,)
    return ()


def yes_or_no(answer: str) -> str:
    """Return ``yes`` or ``no``, the word that the statement begins with; empty if it begins with neither."""
    for line in statement(answer).lines:
        if found := _YES_NO.match(line):
            return found[1].lower()
    return ''


def number(answer: str) -> float | None:
    """Return the one number that an answer states.

    It may have a sign, commas between thousands, a unit behind it, or be in words. What is behind "=" counts. A
    statement that begins with a number, "about 3 m, as the two chairs show", states that one.

    :returns: None without a number, for a range such as "2-3", and for several numbers of which none is first
    """
    for line in statement(answer).lines:
        line = _bare(line.rpartition('=')[2])
        found = list(_DIGITS.finditer(line))
        if not found:
            try:
                return float(in_words(line))
            except ValueError:
                continue
        first = found[0]
        if (len(found) == 1 or _ABOUT.fullmatch(line, 0, first.start())) and not _RANGE.match(line, first.end()):
            return float(first.group().replace(',', ''))
    return None


def entries(answer: str) -> tuple[str, ...]:
    """Return the entries of the list that an answer states: "[A, b]" are "a" and "b", in small letters."""
    return tuple(plain(entry) for entry in re.split('[,，、;；]', _unbracketed(statement(answer).lines[0])))


def mentions(said: str, words: str) -> bool:
    """Whether a statement has some words in it, as whole words; case does not count.

    Chinese has no blanks between words: there, any place counts.
    """
    edge_before, edge_behind = (r'\b' if end.isascii() and end.isalnum() else '' for end in (words[:1], words[-1:]))
    return re.search(f'{edge_before}{re.escape(words)}{edge_behind}', said, re.IGNORECASE) is not None


def plain(text: str) -> str:
    """Return a short text in small letters, without marks, brackets and article around it."""
    text = ' '.join(_unbracketed(text).lower().split())
    return _ARTICLE.sub('', text)


def _bare(text: str) -> str:
    return text.lstrip(_BEFORE).rstrip(_BEHIND)


def _unbracketed(text: str) -> str:
    return text.strip(_BEHIND + '()[]{}')


def _letter(line: str, options: Sequence[str]) -> str:
    """The letter that a line begins with, set off from what follows; else the only one it names: "the mug (B)"."""
    line = ' '.join(line.split())
    found = _LETTER.match(line)
    if found and _SETS_OFF.match(line, found.end()):
        chosen = {found[1].upper()} if not _MORE.match(line, found.end()) else set()
    else:
        chosen = set() if _NEGATION.search(line) else {''.join(named) for named in _NAMED.findall(line)}
    return next(iter(chosen)) if len(chosen) == 1 and chosen <= set(options) else ''
