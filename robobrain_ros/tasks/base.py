# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What a task is: how it is asked, how its answer is bounded, and how its answer is read."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from robobrain_ros.errors import BadRequest
from robobrain_ros.tasks.profiles import Profile, Scale
from robobrain_ros.tasks.values import Parsed

MAX_TOKENS = 768
"""No answer may be longer, in tokens: the cap of the public reference script."""
MAX_INSTRUCTION = 2000
"""Characters of an instruction."""

# Chat markup of the Qwen tokenizers: a text with such a token in it could end the user's turn and speak for the model.
_MARKUP = re.compile(r'<\|[^<>|\s]{1,40}\|>|</?(?:think|answer|tool_call|tool_response)>')


@dataclass(frozen=True)
class Guide:
    """A grammar for guided decoding: a regular expression or a JSON schema, exactly one of them."""

    regex: str | None = None
    """Must match the whole answer; [0-9] instead of \\d and bounded repetition only, for every grammar backend."""
    json_schema: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if (self.regex is None) == (self.json_schema is None):
            raise ValueError('a guide needs either a regex or a JSON schema')


@dataclass(frozen=True)
class Raw:
    """An answer as the engine delivered it, with all that is needed to read it."""

    text: str
    scale: Scale
    profile: Profile
    cut_short: bool = False
    """The engine stopped at the token limit: the answer's end is missing."""
    instruction: str = ''
    """What was asked for, in the user's words; empty if that is not known."""


def verbatim(text: str, profile: Profile) -> str:
    """The wording of most tasks: what the user said."""
    return text


def unguided(profile: Profile) -> Guide | None:
    """The grammar of tasks whose answer is free text."""
    return None


@dataclass(frozen=True)
class Task:
    """One kind of question to the model. Instances live in this folder, one file each; see ``TASKS``."""

    name: str
    description: str
    max_tokens: int
    """Decoding ends here; enough for every well-formed answer, at most ``MAX_TOKENS``."""
    read: Callable[[Raw], Parsed]
    wording: Callable[[str, Profile], str] = verbatim
    """Fits the user's text to the prompt's ``{t}``."""
    grammar: Callable[[Profile], Guide | None] = unguided
    places: bool = False
    """Its answers are coordinates."""
    closing: tuple[str, ...] = ()
    """Strings that only the end of a well-formed answer contains."""

    def prompt(self, text: str, profile: Profile) -> str:
        """The text of the user's turn, behind the image.

        :raises BadRequest: if ``text`` is empty or not fit for a prompt
        """
        return profile.prompts[self.name].replace('{t}', self.wording(check_instruction(text), profile))

    def stop(self, profile: Profile) -> tuple[str, ...]:
        """Strings that end decoding; the engine must leave them in the answer."""
        return (profile.answer_end,) if profile.answer_end else self.closing

    def guide(self, profile: Profile) -> Guide | None:
        """The grammar for guided decoding, or None where there is none for this profile."""
        return self.grammar(profile)

    def parse(
        self, answer: str, scale: Scale, profile: Profile, cut_short: bool = False, instruction: str = ''
    ) -> Parsed:
        """Reads what the model answered: keeps what is valid, reports what is not, raises nothing, in linear time.

        :param answer: the model's text, untrusted
        :param scale: coordinate range, from ``profile.scale(model_width, model_height)``
        :param cut_short: the engine stopped at the token limit
        :param instruction: what was asked for: an answer names several things, and may say of another that it is absent
        """
        return self.read(Raw(answer, scale, profile, cut_short, instruction))


def check_instruction(text: str) -> str:
    """The instruction without outer blanks.

    :raises BadRequest: if it is empty, too long, or contains control characters or chat markup
    """
    text = text.strip()
    if not text:
        raise BadRequest('the instruction is empty; say what to look for or what to do')
    if len(text) > MAX_INSTRUCTION:
        raise BadRequest(f'the instruction has {len(text)} characters, {MAX_INSTRUCTION} are allowed: {text[:40]!r}...')
    for character in text:
        if unicodedata.category(character) in ('Cc', 'Cs') and character not in '\n\t':
            raise BadRequest(f'the instruction contains the control character {character!r}; plain text is needed')
    if markup := _MARKUP.search(text):
        raise BadRequest(f'the instruction contains {markup.group()!r}, which is chat markup; plain text is needed')
    return text
