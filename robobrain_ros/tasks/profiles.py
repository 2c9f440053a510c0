# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What differs between the models that speak this package's tasks: prompts, coordinates, wrappers. Data only.

The texts of the prompts are in ``prompts.py``.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from robobrain_ros.tasks import prompts
from robobrain_ros.tasks.calibration import Calibration

CALIBRATION = 'calibration.json'
"""The file beside a checkpoint that calibrates its confidence."""


@dataclass(frozen=True)
class Scale:
    """The range of an answer's coordinates: x in 0 .. ``x_max``, y in 0 .. ``y_max``, both ends included."""

    x_max: float
    y_max: float

    def __post_init__(self) -> None:
        if not (self.x_max > 0 and self.y_max > 0):
            raise ValueError(f'a scale needs two positive maxima, not {self.x_max} and {self.y_max}')

    def contains(self, x: float, y: float) -> bool:
        """Whether (x, y) lies in the range; False for NaN."""
        return 0 <= x <= self.x_max and 0 <= y <= self.y_max

    def to_pixel(self, x: float, y: float, width: int, height: int) -> tuple[int, int]:
        """Model coordinates to (u, v) in pixels of an image of ``width`` x ``height``.

        ``pixel = clamp(round(v / max * side), 0, side - 1)``, as in the public RoboBrain 2.5 script; ``round``
        is Python's (halves go to the even neighbour), there and here. The package's one conversion.
        """
        if width <= 0 or height <= 0:
            raise ValueError(f'an image of {width} x {height} pixels has no pixel to point at')
        return (
            min(max(round(x / self.x_max * width), 0), width - 1),
            min(max(round(y / self.y_max * height), 0), height - 1),
        )


@dataclass(frozen=True)
class Profile:
    """How one family of checkpoints is asked and how it answers."""

    name: str
    prompts: Mapping[str, str]
    """Task name to prompt; ``{t}`` stands for the user's text."""
    relative: bool = True
    """Coordinates are 0 .. 1000 of the image's sides; else pixels of the model's (resized) input image."""
    affordance: Literal['area', 'task', 'handle'] = 'area'
    """Asked for as an area to point at, as a task (answered with a box), or as a handle to point at."""
    trajectory_depth: bool = True
    """Waypoints are (x, y, d) with d in metres; else (x, y)."""
    json_plans: bool = True
    """Plans are asked for as JSON; else as numbered text."""
    reply_prefix: str = ''
    """Text that the engine puts behind the generation prompt, as the start of the model's answer."""
    answer_end: str = ''
    """The tag that ends an answer, where the model uses one; it replaces the tasks' own stop strings."""
    refusal: str = ''
    """The whole answer of a model that was taught what to say about what it does not see."""
    progress: str = ''
    """How it is asked how far a task is (``progress.py``): ``<image>`` where an image goes; empty if it cannot tell."""
    progress_views: int = 3
    """Cameras of a robot that ``progress`` shows: 3 are front, left and right wrist; 1 is only front."""
    demonstration: bool = False
    """A small checkpoint that knows the simulated table top and nothing else: its answers are no good for a robot."""
    canvas: tuple[int, int] | None = None
    """(width, height) in pixels of the only image size that the model was trained with (``geometry/letterbox.py``);
    None: any. A property of the checkpoint, not of its family: ``detect_profile`` fills it in."""
    calibration: Calibration | None = None
    """How its confidence is calibrated; None where nobody measured that. Of the checkpoint, like ``canvas``."""

    def scale(self, model_width: int, model_height: int) -> Scale:
        """The coordinate range of an answer about an image that the model saw with this size, in pixels."""
        return Scale(1000, 1000) if self.relative else Scale(model_width, model_height)


