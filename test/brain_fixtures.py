"""What the tests of the pipeline share: brains around a scripted engine, and pictures that give what a test wants."""

import threading

import numpy as np
import pytest
from scripted_engine import ScriptedEngine

from robobrain_ros.brain import Brain
from robobrain_ros.spatial import Camera
from robobrain_ros.tasks.profiles import PROFILES

SOON = 20.0
CAMERA = Camera.from_calibration(width=640, height=480, k=(500.0, 0.0, 320.0, 0.0, 500.0, 240.0, 0.0, 0.0, 1.0))


class Picture:
    """A Frame; whatever is an exception is raised."""

    def __init__(self, rgb=None, depth=None, camera=CAMERA, age=0.25, transform=None, light=False):
        self._rgb = np.zeros((480, 640, 3), np.uint8) if rgb is None else rgb
        self._depth, self._camera, self.age = depth, camera, age
        self._transform, self.transforms_asked = transform, 0
        self.light, self.seen_in = light, ''

    @staticmethod
    def _give(value):
        if isinstance(value, Exception):
            raise value
        return value

    def rgb(self):
        self.seen_in = threading.current_thread().name
        return self._give(self._rgb)

    def depth(self):
        return self._give(self._depth)

    def transform(self):
        self.transforms_asked += 1
        return self._give(self._transform)

    def camera(self):
        return self._give(self._camera)


FLAT = np.full((480, 640), 2.0, np.float32)


@pytest.fixture
def make():
    """Makes brains that have started, and closes them."""
    brains = []

    def make(engine=None, profile='robobrain-2.5', settings=None) -> Brain:
        brains.append(Brain(engine or ScriptedEngine(), PROFILES[profile], settings))
        brains[-1].start(lambda text: None).result(SOON)
        return brains[-1]

    yield make
    for brain in brains:
        brain.close()


def ask(brain, task='pointing', instruction='the mug', picture=None, gate=None, **options):
    async def frame():
        if gate is not None:
            await gate.wait()
        if isinstance(picture, Exception):
            raise picture
        return picture or Picture()

    return brain.ask(task, instruction, frame, **options)


def answer(*arguments, **options):
    return ask(*arguments, **options).done.result(SOON)


def said(brain, *script, task='pointing', **options):
    """The answer when the model says this."""
    brain.engine.script = script
    return answer(brain, task, **options)
