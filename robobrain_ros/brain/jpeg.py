"""JPEG that is whole: decoders fill what is missing with grey, which nobody could tell from a grey scene.

libjpeg notices what was lost and only warns; ``simplejpeg`` makes an error of its warnings. Without that package, files
that were cut are noticed by their missing end marker, and those with a gap are not.
"""

import numpy as np
from numpy.typing import NDArray

try:
    import simplejpeg
except ImportError:  # a host with apt's packages only
    simplejpeg = None

MAGIC = b'\xff\xd8\xff'
_COLOURS = {'Gray': 'GRAY', 'YCbCr': 'BGR', 'RGB': 'BGR'}


def decode_whole(data: bytes) -> NDArray[np.uint8] | None:
    """Decode a JPEG file, pixels as stored: no rotation by EXIF.

    :returns: height x width grey, or height x width x 3 BGR; None where this cannot tell (no ``simplejpeg``, CMYK)
    :raises ValueError: if it is damaged or incomplete, in libjpeg's words
    """
    if simplejpeg is None:
        return None
    try:
        colours = _COLOURS.get(simplejpeg.decode_jpeg_header(data, strict=False)[2])
        image = simplejpeg.decode_jpeg(data, colours, strict=True) if colours else None
    except ValueError as error:
        raise ValueError(f'damaged or incomplete JPEG of {len(data)} bytes: {error}') from error
    return image[..., 0] if image is not None and colours == 'GRAY' else image
