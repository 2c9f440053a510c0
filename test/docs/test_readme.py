"""The README says the truth about parameters, files and commands."""

import re
from pathlib import Path

from repository import ROOT

from robobrain_ros.ros import topics
from robobrain_ros.ros.write_parameters import with_table

README = (ROOT / 'README.md').read_text()


def test_the_parameter_table_is_the_schema():
    assert with_table(README) == README, 'run: python -m robobrain_ros.ros.write_parameters README.md'


def test_linked_files_exist():
    links = [link for link in re.findall(r'\]\(([^)#]+)\)', README) if '://' not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_named_commands_exist():
    from robobrain_ros import cli
    from robobrain_ros.bags import commands as bags
    from robobrain_ros.bench import commands as bench

    source = ''.join(Path(module.__file__).read_text() for module in (cli, bags, bench))
    named = set(re.findall(r'robobrain (\w+)', README)) - {'brain'}
    commands = set(re.findall(r"add_parser\(\s*'(\w+)'", source))
    assert named
    assert named <= commands


def test_every_topic_is_in_the_tables():
    names = [*topics.CAMERA, topics.DIAGNOSTICS, *(f'~/{name}' for name in (*topics.REQUESTS, *topics.OUTPUTS))]
    assert [name for name in names if f'`{name}`' not in README] == []


def test_outputs_have_the_types_that_the_table_says():
    said = dict(re.findall(r'^\| `~/(\w+)` \| (\w+/\w+) \|', README, re.MULTILINE))
    made = {name: f'{kind.__module__.partition(".")[0]}/{kind.__name__}' for name, kind in topics.OUTPUTS.items()}
    assert {name: said.get(name) for name in made} == made
