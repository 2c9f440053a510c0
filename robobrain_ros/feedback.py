"""What the client of an action hears while its goal is worked on."""

import asyncio
import threading
from functools import lru_cache

from rclpy.action.server import ServerGoalHandle

from robobrain_ros import messages
from robobrain_ros.action import Query
from robobrain_ros.jobs import Job

DELAY_S = 0.002
"""How much later the client hears: sending takes 0.1 - 0.4 ms, and the next step of the work must not wait for that."""


class Feedback:
    """Of one goal: all its stages in their order, and of each the newest state."""

    def __init__(self, handle: ServerGoalHandle) -> None:
        self._handle = handle
        self._steps = lru_cache(maxsize=1)(messages.steps)  # most feedback has those of the one before
        self._lock = threading.Lock()
        self._waiting: list[Query.Feedback] = []
        self._timer: asyncio.TimerHandle | None = None

    def add(self, job: Job) -> None:
        """Tell, a little later, how far the job is now; in its loop."""
        message = Query.Feedback(
            stage=job.stage.value,
            partial_text=job.answer.text,
            tokens=job.answer.tokens,
            elapsed_s=job.elapsed(),
            steps=self._steps(job.answer.steps),
        )
        with self._lock:
            if self._waiting and self._waiting[-1].stage == message.stage:
                self._waiting.pop()
            self._waiting.append(message)
        if self._timer is None:
            self._timer = job.loop.call_later(DELAY_S, self._on_time)

    def _on_time(self) -> None:
        self._timer = None
        self.send()

    def send(self) -> None:
        """Send what waits; from any thread."""
        with self._lock:
            for message in self._waiting:
                if self._handle.is_active:
                    self._handle.publish_feedback(message)
            self._waiting.clear()
