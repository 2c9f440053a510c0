# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The node robobrain_goto by itself: what it says without a brain, its tables, its parameters and its program."""

import math
import re
import signal
import subprocess
import sys
from types import ModuleType, SimpleNamespace

import pytest
import yaml
from builtin_interfaces.msg import Time as Stamp
from geometry_msgs.msg import Point, PoseWithCovarianceStamped
from rclpy.parameter import Parameter
from rclpy.time import Time
from repository import PACKAGE, ROOT
from ros_helpers import SOON, own_domain, ros
from std_msgs.msg import Header

from robobrain_ros.answer import PointStatus
from robobrain_ros.errors import BadRequest, ErrorCode
from robobrain_ros.planners.failure import RECOVERIES, Failure, Recovery
from robobrain_ros.planners.goto import parameters
from robobrain_ros.planners.goto.approach import Reason
from robobrain_ros.planners.goto.hearing import PoseFromTf
from robobrain_ros.planners.goto.node import GotoNode


@pytest.fixture
def alone():
    with own_domain(), ros() as context:
        overrides = [Parameter('robot_pose', value='topic')]
        node = GotoNode(context=context, parameter_overrides=overrides)
        node.told = []
        node._status = SimpleNamespace(publish=node.told.append)
        yield node
        node.destroy_node()


@pytest.mark.ros
def test_without_a_brain_it_says_so(alone):
    alone.go('the red mug')
    values = {pair.key: pair.value for pair in alone.told[-1].values}
    assert values == {'state': 'FAILED', 'instruction': 'the red mug', 'code': 'NO_BRAIN', 'recovery': 'WAIT'}
    assert 'robobrain/query' in alone.told[-1].message


@pytest.mark.ros
def test_parameters_are_checked_when_they_are_set(alone):
    (result,) = alone.set_parameters([Parameter('standoff_m', value=3)])
    assert 'standoff_m is 3.0 and max_standoff_m is 1.2' in result.reason
    (result,) = alone.set_parameters([Parameter('max_standoff_m', value=3)])
    assert result.successful
    (result,) = alone.set_parameters([Parameter('map_frame', value='odom')])
    assert not result.successful


@pytest.mark.ros
def test_the_robot_s_pose_is_asked_for(alone):
    with pytest.raises(Failure, match='no pose of the robot has come on /amcl_pose') as error:
        alone._robot.place()
    assert error.value.code == 'NO_ROBOT_POSE'
    alone._robot._hear(PoseWithCovarianceStamped(header=Header(frame_id='odom')))
    with pytest.raises(Failure, match=r"in frame 'odom', but map_frame is 'map'"):
        alone._robot.place()


@pytest.mark.ros
def test_a_place_that_the_robot_saw_is_turned_by_where_it_was_then(alone):
    seen = Point(x=1.0, y=0.0, z=0.7)
    with pytest.raises(Failure, match='no pose of the robot has come'):
        alone._robot.in_fixed_frame(seen, Stamp(sec=15))
    for second, x, (z, w) in ((10, 2.0, (0.0, 1.0)), (20, 4.0, (math.sqrt(0.5), math.sqrt(0.5)))):
        pose = PoseWithCovarianceStamped(header=Header(frame_id='map', stamp=Stamp(sec=second)))
        pose.pose.pose.position.x = x
        pose.pose.pose.orientation.z, pose.pose.pose.orientation.w = z, w
        alone._robot._hear(pose)
    for second, place in ((10, (3.0, 0.0)), (15, (3 + math.sqrt(0.5), math.sqrt(0.5))), (30, (4.0, 1.0))):
        found = alone._robot.in_fixed_frame(seen, Stamp(sec=second))
        assert (found.x, found.y, found.z) == pytest.approx((*place, 0.7))
    with pytest.raises(Failure, match='the image is older than the first pose of the robot on /amcl_pose') as error:
        alone._robot.in_fixed_frame(seen, Stamp(sec=9))
    assert error.value.code == 'NO_ROBOT_POSE'


class TransformException(Exception):
    """The name that tf2 gives it."""


@pytest.fixture
def tf2(monkeypatch):
    """A stand-in for the package, of which there is no wheel; its buffer gives ``answer``."""
    module = ModuleType('tf2_ros')
    asked = []

    def lookup(*arguments):
        asked.append(arguments)
        if isinstance(module.answer, Exception):
            raise module.answer
        return SimpleNamespace(transform=SimpleNamespace(translation=module.answer))

    module.asked = asked
    module.Buffer = lambda: SimpleNamespace(lookup_transform=lookup)
    module.TransformException = TransformException
    module.TransformListener = lambda buffer, node: (buffer, node)
    monkeypatch.setitem(sys.modules, 'tf2_ros', module)
    return module


