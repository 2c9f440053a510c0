# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""One goal in, a plan out whose steps say where they act and which way the end effector goes.

    python examples/mission.py
    python examples/mission.py "pick up the yellow ball"

The picture is the simulated table top of a seed; table.jpg beside this file shows it.
"""

import sys

import robobrain_ros as rb
from robobrain_ros.sim.scene import TableTop  # needs MuJoCo

scene = TableTop(seed=1_000_002)
rgb, depth_m = scene.render()
view = scene.view
camera = rb.Camera.from_calibration(width=view.width, height=view.height, k=view.k.ravel().tolist())
goal = sys.argv[1] if len(sys.argv) > 1 else 'put the yellow ball on the green plate'

print('goal:', goal)
with rb.Brain.load(report=print) as brain:
    answer = brain.ask(goal, rgb, task='mission', depth=depth_m, camera=camera)

for number, step in enumerate(answer.steps, 1):
    print(f'{number}. {step.description}')
    if isinstance(step, rb.GroundedStep):
        for target in step.targets:
            place = ' '.join(f'{value:.3f}' for value in target.position) + ' m' if target.position else 'no position'
            print(f'   at pixel {target.pixel}: {place}')
        print(f'   {len(step.waypoints)} waypoints' if step.waypoints else f'   {step.message or "nothing moves"}')
print(
    'complete'
    if answer.complete
    else f'not complete: {answer.message or "a step failed, or a part of an answer was left out"}'
)
