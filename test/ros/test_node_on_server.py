# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The node whose model runs on somebody else's server: set up by parameters, asked over DDS, wrong and right again."""

import pytest
from rcl_interfaces.msg import Log
from rclpy.parameter import Parameter
from robobrain_ros.msg import Answer
from ros_helpers import ros, spinning, until
from stand_in_server import listening, status

from robobrain_ros.engines.server.engine import ServerEngine
from robobrain_ros.errors import BadRequest
from robobrain_ros.ros.client import ACTIVATE, CLEANUP, CONFIGURE, DEACTIVATE, NoReply
from robobrain_ros.ros.from_parameters import check
from robobrain_ros.ros.node import RobobrainNode, _engine
from robobrain_ros.ros.parameters import PARAMETERS

pytestmark = pytest.mark.ros
pytest_plugins = ('node_fixtures',)


@pytest.fixture(scope='module')
def server():
    with listening() as server:
        yield server


@pytest.fixture(scope='module')
def node(domain, server):
    """A node without a model of its own."""
    values = {'engine': 'server', 'server.url': server.url, 'model_profile': 'robobrain-2.5', 'server.timeout_s': 3.0}
    with ros() as context:
        node = RobobrainNode(context=context, parameter_overrides=[Parameter(*item) for item in named(values)])
        with spinning(node):
            yield node
        node.destroy_node()


def named(values):
    return [(name, None, value) for name, value in values.items()]


@pytest.mark.parametrize(
    'chosen',
    [
        {'model': 'http://a:9010'},
        {'engine': 'server', 'server.url': 'http://a:9010'},
        {'engine': 'server', 'server.url': 'http://a:9010', 'model': 'tiny'},
    ],
)
def test_an_address_or_the_engine_s_name_chooses_a_server(chosen):
    values = {parameter.name: parameter.default for parameter in PARAMETERS} | {'model_profile': 'robobrain-2.0'}
    check(values | chosen)
    engine, profile = _engine(values | chosen)
    assert isinstance(engine, ServerEngine)
    assert engine._config.url == 'http://a:9010'
    assert profile.name == 'robobrain-2.0'
    assert (profile.canvas is not None) == ('tiny' in chosen.values())  # its own files tell it
    with pytest.raises(BadRequest, match='an address must be like'):
        check(values | {'model': 'robot-server://9010'})


def test_an_answer_of_the_server_has_metres(active, client, server):
    answer = client.query('pointing', 'the red plate')
    assert answer.error_code == Answer.OK, answer.error_message
    assert (answer.model, answer.targets[0].u, answer.targets[0].v) == ('brain', 320.0, 120.0)
    assert answer.targets[0].position.z > 0
    assert server.asked[-1].body['messages'][0]['content'][0]['type'] == 'image_url'


def test_diagnostics_name_the_server(active, server):
    details = active._brain.health().details
    assert details == {server.url: 'serves brain, 0 in flight'}


def test_the_loss_of_the_server_is_a_warning_and_its_return_is_not(active, server, ears):
    def levels(words):
        return {line.level for line in ears.log if words in line.msg}

    healthy, server.health = server.health, status(503)
    try:
        until(lambda: levels('left out: '), 'the loss in the log')
    finally:
        server.health = healthy
    until(lambda: levels(f'{server.url} is back') or levels('warm after'), 'the return in the log')
    assert levels('left out: ') == {Log.WARN}
    assert levels('trying again') <= {Log.WARN}
    assert levels(f'{server.url} is back') | levels('warm after') == {Log.INFO}


def test_a_key_that_is_wanted_is_asked_for_when_the_node_is_configured(active, client, server, ears, tmp_path):
    client.transition(DEACTIVATE, 20)
    client.transition(CLEANUP, 20)
    server.key = 'sk-1'
    try:
        with pytest.raises(NoReply, match='configure'):
            client.transition(CONFIGURE, 20)
        until(lambda: any('server.api_key_file' in line.msg for line in ears.log), 'the reason in the log')
        (tmp_path / 'key').write_text('sk-1')
        client.set_parameters('/robobrain', **{'server.api_key_file': str(tmp_path / 'key')})
        client.transition(CONFIGURE, 20)
        client.transition(ACTIVATE, 20)
        assert client.query('pointing', 'the red plate').error_code == Answer.OK
        assert not any('sk-1' in line.msg for line in ears.log)
    finally:
        server.key = ''
