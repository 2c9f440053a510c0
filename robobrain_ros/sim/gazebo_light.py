# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Lights and colours of a table top for Gazebo, whose renderer ogre2 adds light up in linear numbers.

MuJoCo multiplies and adds the numbers that are stored in a picture; ogre2 takes the colours of materials and lights as
linear light and encodes the result for the screen. So a colour is raised to the power of 2.2, and each light is made
as strong as it must be for the table to have the same brightness as in MuJoCo's picture, in light and in shadow.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from robobrain_ros.sim.view import Array, View

GAMMA = 2.2


@dataclass(frozen=True)
class GazeboLight:
    """A directional light."""

    name: str
    position: Array
    """Where Gazebo's window draws its symbol, metres; it means nothing for the picture."""
    direction: Array
    colour: Array
    """Linear red, green and blue; the largest of them is 1, since Gazebo cuts colours there."""
    intensity: float
    """The factor by which the colour is multiplied."""
    specular: Array
    shadow: bool


def linear(rgb: Iterable[float]) -> Array:
    """Turn a colour as a picture stores it, 0 .. 1, into linear light."""
    return np.asarray(rgb, dtype=float) ** GAMMA


def ambient_light(model: Any) -> Array:
    """Return the scene's ambient light; ogre2 divides it by pi, other than directional lights."""
    return math.pi * linear(model.vis.headlight.ambient)


def directional_lights(model: Any, view: View) -> Iterator[GazeboLight]:
    """Yield the camera's own light, then the lamps; those that cast a shadow come last.

    :param model: a compiled MuJoCo model
    :param view: the camera, which stands still
    """
    reached: Array = np.asarray(model.vis.headlight.ambient, dtype=float)  # what the table shows of its colour so far
    lamps = [
        ('headlight', view.position, view.rotation[:, 2], model.vis.headlight.diffuse, np.zeros(3), False),
        *(
            (
                f'light{index}',
                model.light_pos[index],
                model.light_dir[index],
                model.light_diffuse[index],
                model.light_specular[index],
                bool(model.light_castshadow[index]),
            )
            for index in sorted(range(model.nlight), key=lambda index: bool(model.light_castshadow[index]))
        ),
    ]
    for name, position, direction, diffuse, specular, shadow in lamps:
        slope = -direction[2] / np.linalg.norm(direction)  # how much of it a level surface gets
        brighter = reached + np.asarray(diffuse, dtype=float) * slope
        colour = (linear(brighter) - linear(reached)) / slope
        intensity = float(colour.max())
        yield GazeboLight(name, position, direction, colour / intensity, intensity, specular, shadow)
        reached = brighter
