# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The command line of ``robobrain mcp``: what is refused before anything is started."""

import pytest

from robobrain_ros.cli import main
from robobrain_ros.commands import mcp
from robobrain_ros.engines.key_file import KEY_VARIABLE


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    monkeypatch.delenv(KEY_VARIABLE, raising=False)


@pytest.mark.parametrize(
    ('options', 'words'),
    [
        (['--node', 'a b'], "--node is 'a b', but must be the full name of a node"),
        (['--timeout', '7200'], '--timeout is 7200, but must be at most 3600 seconds'),
        (['--port', '70000'], '--port is 70000, but must be in 0 .. 65535'),
        (['--port', '0', '--host', '0.0.0.0'], "--host is '0.0.0.0', which other machines can reach, so that a key"),
        (['--port', '0', '--allow-motion'], 'lets whoever reaches the port move the robot, so that a key is needed'),
        (['--port', '0', '--api-key-file', '/nowhere'], "cannot read --api-key-file '/nowhere'"),
        (['--api-key-file', 'key.txt'], '--host and --api-key-file go with --port'),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(options, words, capsys):
    assert main(['mcp', *options]) == 1
    out, err = capsys.readouterr()
    assert out == ''
    assert err.startswith('robobrain mcp: ')
    assert words in err


def test_who_does_not_have_the_package_is_told_how_to_get_it(monkeypatch, capsys):
    monkeypatch.setattr(mcp, 'find_spec', lambda name: None)
    assert main(['mcp']) == 1
    assert 'this needs the Python package mcp: pip install' in capsys.readouterr().err
