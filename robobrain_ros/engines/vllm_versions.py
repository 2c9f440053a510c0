"""All that differs between vLLM 0.25 and 0.33, in one place. Import only where vLLM may be imported."""

import inspect
from typing import Any

from vllm.v1.engine.exceptions import EngineDeadError, EngineGenerateError

__all__ = ['EngineDeadError', 'prepare', 'refusal', 'shutdown', 'tokenizer']


async def tokenizer(llm: Any) -> Any:
    """The model's tokenizer: some versions hand it out in a coroutine."""
    found = llm.get_tokenizer()
    return await found if inspect.isawaitable(found) else found


async def prepare(llm: Any, prompt: dict[str, Any]) -> Any:
    """Tokenize and preprocess outside the event loop.

    ``generate`` does this by itself, but up to 0.26 it blocks the loop meanwhile, and buries bad prompts in
    EngineGenerateError.
    """
    (prepared,) = await llm.renderer.render_cmpl_async([prompt])
    return prepared


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
