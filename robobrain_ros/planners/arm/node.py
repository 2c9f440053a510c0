# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The node robobrain_arm: it hears plans, checks that an arm can carry them out, and has it do so."""

import functools
import math
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PointStamped
from rclpy.node import Node
from std_msgs.msg import Empty

from robobrain_ros.engines.ending import END_S, Signals
from robobrain_ros.msg import Plan
from robobrain_ros.planners.action_goal import STEADY
from robobrain_ros.planners.arm import topics
from robobrain_ros.planners.arm.chain import Array
from robobrain_ros.planners.arm.clearance import OPEN_M, Arm, Thing
from robobrain_ros.planners.arm.description import UR5E_2F85, read_arm
from robobrain_ros.planners.arm.joints import Joints
from robobrain_ros.planners.arm.mover import SLOW, Mover, TopicMover
from robobrain_ros.planners.arm.parameters import PARAMETERS, base_of, check, table_of
from robobrain_ros.planners.arm.planning import Motion, hover, motions, parts_of, retreat
from robobrain_ros.planners.arm.reading import Act, acts, checked
from robobrain_ros.planners.arm.seen import Seen, things_seen
from robobrain_ros.planners.arm.sight import LATCHED, PoseFromTf, PoseFromTopic, Sight
from robobrain_ros.planners.arm.skills import ROOM_M, SQUEEZE_M, Grasp
from robobrain_ros.planners.failure import Failure, Recovery
from robobrain_ros.planners.status import DONE, FAILED, MOVING, PLANNING, status_message
from robobrain_ros.ros import topics as brain_topics
from robobrain_ros.ros.fastdds import use_image_profile
from robobrain_ros.ros.node_parameters import declare
from robobrain_ros.ros.program import callbacks, start

CLOSED_M = 0.006
"""A hand that is so near to where it was told to close, metres, has nothing between its pads."""
LET_GO_M = 0.002
"""A hand that has let go is at least so much further open than before, metres."""
LOOK_S, AGAIN_S = 5.0, 0.1
"""So long it waits for an image, seconds, and so often it looks whether there is one."""
HOLD_S = 0.3
"""So long the node stays at its end, seconds, so that the controller hears that it is to hold."""

Find: TypeAlias = Callable[[Array, Sequence[Seen], Grasp | None], list[Motion]]
"""Plans, from where the arm is, what stands there and what the hand holds."""
MakeMover: TypeAlias = Callable[[Node, Arm, Joints], Mover]


