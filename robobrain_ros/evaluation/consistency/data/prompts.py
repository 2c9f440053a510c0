# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The prompts of the public evaluation, word for word as FlagEvalMM (Apache-2.0) asks them, and how they are built.

Two stacks can be compared with any prompt; with a published table only if every character is the same.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

REASON_LETTER = (
    'Carefully analyze the multiple-choice question above and reason through it step by step. Conclude your response '
    'with a line in the following format: Answer: $LETTER (without quotes), where $LETTER is the letter of the correct '
    'choice.'
)
LETTER = "Answer with the option's letter from the given choices directly."
LETTER_CHINESE = '从给定的选项中直接选择答案的字母，不要多余的解释。'
LAST_LINE_LETTER = (
    "The last line of your response should be of the following format: 'Answer: $LETTER' (without quotes) where LETTER "
    'is one of options.'
)
YES_NO = (
    'Your task is to answer the question above. Respond with a brief explanation if needed, followed by a yes or no '
    'answer in the last line of your response.\n\n'
    'Format your final answer strictly as follows on the last line of your response:\nAnswer: yes or no\n\n'
    'Do not include additional text after this line.\n'
)
_POINTS = (
    'Your task is to identify specific points in the image based on the question. Respond with a brief explanation if '
    'needed, followed by a list of 2D point coordinates.\n\n'
    'Each point should be represented as a normalized (x, y) tuple, where both x and y values are floats between 0 and '
    '{most}, corresponding to the position within the image (e.g., for a point at pixel (50, 75) in a 100*100 image, '
    'the normalized coordinate is {example}).\n\n'
    'Format your final answer strictly as follows on the last line of your response:\n'
    'Answer: [(x1, y1), (x2, y2), ..., (xn, yn)]\n\n'
    'Do not include additional text after this line.\n'
)
POINTS = {
    'unit': _POINTS.format(most='1', example='(0.5, 0.75)'),
    'norm1k': _POINTS.format(most='1000', example='(500, 750)'),
}
"""By convention: coordinates from 0 to 1, or from 0 to 1000 as RoboBrain 2.5 answers."""
FRAMES = 'These are frames of a video.\n'
_CONCLUDE = (
    'Carefully analyze the question above and reason through it step by step. Conclude your response with a line in '
    'the following format:\n'
)
VIDEO_LETTER = f'{_CONCLUDE}Answer: $LETTER (without quotes), where $LETTER corresponds to the correct option.'
VIDEO_NUMBER = (
    f'{_CONCLUDE}Answer: $NUMBER (without quotes), where $NUMBER is a number (integer or float) corresponds to the '
    'correct answer.'
)
_FINALIZE = (
    'Carefully analyze the question above and reason through it step by step. '
    '**Finalize your output with:** `Final Answer:`, followed by '
)
FINAL_ANSWER = {
    'choices': 'a letter or a comma-separated list of letters which means the option of correct answer.\n'
    '**Format example:** `Final Answer: A`',
    'ordered-list': 'a comma-separated list.\n**Format example:** `Final Answer: A, B, C, D, E`',
    'number': 'a number.\n**Format example:** `Final Answer: 123`',
    'bool-list': 'a comma-separated list composed of 0 or 1.\n**Format example:**`Final Answer:[1,1,0]`',
    'key-items': 'a string representing the correct answer.',
}
"""What ERQAPlus asks for, by kind."""

Post = Callable[[str, Mapping[str, Any]], str]
"""Makes what is asked after a question, from its kind and its entry in ``data.json``."""
IMAGE_TAG = re.compile(r'<image (\d{1,9})>')
_CHINESE = re.compile('[\u4e00-\u9fff]')


def always(text: str) -> Post:
    """Ask the same after every question."""
    return lambda kind, entry: text


def by_kind(texts: Mapping[str, str]) -> Post:
    """Ask what belongs to the question's kind."""
    return lambda kind, entry: texts[kind]


def letter(kind: str, entry: Mapping[str, Any]) -> str:
    """Ask for the letter alone, in the question's language: FlagEvalMM's default for multiple choice."""
    return LETTER_CHINESE if _CHINESE.search(listed(entry)) else LETTER


def final_answer(kind: str, entry: Mapping[str, Any]) -> str:
    """Ask as ERQAPlus does, for the form that its evaluator reads."""
    return _FINALIZE + FINAL_ANSWER[kind]


def listed(entry: Mapping[str, Any]) -> str:
    """Write the question with its options below it, as ``A. text``."""
    options = entry.get('options') or ()
    lines = (f'\n{chr(ord("A") + index)}. {text}' for index, text in enumerate(options))
    return str(entry['question']) + ''.join(lines)


def build(entry: Mapping[str, Any], kind: str, pre: str, post: Post, tagged: bool) -> str:
    """Put a whole prompt together.

    :param entry: of ``data.json``, checked
    :param kind: of the question
    :param pre: what stands before every question of the set
    :param post: what is asked after it
    :param tagged: there are images that are no frames: where the question does not say ``<image 1>``, that is put in
        front, and any further images are then not shown, as in the public evaluation
    """
    question = listed(entry)
    if tagged and '<image 1>' not in question:
        question = f'<image 1> {question}'
    return f'{pre}{question}\n{post(kind, entry)}'.strip()


def pieces(prompt: str) -> tuple[str | int, ...]:
    """Split a prompt at its image tags: texts with their spaces, and the numbers of images, from 1.

    Texts of nothing but spaces are left out, as in the public evaluation.
    """
    parts = IMAGE_TAG.split(prompt)  # text, number, text, number ... text
    return tuple(int(part) if index % 2 else part for index, part in enumerate(parts) if index % 2 or part.strip())
