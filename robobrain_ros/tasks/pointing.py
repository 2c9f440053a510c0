"""Task pointing: where is it? One or several points in the image."""

from robobrain_ros.tasks.base import Guide, Raw, Task
from robobrain_ros.tasks.coordinates import read_points
from robobrain_ros.tasks.grammar import coordinate, or_refusal, tuples
from robobrain_ros.tasks.profiles import Profile
from robobrain_ros.tasks.values import Parsed

MOST = 16
"""Points in one guided answer."""


def read(raw: Raw) -> Parsed:
    """Points (x, y)."""
    return read_points(raw, depth=False)


def grammar(profile: Profile) -> Guide:
    """'[(x, y)]', several points allowed."""
    return or_refusal(tuples([coordinate(profile)] * 2, MOST), profile)


POINTING = Task(
    name='pointing',
    description='Points at what the text describes: "the red mug", "the free space left of the bowl".',
    max_tokens=256,  # a point takes 12 tokens at most: digits, blanks and brackets are tokens of their own
    read=read,
    grammar=grammar,
    closing=(')]',),
)
