# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""All that differs between vLLM 0.25 and 0.33, in one place. Import only where vLLM may be imported."""

import inspect
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from vllm import SamplingParams
from vllm.engine.arg_utils import AsyncEngineArgs
from vllm.v1.engine.async_llm import AsyncLLM
from vllm.v1.engine.exceptions import EngineDeadError, EngineGenerateError

__all__ = ['Client', 'EngineDeadError', 'SamplingParams', 'refusal', 'renderer', 'shutdown', 'start', 'tokenizer']


class Client(AsyncLLM):
    """Ends what it began when it cannot be made.

    vLLM (seen in 0.32) leaves that to the garbage collector, and waits there for a thread that tries the image
    processor meanwhile. If the collector happens to run in that very thread, it waits for itself, and the process
    never ends.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        try:
            super().__init__(*arguments, **options)
        except BaseException:
            with suppress(Exception):  # of something half made; why it was not made counts
                self.shutdown()
            raise


def start(arguments: dict[str, Any]) -> Client:
    """Start vLLM with these arguments of AsyncEngineArgs; blocks until the model is loaded."""
    client: Client = Client.from_engine_args(AsyncEngineArgs(**arguments))
    return client


async def tokenizer(llm: Any) -> Any:
    """The model's tokenizer: some versions hand it out in a coroutine."""
    found = llm.get_tokenizer()
    return await found if inspect.isawaitable(found) else found


def renderer(llm: Any) -> Callable[[dict[str, Any]], Awaitable[Any]]:
    """The function that makes a request of a prompt: tokenizes and preprocesses, outside the event loop.

    ``generate`` does this by itself, but up to 0.26 it blocks the loop meanwhile, and buries bad prompts in
    EngineGenerateError.
    """

    async def render(prompt: dict[str, Any]) -> Any:
        (rendered,) = await llm.renderer.render_cmpl_async([prompt])
        return rendered

    return render


def refusal(error: Exception) -> str | None:
    """The reason, if the engine refused one request with this error and lives on; None for all other errors.

    Refusals are ValueErrors up to 0.26, VLLMValidationError/VLLMClientError since, and up to 0.27 a bad grammar comes
    as the cause of an EngineGenerateError.
    """
    if isinstance(error, EngineGenerateError):
        return str(error.__cause__ or error)
    if isinstance(error, ValueError) or type(error).__name__ in ('VLLMValidationError', 'VLLMClientError'):
        return str(error)
    return None


def shutdown(llm: Any) -> None:
    """End the engine core: kill it where the version lets us say so, else block until it has ended by itself.

    It has nothing to save, and would take four seconds to end by itself (vLLM 0.33 on two cores).
    """
    if 'timeout' in inspect.signature(llm.shutdown).parameters:
        llm.shutdown(timeout=0.0)
    else:
        llm.shutdown()
