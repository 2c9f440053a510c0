#!/usr/bin/env python3
# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""HEALTHCHECK of the images: exit code 0 if the node's engine answers requests, else 1 and a line that says why.

With ROBOBRAIN_HEALTH_URL, such as http://127.0.0.1:9010/health, the node's HTTP server is asked (serve.port). Without
it, the node's report on /diagnostics is, which needs ROS; ROBOBRAIN_NODE is the node's name, by default /robobrain.
"""

import os
import sys
import time
import urllib.error
import urllib.request

LONGEST_S = 8.0
"""Less than the HEALTHCHECK's timeout, so that the reason is still told."""


def main() -> int:
    """Look once; takes eight seconds at most."""
    url = os.environ.get('ROBOBRAIN_HEALTH_URL', '')
    fault = over_http(url) if url else over_ros(os.environ.get('ROBOBRAIN_NODE') or '/robobrain')
    print(fault or 'healthy')
    return int(bool(fault))


def over_http(url: str) -> str:
    """Return what is wrong by the server's ``/health``; empty if nothing is. Proxies are for other hosts than this."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=LONGEST_S):
            return ''
    except urllib.error.HTTPError as error:
        return f'{url} answers {error.code}: {error.read(500).decode(errors="replace")}'
    except (OSError, ValueError) as error:
        return f'{url} does not answer: {error}'


def over_ros(node: str) -> str:
    """Return what is wrong by the node's own report; empty if nothing is."""
    import rclpy
    from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus

    reports: list[DiagnosticStatus] = []

    def hear(message: DiagnosticArray) -> None:
        reports.extend(status for status in message.status if status.name == f'{node}: engine')

    rclpy.init()
    listener = rclpy.create_node(f'health_{os.getpid()}')
    listener.create_subscription(DiagnosticArray, '/diagnostics', hear, 10)
    until = time.monotonic() + LONGEST_S
    while not reports and time.monotonic() < until:
        rclpy.spin_once(listener, timeout_sec=0.2)
    listener.destroy_node()
    rclpy.shutdown()
    if not reports:
        return f'{node} has said nothing about its engine on /diagnostics for {LONGEST_S:g} s: is it configured?'
    return '' if reports[-1].level == DiagnosticStatus.OK else f'{node}: {reports[-1].message}'


if __name__ == '__main__':
    sys.exit(main())
