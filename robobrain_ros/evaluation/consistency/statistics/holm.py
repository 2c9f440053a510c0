# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Holm's correction: what many p-values are worth together."""

from collections.abc import Sequence

from robobrain_ros.errors import BadRequest


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjust the p-values of several tests, so that all together find a false difference in at most 5 % of cases.

    Of twelve equal sets, one is below 0.05 by chance in almost half of all comparisons; after the correction, in at
    most 5 % of them. Nothing is assumed about how the tests depend on each other. Source: Holm, "A simple sequentially
    rejective multiple test procedure" (Scandinavian Journal of Statistics 6, 1979).

    :param p_values: one a test, 0 .. 1
    :returns: as many adjusted ones, in the same order; each can be compared with 0.05 as it is
    :raises BadRequest: for a value that is no probability
    """
    for p in p_values:
        if not 0 <= p <= 1:
            raise BadRequest(f'{p} is not a p-value: these are between 0 and 1')
    adjusted, least = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = least
    return tuple(adjusted)
