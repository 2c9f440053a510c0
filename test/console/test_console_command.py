# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""``robobrain console`` as people start it: its address, its end, and what it refuses."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from repository import ROOT
from ros_helpers import SOON, own_domain

from robobrain_ros.cli import main
from robobrain_ros.commands.console import PORT

pytestmark = pytest.mark.ros


@contextmanager
def started(folder, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command as a process, and the address that it prints."""
    command = [sys.executable, '-m', 'robobrain_ros.cli', 'console', '--port', '0', *arguments]
    environment = os.environ | {'XDG_STATE_HOME': str(folder)}
    with (
        own_domain(),
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process,
    ):
        try:
            line = process.stdout.readline()
            assert line.startswith('console: http://'), line + process.stdout.read()
            yield process, line.split()[1]
        finally:
            process.kill()
            process.wait(SOON)


def test_it_serves_the_page_without_a_node_and_ends_by_ctrl_c(tmp_path):
    with started(tmp_path) as (process, address):
        assert re.fullmatch(r'http://127\.0\.0\.1:\d+/', address)
        page = httpx.get(address, trust_env=False, timeout=SOON)
        assert '<title>RoboBrain console</title>' in page.text
        with httpx.stream('GET', f'{address}api/events', trust_env=False, timeout=SOON) as events:
            assert next(events.iter_lines()).startswith('data: ')
            process.send_signal(signal.SIGINT)  # with a page open
            assert process.wait(SOON) == 130
    assert (tmp_path / 'robobrain_ros' / 'console.sqlite').is_file()


def test_for_other_machines_it_makes_a_token(tmp_path):
    with started(tmp_path, '--host', '0.0.0.0') as (process, address):
        found = re.fullmatch(r'http://[^/]+:(\d+)/\?token=([\w-]{20,})', address)
        assert found, address
        here = f'http://127.0.0.1:{found[1]}/'
        assert httpx.get(here, trust_env=False, timeout=SOON).status_code == 401
        assert httpx.get(f'{here}?token={found[2]}', trust_env=False, timeout=SOON).status_code == 303
        process.terminate()
        assert process.wait(SOON) == 143


def test_a_token_of_ones_own_is_taken_from_a_file(tmp_path):
    (tmp_path / 'token').write_text('my-token\n')
    with started(tmp_path, '--token-file', str(tmp_path / 'token')) as (_, address):
        assert address.endswith('/?token=my-token')


def test_what_cannot_be_is_said_in_a_sentence(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_STATE_HOME', str(tmp_path))
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = taken.getsockname()[1]
        for arguments, words in (
            (['--port', str(port)], f'cannot serve at 127.0.0.1:{port}: Address already in use; choose another --port'),
            (['--port', '70000'], '--port is 70000, but must be in 0 .. 65535'),
            (['--host', '203.0.113.7'], '--host must be an address of this machine'),
            (['--node', 'no node'], "--node is 'no node', but must be the full name of a node"),
            (['--token-file', str(tmp_path / 'none')], "cannot read --token-file '"),
            (['--port', '0', '--history', str(tmp_path)], f"cannot use '{tmp_path}'"),
        ):
            assert main(['console', *arguments]) == 1
            assert words in capsys.readouterr().err
    assert PORT == 9020, 'the guide and the examples name it'
