# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""Which image topics belong to the node's cameras, and the videos that pages look at."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image

from robobrain_ros.console.video import Video
from robobrain_ros.ros import topics


@dataclass(frozen=True)
class View:
    """What one can look at: a camera's image or depth.

    :param camera: one of the node's; empty: its only one
    """

    camera: str
    depth: bool
    topic: str
    kind: type


class Views:
    """The chosen node's cameras; changes of node or topics close the videos of the ones before.

    :param node: of the caller: its context and log
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._lock = threading.Lock()
        self._views: dict[tuple[str, bool], View] = {}
        self._videos: dict[View, Video] = {}

    def close(self) -> None:
        """Close all videos."""
        with self._lock:
            videos, self._videos, self._views = list(self._videos.values()), {}, {}
        for video in videos:
            video.close()

    def show(self, name: str, parameters: Mapping[str, Any], heard: Mapping[str, str]) -> None:
        """Take the cameras of a node; without parameters (it does not answer now) those that were known stay.

        :param name: full name of the node
        :param parameters: ``cameras`` and the transports; empty: not known now
        :param heard: image topics that the node says it hears, by camera
        """
        if not parameters:
            return
        below = name.rpartition('/')[0]
        views = {}
        for camera in parameters['cameras'] or ['']:
            prefix = f'{below}/{camera}' if camera else below
            image, kind = _transported(f'{prefix}/{topics.IMAGE}', parameters['image_transport'])
            depth, depth_kind = _transported(f'{prefix}/{topics.DEPTH_IMAGE}', parameters['depth_transport'])
            image = heard.get(camera, image)
            depth = self._heard_depth(name, camera, image) or depth
            views[camera, False] = View(camera, False, image, kind)
            views[camera, True] = View(camera, True, depth, depth_kind)
        with self._lock:
            self._views = views
            gone = [view for view in self._videos if view not in views.values()]
            closing = [self._videos.pop(view) for view in gone]
        for video in closing:
            video.close()

    def _heard_depth(self, name: str, camera: str, image: str) -> str:
        """Return the depth topic that the node's helper hears, where it is subscribed now: remapped or not."""
        below, _, own = name.rpartition('/')
        helper = '_'.join(part for part in (own, camera, 'images') if part)
        try:
            found = self._node.get_subscriber_names_and_types_by_node(helper, below or '/')
        except RuntimeError:  # rclpy's NodeNameNonExistentError: the node is not active
            return ''
        kinds = {'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'}
        others = [topic for topic, types in found if kinds & set(types) and topic != image]
        return others[0] if len(others) == 1 else ''

    def described(self) -> list[dict[str, Any]]:
        """Return the cameras for the page: name and topics."""
        with self._lock:
            views = dict(self._views)
        return [
            {'name': camera, 'image': view.topic, 'depth': views[camera, True].topic}
            for (camera, depth), view in views.items()
            if not depth
        ]

    def video(self, camera: str, *, depth: bool = False) -> Video | None:
        """Return the video of a camera, which hears nothing yet; None if the node has no such camera.

        :param camera: empty: the first one
        """
        with self._lock:
            names = [name for name, deep in self._views if deep == depth]
            if not names or (camera and camera not in names):
                return None
            view = self._views[camera or names[0], depth]
            if view not in self._videos:
                self._videos[view] = Video(self._node, view.topic, view.kind, depth=depth)
            return self._videos[view]


def _transported(topic: str, transport: str) -> tuple[str, type]:
    """Give name and type of a topic by the rules of image_transport."""
    return (topic, Image) if transport == 'raw' else (f'{topic}/{transport}', CompressedImage)
