# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A cancellation that meets good news in the same moment is not lost (asyncio.wait_for did that up to Python 3.11)."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from ros_helpers import FRAME, own_domain, ros
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from robobrain_ros.engines import watchdog
from robobrain_ros.engines.watchdog import Stalled, Watchdog
from robobrain_ros.ros.camera.camera_input import CameraInput
from robobrain_ros.ros.camera.settings import CameraSettings


def test_when_it_meets_a_token():
    ended = []

    async def run() -> None:
        token: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def outputs() -> AsyncIterator[str]:
            try:
                yield 'begin'
                yield await token
            finally:
                ended.append(True)

        async def read() -> list[str]:
            return [item async for item in Watchdog(10).watch(outputs())]

        reading = asyncio.create_task(read())
        await asyncio.sleep(0.01)
        token.set_result('end')
        for _ in range(2):  # the token is there, but has not been handed on
            await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

    asyncio.run(run())
    assert ended


def test_a_stalled_stream_is_ended(monkeypatch):
    monkeypatch.setattr(watchdog, 'IMPATIENT_S', 0.01)
    ended = []

    async def outputs() -> AsyncIterator[str]:
        try:
            yield 'begin'
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async def run() -> None:
        lively = Watchdog(0.01).watch(outputs())
        assert await anext(lively) == 'begin'
        with pytest.raises(Stalled, match=r'stall_s is 0\.01'):
            await anext(lively)

    asyncio.run(run())
    assert ended


@pytest.mark.ros
def test_when_it_meets_an_image():
    from rclpy.node import Node

    async def run(camera: CameraInput) -> None:
        waiting = asyncio.create_task(camera.frame(0, 1.0, 10.0))
        await asyncio.sleep(0.01)
        camera._on_image(Image(header=Header(frame_id=FRAME)))
        await asyncio.sleep(0)  # now the waiting one knows, but has not gone on
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    with own_domain(), ros() as context:
        node = Node('asker', context=context)
        camera = CameraInput(node, CameraSettings())
        try:
            asyncio.run(run(camera))
        finally:
            camera.close()
            node.destroy_node()
