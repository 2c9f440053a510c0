# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What goes on inside, once a second on /diagnostics."""

import functools
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode

from robobrain_ros.brain.brain import Brain
from robobrain_ros.engines.base import EngineState
from robobrain_ros.ros import topics
from robobrain_ros.ros.camera.camera_input import CameraInput, CameraStatus
from robobrain_ros.ros.camera.image_watch import ImageWatch
from robobrain_ros.ros.request_stats import RequestStats

MIB = 2**20
DEMONSTRATION = (
    'the model is the demonstration checkpoint, which knows the simulated table of this package only: what it answers '
    'about other images means nothing'
)
OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR


class Diagnostics:
    """Publishes the state of engine, cameras and requests, once a second, as long as the node lives."""

    def __init__(self, node: LifecycleNode) -> None:
        self._node = node
        self.brain: Brain | None = None
        """The brain of the node while it is configured."""
        self.cameras: Mapping[str, CameraInput] = {}
        """The cameras by name while the node is active."""
        self.tally = RequestStats()
        self._watch = ImageWatch(node.get_logger())
        self._publisher = node.create_publisher(DiagnosticArray, topics.DIAGNOSTICS, 1)
        node.create_timer(1.0, self._publish, clock=Clock(clock_type=ClockType.STEADY_TIME))  # also without /clock

    def progress(self, text: str) -> None:
        """Publish at once, in words, what the engine does while it starts; from any thread."""
        self._send([self._status('engine', WARN, text, {})])

    def _publish(self) -> None:
        cameras = {camera.settings.name: camera.status() for camera in self.cameras.values()}
        self._watch.look(cameras.values())
        statuses = [self._image(name, status) for name, status in cameras.items()]
        if self.brain:
            statuses += [
                self._engine(self.brain),
                self._model(self.brain),
                self._status('requests', OK, '', self.tally.summary()),
            ]
        self._send(statuses)

    def _send(self, statuses: list[DiagnosticStatus]) -> None:
        array = DiagnosticArray(status=statuses)
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(array)

    def _engine(self, brain: Brain) -> DiagnosticStatus:
        health = brain.health()
        level = {EngineState.READY: OK, EngineState.DEAD: ERROR}.get(health.state, WARN)
        values = {'state': health.state.value, 'requests in flight': health.in_flight, 'processes': len(health.pids)}
        values |= {'memory of the engine (MiB)': resident_mib(health.pids)}
        values |= {'memory of the node (MiB)': resident_mib([os.getpid()])}
        values |= gpu_memory() | dict(health.details)
        return self._status('engine', level, health.error or health.state.value, values)

    def _model(self, brain: Brain) -> DiagnosticStatus:
        demonstration = brain.pipeline.profile.demonstration
        return self._status('model', WARN if demonstration else OK, DEMONSTRATION if demonstration else brain.model, {})

    def _image(self, name: str, status: CameraStatus) -> DiagnosticStatus:
        fault = '' if status.rate_hz or not status.subscribed else f"no images on '{status.topic}'"
        values = {
            'topic': status.topic,
            'publishers': status.publishers or 'none',
            'received': status.received,
            'replaced unused': status.unused,
            'rate (Hz)': f'{status.rate_hz:.1f}',
            'age (s)': f'{status.age_s:.3f}',
            'depth images received': status.depth_received,
            'camera_info received': status.has_camera_info,
        }
        words = f'{status.rate_hz:.1f} Hz' if status.subscribed else 'not subscribed, no request waits'
        return self._status(f'camera {name}'.rstrip(), WARN if fault else OK, fault or words, values)

    def _status(self, name: str, level: bytes, message: str, values: Mapping[str, object]) -> DiagnosticStatus:
        full_name = self._node.get_fully_qualified_name()
        return DiagnosticStatus(
            name=f'{full_name}: {name}',
            level=level,
            message=message,
            hardware_id='',
            values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
        )


def resident_mib(pids: Iterable[int]) -> int:
    """Main memory that processes take together, MiB, without what is paged out; those that are gone take none."""
    pages = 0
    for pid in pids:
        try:
            pages += int(Path(f'/proc/{pid}/statm').read_text().split()[1])
        except OSError:
            continue
    return pages * os.sysconf('SC_PAGE_SIZE') // MIB


def gpu_memory() -> dict[str, str]:
    """Used and total memory of each GPU, all programs together, in words by name.

    Empty where NVML (nvidia-ml-py) finds no GPU, or is not installed.
    """
    nvml = _nvml()
    if nvml is None:
        return {}
    values = {}
    for number in range(nvml.nvmlDeviceGetCount()):
        memory = nvml.nvmlDeviceGetMemoryInfo(nvml.nvmlDeviceGetHandleByIndex(number))
        values[f'memory of GPU {number}, used / total (MiB)'] = f'{memory.used // MIB} / {memory.total // MIB}'
    return values


@functools.cache
def _nvml() -> Any:
    """NVML, ready for use; None where it is not installed or finds no driver."""
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    return pynvml
