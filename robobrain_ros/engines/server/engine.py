# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A model on other people's servers, through the Engine protocol."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing

from robobrain_ros.engines.base import Delta, EngineDead, EngineState, Generation, Health, Loss
from robobrain_ros.engines.server.completion import data_url
from robobrain_ros.engines.server.config import ServerConfig, addresses
from robobrain_ros.engines.server.endpoint import Endpoint
from robobrain_ros.engines.server.failover import Attempts, reasons
from robobrain_ros.engines.server.faults import Fault
from robobrain_ros.engines.server.probe import healthy, probe
from robobrain_ros.engines.server.running import Running
from robobrain_ros.engines.vllm.image_processor import ImageLimits
from robobrain_ros.geometry.resize import resize

_log = logging.getLogger(__name__)

POLL_S = 2.0
"""Pause between two looks at a server's health."""


class ServerEngine:
    """A model behind one URL or several: the Engine protocol of base.py over HTTP. Needs neither vLLM nor torch.

    A request goes to the server with the fewest in flight. One that fails is left out until it answers a small request
    again; what it had not begun to answer goes to another one. The engine is dead when no server is left.

    All coroutines belong to one event loop: the one that ``start`` ran in.

    :param config: how to reach the servers; nothing is asked before ``start``
    :param limits: sizes of image that the model takes
    """

    def __init__(self, config: ServerConfig, limits: ImageLimits) -> None:
        self._config = config
        self._limits = limits
        self.model, self.origin = config.model, ''
        """Its name on the servers; where the configuration has none, it is empty until ``start`` has asked."""
        self._state = EngineState.STOPPED
        self._error = ''
        self._endpoints: list[Endpoint] = []
        self._watchers: list[asyncio.Task[None]] = []
        self._running: dict[str, Running] = {}

    async def start(self, report: Callable[[str], None]) -> None:
        """Find the servers, and try each with a small picture; takes seconds.

        Where a server has come back by itself, it is left at work.

        :param report: hears what is going on, in words
        :raises EngineDead: if none can be used
        """
        if self.health().state is EngineState.READY:
            return
        await self.close()
        self._state = EngineState.STARTING
        try:
            await self._find(report)
        except asyncio.CancelledError:
            await self.close()
            raise
        except Exception as error:
            await self.close()
            self._state, self._error = EngineState.DEAD, f'no server can be used: {error}'
            raise EngineDead(self._error) from error
        self._watchers = [asyncio.create_task(self._watch(endpoint, report)) for endpoint in self._endpoints]
        self._state, self._error = EngineState.READY, ''

    async def _find(self, report: Callable[[str], None]) -> None:
        key = self._config.api_key()
        self._endpoints = [Endpoint(address, self._config, key) for address in addresses(self._config.url)]
        report(f'asking {", ".join(endpoint.address for endpoint in self._endpoints)}')
        await asyncio.gather(*map(_try, self._endpoints))
        there = [endpoint for endpoint in self._endpoints if not endpoint.fault]
        if not there:
            raise EngineDead(reasons(self._endpoints))
        self.model = there[0].model
        for endpoint in self._endpoints:
            if not endpoint.fault and endpoint.model != self.model:
                endpoint.fault = f'{endpoint.address} serves {endpoint.model!r}, {there[0].address} {self.model!r}'
            endpoint.model = self.model  # no other will do when it comes back
            report(
                Loss(endpoint.fault) if endpoint.fault else f'{endpoint.address} serves {self.model}{_lacks(endpoint)}'
            )

    async def _watch(self, endpoint: Endpoint, report: Callable[[str], None]) -> None:
        """Look after one server until cancelled: leave it out when it is ill, and take it back."""
        while True:
            await asyncio.sleep(POLL_S)
            try:
                await _look_after(endpoint, report)
            except Exception:  # ends here, or nobody would look after the server any more
                _log.exception('%s could not be looked after', endpoint.address)

    async def warm_up(self, generations: Sequence[Generation]) -> list[float]:
        """Run every given request to its end, one after the other.

        :returns: how long each took, milliseconds
        :raises EngineDead: if no server is left
        """
        took = []
        for generation in generations:
            begin = time.monotonic()
            async for _ in self.generate(generation):
                continue
            took.append(1000 * (time.monotonic() - begin))
        return took

    def input_size(self, width: int, height: int) -> tuple[int, int]:
        """How large the model sees an image of this size: it is sent in that size.

        :param width: of the image as it was taken, pixels
        :param height: of the image as it was taken, pixels
        :returns: (width, height), pixels
        :raises BrainError: if one side is more than 200 times the other
        """
        return self._limits.size(width, height)

    async def generate(self, generation: Generation) -> AsyncIterator[Delta]:
        """Stream the answer. Cancelling the task that iterates closes the connection: the server aborts the request.

        :raises EngineDead: if no server is there, or the only one goes away or stalls meanwhile
        :raises EngineRefused: if the server does not take the request, or fails at it
        :raises BrainError: BUSY if all servers are full; BAD_IMAGE for an image that the model does not take
        """
        if self._state is not EngineState.READY:
            raise EngineDead(self._error or f'the engine is {self._state.value}')
        running = self._running[generation.request_id] = Running(self._answer(generation))
        try:
            async for delta in running:
                yield delta
        finally:
            self._running.pop(generation.request_id, None)
            await running.close()

    async def _answer(self, generation: Generation) -> AsyncGenerator[Delta, None]:
        image_urls = await asyncio.to_thread(self._packed, generation)
        attempts, begun, streamed = Attempts(self._endpoints), False, False
        while True:
            endpoint = attempts.choose()
            try:
                async with aclosing(endpoint.answer(generation, image_urls)) as deltas:
                    async for delta in deltas:
                        if delta == Delta() and begun:
                            continue  # another server begins
                        begun, streamed = True, streamed or delta != Delta()
                        yield delta
                return
            except Fault as fault:
                failed = fault
            await attempts.after(endpoint, failed, streamed)

    def _packed(self, generation: Generation) -> list[str]:
        packed: dict[int, str] = {}  # one that comes several times is packed once
        for image in generation.images:
            if id(image) not in packed:
                resized = resize(image, self.input_size(image.shape[1], image.shape[0]))
                packed[id(image)] = data_url(resized, self._config.image_format)
        return [packed[id(image)] for image in generation.images]

    async def abort(self, request_id: str) -> None:
        """End a request; its stream finishes with reason ``abort``.

        :param request_id: that of its Generation; an unknown one is ignored
        """
        if running := self._running.get(request_id):
            running.abort()

    def health(self) -> Health:
        """Tell the engine's state now; does not block, and may be called from any thread."""
        state, error, endpoints = self._state, self._error, list(self._endpoints)
        if state is EngineState.READY and all(endpoint.fault for endpoint in endpoints):
            state, error = EngineState.DEAD, reasons(endpoints)
        details = {e.address: e.fault or f'serves {e.model}, {e.in_flight} in flight' for e in endpoints}
        return Health(state, len(self._running), (), error, details)

    async def close(self) -> None:
        """End all requests, with reason ``abort``, and all connections; any number of times."""
        for running in list(self._running.values()):
            running.abort()
            await running.close()
        for watcher in self._watchers:
            watcher.cancel()
        if self._watchers:
            await asyncio.wait(self._watchers)
        endpoints, self._endpoints, self._watchers = self._endpoints, [], []
        self._state, self._error = EngineState.STOPPED, ''
        for endpoint in endpoints:
            await endpoint.close()


async def _look_after(endpoint: Endpoint, report: Callable[[str], None]) -> None:
    before = endpoint.fault
    try:
        if not before:
            await healthy(endpoint)
        else:
            await probe(endpoint)
    except Fault as fault:
        # while it works on a request it may be slow to answer; whether it works, the request finds out
        if fault.status or not endpoint.in_flight:
            endpoint.fault = fault.text
    if bool(before) != bool(endpoint.fault):
        report(Loss(f'left out: {endpoint.fault}') if endpoint.fault else f'{endpoint.address} is back')


async def _try(endpoint: Endpoint) -> None:
    try:
        await probe(endpoint)
    except Fault as fault:
        endpoint.fault = fault.text


def _lacks(endpoint: Endpoint) -> str:
    """What the server does not offer, for the log."""
    if not endpoint.offers.extended:
        return "; it has not vLLM's fields: no guided decoding, no confidence"
    return '' if endpoint.offers.guides else '; it does not obey structured_outputs: no guided decoding'
