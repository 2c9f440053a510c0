# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How FlagEvalMM reads a letter, a yes and a short text from an answer: bug for bug, for comparison with its tables.

What it does to an answer is odd in places, and stays so here. It deletes every I, N, S and T, so that these four can
never be chosen; "A mug is on the left" chooses A; and of "Answer: B or C" the first letter counts. ``strict/`` reads an
answer as a person would.
"""

import re

_LOST = str.maketrans('', '', 'INST/')
_NUMBERED = re.compile(r'([A-Z])\.')
_CAPITALS = re.compile(r'[A-Z]')
_BEFORE_LETTERS = (
    'boxed', 'Answer:', 'Answer is', 'answer is', 'option is', 'Correct option', 'correct option', 'Answer', 'answer',
    '故选', '选择', '正确选项为', '答案选', '答案为', '答案是', '因此', '答案',
)  # fmt: skip
_BEFORE_TEXT = (
    'Answer:', 'Answer is', 'answer is', 'Answer', 'answer',
    '答案为', '答案是', '解是', '解为', '答案', '结果', '为', '因此', ' = ',
)  # fmt: skip

_TEXT_MACRO = re.compile(r'\\text\s*\{([^}\n]*)\}')
_WRONG = ('\\times', '不对', '不正确', '×')
_SPELLINGS = {
    '√': '正确', '：': ':', '$': '', '（': '(', '）': ')', '，': ',', '。': '.', '变小': '减小', '变大': '增大',
    '路程': '距离', '\\pi': 'π', '＞': '>', '＜': '<', '；': ';',
    '①': '1', '②': '2', '③': '3', '④': '4', '⑤': '5', '⑥': '6', '⑦': '7', '⑧': '8', '⑨': '9', '⑩': '10',
}  # fmt: skip
_VERDICTS = {
    '错': '错误', '对': '正确', '(F)': 'F', '(T)': 'T', '(正确)': '正确', '(错误)': '错误', '“T”': 'T', '“F”': 'F',
}  # fmt: skip
_WITH_UNIT = re.compile(r'(\d+)(?:cm|m|km|mm|s|h|kg|g|l|ml|mol|厘米|米|千米|°|毫米|月|秒|小时|克|千克|升|毫升|摩尔)$')


def letters(text: str) -> str:
    """Return the capital letters that FlagEvalMM takes for chosen options, in the order of the answer.

    "B. the mug" gives that one letter. Otherwise all capitals count behind the last keyword, such as "Answer:"; which
    keyword is looked for is decided by their order in a list, not by their place in the answer.

    :returns: capital letters; empty if there are none
    """
    text = text.replace('The', '').replace('If', '').translate(_LOST).strip()
    if numbered := _NUMBERED.match(text):
        return numbered[1]
    return ''.join(_CAPITALS.findall(_behind(_BEFORE_LETTERS, text)))


def letter(text: str) -> str:
    """Return the one letter that FlagEvalMM compares with the label.

    :returns: the first of ``letters``; an answer of one character is that character in upper case
    """
    return (text.upper() if len(text) == 1 else letters(text))[:1]


def normalized(text: str) -> str:
    """Return a short answer as FlagEvalMM compares it: what stands behind the keyword, without a last mark and unit.

    Full-width marks become plain ones, circled digits become digits; "Answer: 3m." gives "3".
    """
    if '$' not in text:
        for word in _WRONG:
            text = text.replace(word, '错误')
    closed = text.rfind('}') + 1  # behind it, an answer that repeats "\\text{" would be searched in quadratic time
    text = _TEXT_MACRO.sub(r'\1', text[:closed]) + text[closed:]
    for spelling, plain in _SPELLINGS.items():
        text = text.replace(spelling, plain)
    text = _behind(_BEFORE_TEXT, _VERDICTS.get(text, text)).strip()
    text = text.removeprefix(':')
    if text.endswith(('.', ',', ':', ';')):
        text = text[:-1]
    if with_unit := _WITH_UNIT.match(text):
        text = with_unit[1]
    return text.strip()


def last_line(text: str) -> str:
    """Return the last line of an answer that is not blank."""
    return text.strip().split('\n')[-1]


def says(text: str, label: str) -> bool:
    """Whether the last line of an answer begins with the label, which is yes or no; case does not count.

    "Nothing" begins with no. A label that is neither is never met.
    """
    label = label.strip().lower()
    return label in ('yes', 'no') and normalized(last_line(text)).lower().startswith(label)


def _behind(keywords: tuple[str, ...], text: str) -> str:
    for keyword in keywords:
        if keyword in text:
            return text.split(keyword)[-1]
    return text
