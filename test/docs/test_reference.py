# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The pages of docs/reference/ are what docs/write_reference.py makes of the code."""

import argparse

import pytest
import write_reference

from robobrain_ros.ros.parameters import PARAMETERS
from robobrain_ros.ros.write_parameters import markdown_table

PARTS = write_reference.parts()


@pytest.mark.parametrize('page', PARTS, ids=[page.name for page in PARTS])
def test_the_page_is_up_to_date(page):
    text = page.read_text()
    assert write_reference.renewed(text, *PARTS[page]) == text, 'run: python docs/write_reference.py'


def test_only_the_part_between_the_markers_changes():
    page = 'a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb\n'
    assert write_reference.renewed(page, 'x', 'new') == page.replace('old', 'new')
    with pytest.raises(ValueError, match='lacks the markers <!-- y: begin --> and <!-- y: end -->'):
        write_reference.renewed(page, 'y', 'new')


def test_every_parameter_has_one_row():
    assert len(markdown_table().splitlines()) == len(PARAMETERS) + 2


def test_options_are_written_with_their_defaults_and_choices():
    parser = argparse.ArgumentParser(prog='tool')
    command = parser.add_subparsers().add_parser('go', help='walk', epilog='examples:\n  tool go')
    command.add_argument('--pace', choices=('slow', 'fast'), default='slow', help='how (default: %(default)s)')
    command.add_argument('--to', required=True, metavar='A|B')
    command.add_argument('--gait', choices=('walk', 'run'), default='walk', help='(default: %(default)s)')
    command.add_argument('--secret', help=argparse.SUPPRESS)
    assert write_reference.commands(parser, 2).split('\n\n') == [
        '## tool go',
        'Walk.',
        '| argument | meaning |\n|---|---|\n'
        '| `--pace PACE` | how (default: slow); one of `slow`, `fast` |\n'
        '| `--to A or B` | (required) |\n'
        '| `--gait GAIT` | one of `walk`, `run` (default: walk) |',
        '```text\nexamples:\n  tool go\n```',
    ]
