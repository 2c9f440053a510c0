# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The command ``robobrain ask``: its options. Heavy imports wait until it runs."""

import argparse
from pathlib import Path
from typing import Any

from robobrain_ros.commands import model_options
from robobrain_ros.commands.arguments import EXIT_CODES, WITH_EXAMPLES, add_min_confidence, positive, takes_files
from robobrain_ros.tasks import NAMES

DESCRIPTION = """\
Load a model, ask about pictures, print the answers, and save pictures with the
answers drawn on them. Loading takes most of the time: ask all questions at
once, or use --interactive."""
EXAMPLES = f"""\
examples:
  robobrain ask --image table.jpg "the red mug"
  robobrain ask --image table.jpg "grounding: the red mug" "planning: put the mug on the plate"
  robobrain ask --image photos/ --image more.jpg --json "the door handle" > answers.jsonl
  robobrain ask --image clip.mp4 --every 0.5 --output answers/ "the yellow ball"
  robobrain ask --image 0 --interactive            # camera 0; type one question a line
  robobrain ask --server http://robot-server:9010 --image table.jpg "the red mug"
  cat table.jpg | robobrain ask --image - "the red mug"

{EXIT_CODES}"""


def add(commands: Any) -> None:
    """Add the command ``ask`` to ``commands``, argparse's subparsers."""
    ask = commands.add_parser(
        'ask',
        help='ask about pictures, without ROS',
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=WITH_EXAMPLES,
    )
    add_questions(ask, 'pointing')
    image = ask.add_argument(
        '--image',
        action='append',
        required=True,
        metavar='SOURCE',
        help='a picture, a folder of pictures, a video, the number of a camera (0 is the first), or - for a picture '
        'on standard input; may be given several times',
    )
    takes_files(image)
    ask.add_argument(
        '--every',
        type=positive(float),
        default=1.0,
        metavar='SECONDS',
        help='of a video, ask about a frame each so many seconds (default: %(default)s)',
    )
    model_options.add(ask)
    add_min_confidence(ask, '0: all are taken')
    ask.add_argument(
        '--repeat',
        type=positive(int),
        default=1,
        metavar='N',
        help='ask each question N times; a camera takes a new picture each time (default: %(default)s)',
    )
    add_output(ask, 'NAME_answer.png in the current folder; with --json: no picture is written')
    ask.set_defaults(run=lambda chosen: _run(ask, chosen))


def add_questions(parser: argparse.ArgumentParser, default: str) -> None:
    """Add what is asked to a parser: the questions, their task, and ``--interactive``.

    :param default: the task of a question that names none, in words
    """
    parser.add_argument(
        'instruction',
        nargs='*',
        help='what to look for or what to do, such as "the red mug", or with its task: "grounding: the red mug"',
    )
    parser.add_argument(
        '--task',
        default='',
        choices=NAMES,
        help=f'task of all questions (default: the one that the question begins with, else {default})',
    )
    parser.add_argument(
        '--interactive',
        action='store_true',
        help='then read more questions from standard input, one a line, until Ctrl-D or "quit"',
    )


def add_output(parser: argparse.ArgumentParser, default: str) -> None:
    """Add how answers come out to a parser: ``--json`` and ``--output``.

    :param default: what happens without --output, in words
    """
    parser.add_argument(
        '--json', action='store_true', help='print each answer as one line of JSON (JSON Lines), and nothing else'
    )
    output = parser.add_argument(
        '--output',
        type=Path,
        metavar='FILE|DIR',
        help='where pictures with the answers are saved: a .png or .jpg file, or a folder, which is created. No file '
        f'is ever replaced: a number is added to the name (default: {default})',
    )
    takes_files(output)


def require_question(parser: argparse.ArgumentParser, chosen: argparse.Namespace) -> None:
    """End the process with exit code 2 if nothing is asked."""
    if not chosen.instruction and not chosen.interactive:
        parser.error('nothing is asked: give an instruction, such as "the red mug", or --interactive')


def _run(parser: argparse.ArgumentParser, chosen: argparse.Namespace) -> int:
    require_question(parser, chosen)
    if chosen.image.count('-') + chosen.interactive > 1:
        parser.error('standard input can be read once only: by one --image -, or by --interactive')
    model, options = model_options.chosen_model(parser, chosen)
    for text in chosen.instruction:
        if Path(text).suffix and Path(text).is_file():  # such as what a shell makes of photos/*.jpg
            parser.error(f'{text!r} is a file, not a question; each file needs its own --image, or name their folder')
    from robobrain_ros.brain.pipeline import Settings
    from robobrain_ros.commands.asking import Ask, run

    return run(
        Ask(
            images=chosen.image,
            instructions=chosen.instruction,
            task=chosen.task,
            model=model,
            options=options,
            every_s=chosen.every,
            repeat=chosen.repeat,
            settings=Settings(min_confidence=chosen.min_confidence or 0.0),
            interactive=chosen.interactive,
            json=chosen.json,
            output=chosen.output,
        )
    )
