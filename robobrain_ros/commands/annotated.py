# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The pictures on which a node draws its answers, for the commands that save or show them."""

import time

from sensor_msgs.msg import Image

from robobrain_ros.brain.frame import Rgb
from robobrain_ros.msg import Answer
from robobrain_ros.ros import topics
from robobrain_ros.ros.camera.conversions import to_rgb
from robobrain_ros.ros.client import Client

PICTURE_S = 3.0
"""How long to wait for the picture with the answer, which comes behind it."""


class Annotated:
    """Listens to topic ``~/annotated`` of a client's node."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._heard: list[Image] = []
        client.node.create_subscription(Image, f'{client.name}/{topics.ANNOTATED}', self._heard.append, 5)

    def of(self, answer: Answer) -> Rgb | None:
        """Return the picture with this answer on it; blocks until it has come, ``PICTURE_S`` at the most.

        :returns: height x width x 3, uint8, RGB; None if none came, or the answer is about no image
        """
        deadline = time.monotonic() + PICTURE_S
        while answer.image_width and time.monotonic() < deadline:
            for image in self._heard:
                if image.header == answer.header:
                    self._heard.clear()
                    return to_rgb(image)
            self._client.executor.spin_once(0.1)
        return None
