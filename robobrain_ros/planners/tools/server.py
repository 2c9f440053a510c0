# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The MCP server: which tools there are, and what a call returns."""

import asyncio
import base64
import logging
import time
from collections.abc import Iterable
from typing import Any

import mcp_types as types
from mcp.server import Server, ServerRequestContext

from robobrain_ros import __version__
from robobrain_ros.errors import BrainError
from robobrain_ros.planners.failure import Failure
from robobrain_ros.planners.tools import arguments
from robobrain_ros.planners.tools.results import Result
from robobrain_ros.planners.tools.robot import Robot
from robobrain_ros.planners.tools.tool import Tool

_log = logging.getLogger(__name__)

GONE = 'robobrain_ros.gone'
"""Key in the scope of an HTTP request: an asyncio.Event that is set when its client has closed the connection."""

INSTRUCTIONS = (
    "These tools ask a robot's vision-language model about what the robot's cameras see now. Each result has "
    'error_code (OK, or why it failed), a message in a sentence, and perhaps recovery: what may help. '
    'What the model says may be wrong.'
)


def make(robot: Robot, tools: Iterable[Tool]) -> Server[Any]:
    """Make a server of some tools; any number of clients may use it at the same time."""
    known = {tool.name: tool for tool in tools}
    listed = [_described(tool) for tool in known.values()]

    async def list_tools(context: ServerRequestContext[Any], page: object) -> types.ListToolsResult:
        return types.ListToolsResult(tools=listed)

    async def call_tool(context: ServerRequestContext[Any], asked: types.CallToolRequestParams) -> types.CallToolResult:
        tool = known.get(asked.name)
        if tool is None:
            return _told(Result('BAD_REQUEST', f'there is no tool {asked.name[:80]!r}; there are {", ".join(known)}'))
        return _told(await _run(robot, tool, asked.arguments or {}, context))

    return Server(
        'robobrain',
        version=__version__,
        title='RoboBrain on a robot',
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def _run(robot: Robot, tool: Tool, given: dict[str, Any], context: ServerRequestContext[Any]) -> Result:
    work = asyncio.ensure_future(_answer(robot, tool, given, context))
    gone: asyncio.Event = context.request.scope[GONE] if context.request else asyncio.Event()
    watch = asyncio.ensure_future(gone.wait())
    try:
        await asyncio.wait([work, watch], return_when=asyncio.FIRST_COMPLETED)
        return work.result() if work.done() else Result('CANCELLED', 'the client is gone')
    finally:
        watch.cancel()
        work.cancel()


async def _answer(robot: Robot, tool: Tool, given: dict[str, Any], context: ServerRequestContext[Any]) -> Result:
    begin = time.monotonic()

    async def report(words: str) -> None:
        await context.session.report_progress(time.monotonic() - begin, message=words)

    try:
        return await tool.run(robot, arguments.read(tool.fields, tool.required, given), report)
    except Failure as failure:
        return Result.of(failure)
    except BrainError as error:
        return Result(error.code.name, str(error))
    except Exception:
        _log.exception('tool %s failed by a defect', tool.name)
        return Result('INTERNAL', f'{tool.name} failed by a defect of this package; the log of robobrain mcp has more')


def _described(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        description=tool.description,
        input_schema=arguments.schema(tool.fields, tool.required),
        annotations=types.ToolAnnotations(
            read_only_hint=not tool.moves,
            destructive_hint=tool.moves,
            idempotent_hint=not tool.moves,
            open_world_hint=True,
        ),
    )


def _told(result: Result) -> types.CallToolResult:
    content: list[Any] = [types.TextContent(text=text) for text in result.texts()]
    if result.jpeg:
        data = base64.b64encode(result.jpeg).decode()
        content.append(types.ImageContent(data=data, mime_type='image/jpeg'))
    return types.CallToolResult(content=content, structured_content=result.structured(), is_error=result.code != 'OK')
