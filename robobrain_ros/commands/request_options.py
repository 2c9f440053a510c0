# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Parameters of the node for one request, as people write them: ``NAME=VALUE``."""

from difflib import get_close_matches

from rcl_interfaces.msg import Parameter as ParameterMessage
from rclpy.parameter import Parameter

from robobrain_ros.errors import BadRequest
from robobrain_ros.ros.parameters import BY_NAME

TRUTH = {'true': True, 'yes': True, 'on': True, 'false': False, 'no': False, 'off': False}
PER_REQUEST = {name: known for name, known in BY_NAME.items() if known.per_request}


def read(text: str) -> ParameterMessage:
    """Read one option of a request.

    :param text: such as ``temperature=0.5``
    :raises BadRequest: if it is no NAME=VALUE, no such parameter can be set for one request, or the value is wrong
    """
    name, equals, written = (part.strip() for part in text.partition('='))
    if not equals:
        raise BadRequest(f'--option is {text!r}, but must be NAME=VALUE, such as temperature=0.5')
    if name not in PER_REQUEST:
        close = get_close_matches(name, PER_REQUEST, n=1)
        meant = f' Did you mean {close[0]!r}?' if close else ''
        raise BadRequest(f'option {name!r} cannot be set for one request.{meant} These can: {", ".join(PER_REQUEST)}')
    value = _value(name, written)
    PER_REQUEST[name].check(value)
    return Parameter(name, value=value).to_parameter_msg()


def _value(name: str, written: str) -> str | bool | int | float:
    default = PER_REQUEST[name].default
    if isinstance(default, str):
        return written
    if isinstance(default, bool):
        if written.lower() in TRUTH:
            return TRUTH[written.lower()]
        raise BadRequest(f'option {name} is {written!r}, but must be true or false')
    kind, what = (int, 'a whole number') if isinstance(default, int) else (float, 'a number')
    try:
        return kind(written)
    except ValueError:
        raise BadRequest(f'option {name} is {written!r}, but must be {what}, such as {default!r}') from None
