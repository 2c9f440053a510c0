"""CameraInput over DDS: which image a request gets, and what belongs to it."""

import threading
import time
from concurrent.futures import CancelledError
from contextlib import contextmanager

import cv2
import numpy as np
import pytest
from rclpy.node import Node
from rclpy.qos import ReliabilityPolicy
from ros_helpers import FRAME, TestCamera, colour, depth, later, own_domain, ros, until
from sensor_msgs.msg import CameraInfo, CompressedImage
from std_msgs.msg import Header

from robobrain_ros.camera_settings import CameraSettings
from robobrain_ros.cameras import CameraInput
from robobrain_ros.engines.loop import LoopThread
from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.frames import CameraFrame
from robobrain_ros.image_bridge import CvBridge

pytestmark = [pytest.mark.ros, pytest.mark.filterwarnings('error::pytest.PytestUnhandledThreadExceptionWarning')]

RELIABLE, BEST_EFFORT = ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT


@pytest.fixture(scope='module', autouse=True)
def domain():
    with own_domain() as domain:
        yield domain


@pytest.fixture(scope='module')
def context(domain):
    with ros() as context:
        yield context


@pytest.fixture(scope='module')
def far_context(domain):
    """The camera's side: another participant, so that everything goes through DDS."""
    with ros() as context:
        yield context


@pytest.fixture(scope='module')
def loop():
    loop = LoopThread('test-loop')
    yield loop
    loop.close()


class Rig:
    """A CameraInput in a node, and the loop in which requests wait for images."""

    def __init__(self, context, loop, settings=CameraSettings(), name='robobrain', **options):  # noqa: B008
        self.loop = loop
        self.node = Node(name, context=context, **options)
        self.input = CameraInput(self.node, settings)

    def close(self):
        self.input.close()
        self.node.destroy_node()

    def ask(self, not_before_ns=0, max_age=1.0, timeout=5.0):
        return self.loop.submit(self.input.frame(not_before_ns, max_age, timeout))

    def frame(self, **options) -> CameraFrame:
        return self.ask(**options).result(15)

    def fault(self, **options) -> BrainError:
        with pytest.raises(BrainError) as caught:
            self.frame(**options)
        return caught.value

    def linked(self, camera: TestCamera, policy=RELIABLE) -> None:
        """Wait until every topic of the camera is subscribed to, with the right reliability."""

        def linked(publisher) -> bool:
            infos = camera.node.get_subscriptions_info_by_topic(publisher.topic_name)
            policies = [info.qos_profile.reliability for info in infos]
            return policies == [policy] and publisher.get_subscription_count() == 1

        for publisher in (camera.image, camera.depth, camera.info):
            until(lambda p=publisher: linked(p), f'subscription of {publisher.topic_name}')

    def deliver(self, publisher, message) -> None:
        """Publish, and wait until it is here."""

        def arrived() -> int:
            status = self.input.status()
            if isinstance(message, CameraInfo):
                return status.has_camera_info
            return status.depth_received if getattr(message, 'encoding', '') == '32FC1' else status.received

        before = arrived()
        publisher.publish(message)
        until(lambda: arrived() > before, f'message on {publisher.topic_name}')


@pytest.fixture
def rig(context, loop):
    rig = Rig(context, loop)
    yield rig
    rig.close()


@contextmanager
def publishing(context, *arguments, **options):
    camera = TestCamera(context, *arguments, **options)
    try:
        yield camera
    finally:
        camera.close()


@pytest.fixture
def camera(far_context, rig):
    with publishing(far_context) as camera:
        rig.linked(camera)
        yield camera


def picture(value=0, width=8, height=6):
    return np.full((height, width, 3), value, np.uint8)


def nanoseconds(header: Header) -> int:
    return header.stamp.sec * 10**9 + header.stamp.nanosec