def test_tf2_gives_the_newest_pose(tf2):
    pose = PoseFromTf(SimpleNamespace(), 'map', 'base_link')
    tf2.answer = SimpleNamespace(x=1.0, y=2.0, z=3.0)
    assert pose.place() == (1.0, 2.0)
    assert tf2.asked == [('map', 'base_link', Time())]
    tf2.answer = TransformException('no tree')
    with pytest.raises(Failure, match="no transform from 'base_link' to 'map': no tree") as error:
        pose.place()
    assert error.value.code == 'NO_ROBOT_POSE'


def test_without_tf2_the_topic_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, 'tf2_ros', None)
    with pytest.raises(BadRequest, match=r"robot_pose is 'tf', but tf2_ros is not installed .*set it to 'topic'"):
        PoseFromTf(SimpleNamespace(), 'map', 'base_link')


# --- tables and the program -----------------------------------------------------------------------
def test_every_failure_has_a_recovery():
    codes = {code.name for code in ErrorCode if code} | {status.name for status in PointStatus if status}
    assert codes | {reason.value for reason in Reason} <= RECOVERIES.keys()
    assert set(RECOVERIES.values()) == set(Recovery)


def test_the_guide_has_the_recovery_of_every_failure_of_the_node():
    """docs/guides/behavior_trees.md has those of all planners."""
    rows = re.findall(
        r'^\| `([A-Z_]+)`: .* \| (.*) \|$', (ROOT / 'docs' / 'guides' / 'nav2.md').read_text(), re.MULTILINE
    )
    said = {code: recovery for recovery, codes in rows for code in re.findall('`([A-Z_0-9]+)`', codes)}
    files = [*(PACKAGE / 'planners' / 'goto').glob('*.py'), PACKAGE / 'planners' / 'places.py']
    raised = {code for file in files for code in re.findall(r"Failure\(\s*'([A-Z_0-9]+)'", file.read_text())}
    codes = {code.name for code in ErrorCode if code} | {status.name for status in PointStatus if status}
    assert said.keys() == codes | raised | {reason.value for reason in Reason}
    assert said.items() <= {code: recovery.value for code, recovery in RECOVERIES.items()}.items()


def test_the_parameter_file_is_the_schema():
    text = (ROOT / 'config' / 'goto.yaml').read_text()
    assert text == parameters.ros_file(), f'renew it: python -m {parameters.MODULE} config/goto.yaml'
    values = yaml.safe_load(text)['/**']['ros__parameters']
    assert values == {parameter.name: parameter.default for parameter in parameters.PARAMETERS}
    parameters.check(values)


@pytest.mark.parametrize(
    ('changes', 'says'),
    [
        ({'standoff_m': 2.0}, 'standoff_m is 2.0 and max_standoff_m is 1.2'),
        ({'brain': ''}, "brain is '', but must be a name"),
        ({'map_frame': ''}, "map_frame is '', but must be a name"),
        ({'answer_frame': 'base'}, "answer_frame is 'base', but robot_pose is 'tf': set it to 'topic'"),
    ],
)
def test_values_that_do_not_go_together_are_quoted(changes, says):
    with pytest.raises(BadRequest, match=says):
        parameters.check({parameter.name: parameter.default for parameter in parameters.PARAMETERS} | changes)


def program(*arguments, **options):
    command = [sys.executable, '-m', 'robobrain_ros.planners.goto.node', *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)


@pytest.mark.ros
def test_the_program_ends_with_ctrl_c():
    with own_domain():
        process = program('--ros-args', '-p', 'robot_pose:=topic', '-p', 'standof_m:=1.0')
        try:
            assert "did you mean 'standoff_m'?" in process.stdout.readline()
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=SOON)
        finally:
            process.kill()
    assert process.returncode == 0


@pytest.mark.ros
def test_the_program_refuses_what_cannot_be(tmp_path):
    with own_domain():
        process = program('--ros-args', '-p', 'robot_pose:=topic', '-p', 'standoff_m:=5.0')
        said, _ = process.communicate(timeout=SOON)
    assert process.returncode == 1
    assert 'standoff_m is 5.0 and max_standoff_m is 1.2' in said
    assert 'Traceback' not in said
