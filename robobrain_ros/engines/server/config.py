# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How a model on a server is reached: every setting with its default, which is written here and nowhere else."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from robobrain_ros.engines.key_file import read_key, read_variable
from robobrain_ros.errors import BadRequest

IMAGE_FORMATS = ('jpeg', 'png')
EXAMPLE = 'http://robot-server:9010'


@dataclass(frozen=True)
class ServerConfig:
    """How to reach a model on one server, or on several that serve the same model.

    :param url: address of an OpenAI-compatible server, such as ``http://robot-server:9010``, with or without ``/v1``;
        several are separated by commas
    :param model: name of the model there; empty takes the only one that the server has
    :param api_key_file: file whose one line is the key that the servers want; empty: they want none
    :param api_key_variable: variable of the environment that holds the key, if no file is named; empty: none does
    :param timeout_s: a server that sends nothing for this long is left out, seconds
    :param image_format: ``jpeg`` (quality 95, no loss of colour resolution) or ``png`` (exact, three times the bytes)
    :param max_pixels: larger images are scaled down to this before they are sent; one token is 32x32 pixels
    :raises BadRequest: for an address that cannot be one, a format that there is not, and numbers out of range
    """

    url: str
    model: str = ''
    api_key_file: str = ''
    api_key_variable: str = ''
    timeout_s: float = 30.0
    image_format: str = 'jpeg'
    max_pixels: int = 640 * 480

    def __post_init__(self) -> None:
        addresses(self.url)
        if self.image_format not in IMAGE_FORMATS:
            raise BadRequest(f"server.image_format is {self.image_format!r}, but must be 'jpeg' or 'png'")
        if not 0 < self.timeout_s < float('inf'):
            raise BadRequest(f'server.timeout_s is {self.timeout_s!r}, but must be a number of seconds above 0')
        if type(self.max_pixels) is not int or self.max_pixels < 1:
            raise BadRequest(f'max_pixels is {self.max_pixels!r}, but must be a whole number of 1 or more')

    def api_key(self) -> str:
        """Read the key; it is read anew at each start, so that a new one is found.

        :returns: the key; empty if none is wanted
        :raises BadRequest: if the file cannot be read, or it or the variable holds no key; the sentence never quotes it
        """
        if self.api_key_file:
            return read_key(self.api_key_file, 'server.api_key_file (--api-key-file)')
        return read_variable(self.api_key_variable) if self.api_key_variable else ''


def addresses(url: str) -> list[str]:
    """Split and check a parameter with one address or several.

    :returns: the addresses in order, each without ``/v1`` and without a slash at the end
    :raises BadRequest: for an address that cannot be one, and for the same one twice
    """
    found: list[str] = []
    for text in filter(None, (part.strip() for part in url.split(','))):
        if '@' in text:  # never quoted: it may hold a password
            mend = 'put the key into a file: server.api_key_file (--api-key-file)'
            raise BadRequest(f'server.url has a name or a password in it; {mend}')
        try:
            parts = urlsplit(text)
            known = parts.scheme in ('http', 'https') and parts.hostname and parts.port != 0
        except ValueError:  # a port that is no number
            known = False
        if not known:
            raise BadRequest(f'server.url has {text!r}, but an address must be like {EXAMPLE!r}')
        if parts.query or parts.fragment:
            raise BadRequest(f'server.url has {text!r}, but an address ends before ? and #, like {EXAMPLE!r}')
        address = text.rstrip('/').removesuffix('/v1').rstrip('/')
        if address in found:
            raise BadRequest(f'server.url names {address!r} twice')
        found.append(address)
    if not found:
        raise BadRequest(f'server.url is {url!r}, but must be the address of a server, like {EXAMPLE!r}')
    return found
