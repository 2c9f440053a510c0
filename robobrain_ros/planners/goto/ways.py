# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How far the cells of a map are from a robot, around its obstacles."""

import numpy as np

from robobrain_ros.planners.goto.grid import Array


def ways(free: Array, starts: Array, wanted: Array) -> Array:
    """Find the lengths of the shortest ways through free cells, without cutting the corners of others.

    Waves go out from the start, by turns to four and to eight neighbours: their rings are octagons, and a length is at
    most 11 % too short. They stop when the wanted cells have been reached.

    :param free: rows x columns, bool: where the way may lead
    :param starts: n x 2, row and column, free cells where ways begin
    :param wanted: rows x columns, bool: the cells whose lengths are needed
    :returns: rows x columns, cells; infinite where no way leads, or none was wanted any more
    """
    wide = free.shape[1] + 2
    passable = np.pad(free, 1).ravel()  # the border spares the waves a look at where the map ends
    ahead, missing = passable.copy(), np.pad(wanted & free, 1).ravel()
    lengths = np.full(passable.shape, np.inf)
    front = (starts[:, 0] + 1) * wide + starts[:, 1] + 1
    left = np.count_nonzero(missing)
    wave = 0
    while front.size:
        ahead[front] = False
        lengths[front] = wave
        left -= np.count_nonzero(missing[front])
        if not left:
            break
        wave += 1
        found = [front + step for step in (1, -1, wide, -wide)]
        if wave % 2 == 0:
            for along in (1, -1):
                for across in (wide, -wide):
                    clear = passable[front + along] & passable[front + across]
                    found.append(front[clear] + along + across)
        neighbours = np.concatenate(found)
        front = np.unique(neighbours[ahead[neighbours]])
    return lengths.reshape(free.shape[0] + 2, wide)[1:-1, 1:-1]
