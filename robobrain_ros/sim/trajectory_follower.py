# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A ROS 2 node that moves the simulated gripper as the brain's answers say: the planner's place in a robot."""

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from geometry_msgs.msg import Point, PointStamped
from nav_msgs.msg import Path
from rclpy.node import Node

from robobrain_ros.msg import Plan, PlanStep, Target
from robobrain_ros.ros import topics
from robobrain_ros.sim.layout import inside
from robobrain_ros.sim.view import OPTICAL_FRAME, WORLD_FRAME, Array
from robobrain_ros.sim.world import World

OPENING = frozenset({'place', 'put', 'drop', 'insert', 'set', 'stack', 'release'})
"""Verbs of a plan's steps at whose end the gripper opens."""

TAKING = frozenset({'pick', 'grasp', 'grab', 'take'})
"""Verbs that need an empty gripper: a plan with one of them begins by opening it."""
NEAR_M = 0.02
"""Waypoints that are equally near but for this are one place; the way goes on from the last of them."""
PARKING = ((0.0, 0.22, 0.25), (0.0, 0.2, 0.15), (-0.2, 0.2, 0.25), (0.2, 0.2, 0.25))
"""Where an empty gripper waits for the next plan, at the back of the table: the first place that the camera sees."""
APART_M = 0.15
"""It does not park this near to where the plan began: the next image would be the same, and so would the answer."""
GONE = object()


class TrajectoryFollower(Node):
    """Executes what comes on the topics of one brain node, as it comes, by jumps from waypoint to waypoint.

    What comes while it is still under way takes the place of what it does, and so does a new world.
    ``~/target``: the gripper goes there. ``~/trajectory``: it follows the path, closing at each waypoint behind the
    first, where it is empty; at the last one it opens if it has carried something there. ``~/plan`` of a mission: it
    follows each step's waypoints, and opens where the step's verb says so; it leaves out a step that could not be
    grounded while it carries something that is not to be let go yet, and stops before any other one without a way.
    All ways of a plan begin where the gripper was in the image; one that carries something joins them at the nearest
    waypoint, or the last one that is about as near. At the end an empty gripper is parked out of the camera's way.
    Positions have to be in the camera's optical frame or in ``world``.
    """

    def __init__(self, brain: str, world: Callable[[], World], dwell_s: float = 0.0, **options: Any) -> None:
        """Subscribe to what the brain publishes.

        :param brain: full name of the brain node
        :param world: gives the world that is shown now
        :param dwell_s: how long it stays at each waypoint, seconds; 0: all jumps are one
        :param options: of rclpy's Node
        """
        super().__init__('trajectory_follower', **options)
        self._world = world
        self._acts: Iterator[None] = iter(())
        self._acts_in: World | None = None
        """Where what is under way belongs to."""
        self._dwells = dwell_s > 0
        if self._dwells:
            self.create_timer(dwell_s, self._act)
        self.create_subscription(PointStamped, f'{brain}/{topics.TARGET}', self._on_target, 5)
        self.create_subscription(Path, f'{brain}/{topics.TRAJECTORY}', self._on_trajectory, 5)
        self.create_subscription(Plan, f'{brain}/{topics.PLAN}', self._on_plan, 5)

    def _on_target(self, message: PointStamped) -> None:
        points = self._points(message.header.frame_id, [message.point])
        self._start(self._follow(points[:1], False))

    def _on_trajectory(self, message: Path) -> None:
        points = self._points(message.header.frame_id, [pose.pose.position for pose in message.poses])
        self._start(self._follow(points, True))

    def _on_plan(self, plan: Plan) -> None:
        self._start(self._execute(plan))

    def _start(self, acts: Iterator[None]) -> None:
        self._acts, self._acts_in = acts, self._world()
        if not self._dwells:
            for _ in acts:
                continue

    def _act(self) -> None:
        """Go on to the next waypoint; called by a timer."""
        world = self._world()
        if world is self._acts_in:
            world.set_moving(next(self._acts, GONE) is not GONE)

    def _execute(self, plan: Plan) -> Iterator[None]:
        """Execute a plan, and park an empty gripper; yields after each waypoint."""
        world = self._world()
        began = world.state.gripper
        if any(step.action in TAKING for step in plan.steps):
            world.begin()
        yield from self._take_steps(plan)
        for place in map(np.array, PARKING):
            elsewhere = math.dist(place, began) > APART_M
            if elsewhere and not world.state.held and inside(world.view, place, 0.06):
                world.move(place)
                yield
                return

    def _take_steps(self, plan: Plan) -> Iterator[None]:
        world = self._world()
        for number, step in enumerate(plan.steps, 1):
            places = [target.status == Target.STATUS_OK for target in step.waypoints]
            if step.status != PlanStep.GROUNDED or not all(places):
                failed = step.status == PlanStep.FAILED
                if failed and world.state.held and step.action not in OPENING:
                    continue  # it is on the way to the next one
                if step.status != PlanStep.PLANNED:
                    self.get_logger().warning(f'stopped before step {number}, {step.description!r}: no way is known')
                return
            points = self._points(plan.position_frame, [target.position for target in step.waypoints])
            yield from self._follow(points[self._joins(points) :], step.action in OPENING)

    def _joins(self, way: list[Array]) -> int:
        """Return the index of the waypoint at which a step's way is joined by a gripper that carries something."""
        state = self._world().state
        if not state.held or not way:
            return 0
        far = np.linalg.norm(np.array(way) - state.gripper, axis=1)
        return int(np.flatnonzero(far <= far.min() + NEAR_M)[-1])

    def _follow(self, way: list[Array], opens: bool) -> Iterator[None]:
        """Follow a path; yields after each waypoint."""
        world = self._world()
        for number, point in enumerate(way):
            carried = world.state.held
            world.move(point)
            if number and not carried:
                world.close()
            elif carried and opens and number == len(way) - 1:
                world.open()
            yield

    def _points(self, frame: str, points: Iterable[Point]) -> list[Array]:
        """Return points of a frame in the world; none, and a warning, where the frame is not known here."""
        places = [[point.x, point.y, point.z] for point in points]
        if frame == OPTICAL_FRAME and places:
            return list(self._world().view.to_world(places))
        if frame != WORLD_FRAME and places:
            self.get_logger().warning(f'positions in frame {frame!r} are ignored: {OPTICAL_FRAME} or {WORLD_FRAME}')
            return []
        return [np.array(place) for place in places]
