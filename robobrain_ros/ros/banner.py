# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What the node says before it starts its engine: the versions that it runs on, and where its model comes from."""

import os
from collections.abc import Mapping
from typing import Any

from robobrain_ros import __version__
from robobrain_ros.engines.vllm import stacks
from robobrain_ros.errors import BadRequest
from robobrain_ros.ros.from_parameters import model_directory, on_server
from robobrain_ros.weights import manifest


def tell(values: Mapping[str, Any], log: Any) -> None:
    """Log versions and model; warn of versions that do not go together. Takes some milliseconds.

    :param values: the parameters' values by name
    :param log: a logger of rclpy
    :raises BadRequest: if the embedded engine cannot work with the versions that are installed, or there is no model
    """
    if on_server(values):  # which has versions of its own
        log.info(f'robobrain_ros {__version__}; the model runs on a server')
        return
    found = stacks.read()
    log.info(f'robobrain_ros {__version__}; {found}')
    model = model_directory(values)
    try:
        origin = manifest.origin(model)
        log.info(f'model {model}: {origin or "no manifest names its origin"}')
    except ValueError as error:
        log.warning(f'model {model}: {error}')
    for fault in found.faults(os.environ):
        if fault.fatal:
            raise BadRequest(fault.words)
        log.warning(fault.words)
