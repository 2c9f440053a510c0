# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``robobrain query`` against a real node over DDS, whose engine answers by a script."""

import inspect
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

import cv2
import pytest
from lifecycle_msgs.msg import Transition
from node_worlds import up
from repository import ROOT
from ros_helpers import SOON, own_domain, until

from robobrain_ros.answer import Answer
from robobrain_ros.cli import main
from robobrain_ros.commands import local_stack, running_node
from robobrain_ros.ros.client import Client
from robobrain_ros.sim import layout

pytest_plugins = ('node_fixtures', 'node_worlds')
pytestmark = pytest.mark.ros


@pytest.fixture
def active(world, pictures):
    up(world)
    until(lambda: world.answer('the mug').error_code == 0, 'a first answer')
    return world


def test_an_answer_comes_with_its_progress(active, capfd):
    assert main(['query', '--node', active.name, 'the mug']) == 0
    out, err = capfd.readouterr()
    assert 'question: pointing: the mug' in out
    assert 'answer:   [(500, 250)]' in out
    assert 'the mug: pixel (32, 12), position (' in out
    assert ' m in camera_color_optical_frame\n' in out
    stages = re.findall(r'^ +[0-9]+ s  (.*)$', err, re.MULTILINE)  # beside the log of the node in this process
    assert stages[0] == 'sent to the node'
    assert {'PREFILL', 'DECODE'} & set(stages)  # the engine is quick: the last one may be told after the result


def test_json_has_the_keys_of_ask_and_what_only_a_node_knows(active, capfd):
    asked = ('--camera', '', '--request-id', 'mine', '--option', 'max_depth_m=0.5', '--timeout', '20', '--json')
    assert main(['query', '--node', active.name, *asked, 'grounding: the mug', 'the plate']) == 1
    first, second = map(json.loads, capfd.readouterr().out.splitlines())
    assert (
        set(first)
        == set(second)
        == {
            *('camera', 'image_stamp', 'image_frame', 'position_frame', 'picture', 'caution'),
            *Answer('', '').to_dict(),
        }
    )
    assert (first['task'], first['code'], first['success']) == ('grounding', 'UNPARSABLE', False)  # it is no box
    assert (second['task'], second['code'], second['request_id']) == ('pointing', 'OK', 'mine')
    assert second['targets'][0]['status'] == 'OUT_OF_RANGE'  # all is 1 m away
    assert second['image_frame'] == second['position_frame'] == 'camera_color_optical_frame'
    assert float(second['image_stamp']) > 0
    assert 'simulated table' in second['caution']  # the node was told to load the tiny checkpoint


def test_an_answer_that_is_less_sure_than_is_wanted_fails(active, capfd):
    assert main(['query', '--node', active.name, '--min-confidence', '0.9', '--json', 'the mug']) == 1
    assert json.loads(capfd.readouterr().out)['code'] == 'UNSURE'  # the engine tells no probabilities


def test_the_frame_of_positions_reaches_the_node(active, capfd):
    main(['query', '--node', active.name, '--target-frame', 'moon', '--json', 'the mug'])
    answer = json.loads(capfd.readouterr().out)
    assert answer['position_frame'] == 'moon'
    # where tf2 is installed it does not know the frame; where it is not, the request is refused
    assert 'moon' in ' '.join([answer['message'], *answer['warnings']])


def test_questions_from_standard_input_and_pictures(active, capfd, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, 'stdin', io.StringIO('the mug\nplanning:\nthe plate\n'))
    output = tmp_path / 'answers'
    assert main(['query', '--node', active.name, '--interactive', '--json', '--output', str(output)]) == 1
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [line['code'] for line in lines] == ['OK', 'BAD_REQUEST', 'OK']
    assert [line['picture'] is None for line in lines] == [False, True, False]
    assert cv2.imread(lines[2]['picture']).shape == (48, 64, 3)
    assert sorted(os.listdir(output)) == ['camera_answer.png', 'camera_answer_2.png']


def test_ctrl_c_cancels_the_request_in_the_node(active, saboteur):
    engine = saboteur.engines[-1]
    command = [sys.executable, '-m', 'robobrain_ros.cli', 'query', '--node', active.name, 'hang']
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            until(lambda: engine.running, 'the request in the engine')
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=SOON)
        finally:
            process.kill()
    assert process.returncode == 130, err
    assert 'Traceback' not in err
    assert out == ''
    until(lambda: not engine.running, 'the end of the request')
    (ended,) = [answer for answer in active.ears.heard['answer'] if answer.instruction == 'hang']
    assert ended.error_message == 'the client cancelled'


def test_a_node_that_ends_meanwhile_answers_first(active, saboteur, capfd):
    def end() -> None:
        until(lambda: saboteur.engines[-1].running, 'the request in the engine')
        active.node.destroy_node()

    ending = threading.Thread(target=end)
    ending.start()
    assert main(['query', '--node', active.name, '--json', 'hang']) == 1
    ending.join(SOON)
    assert json.loads(capfd.readouterr().out)['code'] == 'NOT_ACTIVE'


