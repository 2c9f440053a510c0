# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""The addresses below the console's own: what pages ask for, and what they may change. No ROS in here but its parts."""

import asyncio
import json
import logging
import re
import tempfile
from collections.abc import AsyncIterator
from importlib import resources
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from robobrain_ros.console.access import Refused
from robobrain_ros.console.board import Board
from robobrain_ros.console.controls import Controls
from robobrain_ros.console.history import History
from robobrain_ros.console.questions import Busy, Question, Questions
from robobrain_ros.console.robot import Robot
from robobrain_ros.console.watching import Watching
from robobrain_ros.errors import BrainError
from robobrain_ros.ros.client import NoReply
from robobrain_ros.tasks import MISSION, NAMES, TASKS
from robobrain_ros.tasks.base import check_instruction

_log = logging.getLogger(__name__)

FRAME_S = 5.0
"""So long a page waits for a newer picture, seconds; then it asks again."""
BEAT_S = 2.0
"""So often a page hears something, so that both sides notice when the other is gone, seconds."""
FILES = {
    'html': 'text/html; charset=utf-8',
    'css': 'text/css; charset=utf-8',
    'js': 'text/javascript; charset=utf-8',
    'svg': 'image/svg+xml',
}
_CHUNK = 1 << 18


class App:
    """The console's application, of parts that run already."""

    def __init__(
        self, board: Board, robot: Robot, questions: Questions, watching: Watching, controls: Controls, history: History
    ) -> None:
        self._board, self._robot, self._questions = board, robot, questions
        self._watching, self._controls, self._history = watching, controls, history
        board.post('tasks', [*TASKS, MISSION])
        get, post = ['GET'], ['POST']
        self.asgi = Starlette(
            routes=[
                Route('/', self._page, methods=get),
                Route('/static/{name}', self._file, methods=get),
                Route('/api/events', self._events, methods=get),
                Route('/api/frame', self._frame, methods=get),
                Route('/api/ask', self._ask, methods=post),
                Route('/api/cancel', self._cancel, methods=post),
                Route('/api/node', self._choose, methods=post),
                Route('/api/transition', self._transition, methods=post),
                Route('/api/parameters', self._parameters, methods=get),
                Route('/api/parameters', self._set_parameter, methods=post),
                Route('/api/monitor', self._monitor, methods=post),
                Route('/api/monitor/stop', self._stop, methods=post),
                Route('/api/history', self._page_of_history, methods=get),
                Route('/api/history/remove', self._remove, methods=post),
                Route('/api/history.zip', self._export, methods=get),
                Route('/api/history/{number:int}', self._record, methods=get),
                Route('/api/history/{number:int}/{kind}', self._picture, methods=get),
            ],
            exception_handlers={
                Refused: _refused,
                BrainError: _bad,
                ClientDisconnect: _bad,
                NoReply: _no_reply,
                Busy: _busy,
            },
        )

    async def _page(self, request: Request) -> Response:
        return _static('index.html')

    async def _file(self, request: Request) -> Response:
        return _static(request.path_params['name'])

    async def _events(self, request: Request) -> Response:
        """Server-Sent Events: what is on the board, then what changes there."""

        async def stream() -> AsyncIterator[str]:
            version = 0
            while True:
                self._robot.look()
                version, new = await self._board.changes(version, BEAT_S)
                yield f'data: {json.dumps(new, ensure_ascii=True, allow_nan=False)}\n\n' if new else ': beat\n\n'

        headers = {'cache-control': 'no-store', 'x-accel-buffering': 'no'}
        return StreamingResponse(stream(), media_type='text/event-stream', headers=headers)

    async def _frame(self, request: Request) -> Response:
        """The newest picture of a camera, once it is newer than the one that the page has: its own pace."""
        self._robot.look()
        asked = request.query_params
        after = asked.get('after', '0')
        if not re.fullmatch('[0-9]{1,15}', after, re.ASCII):
            raise Refused(400, f"after is '{after[:80]}', but must be the number of a picture")
        video = self._robot.views.video(asked.get('camera', ''), depth=asked.get('depth') == '1')
        if video is None:
            raise Refused(404, f"the node has no camera '{asked.get('camera', '')[:80]}', or has not said so yet")
        shot = await video.shot(int(after), FRAME_S)
        headers = {'cache-control': 'no-store', 'x-topic': _header(video.topic)}
        if shot is None:
            headers['x-note'] = _header('published by ' + ', '.join(video.sources()) if video.sources() else '')
            return Response(status_code=204, headers=headers)
        headers |= {'x-number': str(shot.number), 'x-note': _header(shot.note)}
        return Response(shot.data, 200 if shot.data else 204, headers, 'image/jpeg')

    async def _ask(self, request: Request) -> Response:
        body = await _body(request, 'task', 'instruction', 'camera', 'target_frame')
        if body['task'] not in NAMES:
            raise Refused(400, f"the task is '{body['task'][:80]}', but must be one of {', '.join(NAMES)}")
        instruction = check_instruction(body['instruction'])
        self._questions.ask(Question(body['task'], instruction, body['camera'], body['target_frame']))
        return JSONResponse({'asked': True}, 202)

    async def _cancel(self, request: Request) -> Response:
        await _body(request)
        return JSONResponse({'cancelled': self._questions.cancel()})

    async def _choose(self, request: Request) -> Response:
        name = (await _body(request, 'name'))['name']
        known = (self._board.get('robot') or {}).get('nodes', [])
        if name not in known:
            raise Refused(400, f"the node is '{name[:80]}', but must be one of: {', '.join(known) or 'none is there'}")
        self._robot.choose(name)
        return JSONResponse({'name': name})

    async def _transition(self, request: Request) -> Response:
        self._controls.change((await _body(request, 'transition'))['transition'])
        return JSONResponse({'begun': True}, 202)

    async def _parameters(self, request: Request) -> Response:
        return JSONResponse({'parameters': await asyncio.to_thread(self._controls.parameters)})

    async def _set_parameter(self, request: Request) -> Response:
        body = await _body(request, 'name', value=object)
        await asyncio.to_thread(self._controls.set_parameter, body['name'], body['value'])
        return JSONResponse({'set': body['name']})

    async def _monitor(self, request: Request) -> Response:
        body = await _body(request, 'task', 'goal_name', 'camera')
        self._watching.start(check_instruction(body['task']), body['goal_name'], body['camera'])
        return JSONResponse({'begun': True}, 202)

    async def _stop(self, request: Request) -> Response:
        await _body(request)
        self._watching.stop()
        return JSONResponse({'stopped': True})

    async def _page_of_history(self, request: Request) -> Response:
        before = request.query_params.get('before', '')
        if not re.fullmatch('[0-9]{0,15}', before, re.ASCII):
            raise Refused(400, f"before is '{before[:80]}', but must be a number of the history")
        rows = await asyncio.to_thread(self._history.page, int(before) if before else None)
        return JSONResponse({'questions': rows}, headers={'cache-control': 'no-store'})

    async def _record(self, request: Request) -> Response:
        number = _number(request)
        record = await asyncio.to_thread(self._history.record, number)
        if record is None:
            raise Refused(404, f'the history has no question {number}')
        return JSONResponse({'number': number, **record}, headers={'cache-control': 'no-store'})

    async def _picture(self, request: Request) -> Response:
        number, kind = _number(request), request.path_params['kind']
        if kind not in ('picture.jpg', 'thumbnail.jpg'):
            raise Refused(404, f"there is no '{kind[:80]}' of a question")
        data = await asyncio.to_thread(self._history.picture, number, small=kind == 'thumbnail.jpg')
        if data is None:
            raise Refused(404, f'the history has no picture of question {number}')
        return Response(data, media_type='image/jpeg', headers={'cache-control': 'private, max-age=86400, immutable'})

    async def _remove(self, request: Request) -> Response:
        """Forget one question, or with number 0 all of them."""
        number = (await _body(request, number=int))['number']
        count = await asyncio.to_thread(self._history.remove, number or None)
        self._board.post('history', f'{count} removed before {number}')
        return JSONResponse({'removed': count})

    async def _export(self, request: Request) -> Response:
        file = tempfile.TemporaryFile()  # noqa: SIM115  # closed behind its last piece
        try:
            await asyncio.to_thread(self._history.export, file)
            size = file.tell()
            file.seek(0)
        except BaseException:
            file.close()
            raise

        async def pieces() -> AsyncIterator[bytes]:
            with file:
                while piece := await asyncio.to_thread(file.read, _CHUNK):
                    yield piece

        headers = {
            'content-disposition': 'attachment; filename="robobrain-history.zip"',
            'content-length': str(size),
            'cache-control': 'no-store',
        }
        return StreamingResponse(pieces(), media_type='application/zip', headers=headers)


