# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What stands around a model's answer: thoughts, answer tags, code fences, special tokens, other scripts' punctuation.

Nothing is cut out. What is no part of the answer becomes blanks, so that every place in the cleaned text is the same
place in the answer as the model wrote it, and errors can quote it literally.
"""

import re

_THOUGHT = r'(?:think|thinking|thought|thoughts|reason|reasoning|reflection|analysis|scratchpad|cot)'
_OPEN = re.compile(
    rf'<\s?(?:seed:)?{_THOUGHT}(?:\s[^<>]{{0,80}})?>|◁{_THOUGHT}▷|<\|begin_of_thought\|>|<\|channel\|>\s?(?:analysis|commentary)|\[{_THOUGHT}\]',
    re.IGNORECASE,
)
_CLOSE = re.compile(
    rf'<\s?/\s?(?:seed:)?{_THOUGHT}\s?>|◁/{_THOUGHT}▷|<\|end_of_thought\|>|<\|channel\|>\s?final\s?<\|message\|>|\[/{_THOUGHT}\]',
    re.IGNORECASE,
)
_ANSWER = re.compile(r'<(?:answer|final_answer|final)>|<\|begin_of_(?:solution|answer|box)\|>', re.IGNORECASE)
_ANSWER_END = re.compile(r'</(?:answer|final_answer|final)>|<\|end_of_(?:solution|answer|box)\|>', re.IGNORECASE)
# Special tokens that models leave in front of and behind an answer.
_EDGE = (
    r'(?:<\|(?!/?(?:box|point|quad|object_ref|ref|det)[_|])[^<>|\s]{1,40}\|>|<｜[^<>｜]{1,40}｜>|</?s>|<bos>|<eos>|'
    r'<(?:start|end)_of_turn>|\s)'
)
_FRONT = re.compile(rf'{_EDGE}*(?:assistant\s*\n)?', re.IGNORECASE)
_BEHIND = re.compile(rf'{_EDGE}\s*\Z')
_NEXT_TURN = re.compile(
    r'^[ \t]*(?:<\|im_start\|>|#+[ \t]*)?(?:user|human|用户|instruction|question|q|问题|问)[ \t]*(?:[:：]|$)',
    re.IGNORECASE | re.MULTILINE,
)
_COMMENT = re.compile(r'/\*[^*]{0,400}(?:\*/|\*?\Z)|<!--[^>]{0,400}(?:-->|\Z)|(?<![:\w/])//[^\n]{0,400}')
_NO_WORD = re.compile(r'[^\w\s]|[0-9_]')
_BOX_TOKEN = re.compile(r'<\|(/?)(box|point|quad|object_ref)_(start|end)\|>')
# Special tokens, what the token limit left of one at the end, fences, and LaTeX's brackets: '\(', '\boxed{'.
_NOISE = re.compile(
    r'<\|[^<>|\s]{0,40}(?:\|>|\Z)|```[A-Za-z0-9_+-]*|\\(?:boxed|text)\s*\{(?!\\)|\\(?=[()\[\]{}])|\\(?:boxed|text|left|right)|\\[,;!]'
)
_FULL_WIDTH = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | {
    ord('，'): ',', ord('、'): ',', ord('　'): ' ', ord('【'): '[', ord('】'): ']',
    ord('〔'): '(', ord('〕'): ')', ord('﹙'): '(', ord('﹚'): ')',
    ord('−'): '-', ord('‐'): '-', ord('‑'): '-', ord('﹣'): '-', ord('＇'): "'",
}  # fmt: skip
_QUOTES = {ord('“'): '"', ord('”'): '"', ord('„'): '"', ord('«'): '"', ord('»'): '"', ord('「'): '"', ord('」'): '"'}


def clean(answer: str) -> str:
    """The answer proper; as long as ``answer``, everything else blank.

    Behind the last thought's end, inside the answer tags, without fences and special tokens. Thoughts without an end
    hold no answer. Full-width digits, brackets and commas are the plain ones; quotes are, where no plain one is there.
    """
    begin, end = _answer_span(answer)
    text = _blank(0, begin, answer)
    text = _blank(end, len(text), text)
    text = _BOX_TOKEN.sub(_as_tag, text)
    text = _COMMENT.sub(lambda match: _NO_WORD.sub(' ', match.group()), text)  # its words may say 'not visible'
    text = _NOISE.sub(lambda match: ' ' * len(match.group()), text)
    text = text.translate(_FULL_WIDTH)
    return text if '"' in text else text.translate(_QUOTES)


def inside(answer: str) -> str:
    """The answer proper in its own letters, stripped: what a person is shown."""
    begin, end = _answer_span(answer)
    return answer[begin:end].strip()


def around(answer: str) -> str:
    """What the model wrote around the answer tags, behind its thoughts."""
    begin, end = _answer_span(answer, tags=False)
    inner_begin, inner_end = _answer_span(answer)
    return f'{answer[begin:inner_begin]}\n{answer[inner_end:end]}'


def ends_in_thoughts(answer: str) -> bool:
    """Whether the answer ended before the thoughts did."""
    opened = [match.end() for match in _OPEN.finditer(answer)]
    return bool(opened) and not _CLOSE.search(answer, opened[-1])


def _answer_span(answer: str, tags: bool = True) -> tuple[int, int]:
    begin, end = 0, len(answer)
    for match in _CLOSE.finditer(answer):
        begin = match.end()
    if opened := _OPEN.search(answer, begin):
        end = opened.start()
    if tags and (tag := _ANSWER.search(answer, begin, end)):
        begin = tag.end()
    if tags and (tag := _ANSWER_END.search(answer, begin, end)):
        end = tag.start()
    turns = (turn.start() for turn in _NEXT_TURN.finditer(answer, begin, end))
    end = next((turn for turn in turns if answer[begin:turn].strip()), end)  # the model went on and asked itself
    if front := _FRONT.match(answer, begin, end):
        begin = front.end()
    end = begin + len(answer[begin:end].rstrip())
    while (at := answer.rfind('<', max(begin, end - 50), end)) >= 0 and _BEHIND.match(answer, at, end):
        end = at
    return begin, end


def _blank(begin: int, end: int, text: str) -> str:
    return text[:begin] + ' ' * (end - begin) + text[end:]


def _as_tag(match: re.Match[str]) -> str:
    """Qwen's '<|box_start|>' as '<box>', of the same length."""
    name = {'box': 'box', 'point': 'point', 'quad': 'quad', 'object_ref': 'ref'}[match[2]]
    tag = f'</{name}>' if match[3] == 'end' else f'<{name}>'
    return tag.ljust(len(match.group()))
