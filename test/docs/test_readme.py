# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""README.md is short, its links lead somewhere, and its tables of interfaces are those of the code."""

import re

import pytest
from repository import ROOT

from robobrain_ros.ros import topics

README = (ROOT / 'README.md').read_text()
INTERFACES = (ROOT / 'docs' / 'reference' / 'interfaces.md').read_text()
TABLES = pytest.mark.parametrize('page', [README, INTERFACES], ids=['README', 'interfaces'])


def test_it_is_read_in_five_minutes():
    assert 1000 <= len(README.split()) <= 1300


def test_what_was_never_run_stands_at_the_top():
    status = README[: README.index('## ')]
    assert re.search(r'Never run.*trained 8B weights.*apt.*Jetson.*robot', status, re.DOTALL)


def test_linked_files_exist():
    links = [link for link in re.findall(r'\]\(([^)#]+)\)', README) if '://' not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_moving_picture_is_small():
    assert (ROOT / 'docs/arm.gif').stat().st_size <= 900_000


@TABLES
def test_every_topic_is_in_the_tables(page):
    names = [*topics.CAMERA, topics.DIAGNOSTICS, *(f'~/{name}' for name in (*topics.REQUESTS, *topics.OUTPUTS))]
    assert [name for name in names if f'`{name}`' not in page] == []


@TABLES
def test_outputs_have_the_types_that_the_table_says(page):
    said = dict(re.findall(r'^\| `~/(\w+)` \| (\w+/\w+) \|', page, re.MULTILINE))
    made = {name: f'{kind.__module__.partition(".")[0]}/{kind.__name__}' for name, kind in topics.OUTPUTS.items()}
    assert {name: said.get(name) for name in made} == made
