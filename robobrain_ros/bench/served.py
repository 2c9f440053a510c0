# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The way that most people run the model: vLLM's OpenAI server, and a client that sends the image in base64."""

import asyncio
import base64
import json
import socket
import subprocess
import sys
import time
import urllib.request
from typing import Any

import cv2

from robobrain_ros.bench import plain_vllm
from robobrain_ros.bench.cases import Laps, Plan, requests, tell
from robobrain_ros.engines import children
from robobrain_ros.engines.vllm.launch import SERVER

START_S = 600.0
"""Longest start of the server."""
END_S = 30.0
"""So long it may take to end, seconds."""


async def server(plan: Plan) -> None:
    """Measure vLLM's server: start it, ask it, end it. Its tokens come one by one, like this package's.

    :raises RuntimeError: if it does not start
    """
    import fastapi  # noqa: F401 - said here, the reader learns which package is missing
    import openai  # noqa: F401
    import uvicorn  # noqa: F401

    arguments = plain_vllm.arguments(plan)
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    command = [sys.executable, '-m', SERVER, f'--port={port}', '--host=127.0.0.1']
    options = flags(arguments | {'served_model_name': 'model'})
    process = children.start([*command, *options], stdout=sys.stderr)
    try:
        await asyncio.to_thread(_wait, process, f'http://127.0.0.1:{port}/health')
        await ask_all(f'http://127.0.0.1:{port}/v1', 'model', plan)
    finally:
        children.end([process], END_S)


async def ask_all(url: str, model: str, plan: Plan) -> None:
    """Put all requests to a server, one after the other, and tell how long each took.

    :param url: with /v1
    :param model: the name that the server has for it
    """
    import openai

    client: Any = openai.AsyncOpenAI(base_url=url, api_key='none', max_retries=0)
    for request in requests(plan):
        laps, tokens = Laps(), 0
        image = 'data:image/jpeg;base64,' + base64.b64encode(_jpeg(request.rgb)).decode()
        content = [{'type': 'image_url', 'image_url': {'url': image}}, {'type': 'text', 'text': request.prompt}]
        laps.lap('prepare')
        length = request.length or request.case.max_tokens
        chunks = await client.chat.completions.create(
            model=model,
            messages=[{'role': 'user', 'content': content}],
            max_tokens=length,
            temperature=0,
            stream=True,
            stream_options={'include_usage': True},
            extra_body={'ignore_eos': True},
        )
        async for chunk in chunks:
            if chunk.choices and chunk.choices[0].delta.content and 'first_token' not in laps.stages:
                laps.lap('first_token')
            tokens = chunk.usage.completion_tokens if chunk.usage else tokens
        laps.lap('decode')
        tell(request, laps.stages, tokens)


def flags(arguments: dict[str, Any]) -> list[str]:
    """Turn keyword arguments of vLLM's engine into options of its server."""
    options = []
    for name, value in arguments.items():
        option = name.replace('_', '-')
        if isinstance(value, bool):
            options.append(f'--{option}' if value else f'--no-{option}')
        else:
            options.append(f'--{option}={json.dumps(value) if isinstance(value, dict) else value}')
    return options


def _jpeg(rgb: Any) -> bytes:
    return cv2.imencode('.jpg', cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1].tobytes()


def _wait(process: 'subprocess.Popen[bytes]', url: str) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"vLLM's server ended with exit code {process.returncode} before it could be asked")
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"vLLM's server did not answer within {START_S:.0f} s")