# --- which image ----------------------------------------------------------------------------------------------------
def test_the_newest_image_wins(rig, camera):
    for value in (1, 2, 3):
        rig.deliver(camera.image, colour(camera.header(), picture(value)))
    frame = rig.frame()
    assert (frame.rgb() == 3).all()
    assert frame.header.frame_id == FRAME
    assert 0 < frame.age < 1
    rig.deliver(camera.image, colour(camera.header(), picture(4)))
    assert (frame.rgb() == 3).all(), 'a frame handed out keeps its image'
    assert (rig.input.status().received, rig.input.status().unused) == (4, 2)


def test_a_request_waits_for_the_first_image(rig, camera):
    asked = rig.ask()
    with pytest.raises(TimeoutError):
        asked.result(0.1)
    camera.image.publish(colour(camera.header(), picture(7)))
    assert (asked.result(5).rgb() == 7).all()


def test_many_requests_wait_for_one_image(rig, camera):
    asked = [rig.ask() for _ in range(20)]
    camera.image.publish(colour(camera.header(), picture(7)))
    assert {int(request.result(5).rgb()[0, 0, 0]) for request in asked} == {7}


def test_a_request_waits_for_an_image_that_is_not_before_its_time(rig, camera):
    rig.deliver(camera.image, colour(camera.header(), picture(1)))
    not_before = camera.node.get_clock().now().nanoseconds
    asked = rig.ask(not_before_ns=not_before)
    with pytest.raises(TimeoutError):
        asked.result(0.1)
    camera.image.publish(colour(camera.header(), picture(2)))
    frame = asked.result(5)
    assert nanoseconds(frame.header) >= not_before
    assert (frame.rgb() == 2).all()


def test_without_an_image_the_fault_names_topic_and_publishers(rig, camera):
    fault = rig.fault(timeout=0.1)
    assert fault.code is ErrorCode.NO_IMAGE
    assert "'/image'" in str(fault)
    assert '1 publisher' in str(fault)
    assert '0.1 s' in str(fault)


@pytest.mark.parametrize(
    ('ago', 'options', 'says'),
    [
        (3.0, {'max_age': 2.0}, ('3.0', '2 s are allowed')),
        (-5.0, {}, ('in the future', 'use_sim_time')),
        (0.0, {'not_before_ns': 2 * 10**18}, ('older than not_before',)),
    ],
)
def test_an_unfit_image_is_refused_with_its_age(rig, camera, ago, options, says):
    rig.deliver(camera.image, colour(camera.header(ago), picture()))
    fault = rig.fault(timeout=0.1, **options)
    assert fault.code is ErrorCode.STALE_IMAGE
    assert all(words in str(fault) for words in says), str(fault)


def test_a_stamp_a_little_in_the_future_is_no_fault(rig, camera):
    rig.deliver(camera.image, colour(camera.header(-0.5), picture()))
    assert rig.frame().age == 0


def test_an_image_without_stamp_ages_from_its_arrival(rig, camera):
    rig.deliver(camera.image, colour(Header(frame_id=FRAME), picture()))
    rig.deliver(camera.depth, depth(Header(frame_id=FRAME), np.full((6, 8), 1.0)))
    frame = rig.frame()
    assert 0 < frame.age < 5
    assert frame.depth() is None  # nothing says that it is this image's
    age = frame.age
    until(lambda: rig.frame().age > age + 0.1, 'the same image, older')
    assert rig.fault(timeout=0.0, max_age=0.05).code is ErrorCode.STALE_IMAGE
    fault = rig.fault(timeout=0.1, not_before_ns=camera.node.get_clock().now().nanoseconds)
    assert fault.code is ErrorCode.STALE_IMAGE
    assert 'no stamp' in str(fault)


