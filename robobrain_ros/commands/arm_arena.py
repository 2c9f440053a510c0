# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The simulated arm as an outside observer sees it: what becomes of an answer that ``robobrain_arm`` carries out."""

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus
from sensor_msgs.msg import Image

from robobrain_ros.commands.arena import LONGEST_S, Arena, Motion, Watching
from robobrain_ros.commands.episodes import Episode
from robobrain_ros.commands.film import Shot, shot
from robobrain_ros.msg import Answer
from robobrain_ros.planners.arm import topics
from robobrain_ros.planners.status import DONE, FAILED, HEARD, MOVING, Values, values_of
from robobrain_ros.ros.camera.conversions import to_rgb
from robobrain_ros.ros.client import Client

SIMULATOR = '/simulated_arm'
PLANNING_S = 60.0
"""Longest time until it is known whether the arm can do what was answered."""
ENDED = (DONE, FAILED)
"""States in which ``robobrain_arm`` does nothing more about a plan."""
FILM_HZ = 4.0
"""Pictures of a moving arm, a second; drawing them takes time from the simulation."""


class ArmArena(Arena):
    """The simulator with an arm; keeps pictures of each attempt.

    :param client: of the brain whose plans ``robobrain_arm`` carries out
    """

    def __init__(self, client: Client) -> None:
        """Listen to the arm, too."""
        super().__init__(client)
        self.films: list[list[Shot]] = []
        """The pictures of the arm's motion, for each attempt since the episode began."""
        self._told: list[Values] = []
        self._taken_s = 0.0
        client.node.create_subscription(DiagnosticStatus, f'/{topics.NODE}/status', self._on_status, HEARD)

    def begin(self, episode: Episode, fault: str = '') -> None:
        """Let the simulator show the table top of an episode, with the arm at home; blocks until it does.

        :param fault: must be empty: here, things go wrong by themselves
        :raises NoReply: if the simulator does not answer
        """
        super().begin(episode, fault)
        self.films.clear()

    def says(self) -> str:
        """Return what the arm has said last of what it does; empty if it has said nothing yet."""
        return self._told[-1]['message'] if self._told else ''

    def _show(self, seed: int, fault: str) -> None:
        self._client.set_parameters(SIMULATOR, seed=seed)

    def _wait_for_motion(self, answer: Answer, known: int, watcher: Watching | None) -> Motion:
        self.films.append([])
        self._until(lambda: self._is(answer, MOVING, *ENDED), PLANNING_S, 'a word of the arm about the plan')
        if self._is(answer, FAILED):
            return Motion(False, why=self._last(answer)['message'])
        verdict = watcher.watch(answer.instruction) if watcher else None
        self._until(lambda: self._is(answer, *ENDED), LONGEST_S, 'the end of what the arm does')
        self._until(self._is_still, LONGEST_S, 'the end of the motion')
        failed = self._is(answer, FAILED)
        return Motion(True, verdict, self._last(answer)['message'] if failed else '', not failed)

    def _on_status(self, message: DiagnosticStatus) -> None:
        self._told[:] = [*self._told[-20:], values_of(message)]

    def _is(self, answer: Answer, *states: str) -> bool:
        """Whether the arm is in one of these states with an answer."""
        return self._last(answer).get('state') in states

    def _last(self, answer: Answer) -> Values:
        """Return what the arm has told last about an answer; empty if it has told nothing."""
        mine = [values for values in self._told if values.get('request_id') == answer.request_id]
        return mine[-1] if mine else {}

    def _keep_image(self, image: Image) -> None:
        super()._keep_image(image)
        stamp_s = _seconds(image.header.stamp)
        last = self._told[-1] if self._told else {}
        if self.films and last.get('state') == MOVING and stamp_s - self._taken_s > 0.8 / FILM_HZ:
            self._taken_s = stamp_s
            self.films[-1].append(shot(to_rgb(image), 1 / FILM_HZ, last['instruction'], self.says()))


def _seconds(stamp: Time) -> float:
    return float(stamp.sec + stamp.nanosec / 1e9)
