# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Keeps test runs apart from other ROS programs, and runs the quick tests first."""

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import TypeVar

import hypothesis
import pytest
from domains import reserved_domain
from model_server import model_server

from robobrain_ros.brain.brain import Brain
from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.commands.progress_bar import Progress
from robobrain_ros.engines.vllm.config import EngineConfig
from robobrain_ros.engines.vllm.embedded import EmbeddedEngine
from robobrain_ros.tasks.profiles import detect_profile

Item = TypeVar('Item')

pytest.register_assert_rewrite(
    'brain_fixtures',
    'camera_fixtures',
    'goto_fixtures',
    'mcp_fixtures',
    'nav2_stand_in',
    'node_fixtures',
    'node_worlds',
    'room_fixtures',
    'ros_helpers',
)

# Set before anything imports rclpy.
_until_the_end = ExitStack()
os.environ['ROS_DOMAIN_ID'] = str(_until_the_end.enter_context(reserved_domain()))
os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption('--fuzz', type=int, default=1, metavar='N', help='N times as many mutated answers and images')


# Under nohup and in the background of a script, these are ignored, and programs that tests start would inherit that.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

hypothesis.settings.register_profile('without a clock', deadline=None)  # no test judges a machine's speed
hypothesis.settings.load_profile('without a clock')


@pytest.fixture(scope='session')
def fuzz(request: pytest.FixtureRequest) -> int:
    """How many times as many."""
    return request.config.getoption('--fuzz')


@pytest.fixture
def counted(request: pytest.FixtureRequest, fuzz: int) -> Callable[[Iterable[Item], int], Iterator[Item]]:
    """Go through so many items; with --fuzz it takes minutes, and stderr says how far it is, past the capture."""

    def count(items: Iterable[Item], total: int) -> Iterator[Item]:
        if fuzz == 1:
            yield from items
            return
        capture = request.config.pluginmanager.getplugin('capturemanager')
        with Progress(f'\n{request.node.name}', total, 'cases') as progress:
            for number, item in enumerate(items, 1):
                yield item
                if number % max(total // 100, 1) == 0 or number == total:
                    with capture.global_and_fixture_disabled():
                        progress.reach(number)

    return count


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Units, then engine, then ROS: a mistake shows in seconds, not after the engine has started."""

    def slowness(item: pytest.Item) -> int:
        return 2 if item.get_closest_marker('ros') else 1 if item.get_closest_marker('engine') else 0

    items.sort(key=slowness)


@pytest.fixture(scope='session')
def tiny_brain() -> Iterator[Brain]:
    """A brain around the tiny checkpoint in real vLLM, started once: it takes some 20 s. Leave it as you found it."""
    brain = Brain(EmbeddedEngine(EngineConfig(TINY_MODEL, device='cpu', shared=True)), detect_profile(TINY_MODEL))
    try:
        brain.start(lambda text: None).result()
        yield brain
    finally:
        brain.close()


@pytest.fixture(scope='session')
def tiny_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of vLLM's own server with the tiny checkpoint, started once: it takes some 30 s."""
    with model_server(tmp_path_factory.mktemp('server')) as url:
        yield url


@pytest.fixture(scope='session')
def served_brain(tiny_server: str) -> Iterator[Brain]:
    """A brain whose model runs on that server; images travel unchanged. Leave it as you found it."""
    with Brain.load(tiny_server, image_format='png') as brain:
        yield brain
