# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Which requests a GPU's engine must have answered before none of its kernels is compiled or tuned any more."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count

from robobrain_ros.engines.base import Generation

LONGER_BY = (*range(1, 17), *range(32, 257, 32))
"""Words. Triton makes other kernels for lengths that 16 divides, so sixteen lengths in a row meet both kinds; tuners
round lengths to 32, so steps of 32 meet what an instruction may have."""


def every_shape(generations: Sequence[Generation]) -> Iterator[Generation]:
    """Precede the given requests by copies of the last one with longer and longer texts.

    :param generations: at least one
    :returns: the copies, of two tokens at most, then the given ones; a word more is a token more, or nearly
    """
    last = generations[-1]
    numbers = count()
    for words in LONGER_BY:
        yield replace(last, content=(*last.content, ' the' * words), max_tokens=2, request_id=f'warm-{next(numbers)}')
    yield from generations


def side_by_side(generations: Sequence[Generation], most: int) -> Iterator[Generation]:
    """Yield copies of the last request for running at the same time: steps of several requests have other kernels.

    :param generations: at least one
    :param most: how many copies; each is a token longer than the one before, so that steps of every size come
    """
    for number in range(most):
        yield replace(generations[-1], max_tokens=4 + number, request_id=f'warm-beside-{number}')
