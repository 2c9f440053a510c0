"""Task grounding: which region of the image is it? A bounding box."""

from robobrain_ros.tasks.base import Guide, Raw, Task
from robobrain_ros.tasks.coordinates import read_boxes
from robobrain_ros.tasks.grammar import box, or_refusal
from robobrain_ros.tasks.profiles import Profile
from robobrain_ros.tasks.values import Parsed


def read(raw: Raw) -> Parsed:
    """Boxes [x1, y1, x2, y2]."""
    return read_boxes(raw)


def grammar(profile: Profile) -> Guide:
    """Exactly one box."""
    return or_refusal(box(profile), profile)


GROUNDING = Task(
    name='grounding',
    description='Draws a box around what the text describes: "the red mug".',
    # A box takes 25 tokens. No stop at ']': a model that sees two candidates answers with two boxes, and hiding the
    # second would hide the doubt.
    max_tokens=128,
    read=read,
    grammar=grammar,
)
