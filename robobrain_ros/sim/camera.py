"""A ROS 2 node that is a colour and depth camera over a simulated table top."""

import array
import io
import signal
import sys
from collections.abc import Callable

import numpy as np
import rclpy
from geometry_msgs.msg import TransformStamped
from numpy.typing import NDArray
from PIL import Image as PillowImage
from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.exceptions import ParameterException
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from robobrain_ros.sim.scene import TableTop
from robobrain_ros.sim.view import View
from robobrain_ros.transport import use_image_profile

OPTICAL_FRAME, WORLD_FRAME = 'camera_color_optical_frame', 'world'

# Raw images are lost when best effort meets a small buffer, and an old one is of no use: reliable, newest only.
IMAGE_QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)


class SimulatedCamera(Node):
    """Publishes one scene again and again, each time with a new stamp, until the parameter ``seed`` changes.

    A scene is drawn once, when it is new: software rendering would cost more than the brain can spare. When
    setting ``seed`` has been answered (after some 0.3 s), every image with a later stamp shows the new scene.

    Topics, all with the same stamp and frame: ``image`` (rgb8), ``depth/image`` (32FC1, metres along the optical axis,
    NaN where there is nothing), ``camera_info``, and ``image/compressed`` (JPEG) where ``image_transport`` says so.
    ``/tf_static`` holds the camera's pose in ``world`` (the middle of the table's surface) where tf2_msgs is installed.

    :raises RuntimeError: no OpenGL here; says what to install
    """

    def __init__(self) -> None:
        super().__init__('simulated_camera')
        self._declare_parameters()
        self._image = self.create_publisher(Image, 'image', IMAGE_QOS)
        self._depth = self.create_publisher(Image, 'depth/image', IMAGE_QOS)
        self._info = self.create_publisher(CameraInfo, 'camera_info', IMAGE_QOS)
        compressed = self.get_parameter('image_transport').value == 'compressed'
        self._jpeg = self.create_publisher(CompressedImage, 'image/compressed', IMAGE_QOS) if compressed else None
        self._publish_pose = self._create_pose_publisher()
        self._show(self.get_parameter('seed').value)
        self.add_on_set_parameters_callback(self._on_parameters)
        self.create_timer(1.0 / self.get_parameter('rate_hz').value, self._publish)

    def _declare_parameters(self) -> None:
        seeds = IntegerRange(from_value=0, to_value=2**31 - 1, step=1)
        sides = IntegerRange(from_value=64, to_value=1920, step=1)
        rates = FloatingPointRange(from_value=1.0, to_value=60.0)
        for name, default, description, limits in (
            ('seed', 0, 'which table top is shown; may be set at any time', {'integer_range': [seeds]}),
            ('width', 640, 'image width in pixels', {'integer_range': [sides]}),
            ('height', 480, 'image height in pixels', {'integer_range': [sides]}),
            ('rate_hz', 10.0, 'images per second', {'floating_point_range': [rates]}),
            ('image_transport', 'raw', 'raw, or compressed to publish JPEG on image/compressed too', {}),
        ):
            descriptor = ParameterDescriptor(description=description, read_only=name != 'seed', **limits)
            self.declare_parameter(name, default, descriptor)
        transport = self.get_parameter('image_transport').value
        if transport not in ('raw', 'compressed'):
            raise ValueError(f'image_transport is {transport!r}; it can be raw or compressed')

    def _create_pose_publisher(self) -> Callable[[TransformStamped], None] | None:
        try:
            from tf2_msgs.msg import TFMessage
        except ImportError:
            self.get_logger().info('/tf_static is not published: tf2_msgs is not installed (there is no wheel of it)')
            return None
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        publisher = self.create_publisher(TFMessage, '/tf_static', latched)
        return lambda transform: publisher.publish(TFMessage(transforms=[transform]))

    def _on_parameters(self, parameters: list[Parameter]) -> SetParametersResult:
        for parameter in parameters:
            if parameter.name == 'seed':
                try:
                    self._show(parameter.value)
                except (RuntimeError, ValueError) as error:
                    return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _show(self, seed: int) -> None:
        """Draw a scene and keep it as messages that lack only a stamp."""
        scene = TableTop(seed, self.get_parameter('width').value, self.get_parameter('height').value)
        rgb, depth = scene.render()
        self._messages = [
            (self._image, image_message(rgb, 'rgb8')),
            (self._depth, image_message(depth, '32FC1')),
            (self._info, camera_info(scene.view)),
        ]
        if self._jpeg:
            self._messages.append((self._jpeg, jpeg_message(rgb)))
        if self._publish_pose:
            transform = pose_of(scene.view)
            transform.header.stamp = self.get_clock().now().to_msg()
            self._publish_pose(transform)
        names = ', '.join(thing.name for thing in scene.truth().objects)
        self.get_logger().info(f'seed {seed}, {scene.view.width}x{scene.view.height}: {names}')

    def _publish(self) -> None:
        stamp = self.get_clock().now().to_msg()
        for publisher, message in self._messages:
            message.header.stamp = stamp
            publisher.publish(message)


