"""Regular expressions of well-formed answers, for guided decoding."""

from robobrain_ros.tasks.base import Guide
from robobrain_ros.tasks.profiles import Profile

DEPTH = r'[0-9]{1,2}\.[0-9]{1,3}'
"""Metres as the models write them: 0.98, 0.986, 12.5."""


def coordinate(profile: Profile) -> str:
    """One coordinate without leading zeros: 0 .. 1000, or up to four digits of pixels."""
    return r'(0|[1-9][0-9]{0,2}|1000)' if profile.relative else r'(0|[1-9][0-9]{0,3})'


def tuples(parts: list[str], most: int) -> str:
    """A list of 1 .. ``most`` tuples: '[(x, y), (x, y)]'."""
    one = rf'\({", ".join(parts)}\)'
    return rf'\[{one}(, {one}){{0,{most - 1}}}\]'


def box(profile: Profile) -> str:
    """One box: '[x1, y1, x2, y2]'."""
    return rf'\[{", ".join([coordinate(profile)] * 4)}\]'


def or_refusal(answer: str, profile: Profile) -> Guide:
    """Answers that match, and the profile's refusal: a grammar must not force places out of a model that sees none."""
    return Guide(regex=f'({answer})|{profile.refusal}' if profile.refusal else answer)