class ArmNode(Node):
    """Carries out plans, one at a time, each only if all of it can be done. Nothing moves before that is known.

    A plan that comes while another one is under way is refused: what the hand carries would fall.

    :param make_mover: makes what moves the arm; None: by the topics of ros2_control's controllers
    :param options: those of rclpy's Node, such as ``namespace`` or ``context``
    :raises BadRequest: for parameters that cannot be
    """

    def __init__(self, make_mover: MakeMover | None = None, **options: Any) -> None:
        super().__init__(topics.NODE, **options)
        declare(self, PARAMETERS, self._parameter_overrides, check, fixed=True)
        frame, described = str(self._value('frame')), self._value('arm_file')
        self._table = table_of(self._value('table'))
        self._arm = read_arm(Path(described) if described else UR5E_2F85, base_of(self._value('base_pose')))
        hand_told = (self._value(name) for name in ('hand_joint', 'hand_closed', 'patience_s'))
        self._joints = Joints(self, self._arm.chain, *hand_told)
        poses = PoseFromTf(self, frame) if self._value('camera_pose') == 'tf' else PoseFromTopic(self, frame)
        self._sight = Sight(self, frame, poses, self._value('max_depth_age_s'))
        self._mover = make_mover(self, self._arm, self._joints) if make_mover else self._topic_mover()
        self._status = self.create_publisher(DiagnosticStatus, topics.STATUS, LATCHED)
        self._pool = ThreadPoolExecutor(1, 'arm-planning')
        self._plan: Plan | None = None
        """What is under way."""
        self._held: Grasp | None = None
        self._things: Sequence[Thing] = ()
        self._moved = -math.inf
        """When the arm has moved last, by time.monotonic."""
        self._waiting: Callable[[], None] | None = None
        self.create_timer(AGAIN_S, lambda: self._waiting and self._waiting(), clock=STEADY)
        self.create_subscription(Plan, topics.PLAN, self.carry_out, 5)
        if self._value('brain'):
            self.create_subscription(Plan, f'{self._value("brain")}/{brain_topics.PLAN}', self.carry_out, 5)
        self.create_subscription(PointStamped, topics.REACH, self.reach, 5)
        self.create_subscription(Empty, topics.CANCEL, lambda _: self.cancel(), 5)
        self.create_subscription(Empty, topics.RELEASE, lambda _: self.release(), 5)

    def destroy_node(self) -> None:
        """End the node; what it plans just now is finished before."""
        self._pool.shutdown()
        self._sight.close()
        super().destroy_node()

    def _value(self, name: str) -> Any:
        return self.get_parameter(name).value

    def _topic_mover(self) -> Mover:
        values = (self._value(name) for name in ('speed', 'hand_closed', 'tolerance_rad', 'patience_s'))
        return TopicMover(self, self._arm, self._joints, *values)

    def carry_out(self, plan: Plan) -> None:
        """Check a plan, and have the arm carry it out; does not block. Call it in the node's executor."""

        def read() -> Find:
            frame = self._sight.to_frame(plan.position_frame, plan.header.stamp)
            doing = [Act(act.takes, frame.apply(act.place), act.name, act.step) for act in acts(plan)]
            return lambda angles, seen, held: motions(self._arm, angles, doing, seen, held, self._table)

        self._begin(plan, read)

    def reach(self, target: PointStamped) -> None:
        """Have the hand go to above a point, and stay; does not block. Call it in the node's executor."""
        x, y, z = target.point.x, target.point.y, target.point.z

        def read() -> Find:
            place = self._sight.to_frame(target.header.frame_id, target.header.stamp).apply(
                checked(target.point, 'the point to reach')
            )
            return lambda angles, seen, held: [hover(self._arm, angles, place, seen, held)]

        self._begin(Plan(header=target.header, instruction=f'reach ({x:.3g}, {y:.3g}, {z:.3g})'), read)

    def _begin(self, plan: Plan, read: Callable[[], Find]) -> None:
        """Read what is to be done, and begin to look for a way, unless something else is under way."""
        if self._plan is not None:
            words = f'the arm still does {self._plan.instruction!r}: wait, or cancel that'
            self._tell(FAILED, words, Failure('BUSY', words), plan)
            return
        self._plan = plan
        try:
            find = read()
        except Failure as failure:
            self._fail(failure)
            return
        self._tell(PLANNING, 'looking for a way')
        self._look(plan, find, time.monotonic() + LOOK_S)

    def _look(self, plan: Plan, find: Find, until: float) -> None:
        """Look at the table, as soon as there is an image from after the last motion; then plan."""
        self._waiting = None
        try:
            angles, velocities = self._joints.state()
            if (np.abs(velocities) > SLOW).any():
                self._moved = time.monotonic()
                raise Failure('STALE_IMAGE', 'the arm moves: it is looked where things are when it stands still')
            points = self._sight.points(self._moved)
        except Failure as failure:
            if failure.recovery is Recovery.WAIT and time.monotonic() < until:
                self._waiting = functools.partial(self._look, plan, find, until)
            else:
                self._fail(failure)
            return
        self._held = held = self._still_held()

        def work() -> tuple[list[Motion], Sequence[Thing]]:
            seen = things_seen(points, self._table, self._arm, angles, parts_of(held))
            return find(angles, seen, held), [one.thing for one in seen]

        executor = self.executor
        assert executor is not None, 'callbacks run in one'

        def found(future: 'Future[tuple[list[Motion], Sequence[Thing]]]') -> None:
            executor.create_task(self._on_planned, plan, future)

        self._pool.submit(work).add_done_callback(found)

    def _on_planned(self, plan: Plan, future: 'Future[tuple[list[Motion], Sequence[Thing]]]') -> None:
        if self._plan is not plan:
            return  # cancelled meanwhile
        try:
            found, self._things = future.result()
        except Failure as failure:
            self._fail(failure)
            return
        except Exception as error:  # else the node would be busy for ever
            self.get_logger().error(f'the search for a way failed by a defect:\n{traceback.format_exc()}')
            self._fail(Failure('INTERNAL', f'the search for a way failed by a defect: {error!r}'))
            return
        self._next(found, None)

    def _next(self, left: list[Motion], failure: Failure | None) -> None:
        """Begin the next motion, or end.

        :param failure: why the plan has failed already; then these motions only lead out of the way
        """
        if not left:
            if failure is None:
                self._end(DONE, 'done')
            else:
                self._fail(failure)
            return
        motion = left[0]
        where = f'step {motion.step}, {motion.stop.name}' if motion.step else motion.stop.name
        self._tell(MOVING, f'on the way: {where}', failure)
        there = functools.partial(self._there, left, failure)
        self._mover.move_to(motion.stop, motion.path, there, self._fail)

    def _there(self, left: list[Motion], failure: Failure | None) -> None:
        """Have the hand do what it has to at the end of a motion."""
        motion = left[0]
        ended = functools.partial(self._ended, left, failure, self._joints.opening())
        if motion.stop.opening is None:
            ended()
            return
        self._held = motion.holds or self._held
        self._mover.grip(motion.stop.opening, ended, self._fail)

    def _ended(self, left: list[Motion], failure: Failure | None, before: float | None) -> None:
        """Look whether the hand holds what it should, and go on.

        :param before: how far it was open when the arm got there, metres; None: that is not told
        """
        motion, rest = left[0], left[1:]
        held, self._held = self._held, motion.holds
        now = self._joints.opening()
        lets_go = held is not None and motion.holds is None
        if lets_go and before is not None and now is not None and now < before + LET_GO_M:
            self._held = held
            what = f'the {held.thing.name}' if held else 'it'
            words = f'step {motion.step}: the hand has not let go of {what}: it was told to open, but does not'
            self._fail(Failure('ARM_STOPPED', words))
            return
        if motion.holds is not None and self._still_held() is None:
            name = motion.holds.thing.name
            closing = motion.stop.opening is not None
            code, words = (
                ('GRASP_FAILED', 'has closed on nothing') if closing else ('DROPPED', 'has lost what it carried')
            )
            failure = Failure(code, f'step {motion.step}: the hand {words}, the {name}')
            self._held, rest = None, retreat(self._arm, motion, self._things)
        self._next(rest, failure)

    def _still_held(self) -> Grasp | None:
        """Return what the hand holds, None if its opening says that nothing is there any more."""
        opening, held = self._joints.opening(), self._held
        if held is None or opening is None:
            return held
        empty = opening < max(held.width - SQUEEZE_M, 0.0) + CLOSED_M
        return None if empty or opening > held.width + ROOM_M else held

    def cancel(self) -> None:
        """Stop at once, and hold; call it in the node's executor. It also stops an arm that others move."""
        self._mover.hold()
        if self._plan is not None:
            self._fail(Failure('CANCELLED', 'cancelled: the arm holds where it is'))

    def stop(self) -> None:
        """Cancel what is under way, if anything is; call it in the node's executor."""
        if self._plan is not None:
            self.cancel()

    def release(self) -> None:
        """Open the hand where it is, unless a plan is under way; call it in the node's executor."""
        if self._plan is not None:
            self.get_logger().warning('release is ignored: a plan is under way, cancel it first')
            return
        self._held = None
        self._mover.grip(OPEN_M, lambda: None, lambda failure: self.get_logger().warning(str(failure)))

    def _fail(self, failure: Failure) -> None:
        self._end(FAILED, str(failure), failure)

    def _end(self, state: str, message: str, failure: Failure | None = None) -> None:
        plan, self._plan, self._waiting = self._plan, None, None
        self._moved = time.monotonic()
        self._tell(state, message, failure, plan)

    def _tell(self, state: str, message: str, failure: Failure | None = None, plan: Plan | None = None) -> None:
        about = plan or self._plan or Plan()
        if state == FAILED and failure is not None:
            self.get_logger().warning(f'{about.instruction!r}: {failure.code}: {message}')
        else:
            self.get_logger().info(f'{about.instruction!r}: {message}')
        more = {'request_id': about.request_id, 'holds': self._held.thing.name if self._held else ''}
        name = self.get_fully_qualified_name()
        self._status.publish(status_message(name, state, about.instruction, message, failure, **more))


def main(args: list[str] | None = None, make_mover: MakeMover | None = None) -> int:
    """Run the node until SIGINT, SIGTERM or SIGHUP; the arm is stopped then. Blocks.

    :param make_mover: as for ``ArmNode``
    :returns: the exit code, 1 if the node cannot be started
    """
    signals = Signals(END_S, code=0)
    use_image_profile()
    node = start(
        topics.NODE,
        'The node robobrain_arm: it has an arm carry out the plans of the node robobrain.',
        PARAMETERS,
        'Topics, and how to use it with a robot: docs/guides/arm.md of robobrain_ros.',
        args,
        functools.partial(ArmNode, make_mover),
    )
    if node is None:
        return 1
    with callbacks(node) as executor:
        signals.wait()
        executor.create_task(node.stop)
        time.sleep(HOLD_S)
    return 0


if __name__ == '__main__':
    sys.exit(main())
