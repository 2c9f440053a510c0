# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""RoboBrain 2.5 for robots: camera and instruction in; targets, trajectories and plans out.

From Python, without ROS::

    import robobrain_ros as rb

    with rb.Brain.load() as brain:  # the tiny checkpoint; or load('/models/RoboBrain2.5-8B-NV', device='cuda')
        answer = brain.ask('the red mug', 'photo.jpg')
        answer.raise_for_error()
        print(answer.targets[0].pixel)

``load('http://robot-server:9010')`` takes a model on a server, for which neither vLLM nor torch is needed here.
``robobrain_ros.ros.Client`` asks a running node. Importing this package is quick: what a name needs is imported when
the name is first used, and vLLM and torch only when a model is loaded.
"""

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from robobrain_ros.answer import Answer, GroundedStep, PointStatus, StepStatus, Target
    from robobrain_ros.brain.brain import Brain
    from robobrain_ros.brain.frame import Frame
    from robobrain_ros.brain.overlay import draw
    from robobrain_ros.brain.pipeline import Settings
    from robobrain_ros.brain.tracker import Tracker, Views
    from robobrain_ros.errors import BadRequest, BrainError, ErrorCode
    from robobrain_ros.geometry.camera_model import CameraModel as Camera

__all__ = [
    'Answer',
    'BadRequest',
    'Brain',
    'BrainError',
    'Camera',
    'ErrorCode',
    'Frame',
    'GroundedStep',
    'PointStatus',
    'Settings',
    'StepStatus',
    'Target',
    'Tracker',
    'Views',
    'draw',
]

# rosidl generates msg/, srv/ and action/, which may live in another directory on sys.path (an editable install):
# merge every directory called robobrain_ros into this one package.
__path__ = pkgutil.extend_path(__path__, __name__)
__version__ = '0.1.0'

_MODULES = {
    'answer': ('Answer', 'GroundedStep', 'PointStatus', 'StepStatus', 'Target'),
    'brain.brain': ('Brain',),
    'brain.frame': ('Frame',),
    'brain.overlay': ('draw',),
    'brain.pipeline': ('Settings',),
    'brain.tracker': ('Tracker', 'Views'),
    'errors': ('BadRequest', 'BrainError', 'ErrorCode'),
}
_PLACES = {name: (module, name) for module, names in _MODULES.items() for name in names}
_PLACES['Camera'] = ('geometry.camera_model', 'CameraModel')


def __getattr__(name: str) -> Any:
    """Import a name of ``__all__`` when it is first used (PEP 562)."""
    if name not in _PLACES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    module, attribute = _PLACES[name]
    value = getattr(importlib.import_module(f'{__name__}.{module}'), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """All names, also those that nobody has used yet."""
    return sorted({*globals(), *__all__})
