# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""HEALTHCHECK of the images: the node's HTTP server, or its report on /diagnostics."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import yaml
from domains import reserved_domain
from repository import ROOT


def health(**environment: str) -> tuple[int, str]:
    command = [sys.executable, str(ROOT / 'deploy/health.py')]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=os.environ | environment)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def server():
    """Answers with ``server.code``."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(self.server.code)
            self.end_headers()
            self.wfile.write(b'the engine starts')

        def log_message(self, *_):
            pass

    with HTTPServer(('127.0.0.1', 0), Handler) as made:
        thread = threading.Thread(target=made.serve_forever, daemon=True)
        thread.start()
        yield made
        made.shutdown()
        thread.join(timeout=10)


@pytest.mark.parametrize(('code', 'expected'), [(200, (0, 'healthy\n')), (503, (1, 'the engine starts'))])
def test_over_http(server, code, expected):
    server.code = code
    url = f'http://127.0.0.1:{server.server_port}/health'
    result, words = health(ROBOBRAIN_HEALTH_URL=url, http_proxy='http://127.0.0.1:9')
    assert result == expected[0]
    assert expected[1] in words


@pytest.mark.parametrize('url', ['http://127.0.0.1:9/health', 'nonsense'])
def test_a_server_that_does_not_answer(url):
    result, words = health(ROBOBRAIN_HEALTH_URL=url)
    assert result == 1
    assert f'{url} does not answer' in words


@contextmanager
def robot(domain, name='/robobrain: engine', level=b'\x00'):
    """A node that reports about its engine, in a process of its own."""
    code = (
        'import rclpy, sys, time\n'
        'from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus\n'
        'rclpy.init()\n'
        "publisher = rclpy.create_node('robot').create_publisher(DiagnosticArray, '/diagnostics', 1)\n"
        "words = 'the engine process died'\n"
        'status = DiagnosticStatus(name=sys.argv[1], level=bytes([int(sys.argv[2])]), message=words)\n'
        'for _ in range(300):\n'
        '    publisher.publish(DiagnosticArray(status=[status]))\n'
        '    time.sleep(0.2)\n'  # a publisher's period, as /diagnostics has one
    )
    command = [sys.executable, '-c', code, name, str(level[0])]
    with subprocess.Popen(command, env=os.environ | {'ROS_DOMAIN_ID': str(domain)}) as process:
        try:
            yield
        finally:
            process.kill()


@pytest.mark.ros
@pytest.mark.parametrize(
    ('name', 'level', 'expected'),
    [
        ('/robobrain: engine', b'\x00', (0, 'healthy\n')),
        ('/robobrain: engine', b'\x02', (1, 'the engine process died')),
        ('/arm/robobrain: engine', b'\x00', (1, '/robobrain has said nothing about its engine')),
    ],
)
def test_over_ros(name, level, expected):
    with reserved_domain() as domain, robot(domain, name, level):
        result, words = health(ROBOBRAIN_HEALTH_URL='', ROS_DOMAIN_ID=str(domain))
    assert result == expected[0]
    assert expected[1] in words


@pytest.mark.ros
@pytest.mark.skipif(not shutil.which('fastdds'), reason='Fast DDS has no command here')
def test_the_discovery_server_of_compose(monkeypatch):
    """Its command as it is, but for the address: who names it sees the node, who names another one does not."""
    services = yaml.safe_load((ROOT / 'deploy/compose.yaml').read_text())['services']
    command, (_, port) = services['discovery']['command'], services['discovery']['ports'][0].split('/')[0].split(':')
    address = services['robobrain_bridged']['environment']['ROS_DISCOVERY_SERVER']
    assert address == f'discovery:{port}'
    assert command[-1] == port
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(('127.0.0.1', 0))
        number = free.getsockname()[1]
    here = [{'0.0.0.0': '127.0.0.1', port: str(number)}.get(word, word) for word in command]
    monkeypatch.setenv('FASTRTPS_DEFAULT_PROFILES_FILE', str(ROOT / 'config/fastdds_images.xml'))
    monkeypatch.setenv('ROBOBRAIN_HEALTH_URL', '')
    monkeypatch.setenv('ROS_DISCOVERY_SERVER', f'localhost:{number}')
    start = subprocess.Popen(here, stdout=subprocess.DEVNULL, start_new_session=True)
    with reserved_domain() as domain, start as server:
        try:
            with robot(domain):
                assert health(ROS_DOMAIN_ID=str(domain)) == (0, 'healthy\n')
                assert health(ROS_DOMAIN_ID=str(domain), ROS_DISCOVERY_SERVER='localhost:9')[0] == 1
        finally:
            os.killpg(server.pid, signal.SIGKILL)