# --- what belongs to it ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize('topic', ['depth', 'info'])
def test_another_frame_is_refused(rig, camera, topic):
    """As of a depth camera that is not registered to the colour camera."""
    header = camera.header(0.1)
    other = Header(stamp=header.stamp, frame_id='depth_optical_frame')
    rig.deliver(camera.image, colour(header, picture()))
    frame = rig.frame()
    if topic == 'depth':
        rig.deliver(camera.depth, depth(other, np.full((6, 8), 1.0)))
        until(lambda: frame._depth is not None, 'the depth')
        with pytest.raises(BrainError, match=r"depth image is in frame 'depth_optical_frame'.*register it"):
            frame.depth()
    else:
        rig.deliver(camera.info, CameraInfo(header=other, width=8, height=6))
        with pytest.raises(BrainError, match="camera_info is in frame 'depth_optical_frame'"):
            rig.frame().camera()


def test_depth_is_matched_by_stamp(rig, camera):
    head = camera.header()
    for milliseconds, metres in ((-200, 1.0), (-15, 2.0), (-5, 3.0), (95, 4.0)):
        rig.deliver(camera.depth, depth(later(head, milliseconds), np.full((6, 8), metres)))
    rig.deliver(camera.image, colour(head, picture()))
    found = rig.frame(max_age=60.0).depth()
    assert found is not None
    assert (found == 3.0).all()


def test_depth_outside_the_slop_is_none(rig, camera):
    head = camera.header()
    rig.deliver(camera.depth, depth(later(head, -300), np.ones((6, 8))))
    rig.deliver(camera.image, colour(head, picture()))
    assert rig.frame(max_age=60.0).depth() is None


def test_depth_may_come_after_the_image_and_after_the_request(rig, camera):
    head = camera.header(0.1)
    rig.deliver(camera.image, colour(head, picture()))
    frame = rig.frame()
    assert frame.depth() is None
    near = later(head, 20)
    rig.deliver(camera.depth, depth(near, np.full((6, 8), 1.0)))
    assert frame.depth().max() == 1.0
    rig.deliver(camera.depth, depth(head, np.full((6, 8), 2.0)))
    assert frame.depth().max() == 2.0, 'the exact stamp is better'
    rig.deliver(camera.depth, depth(near, np.full((6, 8), 3.0)))
    assert frame.depth().max() == 2.0, 'and stays'


def test_camera_info_makes_the_camera(rig, camera):
    rig.deliver(camera.image, colour(camera.header(), picture()))
    assert rig.frame().camera() is None
    k = [10.0, 0.0, 3.5, 0.0, 10.0, 2.5, 0.0, 0.0, 1.0]
    rig.deliver(camera.info, CameraInfo(header=camera.header(), width=8, height=6, k=k, distortion_model='plumb_bob'))
    assert (rig.frame().camera().width, rig.frame().camera().height) == (8, 6)


def test_size_and_encoding_may_change_in_mid_stream(rig, camera):
    bridge = CvBridge()
    for encoding, image in (
        ('rgb8', picture(9)),
        ('bgr8', picture(8, 16, 12)),
        ('mono8', np.full((3, 4), 7, np.uint8)),
        ('rgba8', np.full((24, 32, 4), 6, np.uint8)),
    ):
        rig.deliver(camera.image, bridge.cv2_to_imgmsg(image, encoding, camera.header()))
        rgb = rig.frame().rgb()
        assert rgb.shape == (*image.shape[:2], 3)
        assert (rgb == image.flat[0]).all()


def test_a_bad_image_is_a_fault_of_that_image_only(rig, camera):
    bad = colour(camera.header(), picture())
    bad.height = 99
    rig.deliver(camera.image, bad)
    with pytest.raises(BrainError) as caught:
        rig.frame().rgb()
    assert caught.value.code is ErrorCode.BAD_IMAGE
    rig.deliver(camera.image, colour(camera.header(), picture(5)))
    assert (rig.frame().rgb() == 5).all()


# --- how it subscribes ----------------------------------------------------------------------------------------------
def test_a_publisher_may_come_late(rig, far_context):
    asked = rig.ask(timeout=10)
    with publishing(far_context) as camera:
        rig.linked(camera)
        camera.image.publish(colour(camera.header(), picture(3)))
        assert (asked.result(5).rgb() == 3).all()


