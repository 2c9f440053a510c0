"""Image messages to arrays: every encoding against pictures whose result is known, and malformed messages."""

import array
import struct
import zlib

import cv2
import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from robobrain_ros.conversions import camera_from_info, to_depth, to_rgb
from robobrain_ros.encodings import COLOUR, MAX_PIXELS
from robobrain_ros.errors import BrainError, ErrorCode

HEIGHT, WIDTH = 6, 8
RGB = np.arange(HEIGHT * WIDTH * 3, dtype=np.uint8).reshape(HEIGHT, WIDTH, 3) + np.uint8(40)
GREY = RGB[..., 0]
COLOURS = {  # RGB -> Y, U, V in BT.601, studio range
    (255, 0, 0): (81, 90, 240),
    (0, 255, 0): (145, 54, 34),
    (0, 0, 255): (41, 240, 110),
    (255, 255, 255): (235, 128, 128),
    (0, 0, 0): (16, 128, 128),
}


def message(encoding, image, width, height, pad=0, order='<'):
    """Image message whose rows are those of ``image`` followed by ``pad`` bytes of rubbish."""
    image = np.asarray(image)
    rows = np.frombuffer(image.astype(image.dtype.newbyteorder(order)).tobytes(), np.uint8).reshape(image.shape[0], -1)
    data = np.hstack([rows, np.full((rows.shape[0], pad), 201, np.uint8)])
    msg = Image(width=width, height=height, encoding=encoding, step=data.shape[1], is_bigendian=int(order == '>'))
    msg.data = array.array('B', data.tobytes())
    return msg


def compressed(text, data):
    return CompressedImage(format=text, data=array.array('B', bytes(data)))


def png(image):
    return cv2.imencode('.png', image)[1].tobytes()


def grey_rgb(image):
    return np.repeat(image[..., None], 3, axis=2)


PADS = pytest.mark.parametrize('pad', [0, 1, 6])
ORDERS = pytest.mark.parametrize('order', '<>')


@PADS
@ORDERS
@pytest.mark.parametrize(
    ('encoding', 'pick'),
    [
        ('rgb8', lambda x: x),
        ('bgr8', lambda x: x[..., ::-1]),
        ('mono8', None),
        ('rgba8', lambda x: np.dstack([x, x[..., 1]])),
        ('bgra8', lambda x: np.dstack([x[..., ::-1], x[..., 1]])),
    ],
)
def test_eight_bits(encoding, pick, pad, order):
    image, expected = (pick(RGB), RGB) if pick else (GREY, grey_rgb(GREY))
    result = to_rgb(message(encoding, image, WIDTH, HEIGHT, pad, order))
    assert result.dtype == np.uint8
    assert result.flags.c_contiguous
    np.testing.assert_array_equal(result, expected)


@PADS
@ORDERS
@pytest.mark.parametrize(
    ('encoding', 'pick'),
    [
        ('rgb16', lambda x: x),
        ('bgr16', lambda x: x[..., ::-1]),
        ('mono16', None),
        ('rgba16', lambda x: np.dstack([x, x[..., 1]])),
        ('bgra16', lambda x: np.dstack([x[..., ::-1], x[..., 1]])),
    ],
)
def test_sixteen_bits(encoding, pick, pad, order):
    wide = RGB.astype(np.uint16) * 257  # 255 -> 65535
    image, expected = (pick(wide), RGB) if pick else (wide[..., 0], grey_rgb(GREY))
    np.testing.assert_array_equal(to_rgb(message(encoding, image, WIDTH, HEIGHT, pad, order)), expected)


