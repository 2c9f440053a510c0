# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Statistics that SciPy has, too, which a robot would need for nothing else: an interval and a quantile."""

import math


def wilson(share: float, count: int, z: float = 1.96) -> tuple[float, float]:
    """Return the interval of a share that was measured (Wilson 1927), by default the one of 95 %.

    :param share: of the samples, 0 .. 1
    :param count: of the samples, 1 or more
    :param z: half the interval's width for a normal distribution, in standard deviations
    :returns: its ends, 0 .. 1
    """
    middle, reach = share + z * z / (2 * count), z * math.sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2)
    return (middle - reach) / (1 + z * z / count), (middle + reach) / (1 + z * z / count)


def chi_square(level: float, dimensions: int) -> float:
    """Return the quantile of the chi-square distribution, by bisection of its distribution function.

    It is the squared Mahalanobis distance within which a normal distribution has the part ``level``.

    :param level: 0 .. 1
    :param dimensions: degrees of freedom, 2 or 3
    """
    low, high = 0.0, 50.0
    for _ in range(60):
        middle = (low + high) / 2
        below = -math.expm1(-middle / 2)
        if dimensions == 3:
            below = math.erf(math.sqrt(middle / 2)) - math.sqrt(2 * middle / math.pi) * math.exp(-middle / 2)
        low, high = (middle, high) if below < level else (low, middle)
    return high
