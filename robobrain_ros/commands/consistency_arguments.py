# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Types of the arguments of ``robobrain consistency``."""

import argparse
import math

LOWEST, HIGHEST = 0.01, 50.0
"""What a margin may be, points."""


def margin(text: str) -> float:
    """Read a margin in points; a type for argparse.

    :raises argparse.ArgumentTypeError: for any text but a number from ``LOWEST`` to ``HIGHEST``
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not LOWEST <= value <= HIGHEST:
        raise argparse.ArgumentTypeError(
            f'{text!r} must be a difference in points, {LOWEST:g} to {HIGHEST:g}, such as 5'
        )
    return value


def gate(text: str) -> float:
    """Read ``margin=5`` as 5.0; a type for argparse.

    :raises argparse.ArgumentTypeError: for any other text
    """
    name, _, value = text.partition('=')
    if name != 'margin':
        raise argparse.ArgumentTypeError(f"{text!r} must be 'margin=' with a difference in points, such as margin=5")
    return margin(value)


def names(text: str) -> tuple[str, ...]:
    """Read names of sets, separated by commas; a type for argparse.

    :raises argparse.ArgumentTypeError: for an empty name, or one that is there twice
    """
    found = tuple(name.strip() for name in text.split(','))
    if not all(found) or len(set(found)) < len(found):
        raise argparse.ArgumentTypeError(f'{text!r} must be names of sets, each once, such as erqa,SAT')
    return found


def counts(text: str) -> tuple[int, ...]:
    """Read whole numbers above 0, separated by commas; a type for argparse.

    :raises argparse.ArgumentTypeError: for anything else, and for a number that is there twice
    """
    found = tuple(int(part) if part.isascii() and part.isdigit() else 0 for part in text.split(','))
    if min(found) < 1 or len(set(found)) < len(found):
        raise argparse.ArgumentTypeError(f'{text!r} must be whole numbers above 0, each once, such as 1,4,16')
    return found
