# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""HEALTHCHECK of the images: the node's HTTP server, or its report on /diagnostics."""

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from domains import DOMAINS
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
    import rclpy
    from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus

    domain, context = next(DOMAINS), rclpy.Context()
    rclpy.init(context=context, domain_id=domain)
    node = rclpy.create_node('test_health', context=context)
    publisher = node.create_publisher(DiagnosticArray, '/diagnostics', 1)
    message = DiagnosticArray(status=[DiagnosticStatus(name=name, level=level, message='the engine process died')])
    ended = threading.Event()

    def publish():
        while not ended.wait(0.2):
            publisher.publish(message)

    thread = threading.Thread(target=publish, daemon=True)
    thread.start()
    try:
        result, words = health(ROBOBRAIN_HEALTH_URL='', ROS_DOMAIN_ID=str(domain))
    finally:
        ended.set()
        thread.join(timeout=10)
        node.destroy_node()
        rclpy.shutdown(context=context)
    assert result == expected[0]
    assert expected[1] in words