def test_reliability_follows_the_publishers(rig, far_context):
    for policy in (BEST_EFFORT, RELIABLE, BEST_EFFORT):
        with publishing(far_context, reliability=policy) as camera:
            rig.linked(camera, policy)
            rig.deliver(camera.image, colour(camera.header(), picture()))
        until(lambda p=camera: not rig.node.get_publishers_info_by_topic('/image'), 'the publisher is gone')


def test_mixed_publishers_are_all_heard(rig, far_context):
    with publishing(far_context, reliability=RELIABLE) as first:
        rig.linked(first, RELIABLE)
        with publishing(far_context, reliability=BEST_EFFORT) as second:
            rig.linked(second, BEST_EFFORT)
            for camera in (first, second):
                until(lambda c=camera: c.image.get_subscription_count() == 1, 'link')
                rig.deliver(camera.image, colour(camera.header(), picture()))


def test_compressed_images(context, far_context, loop):
    rig = Rig(context, loop, CameraSettings(image_transport='compressed'))
    names = ('/image/compressed', '/depth/image', '/camera_info')
    try:
        with publishing(far_context, CompressedImage, names=names) as camera:
            rig.linked(camera)
            message = CvBridge().cv2_to_compressed_imgmsg(picture(100, 64, 48))
            message.header = camera.header()
            rig.deliver(camera.image, message)
            assert abs(rig.frame().rgb().astype(int) - 100).max() <= 2
            garbage = CompressedImage(header=camera.header(), format='jpeg', data=[1, 2, 3])
            rig.deliver(camera.image, garbage)
            with pytest.raises(BrainError, match='neither JPEG nor PNG'):
                rig.frame().rgb()
    finally:
        rig.close()


def test_named_cameras_have_topics_of_their_own(context, far_context, loop):
    rigs = {name: Rig(context, loop, CameraSettings(name), name='robobrain') for name in ('front', 'wrist')}
    try:
        for value, (name, rig) in enumerate(rigs.items(), 1):
            topics = (f'/{name}/image', f'/{name}/depth/image', f'/{name}/camera_info')
            assert rig.input.status().topic == topics[0]
            with publishing(far_context, names=topics) as camera:
                rig.linked(camera)
                head = camera.header()
                rig.deliver(camera.image, colour(head, picture(value)))
                rig.deliver(camera.depth, depth(head, np.full((6, 8), float(value))))
                rig.deliver(camera.info, CameraInfo(header=head, width=8, height=6))
        for value, rig in enumerate(rigs.values(), 1):
            frame = rig.frame(max_age=60.0)
            assert (frame.rgb() == value).all()
            assert (frame.depth() == value).all()
            assert rig.input.status().received == rig.input.status().depth_received == 1
    finally:
        for rig in rigs.values():
            rig.close()


def compressed_depth(head: Header, millimetres: np.ndarray) -> CompressedImage:
    """As compressed_depth_image_transport writes it: 12 bytes of its settings, then PNG."""
    data = bytes(12) + cv2.imencode('.png', millimetres)[1].tobytes()
    return CompressedImage(header=head, format='16UC1; compressedDepth png', data=data)


def test_compressed_depth(context, far_context, loop):
    rig = Rig(context, loop, CameraSettings('front', depth_transport='compressedDepth'))
    names = ('/front/image', '/front/depth/image/compressedDepth', '/front/camera_info')
    try:
        with publishing(far_context, names=names, depth_kind=CompressedImage) as camera:
            rig.linked(camera)
            head = camera.header()
            rig.deliver(camera.image, colour(head, picture()))
            camera.depth.publish(compressed_depth(head, np.full((6, 8), 1500, np.uint16)))
            until(lambda: rig.input.status().depth_received, 'depth')
            np.testing.assert_allclose(rig.frame().depth(), 1.5)
            camera.depth.publish(CompressedImage(header=head, format='16UC1; compressedDepth', data=[1, 2, 3]))
            until(lambda: rig.input.status().depth_received == 2, 'garbage')
            np.testing.assert_allclose(rig.frame().depth(), 1.5, err_msg='the first with the exact stamp stays')
            head = camera.header()
            rig.deliver(camera.image, colour(head, picture()))
            camera.depth.publish(CompressedImage(header=head, format='16UC1; compressedDepth', data=[1, 2, 3]))
            until(lambda: rig.input.status().depth_received == 3, 'garbage')
            with pytest.raises(BrainError) as caught:
                rig.frame().depth()
            assert caught.value.code is ErrorCode.BAD_IMAGE
    finally:
        rig.close()


