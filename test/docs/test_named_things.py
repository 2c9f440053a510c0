# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What documents and workflows name exists: commands and their options, launch arguments, parameters, topics, files."""

import argparse
import re
import shlex
from collections.abc import Iterator

import pytest
import write_reference
import yaml
from repository import ROOT

from robobrain_ros import __version__
from robobrain_ros.planners.arm import parameters as arm_parameters
from robobrain_ros.planners.arm import topics as arm_topics
from robobrain_ros.planners.goto import parameters as goto_parameters
from robobrain_ros.planners.goto import topics as goto_topics
from robobrain_ros.ros import topics
from robobrain_ros.ros.parameters import BY_NAME
from robobrain_ros.tasks import NAMES

PAGES = [ROOT / 'README.md', ROOT / 'CONTRIBUTING.md', *sorted((ROOT / 'docs').rglob('*.md'))]
TEXTS = {str(page.relative_to(ROOT)): page.read_text() for page in PAGES}
PAGE = pytest.mark.parametrize('name', TEXTS)
NOT_PARAMETERS = {'compile_sizes', 'complete', 'use_sim_time', 'options', 'camera', 'always_send_full_costmap'}
"""Written as ``name: value`` in a document, and no parameters of the nodes."""


def shell_lines(text: str) -> Iterator[list[str]]:
    """The commands in shell blocks and in `inline code`, as words without comments."""
    blocks = re.findall(r'```sh\n(.*?)```', text, re.DOTALL)
    lines = [line for block in blocks for line in block.replace('\\\n', ' ').splitlines()]
    for line in lines + re.findall(r'`((?:\./run|robobrain|ros2 launch) [^`]+)`', text):
        try:
            yield shlex.split(line, comments=True)
        except ValueError:  # a quoted text that goes on in the next line
            yield line.split()


def inline(text: str) -> list[str]:
    """Everything in `inline code`, outside of blocks."""
    return re.findall(r'(?<!`)`([^`\n]+)`(?!`)', re.sub(r'```.*?```', '', text, flags=re.DOTALL))


def options_of(parser: argparse.ArgumentParser, words: list[str]) -> set[str]:
    """The options of the command that ``words`` name, such as ``bag replay``; fails for one that does not exist."""
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not groups or not words or not re.fullmatch('[a-z]+', words[0]):
        return set(parser._option_string_actions)
    assert words[0] in groups[0].choices, f'no command {words[0]!r} in {parser.prog!r}'
    return options_of(groups[0].choices[words[0]], words[1:])


@PAGE
def test_commands_and_options_exist(name):
    parser = write_reference.command_line()
    for words in shell_lines(TEXTS[name]):
        while words[:1] == ['./run'] and words[1:2] == ['exec']:
            words = words[2:]
        if words[:2] in (['./run', 'ask'], ['./run', 'doctor'], ['./run', 'demo']):
            words = ['robobrain', *(word for word in words[1:] if word != '--gpu')]
        if words[:1] == ['robobrain']:
            known = options_of(parser, words[1:])
            own = words[: words.index('--')] if '--' in words else words  # what follows goes to the node
            said = {word.partition('=')[0] for word in own if word.startswith('--')}
            assert said <= known, f'{" ".join(words)}: {said - known}'


def run_commands() -> set[str]:
    """The commands that ./run help lists."""
    known = set(re.findall(r'^#   \./run (\w+)', (ROOT / 'run').read_text(), re.MULTILINE))
    assert {'demo', 'test', 'help'} <= known
    return known


@PAGE
def test_run_has_the_command(name):
    said = {words[1] for words in shell_lines(TEXTS[name]) if words[:1] == ['./run'] and words[1:]}
    assert {word for word in said if word.isalpha() and word.islower()} <= run_commands()


@PAGE
def test_launch_files_have_the_arguments(name):
    known = {
        argument
        for file in (ROOT / 'launch').glob('*.py')
        for argument in re.findall(r"DeclareLaunchArgument\(\s*'(\w+)'", file.read_text())
    }
    assert {'model', 'image', 'world'} <= known
    for words in shell_lines(TEXTS[name]):
        if words[:3] == ['ros2', 'launch', 'robobrain_ros']:
            assert (ROOT / 'launch' / words[3]).is_file()
            assert {word.partition(':=')[0] for word in words[4:] if ':=' in word} <= known, words


@PAGE
def test_parameters_exist(name):
    said = {text.partition(':')[0] for text in inline(TEXTS[name]) if re.match(r'[a-z_.]+: ', text)}
    planners = (*arm_parameters.PARAMETERS, *goto_parameters.PARAMETERS)
    known = set(BY_NAME) | {parameter.name for parameter in planners}
    assert said - set(NAMES) - NOT_PARAMETERS <= known


@PAGE
def test_topics_exist(name):
    said = {text for text in inline(TEXTS[name]) if re.fullmatch(r'~/\w+', text)}
    known = {f'~/{topic}' for topic in (*topics.OUTPUTS, *topics.REQUESTS)}
    assert said <= known | {
        name for kind in (arm_topics, goto_topics) for name in vars(kind).values() if isinstance(name, str)
    }


@PAGE
def test_files_exist(name):
    folders = 'robobrain_ros|examples|config|worlds|launch|training|requirements|test|docs|msg|action|srv'
    said = {text for text in inline(TEXTS[name]) if re.fullmatch(rf'(?:{folders})/[\w/.]+', text)}
    assert [file for file in said if not (ROOT / file).exists()] == []


@pytest.mark.parametrize('file', sorted((ROOT / '.github' / 'workflows').iterdir()), ids=lambda file: file.stem)
def test_workflows_call_run(file):
    (job,) = yaml.safe_load(file.read_text())['jobs'].values()
    steps = [step['run'].split() for step in job['steps'] if 'run' in step]
    assert steps
    assert {words[1] for words in steps if words[0] == './run'} <= run_commands()
    assert all(words[0] == './run' for words in steps)


def test_the_citation_names_this_version():
    assert yaml.safe_load((ROOT / 'CITATION.cff').read_text())['version'] == __version__


def test_lines_are_read_as_a_shell_reads_them():
    text = "`robobrain x --a`\n```sh\nrobobrain y \\\n    --b 'c d'   # note\n```"
    assert [*shell_lines(text)] == [['robobrain', 'y', '--b', 'c d'], ['robobrain', 'x', '--a']]


def test_a_command_that_does_not_exist_is_found():
    parser = write_reference.command_line()
    assert '--expect' in options_of(parser, ['bag', 'replay', 'x'])
    with pytest.raises(AssertionError, match="no command 'fly'"):
        options_of(parser, ['fly'])
