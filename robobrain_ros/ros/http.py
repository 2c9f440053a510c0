# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""The node's HTTP server, from its parameters."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from robobrain_ros.brain.brain import Brain
from robobrain_ros.ros.answering import Answering
from robobrain_ros.ros.from_parameters import serve_config
from robobrain_ros.serving.config import listen

if TYPE_CHECKING:
    from robobrain_ros.serving.server import HttpServer


def require_port(values: Mapping[str, Any]) -> None:
    """Check, before an engine is started, that the node can serve.

    :raises BadRequest: for a port that is taken, an address that other machines reach without a key, and the like
    """
    config = serve_config(values)
    if config is not None:
        listen(config).close()


def serve(brain: Brain, values: Mapping[str, Any], answering: Answering) -> 'HttpServer | None':
    """Begin to serve; blocks for some seconds. None if serve.port is 0.

    :param answering: gives the cameras' frames while the node is active
    :raises BadRequest: if the port cannot be had
    """
    config = serve_config(values)
    if config is None:
        return None
    from robobrain_ros.serving.server import HttpServer

    server = HttpServer(brain, config, answering.frame_of)
    server.start()
    return server
