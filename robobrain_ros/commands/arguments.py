"""Types of the command line's arguments: what cannot be used is refused before anything is started."""

import argparse
import math
import re
from collections.abc import Callable


def positive(kind: type[int] | type[float]) -> Callable[[str], float]:
    """Return a type for argparse that takes finite numbers above 0, whole ones if ``kind`` is int."""

    def convert(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = kind(0)
        if not 0 < value < math.inf:
            what = 'a whole number' if kind is int else 'a number'
            raise argparse.ArgumentTypeError(f'{text!r} must be {what} above 0')
        return value

    return convert


def image_size(text: str) -> tuple[int, int]:
    """Read ``WIDTHxHEIGHT`` as (width, height) in pixels, 10 to 9999 each; a type for argparse.

    :raises argparse.ArgumentTypeError: for any other text
    """
    match = re.fullmatch(r'([1-9][0-9]{1,3})x([1-9][0-9]{1,3})', text, re.ASCII)
    if not match:
        raise argparse.ArgumentTypeError(f'{text!r} must be WIDTHxHEIGHT in pixels, 10 to 9999 each, such as 640x480')
    return int(match[1]), int(match[2])
