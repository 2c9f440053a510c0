# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""Who may ask over HTTP, where, and how much."""

import errno
import ipaddress
import socket
from dataclasses import dataclass

from robobrain_ros.engines.key_file import KEY_VARIABLE, read_key, read_variable
from robobrain_ros.errors import BadRequest

PORT = 9010
"""The TCP port that the model's release serves at."""
_SERVED = 'RoboBrain2.5-8B-nvidia-flagos'
RELEASE = {'RoboBrain2.5-8B-NV': _SERVED, 'RoboBrain2.5-8B-FlagOS': _SERVED}
"""The name under which the release serves a model, by the name of its folder."""


@dataclass(frozen=True)
class ServeConfig:
    """How to serve.

    :param port: TCP port; 0 takes any that is free
    :param host: address to listen on; one that others can reach needs ``api_key``
    :param api_key: what clients have to send as bearer token; empty: nothing
    :param model_name: under which clients find the model; empty: the release's name, or the folder's
    :param image_hosts: names of hosts from which images may be fetched by URL; by default none
    :param max_requests: how many are accepted at a time, those that wait for their turn included
    :raises BadRequest: for a value that cannot be
    """

    port: int = PORT
    host: str = '127.0.0.1'
    api_key: str = ''
    model_name: str = ''
    image_hosts: tuple[str, ...] = ()
    max_requests: int = 32

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise BadRequest(f'serve.port is {self.port}, but must be in 0 .. 65535')
        if self.max_requests < 1:
            raise BadRequest(f'serve.max_requests is {self.max_requests}, but must be 1 or more')
        if self.api_key and not (self.api_key.isascii() and self.api_key.isprintable() and ' ' not in self.api_key):
            raise BadRequest('the API key has blanks, or letters beyond ASCII: no HTTP header can carry it')
        if not self.api_key and not is_loopback(self.host):
            raise BadRequest(
                f"serve.host is '{self.host}', which other machines can reach: set serve.api_key_file or the variable "
                f"{KEY_VARIABLE} to a key that clients have to send, or serve.host to '127.0.0.1'"
            )

    def __repr__(self) -> str:
        key = 'set' if self.api_key else 'none'
        return f'ServeConfig(http://{self.host}:{self.port}, api_key={key})'  # never the key itself: this is logged

    def served_name(self, model: str) -> str:
        """Return the name under which clients find a model.

        :param model: the name of its folder
        """
        return self.model_name or RELEASE.get(model, model)


def wanted_key(file: str) -> str:
    """Return the API key that clients have to send: from a file, without one from the environment's variable.

    :param file: its only line is the key; empty: there is none
    :raises BadRequest: if the file cannot be read, or it or the variable holds no key
    """
    return read_key(file, 'serve.api_key_file (--api-key-file)') if file else read_variable(KEY_VARIABLE)


def listen(
    config: ServeConfig, host: str = 'serve.host', port: str = 'serve.port (robobrain serve --port)'
) -> socket.socket:
    """Open the port that clients connect to.

    Call it once before a model is loaded, and close what it returns: a port that is taken is then said at once.

    :param host: name of the parameter that says the address, in the words of an error
    :param port: name of the parameter that says the port
    :raises BadRequest: if it cannot be had
    """
    try:
        family = socket.AF_INET6 if ':' in config.host else socket.AF_INET
        return socket.create_server((config.host, config.port), family=family)
    except OSError as error:
        words = (error.strerror or str(error)).split(' (while')[0]
        if (error.errno or 0) < 0 or error.errno == errno.EADDRNOTAVAIL:  # below 0: the name is not known
            mend = f'{host} must be an address of this machine, such as {ServeConfig.host}'
        else:
            mend = f'choose another {port}'
        raise BadRequest(f'cannot serve at {config.host}:{config.port}: {words}; {mend}') from None


def is_loopback(host: str) -> bool:
    """Tell whether an address, or ``localhost``, means this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == 'localhost'