def _static(name: str) -> Response:
    """Give a file of the page; names with other letters than those of our own files are none."""
    kind = name.rpartition('.')[2]
    file = resources.files('robobrain_ros.console').joinpath('static', name)
    if not re.fullmatch('[a-z_]+[.][a-z]+', name, re.ASCII) or kind not in FILES or not file.is_file():
        raise Refused(404, f"the page has no file '{name[:80]}'")
    return Response(file.read_bytes(), headers={'content-type': FILES[kind], 'cache-control': 'no-cache'})


async def _body(request: Request, *texts: str, **others: type) -> dict[str, Any]:
    """Read the request's JSON: these texts, and these others with their types; texts may be left out.

    :raises Refused: 400, in a sentence that quotes what is wrong
    """
    try:
        read = json.loads(await request.body() or b'{}')
    except (ValueError, RecursionError) as error:
        raise Refused(400, f'the body is not JSON: {str(error)[:80]}') from None
    if not isinstance(read, dict):
        raise Refused(400, f'the body must be a JSON object, not {type(read).__name__}')
    wanted = dict.fromkeys(texts, str) | others
    if unknown := [name for name in read if name not in wanted]:
        raise Refused(400, f"the body has a key '{str(unknown[0])[:80]}', but may have: {', '.join(wanted) or 'none'}")
    for name, kind in wanted.items():
        value = read.setdefault(name, '') if kind is str else read.get(name)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)) or value is None:
            raise Refused(400, f'{name} is {json.dumps(value)[:80]}, but must be of type {kind.__name__}')
        if isinstance(value, str) and ('\0' in value or value != _whole(value)):
            raise Refused(400, f'{name} has letters that are none')
        if isinstance(value, int) and abs(value) >= 1 << 62:
            raise Refused(400, f'{name} is too large a number')
    return read


def _whole(text: str) -> str:
    """Return a text without halves of letters, which no ROS message can carry."""
    return text.encode('utf-8', 'replace').decode()


def _number(request: Request) -> int:
    number = int(request.path_params['number'])
    if number >= 1 << 62:
        raise Refused(404, 'the history has no question of such a number')
    return number


def _header(text: str) -> str:
    """Return what a header can carry of a text, in one line."""
    return re.sub('[^ -~]+', ' ', text)[:500]


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return JSONResponse({'error': str(error)}, error.status)


async def _bad(request: Request, error: Exception) -> Response:
    return JSONResponse({'error': str(error)}, 400)


async def _no_reply(request: Request, error: Exception) -> Response:
    return JSONResponse({'error': str(error)}, 504)


async def _busy(request: Request, error: Exception) -> Response:
    return JSONResponse({'error': str(error)}, 409)
