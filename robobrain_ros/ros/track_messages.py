# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What is followed as ROS messages: the feedback of action ``~/track``, poses, and its result."""

import math
import time
from collections.abc import Mapping
from enum import Enum

from geometry_msgs.msg import PoseWithCovarianceStamped
from std_msgs.msg import Header

from robobrain_ros.action import Track
from robobrain_ros.answer import PointStatus, Target
from robobrain_ros.brain.pursuit import Sighting, State
from robobrain_ros.ros import messages
from robobrain_ros.ros.camera.camera_frame import stamp_ns
from robobrain_ros.ros.stoppable import Ending


class Outcome(Enum):
    """How a track ends; with the names of the action's constants."""

    LOST = 'LOST'
    TIMEOUT = 'TIMEOUT'
    CANCELLED = 'CANCELLED'


OUTCOMES: Mapping[Enum | None, int] = {
    None: Track.Result.NOT_TRACKED,
    **{outcome: getattr(Track.Result, outcome.name) for outcome in Outcome},
}
"""The action's constant for each outcome."""
NOWHERE = Target((math.nan, math.nan))


class TrackRecord:
    """All that a goal has brought so far."""

    def __init__(self) -> None:
        self._begin = time.monotonic()
        self._last = PoseWithCovarianceStamped()
        self.count = 0
        """Poses so far."""
        self.found = 0
        """Answers of the model so far that said where it is."""

    def pose(self, sighting: Sighting, header: Header) -> PoseWithCovarianceStamped | None:
        """Take a sighting; return it as a pose to be published, if its position is known.

        :param header: stamp of the image, frame of the position
        """
        target = sighting.target
        if target is None or target.status is not PointStatus.OK:
            return None
        self.count += 1
        self._last = messages.pose_with_covariance(target, header)
        return self._last

    def feedback(self, sighting: Sighting, header: Header, now_ns: int, confirmed_s: float) -> Track.Feedback:
        """A sighting as the action's feedback.

        :param header: stamp of the image, frame of the position
        :param now_ns: time of the node's clock, nanoseconds
        :param confirmed_s: stamp of the image in which the model found it last, seconds; NaN: in none
        """
        stamp = stamp_ns(header)
        return Track.Feedback(
            state=int(sighting.state),
            message=sighting.message,
            header=header,
            target=messages.target_message(sighting.target or NOWHERE),
            age_s=(now_ns - stamp) / 1e9 if stamp else math.nan,
            model_age_s=now_ns / 1e9 - confirmed_s,
            quality=sighting.quality if sighting.state is State.TRACKING else math.nan,
            poses=self.count,
            elapsed_s=time.monotonic() - self._begin,
        )

    def reason(self, ending: Ending) -> str:
        """Why it ended so."""
        return ending.reason

    def result(self, ending: Ending) -> Track.Result:
        """Everything about the end of a goal."""
        return Track.Result(
            outcome=OUTCOMES[ending.outcome],
            reason=ending.reason,
            error_code=int(ending.code),
            pose=self._last,
            poses=self.count,
            found=self.found,
        )
