# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The lifecycle node ``robobrain``: wires cameras, brain and outputs together, and owns their lives."""

import functools
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import wait
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import rclpy
from rcl_interfaces.msg import SetParametersResult
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn

from robobrain_ros.brain.brain import Brain
from robobrain_ros.engines.base import Engine, Loss
from robobrain_ros.engines.ending import Signals, leave
from robobrain_ros.engines.vllm.embedded import EmbeddedEngine
from robobrain_ros.errors import BadRequest, BrainError, ErrorCode
from robobrain_ros.ros import banner, node_parameters, parameter_files, topics
from robobrain_ros.ros.answering import ActiveNode, Answering
from robobrain_ros.ros.camera.camera_input import CameraInput
from robobrain_ros.ros.diagnostics import DEMONSTRATION, Diagnostics
from robobrain_ros.ros.fastdds import use_image_profile
from robobrain_ros.ros.from_parameters import (
    camera_poses,
    cameras,
    check,
    engine_config,
    model_directory,
    on_server,
    profile,
    server_config,
    settings,
)
from robobrain_ros.ros.http import require_port, serve
from robobrain_ros.ros.lifecycle import AnsweringLifecycleNode
from robobrain_ros.ros.monitoring import Monitoring
from robobrain_ros.ros.outputs import Outputs
from robobrain_ros.ros.parameters import BY_NAME, PARAMETERS
from robobrain_ros.ros.polled_clock import PolledClock
from robobrain_ros.ros.program import callbacks, start
from robobrain_ros.ros.remembering import Remembering
from robobrain_ros.ros.request_server import RequestServer
from robobrain_ros.ros.tracking import Tracking
from robobrain_ros.ros.transforms import Transforms
from robobrain_ros.tasks.profiles import Profile

if TYPE_CHECKING:
    from robobrain_ros.serving.server import HttpServer

END_S = 4.0
"""So long the node may take to shut down, seconds: less than what launch waits until it sends the next signal."""

Transition = Callable[['RobobrainNode', LifecycleState], TransitionCallbackReturn]


def explained(transition: Transition) -> Transition:
    """Let a transition fail with a line in the log: rclpy would swallow the exception.

    A BrainError gives FAILURE; any other exception is a defect, and gives ERROR with its traceback.
    """

    @functools.wraps(transition)
    def run(self: 'RobobrainNode', state: LifecycleState) -> TransitionCallbackReturn:
        try:
            return transition(self, state)
        except BrainError as error:
            # once the node is to end, a start that is given up is no news
            log = self.get_logger().info if self.stopping.is_set() else self.get_logger().error
            log(f'{transition.__name__} failed: {error}')
            return TransitionCallbackReturn.FAILURE
        except Exception:
            self.get_logger().error(f'{transition.__name__} failed by a defect:\n{traceback.format_exc()}')
            return TransitionCallbackReturn.ERROR

    return run


def _engine(values: Mapping[str, Any]) -> tuple[Engine, Profile]:
    """Make the engine, which does not run yet, and say how its model is asked."""
    if not on_server(values):
        return EmbeddedEngine(engine_config(values)), profile(values)
    from robobrain_ros.engines.server.discovery import find
    from robobrain_ros.engines.server.engine import ServerEngine

    config, model = server_config(values), values['model']
    directory = model_directory(values) if model and '://' not in model else None
    found, limits = find(config, values['model_profile'], directory)
    return ServerEngine(config, limits), found


