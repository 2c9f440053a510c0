# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Answers in words for people, and as plain values for programs."""

import shutil
import sys
import textwrap
from typing import Any

from robobrain_ros.answer import Answer, GroundedStep, StepStatus, Target
from robobrain_ros.tasks.profiles import PROFILES

CAUTION = (
    "the tiny demonstration model answered. It knows only this package's simulated table: about any other picture its "
    'answers mean nothing. Use a RoboBrain 2.5 model for real pictures.'
)

INDENT = 10 * ' '


def caution(answer: Answer) -> str:
    """Return what whoever reads an answer must know of the model that gave it.

    It is empty for a model for real pictures, and where no model answered, such as for ENGINE_DEAD. Else it is said of
    every picture, since nothing in a picture proves that it shows the simulated table.
    """
    profile = PROFILES.get(answer.model)
    answered = answer.text or answer.tokens
    return CAUTION if answered and profile and profile.demonstration else ''


def record(answer: Answer, **more: Any) -> dict[str, Any]:
    """Return an answer as plain values: the keys of ``Answer.to_dict``, ``caution``, and more.

    :param more: further keys, which come first
    """
    return {**more, **answer.to_dict(), 'caution': caution(answer) or None}


def describe(answer: Answer, image: str = '', frame: str = '') -> None:
    """Print an answer for people.

    :param image: name of the picture that it is about; empty: not told
    :param frame: name of the frame of its positions
    """
    if image:
        print(f'image:    {image}')
    print(f'question: {answer.task}: {answer.instruction}' if answer.task else f'question: {answer.instruction}')
    if answer.text:
        print('answer:  ', answer.text.replace('\n', f'\n{INDENT}'))
    if not answer.success:
        _say(f'failed:   {answer.code.name}, {answer.message}')
    for target in answer.targets or answer.waypoints:
        print(f'{INDENT}{_place(target, frame)}')
    for number, step in enumerate(answer.steps, 1):
        print(f'{INDENT}{number}. {step.description}')
        if isinstance(step, GroundedStep):
            if places := '; '.join(_place(target, frame) for target in step.targets):
                print(f'{INDENT}   at {places}; {len(step.waypoints)} waypoints')
            if step.status is StepStatus.FAILED:
                print(f'{INDENT}   failed: {step.code.name}, {step.message}')
    for warning in answer.warnings:
        _say(f'note:     {warning}')
    if said := caution(answer):
        _say(f'caution:  {said}')
    print(f'time:     {answer.timings.total:.0f} ms, {answer.tokens} tokens', flush=True)


def _say(text: str) -> None:
    """Print a sentence; on a terminal it is broken between words."""
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    if len(text) > columns > 2 * len(INDENT):
        text = textwrap.fill(text, columns, subsequent_indent=INDENT, break_long_words=False, break_on_hyphens=False)
    print(text)


def _place(target: Target, frame: str) -> str:
    where = f'{target.label}: ' if target.label else ''
    where += f'box {_pixels(target.box)} px' if target.box else f'pixel {_pixels(target.pixel)}'
    if target.position:
        where += f', position ({", ".join(f"{value:.3f}" for value in target.position)}) m'
        where += f' in {frame}' if frame else ''
    if target.model_depth:
        where += f', depth {target.model_depth:g} m by the model'
    if target.confidence is not None:
        where += f', confidence {target.confidence:.2f}'
    return where


def _pixels(values: tuple[float, ...]) -> str:
    return f'({", ".join(f"{value:g}" for value in values)})'
