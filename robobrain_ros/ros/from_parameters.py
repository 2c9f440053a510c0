# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What the values of the parameters make: engine, prompts, cameras, and how requests are answered.

In all functions, ``values`` are the parameters' values by name, each of them checked.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from robobrain_ros import checkpoints
from robobrain_ros.brain.jobs import Policy
from robobrain_ros.brain.pipeline import Settings
from robobrain_ros.engines.server.config import ServerConfig
from robobrain_ros.engines.vllm.config import EngineConfig
from robobrain_ros.engines.vllm.flaggems import FlagGemsSettings
from robobrain_ros.errors import BadRequest
from robobrain_ros.geometry.depth import DepthMode, DepthRules
from robobrain_ros.geometry.orientation import PoseOrientation
from robobrain_ros.geometry.transform import Transform
from robobrain_ros.ros.camera.settings import CameraSettings
from robobrain_ros.ros.transforms import FixedPose
from robobrain_ros.serving.config import ServeConfig, wanted_key
from robobrain_ros.tasks.profiles import Profile, detect_profile


def model_directory(values: Mapping[str, Any]) -> Path:
    """Find the directory of the model.

    :raises BadRequest: if the parameter is empty: an answer of the demonstration checkpoint means nothing to a robot,
        so it never stands in for a model that was forgotten
    """
    if not values['model']:
        raise BadRequest(
            "model is '', but must be the directory of a model's Hugging Face files, or 'tiny' for the demonstration "
            'checkpoint of this package, which knows its simulated table only'
        )
    return checkpoints.directory(values['model'])


def profile(values: Mapping[str, Any]) -> Profile:
    """How the model is asked: its prompts and the format of its answers.

    :raises BadRequest: if there is no such model, or its directory does not tell
    """
    name = values['model_profile']
    try:
        return detect_profile(model_directory(values), '' if name == 'auto' else name)
    except ValueError as error:
        raise BadRequest(str(error)) from error


def engine_config(values: Mapping[str, Any]) -> EngineConfig:
    """How the model is run: what the engine is started with.

    :raises BadRequest: if there is no such model
    """
    return EngineConfig(
        model=model_directory(values),
        device=values['device'],
        dtype=values['dtype'],
        max_model_len=values['max_model_len'],
        max_pixels=values['max_pixels'],
        kv_cache_mb=values['kv_cache_mb'],
        stall_s=values['stall_s'],
        quantization=values['quantization'],
        decode_kernels=values['decode_kernels'],
        shared=bool(values['serve.port']),
        tensor_parallel_size=values['tensor_parallel_size'],
        cache_directory=values['cache_directory'],
        flaggems=FlagGemsSettings(
            values['flaggems.profile'],
            tuple(filter(None, values['flaggems.include'])),
            tuple(filter(None, values['flaggems.exclude'])),
        ),
    )


def on_server(values: Mapping[str, Any]) -> bool:
    """Whether others run the model: ``engine`` says so, or ``model`` is an address."""
    return values['engine'] == 'server' or '://' in values['model']


def server_config(values: Mapping[str, Any]) -> ServerConfig:
    """How the servers are reached that run the model.

    :raises BadRequest: for an address that cannot be one
    """
    return ServerConfig(
        url=values['model'] if '://' in values['model'] else values['server.url'],
        model=values['server.model'],
        api_key_file=values['server.api_key_file'],
        timeout_s=values['server.timeout_s'],
        image_format=values['server.image_format'],
        max_pixels=values['max_pixels'],
    )


def serve_config(values: Mapping[str, Any]) -> ServeConfig | None:
    """Who may ask over HTTP; None if nobody: serve.port is 0.

    :raises BadRequest: for values that cannot be, or do not go together
    """
    if not values['serve.port']:
        return None
    if on_server(values):
        raise BadRequest(
            f'serve.port is {values["serve.port"]}, but the model runs on a server: let HTTP clients ask '
            'that themselves, or set serve.port to 0'
        )
    return ServeConfig(
        port=values['serve.port'],
        host=values['serve.host'],
        api_key=wanted_key(values['serve.api_key_file']),
        model_name=values['serve.model_name'],
        image_hosts=tuple(filter(None, values['serve.image_hosts'])),
        max_requests=values['serve.max_requests'],
    )


def cameras(values: Mapping[str, Any]) -> list[CameraSettings]:
    """How the cameras are listened to, the default one first.

    :raises BadRequest: if two have the same name
    """
    names = list(values['cameras'])
    if len(set(names)) < len(names):
        raise BadRequest(f'cameras is {names!r}, but every name must be there once')
    on_demand = values['image_subscription'] == 'on_demand'
    return [
        CameraSettings(
            name,
            values['image_transport'],
            values['depth_transport'],
            values['depth_slop_s'],
            values['image_idle_s'] if on_demand else None,
            values['stamp_source'],
        )
        for name in names
    ]


def camera_poses(values: Mapping[str, Any]) -> dict[str, FixedPose]:
    """Where cameras are that never move, by their names.

    :raises BadRequest: for more poses than cameras, and for numbers that are no pose
    """
    names, texts = values['cameras'], values['camera_pose']
    if len(texts) > len(names):
        raise BadRequest(f'camera_pose is {texts!r}, but cameras is {names!r}: expected at most one pose a camera')
    return {name: _fixed_pose(text) for name, text in zip(names, texts, strict=False) if text}


def _fixed_pose(text: str) -> FixedPose:
    frame, *numbers = text.split() or ['']
    try:
        x, y, z, qx, qy, qz, qw = map(float, numbers)
    except ValueError:
        right = "'FRAME x y z qx qy qz qw', such as 'base_link 0 0 0.8 -0.7071 0.7071 0 0'"
        raise BadRequest(f'camera_pose is {text!r}, but must be {right}') from None
    try:
        if not math.isfinite(x + y + z):
            raise ValueError('the position is not finite')
        return FixedPose(frame, Transform.from_quaternion((x, y, z), (qx, qy, qz, qw)))
    except ValueError as error:
        raise BadRequest(f'camera_pose is {text!r}, but {error}') from error


def check(values: Mapping[str, Any]) -> None:
    """Check values that have to go together.

    :raises BadRequest: if they do not; the sentence quotes them
    """
    settings(values)
    cameras(values)
    camera_poses(values)
    serve_config(values)
    if on_server(values):
        server_config(values)


def settings(values: Mapping[str, Any]) -> Settings:
    """How requests are answered, for the brain or for a single one.

    :raises BadRequest: for values that do not go together
    """
    if values['min_depth_m'] >= values['max_depth_m']:
        raise BadRequest(
            f'min_depth_m is {values["min_depth_m"]} and max_depth_m is {values["max_depth_m"]}, '
            'but min_depth_m must be less than max_depth_m'
        )
    rules = DepthRules(
        window_px=values['depth_window_px'],
        min_valid_fraction=values['depth_min_valid_fraction'],
        min_depth_m=values['min_depth_m'],
        max_depth_m=values['max_depth_m'],
        mode=DepthMode(values['trajectory_depth']),
        model_depth_is_ray=values['model_depth_is_ray'],
    )
    return Settings(
        guided_decoding=values['guided_decoding'],
        temperature=values['temperature'],
        min_confidence=values['min_confidence'],
        depth=rules,
        orientation=PoseOrientation(values['pose_orientation']),
        policy=Policy(values['preemption']),
        queue_size=values['queue_size'],
    )
