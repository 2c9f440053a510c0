# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Service ``~/remember``: keeps a start or goal image by name, one that the client sends or what a camera shows now."""

import asyncio
import concurrent.futures
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.lifecycle import LifecycleNode

from robobrain_ros.brain.reference_images import Moment, ReferenceImages
from robobrain_ros.errors import BadRequest, BrainError, ErrorCode
from robobrain_ros.ros import topics
from robobrain_ros.ros.answering import ActiveNode, Answering
from robobrain_ros.ros.awaiting import in_callback
from robobrain_ros.ros.camera.conversions import to_rgb
from robobrain_ros.ros.request import known_camera
from robobrain_ros.srv import Remember

MOMENTS = {Remember.Request.GOAL: Moment.GOAL, Remember.Request.START: Moment.START}


class Remembering:
    """Keeps images while the node is active; every call gets a reply.

    :param node: whose service this is
    :param answering: what the active node has, and an end to all of it
    :param values: gives the parameters' values by name
    """

    def __init__(self, node: LifecycleNode, answering: Answering, values: Callable[[], Mapping[str, Any]]) -> None:
        self._node = node
        self._answering = answering
        self._values = values
        node.create_service(
            Remember, f'~/{topics.REMEMBER}', self._on_remember, callback_group=ReentrantCallbackGroup()
        )

    async def _on_remember(self, request: Remember.Request, response: Remember.Response) -> Remember.Response:
        code = ErrorCode.OK
        try:
            response.message = str(await self._remember(request))
        except BrainError as error:
            code, response.message = error.code, str(error)
        except concurrent.futures.CancelledError:
            code, response.message = ErrorCode.NOT_ACTIVE, 'the node was deactivated'
        except Exception as error:  # rclpy would leave the client without a reply
            self._node.get_logger().error(f'an image could not be kept by a defect:\n{traceback.format_exc()}')
            code, response.message = ErrorCode.INTERNAL, f'{type(error).__name__}: {error}'
        response.success, response.error_code = code is ErrorCode.OK, int(code)
        line = f'remember code={code.name} name={request.name[:100]!r}: {response.message}'
        if response.success:
            self._node.get_logger().info(line)
        else:
            self._node.get_logger().warning(line)
        return response

    async def _remember(self, request: Remember.Request) -> Path:
        values = self._values()
        images, camera = ReferenceImages(values['monitor.directory']), known_camera(request.camera, values['cameras'])
        if request.kind not in MOMENTS:
            raise BadRequest(f'kind is {request.kind}, but must be one of {", ".join(map(str, MOMENTS))}')
        moment = MOMENTS[request.kind]
        images.path(request.name, moment)  # refused before a camera is waited for
        given = request.image if request.image.height or request.image.width or len(request.image.data) else None

        async def keep(parts: ActiveNode) -> Path:
            if given is None:
                frame = await parts.cameras[camera].frame(0, values['max_image_age_s'], values['image_timeout_s'])
            return await asyncio.to_thread(
                lambda: images.keep(request.name, moment, frame.rgb() if given is None else to_rgb(given))
            )

        works: list[concurrent.futures.Future[Path]] = []

        def stop() -> None:
            for work in works:
                work.cancel()

        with self._answering.at_work(stop) as parts:
            works.append(parts.brain.loop.submit(keep(parts)))
            try:
                return await in_callback(self._node, works[0])
            finally:
                works.clear()  # they know the exception, which knows this frame: a cycle
