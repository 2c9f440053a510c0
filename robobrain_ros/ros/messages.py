# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Answers as ROS messages. Positions that are unknown are NaN, or not there at all."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from geometry_msgs.msg import Point, PointStamped, Pose, PoseArray, PoseStamped, PoseWithCovarianceStamped, Quaternion
from nav_msgs.msg import Path
from std_msgs.msg import Header

from robobrain_ros.answer import Answer, GroundedStep, Target, Timings
from robobrain_ros.msg import Answer as AnswerMessage
from robobrain_ros.msg import Plan, PlanStep
from robobrain_ros.msg import Target as TargetMessage
from robobrain_ros.msg import Timings as TimingsMessage
from robobrain_ros.tasks.values import Step

_UNKNOWN = (math.nan,) * 9


def answer(result: Answer, header: Header, camera: str, position_frame: str) -> AnswerMessage:
    """An answer as msg/Answer: everything about a request's end.

    :param header: of the source image
    :param camera: its camera's name
    :param position_frame: frame of all positions
    """
    return AnswerMessage(
        header=header,
        camera=camera,
        position_frame=position_frame,
        model=result.model,
        model_origin=result.model_origin,
        request_id=result.request_id,
        task=result.task,
        instruction=result.instruction,
        error_code=int(result.code),
        error_message=result.message,
        text=result.text,
        image_width=result.image_size[0],
        image_height=result.image_size[1],
        targets=[target_message(target) for target in result.targets],
        waypoints=[target_message(target) for target in result.waypoints],
        steps=steps(result.steps),
        reply=result.reply,
        complete=result.complete,
        warnings=list(result.warnings),
        frame_age_s=float(result.frame_age),
        tokens=result.tokens,
        timings=_timings(result.timings),
    )


def plan(result: Answer, header: Header, position_frame: str) -> Plan:
    """The steps of an answer to task planning or mission, as msg/Plan.

    :param header: of the source image
    :param position_frame: frame of all positions
    """
    return Plan(
        header=header,
        position_frame=position_frame,
        model=result.model,
        request_id=result.request_id,
        instruction=result.instruction,
        steps=steps(result.steps),
    )


def steps(known: Iterable[Step]) -> list[PlanStep]:
    """Steps of a plan as msg/PlanStep, as far as they are known, grounded or not."""
    return [_step(step) for step in known]


def point(target: Target, header: Header) -> PointStamped:
    """The position of a target, which must be known.

    :param header: stamp of the source image, frame of the position
    """
    return PointStamped(header=header, point=_position(target))


def pose(target: Target, header: Header) -> PoseStamped:
    """The pose of a target, whose position must be known.

    :param header: stamp of the source image, frame of the pose
    """
    return PoseStamped(header=header, pose=_pose(target))


def pose_with_covariance(target: Target, header: Header) -> PoseWithCovarianceStamped:
    """The pose of a target whose position must be known with its covariance; that of its orientation is not.

    :param header: stamp of the source image, frame of the position
    """
    matrix = np.diag([0.0] * 3 + [math.pi**2] * 3)
    matrix[:3, :3] = np.reshape(target.covariance or _UNKNOWN, (3, 3))
    message = PoseWithCovarianceStamped(header=header)
    message.pose.pose, message.pose.covariance = _pose(target), matrix.ravel()
    return message


def poses(targets: Iterable[Target], header: Header) -> PoseArray:
    """The poses of targets, as far as their positions are known.

    :param header: stamp of the source image, frame of the positions
    """
    return PoseArray(header=header, poses=[_pose(target) for target in targets if target.position])


def path(waypoints: Sequence[Target], header: Header) -> Path:
    """Waypoints, all of which must have a position, as a path.

    :param header: stamp of the source image, frame of the positions
    """
    return Path(header=header, poses=[pose(target, header) for target in waypoints])


def _pose(target: Target) -> Pose:
    return Pose(position=_position(target), orientation=_orientation(target.orientation or (0.0, 0.0, 0.0, 1.0)))


def _orientation(quaternion: tuple[float, float, float, float]) -> Quaternion:
    x, y, z, w = quaternion
    return Quaternion(x=x, y=y, z=z, w=w)


def _position(target: Target) -> Point:
    x, y, z = target.position or (math.nan, math.nan, math.nan)
    return Point(x=x, y=y, z=z)


def target_message(target: Target) -> TargetMessage:
    """A target as msg/Target, known in space or not."""
    u_min, v_min, u_max, v_max = target.box or (0.0, 0.0, 0.0, 0.0)
    return TargetMessage(
        label=target.label,
        u=float(target.pixel[0]),
        v=float(target.pixel[1]),
        has_box=target.box is not None,
        u_min=float(u_min),
        v_min=float(v_min),
        u_max=float(u_max),
        v_max=float(v_max),
        status=int(target.status),
        position=_position(target),
        model_depth=math.nan if target.model_depth is None else float(target.model_depth),
        depth_valid_fraction=float(target.valid_fraction),
        confidence=math.nan if target.confidence is None else target.confidence,
        position_covariance=target.covariance or _UNKNOWN,
        orientation=_orientation(target.orientation or (math.nan,) * 4),
        **dict(zip(('u_stddev', 'v_stddev', 'model_depth_stddev'), target.spread or _UNKNOWN[:3], strict=True)),
    )


def _step(step: Step) -> PlanStep:
    message = PlanStep(
        action=step.action, object=step.object, destination=step.destination, description=step.description
    )
    if isinstance(step, GroundedStep):
        message.status, message.error_code, message.error_message = int(step.status), int(step.code), step.message
        message.targets = [target_message(target) for target in step.targets]
        message.waypoints = [target_message(target) for target in step.waypoints]
    return message


def _timings(timings: Timings) -> TimingsMessage:
    return TimingsMessage(**{f'{stage}_ms': float(took) for stage, took in vars(timings).items()})
