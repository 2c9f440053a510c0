# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Which server is asked, and who is asked next when one fails."""

import asyncio
from collections.abc import Collection, Sequence

from robobrain_ros.engines.base import EngineDead, EngineRefused
from robobrain_ros.engines.server.endpoint import Endpoint
from robobrain_ros.engines.server.faults import Fault, Kind
from robobrain_ros.errors import BrainError, ErrorCode

PATIENCE = 2
"""So often a request waits for servers that are all full."""
LONGEST_WAIT_S = 5.0
"""A server that wants to be left alone for longer counts as busy, seconds."""


def least_busy(endpoints: Sequence[Endpoint], without: Collection[Endpoint] = ()) -> Endpoint | None:
    """Choose the server with the fewest requests in flight, the first one of equals; None if none is there."""
    there = [endpoint for endpoint in endpoints if not endpoint.fault and endpoint not in without]
    return min(there, key=lambda endpoint: endpoint.in_flight, default=None)


class Attempts:
    """Follows one request from server to server, as long as nothing of its answer has been passed on.

    :param endpoints: all servers
    """

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        self._endpoints = endpoints
        self._again: set[Endpoint] = set()
        """They have got a second chance."""
        self._failed: set[Endpoint] = set()
        self._full: dict[Endpoint, float] = {}
        self._waits = 0

    def choose(self) -> Endpoint:
        """Find the server to ask now.

        :raises EngineDead: if none is there
        """
        endpoint = least_busy(self._endpoints, self._failed | self._full.keys())
        if endpoint is None:
            raise EngineDead(reasons(self._endpoints))
        return endpoint

    async def after(self, endpoint: Endpoint, fault: Fault, streamed: bool) -> None:
        """Note a fault; returns, perhaps after a pause, if the request is to be tried again.

        :param streamed: something of the answer has been passed on
        :raises BrainError: if the request has failed
        """
        kind = fault.kind
        if kind is Kind.DROPPED and endpoint not in self._again and not streamed:
            self._again.add(endpoint)  # it may have closed idle connections, as servers do
            return
        if kind in (Kind.DROPPED, Kind.GONE, Kind.DENIED):
            endpoint.fault = fault.text
        elif kind is Kind.FULL:
            self._full[endpoint] = fault.wait_s
        else:
            self._failed.add(endpoint)
        if streamed or kind is Kind.REFUSED:
            raise error(fault)
        if least_busy(self._endpoints, self._failed | self._full.keys()):
            return
        if kind is Kind.FAILED and endpoint not in self._again:
            self._again.add(endpoint)  # vLLM fails once at an image whose last request was cancelled early
            self._failed.discard(endpoint)
            return
        if not self._full:
            raise error(fault)
        wait = min(self._full.values())
        if self._waits == PATIENCE or wait > LONGEST_WAIT_S:
            raise BrainError(ErrorCode.BUSY, f'{fault.text}; ask again in {wait:g} s')
        self._waits += 1
        await asyncio.sleep(wait)
        self._full.clear()


def error(fault: Fault) -> BrainError:
    """What a request ends with."""
    if fault.kind in (Kind.FAILED, Kind.REFUSED):
        return EngineRefused(
            f'the server refused the request: {fault.text}' if fault.kind is Kind.REFUSED else fault.text
        )
    if fault.kind is Kind.FULL:
        return BrainError(ErrorCode.BUSY, fault.text)
    return EngineDead(fault.text)


def reasons(endpoints: Sequence[Endpoint]) -> str:
    """Why no server is there, in a sentence for all."""
    return '; '.join(endpoint.fault for endpoint in endpoints if endpoint.fault) or 'all servers failed at this request'