def test_intrinsics_may_come_after_the_image(rig, camera):
    """Of a camera that has just been subscribed to, as on demand."""
    rig.deliver(camera.image, colour(camera.header(), picture()))
    frame = rig.frame()
    assert frame.camera() is None
    k = [10.0, 0.0, 3.5, 0.0, 10.0, 2.5, 0.0, 0.0, 1.0]
    rig.deliver(camera.info, CameraInfo(header=camera.header(), width=8, height=6, k=k))
    assert frame.camera().fx == 10.0
    k[0] = 20.0
    seen = rig.input._info
    camera.info.publish(CameraInfo(header=camera.header(), width=8, height=6, k=k))
    until(lambda: rig.input._info is not seen, 'other intrinsics')
    assert frame.camera().fx == 10.0, 'the image keeps those that it got'


K = [10.0, 0.0, 3.5, 0.0, 10.0, 2.5, 0.0, 0.0, 1.0]


# --- on demand ------------------------------------------------------------------------------------------------------
class Stream:
    """Shows pictures on a camera at 30 Hz until closed, colour first, as drivers that register depth do."""

    def __init__(self, camera):
        self.camera, self._stop = camera, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._stop.wait(1 / 30):
            head = self.camera.header()
            self.camera.image.publish(colour(head, picture(3)))
            self.camera.depth.publish(depth(head, np.ones((6, 8))))
            self.camera.info.publish(CameraInfo(header=head, width=8, height=6, k=K))

    def close(self):
        self._stop.set()
        self._thread.join(5)


@pytest.fixture
def stream(far_context):
    with publishing(far_context) as camera:
        stream = Stream(camera)
        yield stream
        stream.close()


def test_on_demand_the_first_frame_comes_soon(context, loop, stream, capsys):
    rig = Rig(context, loop, CameraSettings(idle_s=0.2))
    took = []
    try:
        until(lambda: rig.input.status().publishers, 'the camera')
        for _ in range(4):
            assert not rig.input.status().subscribed
            before, now = rig.input.status().received, stream.camera.node.get_clock().now().nanoseconds
            begin = time.monotonic()
            frame = rig.frame(not_before_ns=now)
            took.append(1000 * (time.monotonic() - begin))
            assert nanoseconds(frame.header) >= now
            assert (frame.rgb() == 3).all()
            assert rig.input.status().received > before
            until(lambda f=frame: f.depth() is not None and f.camera() is not None, 'what belongs to it', 0.5)
            until(lambda: not rig.input.status().subscribed, 'release')
        received = rig.input.status().received
        with pytest.raises(AssertionError):
            until(lambda: rig.input.status().received > received, 'no image while nobody asks', 0.3)
    finally:
        rig.close()
    with capsys.disabled():
        print(f'\n[on demand, request to first frame: {", ".join(f"{ms:.0f}" for ms in took)} ms]', end=' ')


def test_on_demand_a_request_that_ends_early_lets_go(context, loop):
    rig = Rig(context, loop, CameraSettings(idle_s=0.1))
    try:
        asked = rig.ask(timeout=60)
        until(lambda: rig.input.status().subscribed, 'subscriptions')
        asked.cancel()
        until(lambda: not rig.input.status().subscribed, 'release')
        assert rig.fault(timeout=0.1).code is ErrorCode.NO_IMAGE
        until(lambda: not rig.input.status().subscribed, 'release')
    finally:
        rig.close()


