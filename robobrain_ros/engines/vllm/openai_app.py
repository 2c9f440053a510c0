# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""vLLM's own OpenAI application on an engine that runs already. Import only where vLLM may be imported."""

import logging
import os
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from types import SimpleNamespace
from typing import Any

from starlette.types import ASGIApp

GUEST = 1
"""Priority of HTTP requests; the robot's own have 0, and vLLM takes the lowest number first."""


HOLD_S = 1.0
"""A guest's request begins after so many seconds at the latest, whatever the robot does."""


class Guests:
    """The engine's client as HTTP requests get it: behind the robot's own requests, whatever they say themselves.

    :param llm: vLLM's AsyncLLM
    :param until_idle: waits until none of the robot's requests runs, at most so many seconds
    """

    def __init__(self, llm: Any, until_idle: Callable[[float], Awaitable[None]]) -> None:
        self.llm = llm
        self._until_idle = until_idle
        self._in_flight: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.llm, name)

    async def generate(self, prompt: Any, sampling_params: Any, request_id: str, **options: Any) -> AsyncIterator[Any]:
        """Generate as AsyncLLM does, with a guest's priority; wait while the robot's requests run, but not for ever.

        A prompt takes several times as long as a token: the robot's answer would wait for that of each new guest.
        """
        await self._until_idle(HOLD_S)
        self._in_flight.add(request_id)
        try:
            outputs = self.llm.generate(prompt, sampling_params, request_id, **options | {'priority': GUEST})
            async with aclosing(outputs):
                async for output in outputs:
                    yield output
        finally:
            self._in_flight.discard(request_id)

    async def end_all(self) -> None:
        """Abort what runs: its streams get their end."""
        await self.llm.abort(list(self._in_flight))


async def openai_app(guests: Guests, model_name: str, tools: bool, image_hosts: Sequence[str]) -> ASGIApp:
    """Build vLLM's application; takes a fraction of a second, in the engine's loop.

    vLLM's handlers end the server when the engine is dead. Our server outlives the engine, so they get a stand-in.

    :param model_name: under which clients find the model
    :param tools: whether the model's template can offer functions to call
    :param image_hosts: from which vLLM may fetch images
    """
    build_app, init_app_state, parser = _launchers()
    chosen = ['--model', guests.model_config.model, '--served-model-name', model_name]
    chosen += ['--enable-auto-tool-choice', '--tool-call-parser', 'hermes'] if tools else []
    arguments = parser.parse_args([*chosen, '--disable-fastapi-docs', '--allowed-origins', '[]'])
    arguments.model = model_name  # told to clients as "root": not where it lies on this machine
    if image_hosts:
        guests.model_config.allowed_media_domains = list(image_hosts)
    tasks = await guests.get_supported_tasks()
    with _root_logger_as_it_is():
        app = build_app(arguments, tasks, guests.model_config)
    await init_app_state(guests, app.state, arguments, tasks)
    app.state.server = SimpleNamespace(should_exit=False)
    built: ASGIApp = app
    return built


@contextmanager
def _root_logger_as_it_is() -> Iterator[None]:
    """Undo what a package that vLLM's application imports does: all log lines below ERROR would be lost, everywhere.

    It is model_hosting_container_standards, for SageMaker.
    """
    root = logging.getLogger()
    level, handlers = root.level, {handler: handler.level for handler in root.handlers}
    try:
        yield
    finally:
        root.setLevel(level)
        for handler, least in handlers.items():
            handler.setLevel(least)


def preload() -> None:
    """Import what ``openai_app`` needs; takes seconds, so not in the engine's loop.

    From then on vLLM follows no redirects: a host from which images may be fetched could lead anywhere else with them.
    """
    os.environ.setdefault('VLLM_MEDIA_URL_ALLOW_REDIRECTS', '0')
    _launchers()


def _launchers() -> tuple[Any, Any, Any]:
    """Import the functions of vLLM and the parser of its arguments, which moved in 0.27."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        try:
            from vllm.entrypoints.launchers.api_server.app_state import init_app_state
            from vllm.entrypoints.launchers.app import build_app
            from vllm.entrypoints.launchers.cli_args import make_arg_parser
        except ImportError:  # up to 0.26
            from vllm.entrypoints.openai.api_server import build_app, init_app_state
            from vllm.entrypoints.openai.cli_args import make_arg_parser
        from vllm.utils.argparse_utils import FlexibleArgumentParser

    return build_app, init_app_state, make_arg_parser(FlexibleArgumentParser())
