"""All that differs between vLLM 0.25 and 0.33, in one place. Import only where vLLM may be imported."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from vllm.v1.engine.exceptions import EngineDeadError, EngineGenerateError

__all__ = ['EngineDeadError', 'refusal', 'renderer', 'shutdown', 'tokenizer']


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
    """End the engine core; blocks until it has ended, or for five seconds where the version lets us say so."""
    if 'timeout' in inspect.signature(llm.shutdown).parameters:
        llm.shutdown(timeout=5.0)
    else:
        llm.shutdown()
