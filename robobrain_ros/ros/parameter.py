# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""One parameter of the node: its name, type, range and meaning, and how a value is read and checked."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from robobrain_ros.errors import BadRequest

Value: TypeAlias = str | bool | int | float | list[str]

NONE = ['']
"""No texts: ROS cannot tell the type of an empty list."""
_KINDS = {
    str: 'text',
    bool: 'true or false',
    int: 'a whole number',
    float: 'a number',
    list: 'a list of texts',
}


@dataclass(frozen=True)
class Parameter:
    """One parameter; its type is its default's type."""

    name: str
    default: Value
    description: str
    choices: Sequence[str] = ()
    low: float | None = None
    high: float | None = None
    odd: bool = False
    pattern: str = ''
    """Regular expression for text, or for each text of a list."""
    dynamic: bool = False
    """Takes effect with the next request; the others take effect when the node is configured."""
    spelling: Callable[[str], str] | None = None
    """Gives the one spelling of a text that may be written in several ways, as in capitals."""
    shared: bool = False
    """No option of a single request: it decides between requests, or is not about questions at all."""

    @property
    def per_request(self) -> bool:
        """May be an option of a single request, for its own answer only."""
        return self.dynamic and not self.shared

    @property
    def mark(self) -> str:
        """For tables: ``*`` if it is dynamic and may be a request's option, ``+`` if it is only dynamic, else empty."""
        return '*' if self.per_request else '+' if self.dynamic else ''

    def allowed(self) -> str:
        """The values that it may have, in words; empty for any."""
        if self.choices:
            return ', '.join(choice or "''" for choice in self.choices)
        if self.low is None:
            return ''
        return f'{self.low:.10g} .. {self.high:.10g}{", odd" if self.odd else ""}'

    def read(self, value: Any) -> Value:
        """Read a value as YAML or ``-p`` gives it, and return it in the type of this parameter.

        YAML takes ``off`` for false, ``5`` for an integer and ``1e6`` for a float; ROS knows no empty list and gives
        None. These become what was meant.

        :raises BadRequest: if the value has another type, or is not allowed; the sentence quotes it
        """
        read = self._converted(value)
        self.check(read)
        return read

    def _converted(self, value: Any) -> Value:
        wanted = type(self.default)
        if wanted is list:
            if value in (None, []):
                return list(NONE)
            if isinstance(value, list) and all(isinstance(text, str) for text in value):
                return value
        elif isinstance(value, str) and wanted is str and self.spelling:
            return self.spelling(value)
        elif type(value) is wanted:
            return value
        if wanted is float and type(value) is int:
            return float(value)
        if wanted is int and type(value) is float and value.is_integer():
            return int(value)
        if value is False and 'off' in self.choices:
            return 'off'
        if self.choices:
            right = f'one of {", ".join(map(repr, self.choices))}'
        else:
            example = [value] if wanted is list and isinstance(value, str) else self.default
            right = _KINDS[wanted] if example == '' else f'{_KINDS[wanted]}, such as {example!r}'
        quotes = ''
        values = value if isinstance(value, list) else [value]
        if wanted in (str, list) and any(isinstance(one, bool) for one in values):
            quotes = '; YAML reads on, off, yes and no as true and false, unless they are in quotes'
        raise BadRequest(f'{self.name} is {value!r}, but must be {right}{quotes}')

    def check(self, value: Any) -> None:
        """Check a value that already has this parameter's type.

        :raises BadRequest: if it is not allowed; the sentence quotes it and says what would be right
        """
        if self.choices and value not in self.choices:
            raise BadRequest(f'{self.name} is {value!r}, but must be one of {", ".join(map(repr, self.choices))}')
        texts = [value] if isinstance(value, str) else value
        if self.pattern and not (texts and all(re.fullmatch(self.pattern, text) for text in texts)):
            raise BadRequest(f'{self.name} is {value!r}, but must match {self.pattern}')
        if self.low is not None and self.high is not None and not self.low <= value <= self.high:
            raise BadRequest(f'{self.name} is {value!r}, but must lie in {self.low} .. {self.high}')
        if self.odd and value % 2 == 0:
            raise BadRequest(f'{self.name} is {value!r}, but must be odd')
