# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""One thing, followed: the model says where it is, an image tracker goes with it from picture to picture between.

What is told of a picture holds for this picture; a place of an older one is never repeated. Nothing is told while

- the tracker does not see it; after BLIND_S of that it has lost it, and only the model can find it again,
- the model has said something else once: it is asked again at once, and has the last word,
- the model has not confirmed it for ``unconfirmed_s``.
"""

import asyncio
import time
from dataclasses import dataclass, replace
from enum import IntEnum
from math import hypot, isfinite, isnan, nan

from robobrain_ros.answer import Answer, PointStatus, Target
from robobrain_ros.brain import mission
from robobrain_ros.brain.anchor import Anchor, Look
from robobrain_ros.brain.brain import Brain
from robobrain_ros.brain.frame import Frame
from robobrain_ros.brain.pipeline import Settings
from robobrain_ros.brain.prepared_image import PreparedImage
from robobrain_ros.errors import BadRequest, BrainError, ErrorCode
from robobrain_ros.geometry.depth import DepthMode
from robobrain_ros.geometry.locate import Located, Scene, locate_targets, locate_waypoints
from robobrain_ros.geometry.point_tracker import PointTracker, Seen

TASKS = ('pointing', 'affordance', 'grounding')
"""Those whose answer is a place."""
BLIND_S = 0.25
"""After so long without seeing it, a tracker has lost it, seconds."""
GAP_S = 1.0
"""Pictures that are further apart are not compared, seconds."""
LEAST_SPREAD_M = 0.001
"""Depth is never surer than this, metres: filters need a covariance that can be inverted."""
SEARCH_S = 0.2
"""While it is looked for, the model is asked no more often than this, seconds."""


class State(IntEnum):
    """What is known of the thing in a picture; the same numbers as in action/Track.action."""

    SEARCHING = 0
    TRACKING = 1
    LOST = 2


@dataclass(frozen=True)
class Sighting:
    """What one picture has told."""

    state: State
    message: str = ''
    """Why it is not seen, or has no position, in a sentence."""
    target: Target | None = None
    """Where it is, only when TRACKING; with a position in the frame that is wanted, where its status is OK."""
    quality: float = nan
    """Part of the features that are followed still, 0 .. 1."""


@dataclass(frozen=True)
class PursuitRules:
    """When the model is asked, and how long it is relied on."""

    period_s: float = 2.0
    """From one look of the model to the next, seconds."""
    unconfirmed_s: float = 10.0
    """What the model has not confirmed for so long is not told any more, seconds."""


class Pursuit:
    """Follows one thing; to be used in the engine's loop. ``close`` ends the question that is on its way.

    :param settings: for its questions, and for how depth and orientation are read
    :param timeout_s: time limit of each question, seconds
    :raises BadRequest: for a task that gives no place, or an instruction that cannot be asked
    """

    def __init__(
        self,
        brain: Brain,
        task: str,
        instruction: str,
        settings: Settings,
        rules: PursuitRules,
        timeout_s: float,
    ) -> None:
        if task not in TASKS:
            raise BadRequest(f'task is {task!r}, but what is followed is found by one of {", ".join(TASKS)}')
        mission.check(task, instruction, brain.pipeline.profile)
        self._anchor = Anchor(brain, task, instruction, settings, timeout_s)
        self._pipeline = brain.pipeline
        self._settings = settings
        self._rules = rules
        self._label = instruction
        self._tracker: PointTracker | None = None
        self._found = Target((nan, nan))
        """What the model said of it last."""
        self._doubt = ''
        """Why the tracker may follow something else."""
        self._last_s = self._seen_s = nan
        """Stamps of the last picture, and of the last one that showed it, seconds."""
        self._due = 0.0
        """When the model is asked next, monotonic."""
        self.confirmed_s = nan
        """Stamp of the last picture in which the model found it, seconds; NaN: in none."""
        self.found = 0
        """So many answers said where it is."""
        self.fault: BrainError = BrainError(ErrorCode.NOT_FOUND, 'the model has not answered yet')
        """Why the model's last answer is of no use; only while nothing is seen."""

    @property
    def unseen(self) -> State:
        """The state of a picture that does not show it."""
        return State.SEARCHING if isnan(self.confirmed_s) else State.LOST

    def close(self) -> None:
        """End the question that is on its way, and forget all pictures."""
        self._anchor.drop()
        self._tracker = None

    async def step(self, frame: Frame, stamp_s: float) -> Sighting:
        """Look at the next picture. Takes some milliseconds, or as long as the transform of the frame lets it wait.

        :param stamp_s: when it was taken, seconds
        :raises BrainError: BAD_IMAGE if it cannot be used; BAD_REQUEST if nothing can come of this pursuit
        """
        look = await asyncio.to_thread(Look.take, frame, stamp_s)
        if not 0 <= stamp_s - self._last_s <= GAP_S:  # also at the first one
            self._anchor.drop()
            self._tracker = None
        self._last_s = stamp_s
        seen = await self._follow(look)
        self._anchor.see(look, seen.pixel if isinstance(seen, Seen) else None)
        answer = self._anchor.fetch()
        if answer is not None:
            seen = await self._take_up(answer, seen)
            self._anchor.pixel = seen.pixel if isinstance(seen, Seen) else None
        self._ask_when_due()
        return await self._told(look, seen)

    async def _follow(self, look: Look) -> Seen | str:
        if self._tracker is None:
            return ''
        seen = await asyncio.to_thread(self._tracker.step, look.picture)
        if isinstance(seen, Seen):
            self._seen_s = look.stamp_s
        elif look.stamp_s - self._seen_s > BLIND_S:
            self._lose(seen)
        return seen

    async def _take_up(self, answer: Answer, seen: Seen | str) -> Seen | str:
        """Go on from what the model has said; returns what is seen now in the newest picture."""
        try:
            if answer.code is ErrorCode.BAD_REQUEST:
                raise BrainError(answer.code, answer.message)
            if answer.success and answer.targets:
                return await self._found_at(answer.targets[0], seen)
            if answer.code is not ErrorCode.NOT_FOUND:
                self.fault = BrainError(answer.code, answer.message)
                return seen
            return self._not_found(answer.message, seen)
        finally:
            self._anchor.forget()

    async def _found_at(self, target: Target, seen: Seen | str) -> Seen | str:
        self.found += 1
        before, (u, v) = self._anchor.asked_pixel, target.pixel
        tracker = self._tracker
        agrees = bool(tracker and before and hypot(u - before[0], v - before[1]) <= tracker.radius_px)
        if before and tracker and not agrees and not self._doubt:
            self._doubt = f'the model sees it elsewhere, at pixel ({u:.0f}, {v:.0f})'
            return seen
        ahead = await asyncio.to_thread(self._anchor.caught_up, target)
        if isinstance(ahead, str) and before is None and isinstance(seen, Seen):
            return seen  # it was out of sight in that picture only
        if isinstance(ahead, str) and not agrees:
            self._lose(f'since the model saw it, it was lost again: {ahead}')
            return ''
        self._doubt, self._found, self.confirmed_s = '', target, self._anchor.asked_s
        if isinstance(ahead, str):  # the one that there is goes on
            return seen
        self._tracker, self._seen_s = ahead, self._last_s
        return ahead.seen

    def _not_found(self, message: str, seen: Seen | str) -> Seen | str:
        if self._tracker and not self._doubt:
            self._doubt = message
            return seen
        self._lose(message)
        return ''

    def _lose(self, why: str) -> None:
        self._tracker, self._doubt = None, ''
        self.fault = BrainError(ErrorCode.NOT_FOUND, why)

    def _ask_when_due(self) -> None:
        now = time.monotonic()
        urgent = self._doubt or self._tracker is None
        due = self._due - self._rules.period_s + SEARCH_S if urgent else self._due
        if not self._anchor.is_asking and now >= due:
            self._due = now + self._rules.period_s
            self._anchor.ask()

    async def _told(self, look: Look, seen: Seen | str) -> Sighting:
        why = self._unseen(look, seen)
        if why or isinstance(seen, str):
            return Sighting(self.unseen, why)
        located = await asyncio.to_thread(self._located, look, seen)
        target = located.targets[0]
        message = '' if target.status is PointStatus.OK else '; '.join(located.reasons)
        return Sighting(State.TRACKING, message, target, seen.quality)

    def _unseen(self, look: Look, seen: Seen | str) -> str:
        """Why nothing is told of a picture; empty if something is."""
        if self._tracker is None:
            return str(self.fault)
        if isinstance(seen, str):
            return seen
        unconfirmed_s = look.stamp_s - self.confirmed_s
        if not self._doubt and unconfirmed_s > self._rules.unconfirmed_s:
            return f'the model has not confirmed it for {unconfirmed_s:.1f} s: {self.fault}'
        return self._doubt

    def _located(self, look: Look, seen: Seen) -> Located:
        """Where the point is, as the target of an answer."""
        found, height, width = self._found, *look.picture.rgb.shape[:2]
        u, v, _ = found.spread or (0.0, 0.0, 0.0)
        spread = (hypot(u, seen.spread_px), hypot(v, seen.spread_px), seen.spread_m)
        by_features = seen.depth_m if seen.hidden and isfinite(seen.depth_m) else None
        target = Target(
            seen.pixel, label=self._label, model_depth=by_features, confidence=found.confidence, spread=spread
        )
        rules = self._settings.depth
        rules = replace(rules, least_spread_m=max(rules.least_spread_m, LEAST_SPREAD_M))
        if by_features:
            rules = replace(rules, mode=DepthMode.MODEL, model_depth_is_ray=False)

        def find(scene: Scene) -> Located:
            return locate_waypoints([target], scene, rules) if by_features else locate_targets([target], scene, rules)

        image = PreparedImage(look.frame, self._pipeline.letterbox(width, height), look.picture.rgb)
        located, faults = image.locate(find, self._settings.orientation, way=False)
        told = replace(located.targets[0], model_depth=None)
        return Located((told,), (*faults, *located.reasons))