class RobobrainNode(PolledClock, AnsweringLifecycleNode):
    """The node, by lifecycle.

    configure: start the engine, warm up. activate: subscribe, answer. deactivate: abort. cleanup: engine down.

    :param options: those of rclpy's LifecycleNode, such as ``namespace`` or ``context``
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(topics.NODE, **options)
        # before anything can fail: rclpy destroys the nodes that are left when it shuts down
        self._answering = Answering(self, self._values)
        self._requests = RequestServer(self, self._answering, self._values)
        self._monitoring = Monitoring(self, self._answering, self._values)
        self._tracking = Tracking(self, self._answering, self._values)
        self._remembering = Remembering(self, self._answering, self._values)
        self._diagnostics = Diagnostics(self)
        self._brain: Brain | None = None
        self._http: HttpServer | None = None
        self._cameras: dict[str, CameraInput] = {}
        self._active = ExitStack()
        """Ends what lives only while the node is active."""
        self._transforms = Transforms(self)
        node_parameters.declare(self, PARAMETERS, self._parameter_overrides, check)
        self.add_on_set_parameters_callback(self._on_parameters)
        self.stopping = threading.Event()
        """Set it when the process is to end: a transition that blocks gives up."""

    def value(self, name: str) -> Any:
        """The value of a parameter now."""
        return self.get_parameter(name).value

    def _values(self) -> dict[str, Any]:
        return {parameter.name: self.value(parameter.name) for parameter in PARAMETERS}

    def _on_parameters(self, changes: 'list[rclpy.Parameter[Any]]') -> SetParametersResult:
        ours = [change for change in changes if change.name in BY_NAME]
        values = self._values() | {change.name: change.value for change in ours}
        try:
            for change in ours:
                changed = change.value != self.value(change.name)
                if changed and self._brain is not None and not BY_NAME[change.name].dynamic:
                    raise BadRequest(
                        f'{change.name} cannot change while the engine runs; '
                        'clean the node up, set it, and configure again',
                    )
                BY_NAME[change.name].check(change.value)
            check(values)
        except BrainError as error:
            return SetParametersResult(successful=False, reason=str(error))
        if self._brain is not None:
            self._brain.settings = settings(values)
        return SetParametersResult(successful=True)

    def _report(self, text: str) -> None:
        if isinstance(text, Loss):
            self.get_logger().warning(text)
        else:
            self.get_logger().info(text)
        self._diagnostics.progress(text)

    @explained
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start the engine; blocks until it is warm."""
        values = self._values()
        banner.tell(values, self.get_logger())
        require_port(values)
        brain = Brain(*_engine(values), settings(values))
        try:
            started = brain.start(self._report, (values['warm_up_width'], values['warm_up_height']))
            while not wait([started], timeout=0.2).done:
                if self.stopping.is_set():
                    raise BrainError(ErrorCode.CANCELLED, 'shut down while the engine was starting')
            started.result()
            self._http = serve(brain, values, self._answering)
        except BaseException:
            brain.close()
            raise
        self._brain = self._diagnostics.brain = brain
        if self._http is not None:
            self._report(f'serving {self._http.model_name} at {self._http.url}')
        return TransitionCallbackReturn.SUCCESS

    @explained
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Subscribe to the camera and take requests."""
        assert self._brain is not None
        with ExitStack() as opened:  # closes what is open already, should the rest fail
            self._transforms.fixed = camera_poses(self._values())
            outputs = Outputs(self, self._diagnostics.tally)
            opened.callback(outputs.close)
            looking = {}
            for one in cameras(self._values()):
                looking[one.name] = CameraInput(self, one)
                opened.callback(looking[one.name].close)
            self._active = opened.pop_all()
        self._cameras = self._diagnostics.cameras = looking
        self._answering.open(ActiveNode(self._brain, looking, outputs, self._transforms))
        cameras_in_words = '; '.join(
            f'{f"camera {name}: " if name else ""}{camera.sources()}' for name, camera in looking.items()
        )
        known = self._brain.pipeline.profile
        worth = 'calibrated' if known.calibration else 'not calibrated'
        self.get_logger().info(f'active; {cameras_in_words}; confidence is {worth}')
        if known.demonstration:
            self.get_logger().warning(DEMONSTRATION)
        return super().on_activate(state)

    @explained
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """End all requests, unsubscribe."""
        self._shut()
        return super().on_deactivate(state)

    @explained
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """End the engine and give back its memory."""
        self._end()
        return TransitionCallbackReturn.SUCCESS

    @explained
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """End requests, cameras and engine, from any state."""
        self._end()
        return TransitionCallbackReturn.SUCCESS

    @explained
    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """End everything after a defect; the node is unconfigured then, and can be configured again."""
        self._end()
        return TransitionCallbackReturn.SUCCESS

    def _shut(self) -> None:
        self._answering.shut()
        self._cameras = self._diagnostics.cameras = {}
        self._active.close()

    def _end(self) -> None:
        brain, self._brain, self._diagnostics.brain = self._brain, None, None  # once is enough, even if it fails
        http, self._http = self._http, None
        try:
            self._shut()
        finally:
            if http is not None:
                http.close()
            if brain is not None:
                brain.close()

    def finish_requests(self, timeout_s: float) -> None:
        """Refuse new requests, and let the executor tell the clients of the old ones; blocks."""
        self._answering.shut()
        self._answering.wait(timeout_s)

    def destroy_node(self) -> None:
        """End everything, then the node."""
        self._end()
        super().destroy_node()


def _make(args: list[str] | None) -> RobobrainNode:
    """Make the node, and warn of what stands in parameter files in vain."""
    node = RobobrainNode()
    for warning in parameter_files.without_effect(node.get_fully_qualified_name(), args):
        node.get_logger().warning(warning)
    return node


def main(args: list[str] | None = None) -> int:
    """Run the node until SIGINT, SIGTERM or SIGHUP, and end the process; it starts unconfigured, as lifecycle nodes do.

    :returns: the exit code 1 if the node cannot be started
    """
    late = f'has not ended within {END_S:g} s, and ends now, with its engine'
    # once it was asked to end, that its engine could not be asked nicely is no failure: imports cannot be interrupted
    signals = Signals(END_S, lambda number: rclpy.logging.get_logger(topics.NODE).warning(late), code=0)
    use_image_profile()
    node = start(
        'robobrain_node',
        'The lifecycle node robobrain: it answers instructions about the images of a camera.',
        PARAMETERS,
        'Topics, services and all values of the parameters: README.md and docs/ of robobrain_ros.',
        args,
        functools.partial(_make, args),
    )
    if node is None:
        return 1
    with callbacks(node):
        signals.wait()
        node.stopping.set()
        node.get_logger().info('shutting down')
        node.finish_requests(timeout_s=2.0)
    return leave(0)


if __name__ == '__main__':
    sys.exit(main())