def test_on_demand_closing_while_a_request_waits(context, loop, far_context):
    rig = Rig(context, loop, CameraSettings(idle_s=5.0))
    with publishing(far_context) as camera:
        asked = rig.ask(timeout=1.0)
        rig.linked(camera)
        rig.close()
        with pytest.raises(BrainError):
            asked.result(5)
        until(lambda: not camera.image.get_subscription_count(), 'no subscription')


REMAPS = ('__node:=brain', '__ns:=/robot', 'image:=/cam/rgb', '/cam/rgb:=/elsewhere', 'depth/image:=aligned')


@pytest.mark.parametrize('local', [False, True], ids=['command line', "node's own arguments"])
def test_names_are_resolved_once(domain, far_context, loop, local):
    arguments = [item for remap in REMAPS for item in ('-r', remap)]
    with ros(*([] if local else arguments)) as context:
        rig = Rig(context, loop, cli_args=['--ros-args', *arguments] if local else None)
        try:
            assert rig.node.get_fully_qualified_name() == '/robot/brain'
            assert rig.input.status().topic == '/cam/rgb'
            until(lambda: '/robot/brain_images' in full_names(rig.node), 'the helper node')
            assert set(full_names(rig.node)) == {'/robot/brain', '/robot/brain_images'}
            with publishing(far_context, names=('/cam/rgb', '/robot/aligned', '/robot/camera_info')) as camera:
                rig.linked(camera)
                rig.deliver(camera.image, colour(camera.header(), picture(2)))
                rig.deliver(camera.depth, depth(camera.header(), np.ones((6, 8))))
                assert (rig.frame().rgb() == 2).all()
        finally:
            rig.close()


def full_names(node: Node) -> list[str]:
    return [f'{space.rstrip("/")}/{name}' for name, space in node.get_node_names_and_namespaces() if space == '/robot']


# --- status and end -------------------------------------------------------------------------------------------------
def test_status_tells_rate_and_age(rig, camera):
    silent = rig.input.status()
    assert (silent.received, silent.rate_hz, silent.age_s, silent.publishers) == (0, 0.0, float('inf'), 1)
    period = threading.Event()
    for _ in range(10):
        rig.deliver(camera.image, colour(camera.header(0.5), picture()))
        period.wait(0.05)
    status = rig.input.status()
    assert status.topic == '/image'
    assert status.received == 10
    assert 2 < status.rate_hz < 20
    assert 0.5 <= status.age_s < 3
    assert not status.has_camera_info


def test_a_request_may_be_given_up(rig, camera):
    asked = rig.ask(timeout=60)
    with pytest.raises(TimeoutError):
        asked.result(0.1)
    asked.cancel()
    with pytest.raises(CancelledError):
        asked.result(5)
    rig.deliver(camera.image, colour(camera.header(), picture(1)))
    assert (rig.frame().rgb() == 1).all()


def test_closing_while_a_request_waits(context, loop):
    rig = Rig(context, loop)
    asked = rig.ask(timeout=0.5)
    begin = time.monotonic()
    rig.close()
    assert time.monotonic() - begin < 5
    with pytest.raises(BrainError):
        asked.result(5)
    assert 'robobrain-images' not in {thread.name for thread in threading.enumerate()}


def test_the_loop_of_an_old_request_may_be_gone(rig, camera):
    rig.deliver(camera.image, colour(camera.header(), picture(1)))
    other = LoopThread('short-lived')
    assert (other.submit(rig.input.frame(0, 1.0, 1.0)).result(5).rgb() == 1).all()
    other.close()
    rig.deliver(camera.image, colour(camera.header(), picture(2)))
    rig.deliver(camera.image, colour(camera.header(), picture(3)))
    assert (rig.frame().rgb() == 3).all()
