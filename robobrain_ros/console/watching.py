# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""The task that the node watches for the pages: samples of its progress as a curve."""

import logging
import threading
import time
from typing import Any

from robobrain_ros.commands.monitoring import OUTCOMES, progress_record
from robobrain_ros.console.board import Board
from robobrain_ros.console.robot import Robot
from robobrain_ros.errors import BadRequest
from robobrain_ros.ros.client import NoReply

_log = logging.getLogger(__name__)

MOST = 600
"""Samples that pages get; of longer watches every second one is left out, again and again."""
TIMEOUT_S = 3600.0


class _Stopped(Exception):
    """A page has stopped it."""


class Watching:
    """Watches one task at a time by action ``~/monitor``, in a thread of its own.

    :param board: gets ``monitor``: the task, its samples and how it ended
    """

    def __init__(self, robot: Robot, board: Board) -> None:
        self._robot, self._board = robot, board
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._known: dict[str, Any] = {}

    def close(self) -> None:
        """End the watch in the node; blocks for some seconds at the most."""
        self.stop()
        if self._thread:
            self._thread.join(5)

    def start(self, task: str, goal_name: str, camera: str) -> None:
        """Begin; does not block.

        :param task: what the robot is doing
        :param goal_name: of a goal image that the node keeps; empty: none
        :raises BadRequest: while another task is watched
        """
        with self._lock:
            if self._thread and self._thread.is_alive():
                raise BadRequest('another task is being watched: stop it first')
            self._stop.clear()
            self._known = {'task': task, 'running': True, 'begun_at': time.time(), 'samples': []}
            self._board.post('monitor', self._known)
            goal = {'goal_name': goal_name, 'camera': camera}
            self._thread = threading.Thread(target=self._watch, args=(task, goal), name='console-monitor', daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Stop the watch that runs, if there is one; does not block."""
        self._stop.set()

    def _watch(self, task: str, goal: dict[str, Any]) -> None:
        try:
            name = self._robot.name
            with self._robot.client(name, self._check) as client, client.monitor(task, TIMEOUT_S, **goal) as watched:
                for feedback in watched:
                    sample = progress_record(feedback.sample) | {'elapsed_s': round(feedback.elapsed_s, 2)}
                    samples = [*self._known['samples'], sample]
                    self._known = self._known | {'samples': samples[::2] if len(samples) > MOST else samples}
                    self._board.post('monitor', self._known)
                assert watched.result is not None
                self._end(OUTCOMES[watched.result.outcome], watched.result.reason)
        except _Stopped:
            self._end('CANCELLED', 'stopped here')
        except NoReply as error:
            self._end('NOT_MONITORED', str(error))
        except Exception:
            _log.exception('a task could not be watched by a defect')
            self._end('NOT_MONITORED', 'a defect of the console; its log has more')

    def _check(self) -> None:
        if self._stop.is_set():
            self._stop.clear()  # the goal is cancelled next, and that takes waiting, too
            raise _Stopped

    def _end(self, outcome: str, reason: str) -> None:
        self._known = self._known | {'running': False, 'outcome': outcome, 'reason': reason}
        self._board.post('monitor', self._known)
