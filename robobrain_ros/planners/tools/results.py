# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What a tool returns: plain values with a code and a sentence, and perhaps a picture. No MCP is imported here."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from robobrain_ros.planners.failure import RECOVERIES, Failure, Recovery

QUALITY = 90
"""How good the JPEG pictures are that agents look at, 0 .. 100."""


@dataclass(frozen=True)
class Result:
    """One call's end.

    :param code: OK, or one of RECOVERIES
    :param message: a sentence; in success it may be empty
    :param values: further values, as JSON can hold them
    :param says: texts for the client, in their order; empty: one, with all the values as JSON
    :param jpeg: a picture; empty: none
    """

    code: str = 'OK'
    message: str = ''
    values: Mapping[str, Any] = field(default_factory=dict)
    says: tuple[str, ...] = ()
    jpeg: bytes = b''

    @classmethod
    def of(cls, failure: Failure, **values: Any) -> 'Result':
        """Make a result of a failure."""
        return cls(failure.code, str(failure), values)

    def structured(self) -> dict[str, Any]:
        """Give all values; what an agent may try next is told with a code that is not OK."""
        told: dict[str, Any] = {'error_code': self.code}
        if self.message:
            told['message'] = self.message
        if (recovery := RECOVERIES.get(self.code, Recovery.NONE)) is not Recovery.NONE:
            told['recovery'] = recovery.value
        return {**told, **brief(self.values)}

    def texts(self) -> tuple[str, ...]:
        """Give the texts for clients that do not read structured values."""
        return self.says or (json.dumps(self.structured(), ensure_ascii=False, allow_nan=False),)


def brief(value: Any) -> Any:
    """Leave out what is empty or not known, and digits that nobody needs: an agent pays for each letter."""
    if isinstance(value, Mapping):
        plain = {key: brief(item) for key, item in value.items()}
        return {key: item for key, item in plain.items() if item not in (None, '', [], {})}
    if isinstance(value, list | tuple):
        return [brief(item) for item in value]
    if isinstance(value, float):
        return round(value, 4) if math.isfinite(value) else None
    return value


def jpeg(rgb: NDArray[np.uint8]) -> bytes:
    """Encode a picture, height x width x 3."""
    _, data = cv2.imencode('.jpg', cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return data.tobytes()
