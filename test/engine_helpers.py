"""What the tests of real engines share."""

import asyncio
from collections.abc import Callable
from itertools import count

import numpy as np

from robobrain_ros.engines.base import Delta, Engine, Generation
from robobrain_ros.tasks.base import Guide

SOON = 60.0
ENDLESS = Guide(regex='[a-z]{700}')
"""Keeps the engine busy for some seconds."""
_numbers = count()


def generation(text='the table', image=None, max_tokens=64, **options) -> Generation:
    """A request, unlike all others; grey without an image."""
    rgb = np.full((480, 640, 3), 127, np.uint8) if image is None else image
    return Generation(text, rgb, max_tokens, f'request-{next(_numbers)}', **options)


async def deltas(
    engine: Engine, request: Generation, heard: Callable[[Delta], None] = lambda delta: None
) -> list[Delta]:
    """The whole stream; ``heard`` gets each piece as it comes."""
    got = []
    async for delta in engine.generate(request):
        got.append(delta)
        heard(delta)
    return got


def text(stream: list[Delta]) -> str:
    """What it says."""
    return ''.join(delta.text for delta in stream)


async def begun(engine: Engine, request: Generation) -> asyncio.Task[list[Delta]]:
    """A task that streams the answer, as soon as its first token is there."""
    first = asyncio.Event()
    task = asyncio.create_task(deltas(engine, request, lambda delta: first.set() if delta.tokens else None))
    waiting = asyncio.create_task(first.wait())
    await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    return task
