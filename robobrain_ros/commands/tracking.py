# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What ``robobrain track`` does with the running node."""

from dataclasses import dataclass
from typing import Any

from robobrain_ros.action import Track
from robobrain_ros.answer import PointStatus
from robobrain_ros.brain.pursuit import State
from robobrain_ros.commands.output import results
from robobrain_ros.commands.running_node import check_name, connect, state_of
from robobrain_ros.errors import BadRequest, ErrorCode
from robobrain_ros.ros.client import Client, Rejected, duration
from robobrain_ros.ros.track_messages import OUTCOMES
from robobrain_ros.ros.track_parameters import LONGEST_S

NAMES = {number: outcome.name if outcome else 'NOT_TRACKED' for outcome, number in OUTCOMES.items()}
"""Names of the action's constants."""
DIGITS = 4
"""Decimal digits of figures in JSON."""


@dataclass(frozen=True)
class TrackOptions:
    """What the command line says; 0 and empty texts leave it to the node."""

    thing: str
    node: str
    task: str
    camera: str
    frame: str
    period_s: float
    lost_s: float
    timeout_s: float
    rate_hz: float
    json: bool


def track(asked: TrackOptions) -> int:
    """Let the node follow a thing, and print where it is; blocks until that ends.

    :returns: the exit code: 0 if the time was up, else 1
    :raises BrainError: for what can be seen to be wrong before the node is asked
    :raises NoReply: if the node is not there, rejects the goal, or ends meanwhile
    """
    check_name(asked.node)
    if asked.timeout_s > LONGEST_S:
        raise BadRequest(f'--timeout is {asked.timeout_s:g}, but must be at most {LONGEST_S:g} seconds')
    with results(asked.json) as tell, connect(asked.node) as client:
        result = _follow(client, asked, tell)
    if not asked.json:
        print(f'{NAMES[result.outcome]} ({ErrorCode(result.error_code).name}): {result.reason}')
    return 0 if result.outcome == Track.Result.TIMEOUT else 1


def _follow(client: Client, asked: TrackOptions, tell: Any) -> Track.Result:
    goal = {
        'task': asked.task,
        'camera': asked.camera,
        'target_frame': asked.frame,
        'period': duration(asked.period_s),
        'lost': duration(asked.lost_s),
    }
    try:
        tracked = client.track(asked.thing, asked.timeout_s, **goal)
    except Rejected as error:
        raise Rejected(f'{error}; {state_of(client)}') from None
    due_s, before = 0.0, None
    with tracked:
        for feedback in tracked:
            tell(_record(feedback))
            now = (feedback.state, feedback.target.status)
            if not asked.json and (now != before or feedback.elapsed_s >= due_s):
                due_s, before = feedback.elapsed_s + 1 / asked.rate_hz, now
                print(_line(feedback), flush=True)
    assert tracked.result is not None
    result = tracked.result
    tell(
        {
            'outcome': NAMES[result.outcome],
            'code': ErrorCode(result.error_code).name,
            'reason': result.reason,
            'poses': result.poses,
            'found': result.found,
        }
    )
    return result


def _line(feedback: Track.Feedback) -> str:
    """One image's, for people."""
    head = f'{feedback.elapsed_s:7.1f} s  {State(feedback.state).name:<9}'
    if feedback.state != Track.Feedback.TRACKING:
        return f'{head} {feedback.message}'
    target = feedback.target
    where = f'pixel {target.u:.0f} {target.v:.0f}'
    if target.status == PointStatus.OK:
        at = target.position
        where = f'{at.x:+.3f} {at.y:+.3f} {at.z:+.3f} m in {feedback.header.frame_id}, {where}'
    ages = f'image {feedback.age_s:.2f} s old, model {feedback.model_age_s:.1f} s'
    return f'{head} {where}, {ages}{f"; {feedback.message}" if feedback.message else ""}'


def _record(feedback: Track.Feedback) -> dict[str, Any]:
    """One image's, for JSON; what is not known is NaN, which becomes null."""
    target, stamp = feedback.target, feedback.header.stamp
    return {
        'image_stamp': f'{stamp.sec}.{stamp.nanosec:09}',
        'state': State(feedback.state).name,
        'message': feedback.message,
        'frame': feedback.header.frame_id,
        'position': [round(getattr(target.position, axis), DIGITS) for axis in 'xyz'],
        'pixel': [round(target.u, 1), round(target.v, 1)],
        'age_s': round(feedback.age_s, DIGITS),
        'model_age_s': round(feedback.model_age_s, DIGITS),
        'quality': round(feedback.quality, DIGITS),
    }
