# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The command ``robobrain progress``: its options. Heavy imports wait until it runs."""

import argparse
from pathlib import Path
from typing import Any

from robobrain_ros.commands import model_options
from robobrain_ros.commands.arguments import WITH_EXAMPLES, positive, takes_files
from robobrain_ros.tasks.progress import Mode

DESCRIPTION = """\
Tell how far a robot's task is at each moment of a video. The model compares
frames, as Robo-Dopamine does: with the frame before (incremental), with the
start (forward), and with a picture of the task done (backward). The progress is
the mean of what these say."""
EXAMPLES = """\
examples:
  robobrain progress --video clip.mp4 --task "put the red mug on the plate"
  robobrain progress --video clip.mp4 --task "put the red mug on the plate" --goal done.png --plot
  robobrain progress --video front/ --left left/ --right right/ --every 5 --task "fold the towel" --mode forward

files, in a folder of the time's name:
  pred_vllm.json, sample.json   answers and questions, as Robo-Dopamine's scripts write them
  latest_progress.json          the last sample
  progress.png, reward_vis.mp4  with --plot: curves, and the frames with their figures

exit codes:
  0    the progress is known at some moment
  1    no answer held a score, or nothing could be asked
  2    the command line is wrong
  130  interrupted by Ctrl-C; what was found until then is written"""


def add(commands: Any) -> None:
    """Add the command ``progress`` to ``commands``, argparse's subparsers."""
    progress = commands.add_parser(
        'progress',
        help='how far a task is at each moment of a video, without ROS',
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=WITH_EXAMPLES,
    )
    video = progress.add_argument(
        '--video', required=True, metavar='FILE|DIR', help='the front camera: a video, or a folder of pictures by name'
    )
    progress.add_argument(
        '--task', required=True, metavar='TEXT', help='what the robot is doing, such as "put the red mug on the plate"'
    )
    goal = progress.add_argument(
        '--goal',
        type=Path,
        metavar='IMAGE',
        help='a picture of the task done, of another run: without one, nothing is compared with the goal',
    )
    left = progress.add_argument('--left', default='', metavar='FILE|DIR', help='camera at the left wrist')
    right = progress.add_argument(
        '--right',
        default='',
        metavar='FILE|DIR',
        help='camera at the right wrist; where one is missing, the model sees the front camera in its place',
    )
    progress.add_argument(
        '--mode',
        action='append',
        choices=[mode.value for mode in Mode],
        help='what to compare with; may be given several times (default: all three; without --goal, the first two)',
    )
    progress.add_argument(
        '--every',
        type=positive(int),
        default=30,
        metavar='N',
        help='look at each N-th frame, and at the last one (default: %(default)s)',
    )
    to = progress.add_argument(
        '--to',
        type=Path,
        default=Path('progress'),
        metavar='DIR',
        help='where the folder of results is made (default: %(default)s)',
    )
    progress.add_argument('--plot', action='store_true', help='draw the curves, and a film with the frames')
    for action in (video, goal, left, right, to):
        takes_files(action)
    model_options.add(progress)
    progress.add_argument(
        '--json', action='store_true', help='print each sample as one line of JSON, at last the summary, nothing else'
    )
    progress.set_defaults(run=lambda chosen: _run(progress, chosen))


def _run(parser: argparse.ArgumentParser, chosen: argparse.Namespace) -> int:
    model, options = model_options.chosen_model(parser, chosen)
    modes = [Mode(name) for name in chosen.mode or ()] or [mode for mode in Mode if chosen.goal or mode != 'backward']
    if Mode.BACKWARD in modes and not chosen.goal:
        parser.error('--mode backward compares with the goal: give its picture with --goal')
    from robobrain_ros.commands.progress_watch import Watch, run

    return run(
        Watch(
            video=chosen.video,
            left=chosen.left,
            right=chosen.right,
            task=chosen.task,
            goal=chosen.goal,
            modes=tuple(dict.fromkeys(modes)),
            every=chosen.every,
            to=chosen.to,
            plot=chosen.plot,
            model=model,
            options=options,
            json=chosen.json,
        )
    )
