# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Which topics of a recording are the camera's: images and depth, raw or compressed, and intrinsics."""

from dataclasses import dataclass

from sensor_msgs.msg import CompressedImage, Image

from robobrain_ros.bags.recording import Recording
from robobrain_ros.ros import topics

IMAGE, COMPRESSED, CAMERA_INFO = (f'sensor_msgs/msg/{kind}' for kind in ('Image', 'CompressedImage', 'CameraInfo'))
DEPTH_ENCODINGS = ('16UC1', '32FC1')
"""How the pixels of depth images are encoded (REP-118)."""
TRANSPORTS = ('compressed', 'compressedDepth')
"""What image_transport appends to the names of compressed topics, behind a slash."""


@dataclass(frozen=True)
class CameraTopics:
    """Names of one camera's topics in a recording; empty where there is none."""

    image: str
    depth_image: str = ''
    camera_info: str = ''
    image_transport: str = 'raw'
    """How the images were recorded: the node's parameter of that name."""
    depth_transport: str = 'raw'

    def played(self) -> dict[str, tuple[str, type]]:
        """Return name and type of the topic of the node on which each is to be played, by its recorded name."""
        image, depth = topics.IMAGE, topics.DEPTH_IMAGE
        found = {
            self.image: (image, Image)
            if self.image_transport == 'raw'
            else (f'{image}/{self.image_transport}', CompressedImage),
            self.depth_image: (depth, Image)
            if self.depth_transport == 'raw'
            else (f'{depth}/{self.depth_transport}', CompressedImage),
            self.camera_info: (topics.CAMERA_INFO, topics.CAMERA[topics.CAMERA_INFO]),
        }
        return {recorded: topic for recorded, topic in found.items() if recorded}

    def __str__(self) -> str:
        """Return them in words."""
        image, depth = (
            f'{name} ({transport})' if name and transport != 'raw' else name or 'none'
            for name, transport in ((self.image, self.image_transport), (self.depth_image, self.depth_transport))
        )
        return f'{image}, depth {depth}, camera_info {self.camera_info or "none"}'


def find_camera(recording: Recording, asked: CameraTopics) -> CameraTopics:
    """Return the camera's topics: those that were asked for, and for the others the only ones that can be meant.

    Compressed images are taken where there are no raw ones.

    :param asked: names of topics, compressed ones with or without the transport at their end; transports do not matter
    :raises ValueError: topics that are not there or of another type; several that could be meant;
        or one for both kinds of images
    """
    image = _asked(recording, '--image', asked.image, IMAGE, COMPRESSED)
    depth = _asked(recording, '--depth-image', asked.depth_image, IMAGE, COMPRESSED)
    info = _asked(recording, '--camera-info', asked.camera_info, CAMERA_INFO)
    colours: dict[str, list[str]] = {}
    depths: dict[str, list[str]] = {}
    for kind in (IMAGE, COMPRESSED):
        for name in recording.of(kind):
            found = depths if _is_depth(recording, name, kind) else colours
            found.setdefault(kind, []).append(name)
    if not (image or colours):
        raise ValueError(
            f'{str(recording.path)!r} has no colour images of type {IMAGE} or {COMPRESSED}; {recording.contents()}'
        )
    image = image or _only('--image', colours.get(IMAGE) or colours[COMPRESSED])
    depth = depth or _only('--depth-image', depths.get(IMAGE) or depths.get(COMPRESSED, []))
    if image == depth:
        raise ValueError(f'--image and --depth-image are both {image!r}, but must differ; {recording.contents()}')
    beside = f'{_without_transport(image).rpartition("/")[0]}/{topics.CAMERA_INFO}'  # where image_transport expects it
    infos = recording.of(CAMERA_INFO)
    return CameraTopics(
        image,
        depth,
        info or (beside if beside in infos else _only('--camera-info', infos)),
        'compressed' if recording.topics[image] == COMPRESSED else 'raw',
        'compressedDepth' if depth and recording.topics[depth] == COMPRESSED else 'raw',
    )


def _asked(recording: Recording, option: str, name: str, *kinds: str) -> str:
    """Return the topic that an option names, by its full name."""
    names = [name, *(f'{name}/{transport}' for transport in TRANSPORTS if COMPRESSED in kinds)]
    found = next((name for name in names if recording.topics.get(name) in kinds), '')
    if name and not found:
        raise ValueError(
            f'{option} is {name!r}, but must be a topic of type {" or ".join(kinds)}; {recording.contents()}'
        )
    return found


def _is_depth(recording: Recording, name: str, kind: str) -> bool:
    if kind == IMAGE:
        encoding = recording.first(name, Image).encoding
        # some drivers publish millimetres as mono16, but infrared cameras publish brightness so
        return encoding in DEPTH_ENCODINGS or (encoding == 'mono16' and 'depth' in name.lower())
    text = str(recording.first(name, CompressedImage).format)  # such as "16UC1; compressedDepth png"
    return 'compressedDepth' in text or text.partition(';')[0] in DEPTH_ENCODINGS


def _without_transport(name: str) -> str:
    base, _, last = name.rpartition('/')
    return base if last in TRANSPORTS else name


def _only(option: str, names: list[str]) -> str:
    if len(names) > 1:
        raise ValueError(f'several topics can be meant; choose by {option}: {", ".join(names)}')
    return names[0] if names else ''
