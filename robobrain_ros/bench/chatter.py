# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""HTTP clients that chat without end: ``python -m robobrain_ros.bench.chatter URL COUNT``.

Prints an empty line when all have their first token; when standard input ends, how much they got, and ends.
"""

import asyncio
import contextlib
import sys
import time
from typing import Any

from PIL import Image

from robobrain_ros.bench.cases import SEED
from robobrain_ros.engines.server.completion import data_url
from robobrain_ros.sim.scene import TableTop

TOKENS = 200
"""The length of each answer."""


async def main(url: str, count: int) -> None:
    """Chat until standard input ends.

    :param url: with /v1
    :param count: chats at a time
    """
    import openai

    client: Any = openai.AsyncOpenAI(base_url=url, api_key='none', max_retries=0)
    model = (await client.models.list()).data[0].id
    picture = Image.fromarray(TableTop(SEED).render()[0])
    image = {'type': 'image_url', 'image_url': {'url': data_url(picture, 'png')}}
    tokens, begun = 0, [asyncio.Event() for _ in range(count)]

    async def chat(number: int) -> None:
        nonlocal tokens
        while True:
            words = {'type': 'text', 'text': f'Chat {number} at {time.monotonic()}: what do you see?'}
            stream = await client.chat.completions.create(
                model=model,
                messages=[{'role': 'user', 'content': [image, words]}],
                max_tokens=TOKENS,
                stream=True,
                extra_body={'ignore_eos': True},
            )
            async for _ in stream:
                tokens += 1
                begun[number].set()

    chats = [asyncio.create_task(chat(number)) for number in range(count)]
    all_begun = asyncio.gather(*(event.wait() for event in begun))
    futures: list[asyncio.Future[Any]] = [asyncio.ensure_future(all_begun), *chats]
    done, _ = await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
    for future in done:
        future.result()  # raises what a chat failed with
    print(flush=True)
    begin, before = time.monotonic(), tokens
    await asyncio.to_thread(sys.stdin.read)
    rate = (tokens - before) / (time.monotonic() - begin)
    ended = [task for task in chats if task.done()]
    for task in chats:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*chats)
    print(f'{count} chats got {rate:.0f} tokens/s together, {len(ended)} of them ended early', flush=True)


if __name__ == '__main__':
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
