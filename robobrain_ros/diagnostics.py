"""What goes on inside, once a second on /diagnostics."""

from collections.abc import Mapping

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.lifecycle import LifecycleNode

from robobrain_ros.brain import Brain
from robobrain_ros.cameras import CameraInput
from robobrain_ros.engines.base import EngineState

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR


class Diagnostics:
    """Publishes the engine's and the camera's state as long as the node lives."""

    def __init__(self, node: LifecycleNode) -> None:
        self._node = node
        self.brain: Brain | None = None
        """Set while the node is configured."""
        self.camera: CameraInput | None = None
        """Set while the node is active."""
        self._publisher = node.create_publisher(DiagnosticArray, '/diagnostics', 1)
        node.create_timer(1.0, self._publish)

    def _publish(self) -> None:
        array = DiagnosticArray()
        if self.brain:
            array.status.append(self._engine(self.brain))
        if self.camera:
            array.status.append(self._image(self.camera))
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(array)

    def _engine(self, brain: Brain) -> DiagnosticStatus:
        health = brain.engine.health()
        level = {EngineState.READY: OK, EngineState.DEAD: ERROR}.get(health.state, WARN)
        values = {'state': health.state.value, 'requests in flight': health.in_flight, 'processes': len(health.pids)}
        return self._status('engine', level, health.error or health.state.value, values)

    def _image(self, camera: CameraInput) -> DiagnosticStatus:
        status = camera.status()
        fault = '' if status.rate_hz else f"no images on '{status.topic}'"
        values = {
            'topic': status.topic,
            'publishers': status.publishers,
            'received': status.received,
            'rate (Hz)': f'{status.rate_hz:.1f}',
            'age (s)': f'{status.age_s:.3f}',
            'depth images received': status.depth_received,
            'camera_info received': status.has_camera_info,
        }
        return self._status('camera', WARN if fault else OK, fault or f'{status.rate_hz:.1f} Hz', values)

    def _status(self, name: str, level: bytes, message: str, values: Mapping[str, object]) -> DiagnosticStatus:
        full_name = self._node.get_fully_qualified_name()
        return DiagnosticStatus(
            name=f'{full_name}: {name}',
            level=level,
            message=message,
            hardware_id='',
            values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
        )
