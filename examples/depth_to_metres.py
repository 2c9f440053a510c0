# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""From a picture with depth to positions in metres, beside the truth of the simulator.

    python examples/depth_to_metres.py

Your own camera: ``depth`` is height x width floats in metres (divide a 16-bit image in millimetres by 1000), registered
to the picture, and ``camera`` has the numbers of its CameraInfo. Positions are in the camera's optical frame: x right,
y down, z forward.
"""

import robobrain_ros as rb
from robobrain_ros.sim.scene import TableTop  # needs MuJoCo

scene = TableTop(seed=1_000_002)
rgb, depth_m = scene.render()
view = scene.view
camera = rb.Camera.from_calibration(width=view.width, height=view.height, k=view.k.ravel().tolist())

with rb.Brain.load(report=print) as brain:
    for thing in scene.truth().objects:
        answer = brain.ask(f'the {thing.name}', rgb, depth=depth_m, camera=camera)
        if not answer.success:
            print(f'{thing.name}: {answer.code.name}, {answer.message}')
            continue
        for target in answer.targets:
            if target.position is None:
                print(f'{thing.name}: pixel {target.pixel}, no position: {target.status.name}')
                continue
            x, y, z = target.position
            truly = ' '.join(f'{value:.3f}' for value in thing.position)
            print(f'{thing.name}: {x:.3f} {y:.3f} {z:.3f} m (its middle: {truly})')
