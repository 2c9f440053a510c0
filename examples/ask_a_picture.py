# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Ask about a picture: no ROS, no camera.

    python examples/ask_a_picture.py
    python examples/ask_a_picture.py --image photo.jpg --model /models/RoboBrain2.5-8B-NV "the red mug"

Without arguments it asks the tiny checkpoint about table.jpg beside this file. That checkpoint knows simulated table
tops only; for photographs name a RoboBrain 2.5 directory.
"""

import argparse
from pathlib import Path

from PIL import Image

import robobrain_ros as rb

parser = argparse.ArgumentParser()
parser.add_argument('instruction', nargs='?', default='the red mug')
parser.add_argument('--image', type=Path, default=Path(__file__).parent / 'table.jpg')
parser.add_argument('--model', default='tiny', help='tiny, or the directory of a model')
parser.add_argument('--output', type=Path, default=Path('answer.png'), help='the picture with the answer on it')
arguments = parser.parse_args()

with rb.Brain.load(arguments.model, report=print) as brain:
    answer = brain.ask(arguments.instruction, arguments.image)
    answer.raise_for_error()
    for target in answer.targets:
        print('target at pixel', target.pixel)

    for part in brain.stream('Detect all objects.', arguments.image, task='general'):
        print(part, end='', flush=True)
    print()

Image.fromarray(rb.draw(arguments.image, answer)).save(arguments.output)
print('picture:', arguments.output)