def image_message(pixels: NDArray[np.uint8] | NDArray[np.float32], encoding: str) -> Image:
    """Return (height, width) or (height, width, channels) pixels as an unstamped message without row padding."""
    height, width = pixels.shape[:2]
    message = Image(height=height, width=width, encoding=encoding, step=pixels.nbytes // height)
    message.header.frame_id = OPTICAL_FRAME
    message.is_bigendian = sys.byteorder == 'big'
    message.data = array.array('B', pixels.tobytes())
    return message


def jpeg_message(rgb: NDArray[np.uint8]) -> CompressedImage:
    """Return an image as JPEG, described as compressed_image_transport does it."""
    buffer = io.BytesIO()
    PillowImage.fromarray(rgb).save(buffer, 'JPEG', quality=90)
    message = CompressedImage(format='rgb8; jpeg compressed bgr8')
    message.header.frame_id = OPTICAL_FRAME
    message.data = array.array('B', buffer.getvalue())
    return message


def camera_info(view: View) -> CameraInfo:
    """Return the intrinsics of an ideal pinhole camera (REP-104)."""
    k = view.k
    message = CameraInfo(width=view.width, height=view.height, distortion_model='plumb_bob')
    message.header.frame_id = OPTICAL_FRAME
    message.d = [0.0] * 5
    message.k = k.ravel()
    message.r = np.eye(3).ravel()
    message.p = np.column_stack([k, np.zeros(3)]).ravel()
    return message


def pose_of(view: View) -> TransformStamped:
    """Return the unstamped transform from the world to the camera's optical frame."""
    import mujoco  # was loaded by the scene, with the right backend

    quaternion = np.empty(4)
    mujoco.mju_mat2Quat(quaternion, view.rotation.ravel())
    message = TransformStamped(child_frame_id=OPTICAL_FRAME)
    message.header.frame_id = WORLD_FRAME
    translation, rotation = message.transform.translation, message.transform.rotation
    translation.x, translation.y, translation.z = map(float, view.position)
    rotation.w, rotation.x, rotation.y, rotation.z = map(float, quaternion)
    return message


def main(args: list[str] | None = None) -> int:
    """Run the camera until SIGINT or SIGTERM; return the exit code. Blocks."""
    use_image_profile()
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    executor = SingleThreadedExecutor()  # before the handlers: interrupted, its constructor leaves half of it behind
    # rclpy's own handlers shut the context down under a publishing timer; these raise KeyboardInterrupt instead.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    code = 0
    try:
        executor.add_node(SimulatedCamera())
        executor.spin()
    except KeyboardInterrupt:
        pass  # the way it is meant to end
    except (RuntimeError, ValueError, ParameterException) as error:
        rclpy.logging.get_logger('simulated_camera').fatal(str(error))
        code = 1
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # once is enough
        rclpy.try_shutdown()
    return code


if __name__ == '__main__':
    sys.exit(main())
