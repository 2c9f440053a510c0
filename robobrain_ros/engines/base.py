# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What the package asks of a vision-language engine: the Engine protocol and the values that cross it."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

import numpy as np

from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.tasks.base import Guide
from robobrain_ros.tasks.certainty import Token


class EngineDead(BrainError):
    """The engine process died: every request in flight is lost, and a new start is needed."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.ENGINE_DEAD, message)


class EngineRefused(BrainError):
    """The engine refused this one request (prompt too long, bad grammar ...) and lives on."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.ENGINE_FAILED, message)


class Loss(str):
    """What is reported when an engine or one of its servers is lost, or does not come back: worth a warning.

    All else that is reported is progress.
    """


@dataclass(frozen=True)
class Generation:
    """One request to the engine.

    :param content: the user's turn: texts, and images (RGB, height x width x 3, uint8), in the order in which the model
        sees them; the engine puts it into the model's chat template
    :param max_tokens: the answer is cut after this many tokens
    :param request_id: unique among the requests in flight
    :param stop: the answer ends with the first of these that it contains, included
    :param guide: grammar that the answer must follow, or None
    :param reply_prefix: what the model's answer begins with; given, not generated, and not in the deltas
    :param temperature: 0 is greedy, and repeatable
    :param alternatives: how many of the likeliest tokens are told at each place; 0 tells none
    """

    content: tuple[str | np.ndarray, ...]
    max_tokens: int
    request_id: str
    stop: Sequence[str] = ()
    guide: Guide | None = None
    reply_prefix: str = ''
    temperature: float = 0.0
    alternatives: int = 0

    @property
    def images(self) -> tuple[np.ndarray, ...]:
        """The images alone, in their order."""
        return tuple(piece for piece in self.content if not isinstance(piece, str))


@dataclass(frozen=True)
class Delta:
    """A piece of an answer as it is generated; the last one has a ``finish_reason``.

    The first delta of every request is empty (no tokens): it says that preparation is over and the engine has begun.
    """

    text: str = ''
    tokens: int = 0
    finish_reason: str = ''
    """``stop``, ``length`` or ``abort``; empty while the answer goes on."""
    spelled: tuple[Token, ...] = ()
    """The tokens with their likeliest alternatives, where the request asks for any. Their texts may be ahead of
    ``text``, which waits for a stop string to be complete."""


class EngineState(Enum):
    """The life of an engine."""

    STOPPED = 'stopped'
    STARTING = 'starting'
    READY = 'ready'
    DEAD = 'dead'


@dataclass(frozen=True)
class Health:
    """An engine's state at one moment."""

    state: EngineState
    in_flight: int = 0
    pids: tuple[int, ...] = ()
    """The processes that the engine runs beside this one."""
    error: str = ''
    """Why the state is DEAD."""
    details: Mapping[str, str] = field(default_factory=dict)
    """More to know, by name, for people."""


class Engine(Protocol):
    """A running model. All coroutines belong to one event loop: the one that ``start`` ran in."""

    model: str
    """Name of the model that it runs, such as ``RoboBrain2.5-8B-NV``."""
    origin: str
    """Where the model's files came from, for people; empty where that is not known."""

    async def start(self, report: Callable[[str], None]) -> None:
        """Load the model; takes seconds to minutes.

        Cancelling it ends all that it has begun, before it returns.

        :param report: hears what is going on, in words; a Loss is worth a warning
        :raises EngineDead: if the model cannot be loaded
        """

    async def warm_up(self, generations: Sequence[Generation]) -> list[float]:
        """Run every given request to its end, one after the other.

        :returns: how long each took, milliseconds
        :raises EngineDead: if the engine dies meanwhile
        """

    def input_size(self, width: int, height: int) -> tuple[int, int]:
        """How large the model sees an image.

        :param width: of the image as it was taken, pixels
        :param height: of the image as it was taken, pixels
        :returns: (width, height), pixels
        :raises BrainError: for an image that the model does not take
        """

    def generate(self, generation: Generation) -> AsyncIterator[Delta]:
        """Stream the answer. Cancelling the task that iterates aborts the request in the engine.

        :raises EngineDead: if the engine dies meanwhile
        :raises EngineRefused: if the engine does not take the request
        """

    async def abort(self, request_id: str) -> None:
        """End a request; its stream finishes with reason ``abort``.

        :param request_id: that of its Generation; an unknown one is ignored
        """

    def health(self) -> Health:
        """The engine's state now; does not block, and may be called from any thread."""

    async def close(self) -> None:
        """End the engine with all its processes and give back its memory; any number of times.

        Requests in flight end with reason ``abort``. While ``start`` runs, cancel that instead.
        """
