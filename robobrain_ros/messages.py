"""Answers as ROS messages. Positions that are unknown are NaN, or not there at all."""

import math
from collections.abc import Iterable, Sequence

from geometry_msgs.msg import Point, PointStamped, Pose, PoseArray, PoseStamped
from nav_msgs.msg import Path
from std_msgs.msg import Header

from robobrain_ros import msg
from robobrain_ros.answer import Answer, Target, Timings
from robobrain_ros.tasks.values import Step


def answer(result: Answer, header: Header) -> msg.Answer:
    """Everything about a request's end.

    :param header: of the source image
    """
    return msg.Answer(
        header=header,
        task=result.task,
        instruction=result.instruction,
        error_code=int(result.code),
        error_message=result.message,
        text=result.text,
        image_width=result.image_size[0],
        image_height=result.image_size[1],
        targets=[_target(target) for target in result.targets],
        waypoints=[_target(target) for target in result.waypoints],
        steps=_steps(result.steps),
        reply=result.reply,
        warnings=list(result.warnings),
        frame_age_s=float(result.frame_age),
        tokens=result.tokens,
        timings=_timings(result.timings),
    )


def plan(result: Answer, header: Header) -> msg.Plan:
    """The steps of a planning answer."""
    return msg.Plan(header=header, instruction=result.instruction, steps=_steps(result.steps))


def point(target: Target, header: Header) -> PointStamped:
    """A target that has a position."""
    return PointStamped(header=header, point=_position(target))


def poses(targets: Iterable[Target], header: Header) -> PoseArray:
    """The targets that have a position; orientation is the identity, for the model gives none."""
    return PoseArray(header=header, poses=[_pose(target) for target in targets if target.position])


def path(waypoints: Sequence[Target], header: Header) -> Path:
    """Waypoints that all have a position, as a path."""
    return Path(header=header, poses=[PoseStamped(header=header, pose=_pose(target)) for target in waypoints])


def _pose(target: Target) -> Pose:
    pose = Pose(position=_position(target))
    pose.orientation.w = 1.0
    return pose


def _position(target: Target) -> Point:
    x, y, z = target.position or (math.nan, math.nan, math.nan)
    return Point(x=x, y=y, z=z)


def _target(target: Target) -> msg.Target:
    u_min, v_min, u_max, v_max = target.box or (0.0, 0.0, 0.0, 0.0)
    return msg.Target(
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
    )


def _steps(steps: Iterable[Step]) -> list[msg.PlanStep]:
    return [
        msg.PlanStep(action=step.action, object=step.object, destination=step.destination, description=step.description)
        for step in steps
    ]


def _timings(timings: Timings) -> msg.Timings:
    return msg.Timings(**{f'{stage}_ms': float(took) for stage, took in vars(timings).items()})
