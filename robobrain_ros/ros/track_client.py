# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The client's side of action ``~/track``: where the thing is as it moves, then the result."""

from robobrain_ros.action import Track
from robobrain_ros.ros import topics
from robobrain_ros.ros.client import Client
from robobrain_ros.ros.goal_client import LongGoal


class Tracked(LongGoal[Track.Feedback, Track.Result]):
    """A thing that the node follows; what ``Client.track`` returns.

    Iterating blocks until the next feedback, which comes with every image, and ends when the goal has ended; then
    ``result`` is there. At the end of its ``with`` block the goal is cancelled, if it still runs.
    """

    def __init__(self, client: Client, goal: Track.Goal, timeout_s: float) -> None:
        """Send the goal, and block until the node has accepted it.

        :param timeout_s: the goal's own time limit, seconds
        :raises NoReply: if the node is not there or does not answer
        :raises Rejected: if it is not active
        """
        super().__init__(client, Track, topics.TRACK, goal, timeout_s)