@PADS
@pytest.mark.parametrize('colour', COLOURS)
@pytest.mark.parametrize(
    ('encoding', 'pair'), [('yuv422', 'uyvy'), ('uyvy', 'uyvy'), ('yuv422_yuy2', 'yuyv'), ('yuyv', 'yuyv')]
)
def test_yuv422(encoding, pair, colour, pad):
    values = dict(zip('yuv', COLOURS[colour], strict=True))
    image = np.tile(np.array([values[c] for c in pair], np.uint8), (HEIGHT, WIDTH // 2))
    result = to_rgb(message(encoding, image, WIDTH, HEIGHT, pad))
    np.testing.assert_allclose(result, np.full((HEIGHT, WIDTH, 3), colour), atol=2)


@PADS
@pytest.mark.parametrize('colour', COLOURS)
@pytest.mark.parametrize(('encoding', 'pair'), [('nv12', 'uv'), ('nv21', 'vu')])
def test_planar_yuv(encoding, pair, colour, pad):
    values = dict(zip('yuv', COLOURS[colour], strict=True))
    chroma = np.tile(np.array([values[c] for c in pair], np.uint8), (HEIGHT // 2, WIDTH // 2))
    image = np.vstack([np.full((HEIGHT, WIDTH), values['y'], np.uint8), chroma])
    result = to_rgb(message(encoding, image, WIDTH, HEIGHT, pad))
    np.testing.assert_allclose(result, np.full((HEIGHT, WIDTH, 3), colour), atol=2)


@PADS
@ORDERS
@pytest.mark.parametrize('bits', [8, 16])
@pytest.mark.parametrize('pattern', ['rggb', 'bggr', 'gbrg', 'grbg'])
def test_bayer(pattern, bits, pad, order):
    colour = (200, 100, 50)
    tile = np.array([colour['rgb'.index(c)] for c in pattern], np.uint8).reshape(2, 2)
    image = np.tile(tile, (HEIGHT // 2, WIDTH // 2))
    image = image if bits == 8 else image.astype(np.uint16) * 257
    result = to_rgb(message(f'bayer_{pattern}{bits}', image, WIDTH, HEIGHT, pad, order))
    np.testing.assert_array_equal(result, np.full((HEIGHT, WIDTH, 3), colour))


def test_the_tests_above_cover_every_colour_encoding():
    covered = {
        f'{name}{bits}'
        for bits in (8, 16)
        for name in ('rgb', 'bgr', 'rgba', 'bgra', 'mono', 'bayer_rggb', 'bayer_bggr', 'bayer_gbrg', 'bayer_grbg')
    }
    assert covered | {'yuv422', 'uyvy', 'yuv422_yuy2', 'yuyv', 'nv12', 'nv21'} == set(COLOUR)


@pytest.mark.parametrize('text', ['png', 'rgb8; png compressed bgr8', 'bgr8; png compressed bgr8'])
def test_png_is_exact(text):
    np.testing.assert_array_equal(to_rgb(compressed(text, png(RGB[..., ::-1]))), RGB)


def test_png_with_channels_in_the_order_that_the_format_says():
    np.testing.assert_array_equal(to_rgb(compressed('rgb8; png compressed rgb8', png(RGB))), RGB)


def test_png_grey_alpha_and_sixteen_bits():
    np.testing.assert_array_equal(to_rgb(compressed('png', png(GREY))), grey_rgb(GREY))
    np.testing.assert_array_equal(to_rgb(compressed('png', png(np.dstack([RGB[..., ::-1], GREY])))), RGB)
    np.testing.assert_array_equal(to_rgb(compressed('png', png(RGB[..., ::-1].astype(np.uint16) * 257))), RGB)
    np.testing.assert_array_equal(
        to_rgb(compressed('mono16; png compressed ', png(GREY.astype(np.uint16) * 257))), grey_rgb(GREY)
    )


@pytest.mark.parametrize('text', ['jpeg', 'jpg', 'rgb8; jpeg compressed bgr8', ''])
def test_jpeg(text):
    image = np.full((32, 48, 3), (200, 60, 30), np.uint8)
    result = to_rgb(compressed(text, cv2.imencode('.jpg', image[..., ::-1])[1].tobytes()))
    np.testing.assert_allclose(result, image, atol=4)


def test_jpeg_is_not_rotated_by_its_exif_tag():
    data = cv2.imencode('.jpg', np.zeros((16, 32, 3), np.uint8))[1].tobytes()
    tiff = b'MM\0*' + struct.pack('>IHHHIHHI', 8, 1, 0x112, 3, 1, 6, 0, 0)  # orientation 6: rotate by 90 degrees
    segment = b'\xff\xe1' + struct.pack('>H', 8 + len(tiff)) + b'Exif\0\0' + tiff
    assert to_rgb(compressed('jpeg', data[:2] + segment + data[2:])).shape == (16, 32, 3)


@PADS
@ORDERS
def test_depth_in_millimetres(pad, order):
    millimetres = np.array([[0, 1, 500], [1234, 65535, 0]], np.uint16)
    depth = to_depth(message('16UC1', millimetres, 3, 2, pad, order))
    assert depth.dtype == np.float32
    np.testing.assert_allclose(depth, [[np.nan, 0.001, 0.5], [1.234, 65.535, np.nan]], rtol=1e-6)


@PADS
@ORDERS
def test_depth_in_metres(pad, order):
    metres = np.array([[0.5, np.nan, np.inf, -np.inf], [0.0, -1.0, 3.25, 1e-3]], np.float32)
    msg = message('32FC1', metres, 4, 2, pad, order)
    before = bytes(msg.data)
    depth = to_depth(msg)
    assert depth.dtype == np.float32
    np.testing.assert_array_equal(depth, np.array([[0.5] + [np.nan] * 3, [np.nan, np.nan, 3.25, 1e-3]], np.float32))
    assert bytes(msg.data) == before


@pytest.mark.parametrize('text', ['16UC1; compressedDepth', '16UC1; compressedDepth png', '16UC1; png compressed '])
def test_compressed_depth_in_millimetres(text):
    header = b'' if text.endswith('compressed ') else struct.pack('<iff', 0, 0, 0)
    data = header + png(np.array([[0, 1500], [250, 9]], np.uint16))
    np.testing.assert_allclose(to_depth(compressed(text, data)), [[np.nan, 1.5], [0.25, 0.009]], rtol=1e-6)


def test_compressed_depth_in_metres():
    metres = np.array([[0.4, 1.0], [2.5, 7.0]])
    quantum, furthest = 100.0, 10.0  # defaults of compressed_depth_image_transport
    a = quantum * (quantum + 1)
    b = 1 - a / furthest
    stored = np.append(a / metres + b, 0).astype(np.uint16).reshape(1, 5)
    depth = to_depth(compressed('32FC1; compressedDepth png', struct.pack('<iff', 0, a, b) + png(stored)))
    np.testing.assert_allclose(depth[0, :4], metres.ravel(), rtol=0.01)
    assert np.isnan(depth[0, 4])


def refused(convert, msg, *words):
    """The error's text, after checking its code and that it contains ``words``."""
    with pytest.raises(BrainError) as caught:
        convert(msg)
    assert caught.value.code is ErrorCode.BAD_IMAGE
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ('encoding', 'words'),
    [
        ('16UC1', ('16UC1', 'depth')),
        ('32FC1', ('32FC1', 'depth')),
        ('8UC1', ('8UC1', 'mono8')),
        ('8UC3', ('8UC3', 'rgb8')),
        ('nv24', ('nv24', 'rgb8', 'nv12')),
        ('', ("''", 'rgb8')),
        ('8UC5', ('8UC5',)),
        ('RGB8', ('RGB8',)),
        ('rgb8\n', ('rgb8',)),
        ('8UC1\n', ('8UC1',)),
    ],
)
def test_colour_of_other_encodings_is_refused_by_name(encoding, words):
    refused(to_rgb, message(encoding, np.zeros((2, 16), np.uint8), 4, 2), *words)


@pytest.mark.parametrize('encoding', ['rgb8', 'mono8', 'mono16', '16SC1', '64FC1', 'bayer_rggb16', 'depth', '32FC2'])
def test_depth_of_other_encodings_is_refused_by_name(encoding):
    refused(to_depth, message(encoding, np.zeros((2, 16), np.uint8), 2, 2), encoding, '16UC1', '32FC1')


@pytest.mark.parametrize('text', ['16UC1; compressedDepth png', '32FC1; compressedDepth', '16UC1; png compressed '])
def test_compressed_depth_is_no_colour(text):
    refused(to_rgb, compressed(text, png(GREY)), text.strip(), 'depth')


def test_sixteen_bit_grey_of_unknown_meaning_is_no_colour():
    refused(to_rgb, compressed('png', png(GREY.astype(np.uint16))), 'png', 'mono16')


@pytest.mark.parametrize(
    ('text', 'data'),
    [
        ('jpeg', b'\xff\xd8\xff'),
        ('16UC1; compressedDepth rvl', bytes(40)),
        ('16UC1; compressedDepth', bytes(11)),
        ('16UC1; compressedDepth', bytes(12) + png(GREY)),
        ('rgb8; png compressed', png(RGB)),
        ('16UC1; jpeg compressed', bytes(9)),
        ('32FC1; png compressed', png(GREY.astype(np.uint16))),
    ],
)
def test_other_compressed_depth_is_refused(text, data):
    refused(to_depth, compressed(text, data), text.split(';')[0])


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        ({'width': 0}, ('0x6',)),
        ({'height': 0}, ('8x0',)),
        ({'step': 23}, ('23', '24')),
        ({'step': 0}, ('step is 0',)),
        ({'height': 7}, ('144', '168')),
        ({'data': array.array('B')}, ('0 bytes',)),
        ({'data': array.array('B', bytes(145))}, ('145', '144')),
        ({'width': 2**32 - 1, 'height': 2**32 - 1}, ('4294967295x4294967295', str(MAX_PIXELS))),
        ({'width': 2**20, 'step': 3 * 2**20}, ('1048576x6', '144')),
        ({'encoding': 'bgra8'}, ('24', '32')),
        ({'encoding': 'yuyv', 'width': 7}, ('7x6', 'multiple of 2')),
        ({'encoding': 'nv12', 'height': 5}, ('8x5', 'multiple')),
        ({'encoding': 'bayer_rggb8', 'height': 2, 'data': array.array('B', bytes(48))}, ('8x2', 'at least 3')),
    ],
)
def test_inconsistent_messages_are_refused_with_numbers(changes, words):
    msg = message('rgb8', RGB, WIDTH, HEIGHT)
    for name, value in changes.items():
        setattr(msg, name, value)
    refused(to_rgb, msg, msg.encoding, *words)


@pytest.mark.parametrize('cut', [0, 3, 20, 60, -1])
@pytest.mark.parametrize('ending', ['.png', '.jpg'])
def test_files_that_were_cut_short_are_refused(ending, cut):
    data = cv2.imencode(ending, np.tile(RGB, (9, 9, 1)))[1].tobytes()
    refused(to_rgb, compressed('', data[:cut] if cut else b''), 'bytes')


def png_bomb(width, height):
    def chunk(name, body):
        return struct.pack('>I', len(body)) + name + body + struct.pack('>I', zlib.crc32(name + body))

    return (
        b'\x89PNG\r\n\x1a\n'
        + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 0, 0, 0, 0))
        + chunk(b'IDAT', zlib.compress(bytes(10**6)))
        + chunk(b'IEND', b'')
    )


def test_decompression_bombs_are_refused_by_their_header():
    refused(to_rgb, compressed('png', png_bomb(60000, 60000)), '60000x60000', str(MAX_PIXELS))
    refused(to_rgb, compressed('png', png_bomb(0, 10)), '0x10')
    refused(to_depth, compressed('16UC1; compressedDepth', bytes(12) + png_bomb(60000, 60000)), '60000x60000')
    jpeg = bytearray(cv2.imencode('.jpg', RGB)[1].tobytes())
    at = jpeg.index(b'\xff\xc0') + 5
    jpeg[at : at + 4] = b'\xff' * 4
    refused(to_rgb, compressed('jpeg', jpeg), '65535x65535')


def mutations(rng, count):
    """Messages that were valid until a few fields or bytes changed."""
    raw = [message(name, np.zeros((9, 32), np.uint8), 8, 6) for name in COLOUR] + [
        message('16UC1', np.ones((6, 8), np.uint16), 8, 6),
        message('32FC1', np.ones((6, 8), np.float32), 8, 6),
    ]
    packed = [
        ('png', png(RGB)),
        ('jpeg', cv2.imencode('.jpg', np.tile(RGB, (4, 4, 1)))[1].tobytes()),
        ('16UC1; compressedDepth', struct.pack('<iff', 0, 1, 2) + png(GREY.astype(np.uint16))),
        ('32FC1; compressedDepth png', struct.pack('<iff', 0, 1, 2) + png(GREY.astype(np.uint16))),
    ]
    names = [*COLOUR, '16UC1', '32FC1', '8UC3', '64FC4', 'garbage', '']
    sizes = [0, 1, 2, 3, 5, 8, 255, 65536, 2**31, 2**32 - 1]
    for _ in range(count):
        source = raw[rng.integers(len(raw))]
        fields = ('width', 'height', 'encoding', 'step', 'is_bigendian', 'data')
        msg = Image(**{field: getattr(source, field) for field in fields})
        for field in rng.choice(fields, rng.integers(1, 4)):
            if field == 'data':
                msg.data = array.array('B', rng.bytes(int(rng.choice([0, 1, 47, 96, 144, 192, 288, 384]))))
            elif field == 'encoding':
                msg.encoding = str(rng.choice(names))
            else:
                setattr(msg, field, int(rng.choice([0, 1, 255])) if field == 'is_bigendian' else int(rng.choice(sizes)))
        yield msg
    for _ in range(count):
        text, data = packed[rng.integers(len(packed))]
        data = bytearray(data[: rng.integers(len(data))] if rng.random() < 0.2 else data)
        for place in rng.integers(0, max(len(data), 1), rng.integers(0, 4)):
            if data:
                data[place] = rng.integers(256)
        yield compressed(str(rng.choice(['', 'jpeg', '16UC1', ';;', 'é'])) if rng.random() < 0.2 else text, data)


@pytest.mark.timeout(0)  # --fuzz 10 takes minutes
def test_mutated_messages_give_an_array_or_a_brain_error(fuzz):
    arrays = errors = 0
    for msg in mutations(np.random.default_rng(20251123), 600 * fuzz):
        for convert, kind, dimensions in ((to_rgb, np.uint8, 3), (to_depth, np.float32, 2)):
            try:
                result = convert(msg)
            except BrainError as error:
                errors += error.code is ErrorCode.BAD_IMAGE
            else:
                assert (result.dtype, result.ndim) == (kind, dimensions)
                arrays += 1
    assert arrays + errors == 2400 * fuzz
    assert arrays > 20


def info(**fields):
    return CameraInfo(
        **{
            'width': 640,
            'height': 480,
            'k': [500.0, 0.0, 320.0, 0.0, 510.0, 240.0, 0.0, 0.0, 1.0],
            'distortion_model': 'plumb_bob',
            'd': [0.0] * 5,
            **fields,
        }
    )


def test_camera_from_info():
    msg = info(d=[-0.1, 0.01, 0.001, 0.002, 0.0])
    msg.header.frame_id = 'front_optical'
    camera = camera_from_info(msg)
    assert (camera.width, camera.height, camera.frame_id, camera.model) == (640, 480, 'front_optical', 'plumb_bob')
    assert (camera.fx, camera.fy, camera.cx, camera.cy) == (500, 510, 320, 240)
    assert camera.distortion == (-0.1, 0.01, 0.001, 0.002, 0.0)


def test_camera_from_info_with_region_and_binning():
    msg = info(binning_x=2, binning_y=2)
    msg.roi.x_offset, msg.roi.y_offset, msg.roi.width, msg.roi.height = 100, 40, 400, 300
    camera = camera_from_info(msg)
    assert (camera.width, camera.height, camera.fx, camera.fy) == (200, 150, 250, 255)
    assert (camera.cx, camera.cy) == (109.75, 99.75)


def test_an_uncalibrated_camera_is_refused():
    with pytest.raises(ValueError, match='not calibrated'):
        camera_from_info(CameraInfo(width=640, height=480))