def test_a_node_that_was_killed_is_missed_before_the_timeout(active, saboteur, capfd, monkeypatch):
    engine = saboteur.engines[-1]
    monkeypatch.setattr(Client, 'is_there', lambda client: not engine.running)  # what DDS says when its lease is over
    begin = time.monotonic()
    assert main(['query', '--node', active.name, 'hang']) == 1
    assert time.monotonic() - begin < 20  # not its timeout, 60 s
    assert f'robobrain query: {active.name} has ended\n' in capfd.readouterr().err


def test_a_node_that_is_not_active_says_so(world, capfd):
    assert world.transition(Transition.TRANSITION_CONFIGURE)
    assert main(['query', '--node', world.name, 'the mug']) == 1
    err = capfd.readouterr().err.splitlines()[-1]
    assert err == f'robobrain query: {world.name} rejected the request, because it was not active; it is inactive now'


def test_another_name_is_suggested(world, capfd):
    assert main(['query', '--node', '/nowhere', 'the mug']) == 1
    err = capfd.readouterr().err  # nodes of the tests before may be named, too
    assert re.search(rf'there is no node /nowhere, but there is [^:]*{world.name}\b[^:]*: use --node /n', err)


def test_no_node_at_all_is_a_sentence_with_hints(capfd, monkeypatch):
    monkeypatch.setattr(running_node, 'FIND_S', 1.0)
    monkeypatch.setattr(running_node, 'nodes_there', lambda node: [])  # other test runs on this host may have some
    with own_domain() as domain:
        assert main(['query', '--node', '/nowhere', 'the mug']) == 1
    err = capfd.readouterr().err
    for words in (
        'action /nowhere/query was not found within 1 s',
        f'ROS_DOMAIN_ID={domain}',
        'LOCALHOST',
        'robobrain up',
    ):
        assert words in err


@pytest.mark.parametrize(
    ('arguments', 'says'),
    [
        (('--option', 'temperature', 'x'), "'temperature', but must be NAME=VALUE"),
        (('--option', 'temprature=1', 'x'), "Did you mean 'temperature'?"),
        (('--option', 'queue_size=1', 'x'), "option 'queue_size' cannot be set for one request"),
        (('--option', 'temperature=hot', 'x'), "'hot', but must be a number"),
        (('--option', 'depth_window_px=2.5', 'x'), "'2.5', but must be a whole number"),
        (('--option', 'guided_decoding=perhaps', 'x'), "'perhaps', but must be true or false"),
        (('--option', 'temperature=9', 'x'), 'must lie in 0.0 .. 2.0'),
        (('  ',), 'the instruction is empty'),
        (('--node', '/a b', 'x'), "--node is '/a b', but must be the full name of a node"),
        (('--node', '', 'x'), "--node is ''"),
        (('--timeout', '1e12', 'x'), '--timeout is 1e+12, but must be at most 3600 seconds'),
        (('--output', 'x.txt', 'x'), "cannot write 'x.txt'"),
    ],
)
def test_mistakes_are_found_before_the_node_is_asked(arguments, says, capfd, monkeypatch):
    monkeypatch.delattr(running_node, 'Client')
    assert main(['query', *arguments]) == 1
    out, err = capfd.readouterr()
    assert out == ''
    assert says in err
    assert len(err.splitlines()) == 1


def test_options_take_words_for_true_and_false():
    from robobrain_ros.commands.request_options import read

    assert [read(f'guided_decoding={word}').value.bool_value for word in ('on', 'True', 'no')] == [True, True, False]
    assert read('max_depth_m = 3').value.double_value == 3.0
    assert read('trajectory_depth=model').value.string_value == 'model'


def test_the_end_of_up_suggests_a_question_that_its_table_can_answer():
    asked = re.search('robobrain query .*?"(.*?)"', inspect.getsource(local_stack.up))
    things = layout.draw(1, 640, 480).items
    assert asked
    assert asked[1] in [f'the {item.colour} {item.shape}' for item in things]


@pytest.mark.parametrize(
    ('arguments', 'name'),
    [
        ([], ('/', 'robobrain')),
        (['--ros-args', '-p', 'device:=cpu', '-r', '__ns:=/arm/left/'], ('/arm/left', 'robobrain')),
        (['--ros-args', '-r', 'robobrain:__ns:=/arm', '-r', '__node:=brain'], ('/arm', 'brain')),
        (['--ros-args', '-r', '__name:=brain', '-r', 'image:=/camera/image'], ('/', 'brain')),
    ],
)
def test_up_finds_the_node_under_the_name_that_its_arguments_give_it(arguments, name):
    assert local_stack.node_name(arguments) == name


def test_a_refused_request_has_an_id_and_names_the_model(active, capfd):
    assert main(['query', '--node', active.name, '--camera', 'wrist', '--json', 'the mug']) == 1
    said = json.loads(capfd.readouterr().out)
    assert (said['code'], said['model']) == ('BAD_REQUEST', 'robobrain-tiny')
    assert said['request_id']


def test_a_short_time_limit_is_the_nodes(active, capfd):
    assert main(['query', '--node', active.name, '--timeout', '0.001', '--json', 'the mug']) == 1
    out, err = capfd.readouterr()
    assert 'not found' not in err
    assert json.loads(out)['code'] == 'TIMEOUT'
