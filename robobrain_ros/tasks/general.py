"""Task general: any question about the image, answered in words."""

from robobrain_ros.tasks.base import Raw, Task
from robobrain_ros.tasks.reading import nothing_in
from robobrain_ros.tasks.values import Parsed
from robobrain_ros.tasks.wrappers import inside


def read(raw: Raw) -> Parsed:
    """The answer as text, without thoughts and tags."""
    text = inside(raw.text)
    return Parsed(reply=text, dropped=() if text else (nothing_in(raw.text, 'text'),))


GENERAL = Task(
    name='general',
    description='Answers a question about the image in words: "what is on the table?".',
    max_tokens=512,
    read=read,
)
