# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""This package's own endpoint: ``POST /v1/robobrain/ask`` gives an Answer, with positions in metres, as JSON."""

import asyncio
import base64
import difflib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import ASGIApp

from robobrain_ros import __version__
from robobrain_ros.answer import Answer
from robobrain_ros.brain import image_files
from robobrain_ros.brain.brain import TIMEOUT_S, Brain
from robobrain_ros.brain.frame import Frame
from robobrain_ros.brain.jobs import Job
from robobrain_ros.errors import BadRequest, BrainError, ErrorCode
from robobrain_ros.serving.checks import Refused

GetFrame = Callable[[], Awaitable[Frame]]
Cameras = Callable[[str], GetFrame]
"""Gives, for a camera's name, what gives its newest frame; raises BrainError for a name that there is not."""

STATUS = {
    ErrorCode.BAD_REQUEST: 400,
    ErrorCode.BAD_IMAGE: 400,
    ErrorCode.BUSY: 429,
    ErrorCode.PREEMPTED: 409,
    ErrorCode.CANCELLED: 409,
    ErrorCode.TIMEOUT: 504,
    ErrorCode.ENGINE_FAILED: 500,
    ErrorCode.INTERNAL: 500,
    ErrorCode.NO_IMAGE: 503,
    ErrorCode.STALE_IMAGE: 503,
    ErrorCode.NOT_ACTIVE: 503,
    ErrorCode.ENGINE_DEAD: 503,
}
"""HTTP's status by the answer's code; 200 where the model has answered, also if it sees nothing or is not sure."""


class Ask(BaseModel):
    """What is asked."""

    model_config = ConfigDict(extra='forbid')

    instruction: str = Field(description='what to look for or what to do, such as: the red mug')
    task: str = Field('pointing', description='pointing, affordance, grounding, trajectory, planning, general, mission')
    image: str = Field('', description='a JPEG, PNG or WebP file in base64, as it is or as data URL; or camera instead')
    camera: str | None = Field(None, description="one of the node's cameras; empty: the first one")
    timeout_s: float = Field(TIMEOUT_S, description='seconds until the request ends with TIMEOUT')
    min_confidence: float | None = Field(None, description='less sure answers are UNSURE, 0 .. 1')
    request_id: str = Field('', description='returned in the answer')
    stream: bool = Field(False, description='Server-Sent Events: "progress" at each stage and text, then "answer"')


def own_app(brain: Brain, cameras: Cameras | None) -> ASGIApp:
    """Build the application with this package's endpoints and their description (``/docs``).

    :param cameras: the node's; None: requests have to bring an image
    """
    app = FastAPI(title='robobrain_ros', version=__version__, description=__doc__, redoc_url=None)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        refused = Refused(400, _complaint(error.errors()))
        return JSONResponse(refused.body(), refused.status)

    @app.exception_handler(404)
    async def missing(request: Request, _: Exception) -> Response:
        refused = Refused(404, f"there is no {request.method} '{request.url.path[:80]}'; /docs lists what there is")
        return JSONResponse(refused.body(), refused.status)

    @app.post('/v1/robobrain/ask', response_model=None, responses={200: {'description': 'the Answer, or events'}})
    async def ask(asked: Ask, request: Request) -> Response:
        """Ask about an image, or about what a camera sees now.

        The body is an Answer, whether the request succeeds or fails: pixels of the image, and metres where there is
        depth. Only what is no request (unknown fields, no key, too many at a time) gets OpenAI's {"error": ...}.

        With ``stream`` the status is 200, and the body consists of events: ``progress`` ({"stage", "text"}, the text so
        far) and, at the end, ``answer``, whose code tells whether it succeeded.
        """
        try:
            frame = _frame(asked, cameras)
            settings = brain.settings
            if asked.min_confidence is not None:
                settings = replace(settings, min_confidence=asked.min_confidence)
        except BrainError as error:
            return _response(Answer(asked.task, asked.instruction, error.code, str(error), request_id=asked.request_id))

        def submit(report: Callable[[Job], None]) -> Job:
            return brain.submit(
                asked.task, asked.instruction, frame, asked.timeout_s, report, settings, asked.request_id, guest=True
            )

        if asked.stream:
            fresh = {'Cache-Control': 'no-store'}
            return StreamingResponse(_events(submit), media_type='text/event-stream', headers=fresh)
        return _response(await _unless_gone(submit(lambda job: None), request))

    return app


def _complaint(errors: Sequence[Any]) -> str:
    """Say what is wrong with a body: first of all the fields that there are not, since a typo makes others missing."""
    for found in errors:
        if found['type'] == 'extra_forbidden':
            name, fields = str(found['loc'][-1]), list(Ask.model_fields)
            close = difflib.get_close_matches(name, fields, n=1)
            hint = f'; did you mean {close[0]!r}?' if close else '.'
            return f'there is no field {name[:80]!r}{hint} There are {", ".join(fields)}'
    where = '.'.join(str(part) for part in errors[0]['loc'] if part != 'body')
    if not where:
        return f'{errors[0]["msg"]}; send JSON with the header Content-Type: application/json'
    return f'{where}: {errors[0]["msg"]}'


def _response(answer: Answer) -> Response:
    return Response(answer.to_json(), STATUS.get(answer.code, 200), media_type='application/json')


def _frame(asked: Ask, cameras: Cameras | None) -> GetFrame:
    """What gives the image.

    :raises BrainError: if there is none, or two
    """
    if bool(asked.image) == (asked.camera is not None):
        both = asked.camera is not None
        raise BadRequest(f'a request needs "image" or "camera"{", and has both: send one of them" if both else ""}')
    if asked.camera is not None:
        if cameras is None:
            raise BadRequest(f'"camera" is {asked.camera!r}, but this server has no cameras: send an "image"')
        return cameras(asked.camera)
    return lambda: asyncio.to_thread(_decoded, asked.image)


def _decoded(image: str) -> Frame:
    head, _, text = image.partition(',') if image.startswith('data:') else ('', '', image)
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:  # binascii.Error, and for letters beyond ASCII
        raise BrainError(ErrorCode.BAD_IMAGE, f'"image" is not base64: {error}') from None
    return Frame(image_files.decode(data, f'"image" ({head[:40]})' if head else '"image"'))


async def _unless_gone(job: Job, request: Request) -> Answer:
    """The answer; if the client goes first, its request ends."""
    answer, gone = asyncio.wrap_future(job.done), asyncio.ensure_future(request.receive())
    both: list[asyncio.Future[Any]] = [answer, gone]
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            job.stop(ErrorCode.CANCELLED, 'the HTTP client went away')
        return await answer
    finally:
        gone.cancel()
        job.stop(ErrorCode.CANCELLED, 'the HTTP server is being closed')


async def _events(submit: Callable[[Callable[[Job], None]], Job]) -> AsyncIterator[str]:
    """The job's progress and its answer as Server-Sent Events."""
    told: asyncio.Queue[tuple[str, str] | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    job = submit(lambda job: told.put_nowait((job.stage.value, job.answer.text)))
    job.done.add_done_callback(lambda _: loop.call_soon_threadsafe(told.put_nowait, None))
    last = None
    try:
        while (news := await told.get()) is not None:
            if news != last:
                yield _event('progress', json.dumps({'stage': news[0], 'text': news[1]}, ensure_ascii=False))
                last = news
        yield _event('answer', job.done.result().to_json())
    finally:
        job.stop(ErrorCode.CANCELLED, 'the HTTP client went away')


def _event(name: str, data: str) -> str:
    return f'event: {name}\ndata: {data}\n\n'
