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
goal = sys.argv[1] if len(sys.argv) > 1 else 'put the red mug on the green plate'

print('goal:', goal)
with rb.Brain.load() as brain:
    answer = brain.ask(goal, rgb, task='mission', depth=depth_m, camera=camera)

for number, step in enumerate(answer.steps, 1):
    print(f'{number}. {step.description}')
    if isinstance(step, rb.GroundedStep):
        for target in step.targets:
            print('   at pixel', target.pixel, 'position', target.position)
        print(f'   {len(step.waypoints)} waypoints' if step.waypoints else f'   {step.message or "nothing moves"}')
print(
    'complete'
    if answer.complete
    else f'not complete: {answer.message or "a step failed, or a part of an answer was left out"}'
)
