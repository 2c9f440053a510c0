"""Task trajectory: the points along which the end effector should move."""

from robobrain_ros.tasks.base import Guide, Raw, Task
from robobrain_ros.tasks.coordinates import read_points
from robobrain_ros.tasks.grammar import DEPTH, coordinate, or_refusal, tuples
from robobrain_ros.tasks.profiles import Profile
from robobrain_ros.tasks.values import Parsed

MOST = 20
"""Waypoints in one guided answer; the models' own have 4 to 12."""


def read(raw: Raw) -> Parsed:
    """Waypoints (x, y, d), first to last; (x, y) where the profile has no depth."""
    return read_points(raw, depth=raw.profile.trajectory_depth, path=True)


def grammar(profile: Profile) -> Guide:
    """'[(x, y, d), ...]', d with decimals."""
    parts = [coordinate(profile)] * 2 + [DEPTH] * profile.trajectory_depth
    return or_refusal(tuples(parts, MOST), profile)


TRAJECTORY = Task(
    name='trajectory',
    description='Plans waypoints of the end effector for a task: "put the red cube on the plate".',
    max_tokens=448,  # a waypoint takes 20 tokens at most
    read=read,
    grammar=grammar,
    closing=(')]',),
)