_ALL = (
    Profile(
        name='robobrain-2.5',
        prompts=prompts.by_task(prompts.POINT, prompts.POINT, prompts.WAYPOINTS, prompts.JSON_PLAN),
        progress=prompts.PROGRESS,
    ),
    Profile(
        name='robobrain-2.0',
        prompts=prompts.by_task(prompts.POINT_2_0, prompts.AREA_2_0, prompts.WAYPOINTS_2_0, prompts.JSON_PLAN),
        relative=False,
        affordance='task',
        trajectory_depth=False,
        reply_prefix='<think></think><answer>',  # the public script's way to switch thinking off
        answer_end='</answer>',
    ),
    Profile(
        name='robobrain-tiny',
        demonstration=True,
        prompts=prompts.by_task(prompts.POINT, prompts.POINT, prompts.WAYPOINTS, prompts.PLAN_TINY),
        affordance='handle',
        json_plans=False,
        refusal='not visible',
        progress=prompts.PROGRESS_TINY,
        progress_views=1,
    ),
)
PROFILES: Mapping[str, Profile] = MappingProxyType({profile.name: profile for profile in _ALL})

_SIDES = (64, 4096)
"""Least and most of a canvas' sides, pixels."""
_BY_MODEL_TYPE = {'qwen3_vl': 'robobrain-2.5', 'qwen2_5_vl': 'robobrain-2.0'}


def get_profile(name: str) -> Profile:
    """Look a profile up by its name.

    :raises ValueError: if there is none, listing the names there are
    """
    try:
        return PROFILES[name]
    except KeyError:
        raise ValueError(f'unknown profile {name!r}; there are {", ".join(sorted(PROFILES))}') from None


def detect_profile(model_dir: Path, name: str = '') -> Profile:
    """Find the profile of the checkpoint in a folder.

    ``robobrain.json`` = ``{"profile": name, "canvas": [width, height]}`` decides where it exists, ``canvas`` being
    optional; else ``model_type`` in ``config.json``. ``calibration.json`` is read where it exists.

    :param name: the profile's name, where it is known already: only the canvas and the calibration are looked up then
    :raises ValueError: saying what is missing or wrong
    """
    marker = model_dir / 'robobrain.json'
    known = _load_object(marker) if marker.is_file() else {}
    canvas = _canvas(known['canvas'], marker) if 'canvas' in known else None
    if not name:
        name = _marked_name(known, marker) if marker.is_file() else _name_by_type(model_dir)
    return replace(get_profile(name), canvas=canvas, calibration=_calibration(model_dir / CALIBRATION))


def _calibration(path: Path) -> Calibration | None:
    if not path.is_file():
        return None
    read = _load_object(path)
    try:
        return Calibration.from_json(read)
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from None


def _marked_name(known: dict[str, Any], marker: Path) -> str:
    name = known.get('profile')
    if not isinstance(name, str):
        raise ValueError(f'{marker} must read {{"profile": "NAME"}}, NAME one of {", ".join(sorted(PROFILES))}')
    return name


def _canvas(value: Any, marker: Path) -> tuple[int, int]:
    sides = value if isinstance(value, list) else []
    if len(sides) != 2 or not all(type(side) is int and _SIDES[0] <= side <= _SIDES[1] for side in sides):
        raise ValueError(
            f'{marker} has "canvas": {str(value)[:80]}, but it must be [WIDTH, HEIGHT], '
            f'whole pixels in {_SIDES[0]} .. {_SIDES[1]}'
        )
    return sides[0], sides[1]


def _name_by_type(model_dir: Path) -> str:
    config = model_dir / 'config.json'
    if not config.is_file():
        raise ValueError(f'{model_dir} is not a checkpoint folder: it has no config.json')
    model_type = _load_object(config).get('model_type')
    if not isinstance(model_type, str) or model_type not in _BY_MODEL_TYPE:
        raise ValueError(
            f'{config} has model_type {model_type!r}, which tells no profile '
            f'({", ".join(_BY_MODEL_TYPE)} do); name one of {", ".join(sorted(PROFILES))}'
        )
    return _BY_MODEL_TYPE[model_type]


def _load_object(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding='utf-8'))
    except (ValueError, RecursionError) as error:  # the latter where it is nested too deeply
        raise ValueError(f'{path} is not JSON: {error}') from error
    if not isinstance(value, dict):
        raise ValueError(f'{path} must hold a JSON object, not {type(value).__name__}')
    return value
