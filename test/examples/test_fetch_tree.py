# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""examples/fetch_tree.xml is a tree of BehaviorTree.CPP 4, which parses and ticks it; its leaves are stand-ins."""

import re
from collections import Counter
from xml.etree import ElementTree

import behaviortreepy as bt
import pytest
from repository import ROOT
from robobrain_ros.action import Query

from robobrain_ros.errors import ErrorCode
from robobrain_ros.planners.failure import RECOVERIES, Recovery

XML = ROOT / 'examples' / 'fetch_tree.xml'
NAV2 = {
    'ComputePathToPose': {'goal', 'path', 'planner_id'},
    'TruncatePath': {'distance', 'input_path', 'output_path'},
    'FollowPath': {'path', 'controller_id'},
    'Spin': {'spin_dist'},
}
"""Its leaves that the tree uses, and the ports that it sets."""
ASK = 'RobobrainAsk'


class Ticked:
    """The tree with stand-ins: how RobobrainAsk ends is what the test says; the others succeed."""

    def __init__(self, *ends: int) -> None:
        self.ends, self.ticks = list(ends), Counter()
        root = ElementTree.parse(XML).getroot()
        for leaf in root.iter():  # stand-ins registered from Python have no ports
            if leaf.tag in (ASK, *NAV2):
                leaf.attrib.clear()
            elif leaf.tag == 'Sleep':
                leaf.attrib['msec'] = '20'
        self.factory = bt.BehaviorTreeFactory()
        self.factory.register_simple_stateful_action(ASK, self._start, self._end, self._halt)
        for name in NAV2:
            self.factory.register_simple_action(name, lambda node: self._count(node.name()))
        self.factory.register_behavior_tree_from_text(ElementTree.tostring(root, encoding='unicode'))
        self.tree = self.factory.create_tree('Fetch')

    def _count(self, name: str) -> bt.NodeStatus:
        self.ticks[name] += 1
        return bt.NodeStatus.SUCCESS

    def _start(self, node: bt.TreeNode) -> bt.NodeStatus:
        self.ticks[ASK] += 1
        return bt.NodeStatus.RUNNING

    def _end(self, node: bt.TreeNode) -> bt.NodeStatus:
        code = self.ends.pop(0)
        node.config().blackboard.set_int('robobrain_error_code', code)
        return bt.NodeStatus.FAILURE if code else bt.NodeStatus.SUCCESS

    def _halt(self, node: bt.TreeNode) -> None:
        self.ticks['halted'] += 1


def block(code: str) -> int:
    return Query.Result.NAV2_BLOCK + ErrorCode[code]


def test_found_at_once_it_drives_there():
    ticked = Ticked(0)
    assert ticked.tree.tick_while_running() == bt.NodeStatus.SUCCESS
    assert ticked.ticks == {ASK: 1, 'ComputePathToPose': 1, 'TruncatePath': 1, 'FollowPath': 1}


def test_what_is_not_found_is_looked_for_elsewhere():
    ticked = Ticked(block('NOT_FOUND'), block('NOT_FOUND'), 0)
    assert ticked.tree.tick_while_running() == bt.NodeStatus.SUCCESS
    assert (ticked.ticks[ASK], ticked.ticks['Spin'], ticked.ticks['FollowPath']) == (3, 2, 1)


def test_without_an_image_it_waits_and_after_three_attempts_it_gives_up():
    ticked = Ticked(*[block('NO_IMAGE')] * 3)
    assert ticked.tree.tick_while_running() == bt.NodeStatus.FAILURE
    assert ticked.ticks == {ASK: 3}


def test_halting_halts_the_question():
    ticked = Ticked(0)
    assert ticked.tree.tick_exactly_once() == bt.NodeStatus.RUNNING
    ticked.tree.halt_tree()
    assert ticked.ticks == {ASK: 1, 'halted': 1}


def test_the_numbers_are_those_of_the_action():
    conditions = ''.join(node.attrib['code'] for node in ElementTree.parse(XML).iter('ScriptCondition'))
    numbers = {int(number) for number in re.findall(r'== (\d+)', conditions)}
    waits = {block(code.name) for code in ErrorCode if code and RECOVERIES[code.name] is Recovery.WAIT}
    assert numbers == waits | {block('NOT_FOUND'), Query.Result.GOAL_REJECTED}


@pytest.mark.parametrize('leaf', [ASK, *NAV2])
def test_every_port_is_one_of_the_leaf(leaf):
    ports = NAV2.get(leaf)
    if ports is None:
        guide = (ROOT / 'docs' / 'guides' / 'behavior_trees.md').read_text()
        code, _ = re.findall(r'class RobobrainAsk.*?\n};', guide, re.DOTALL)
        ports = set(re.findall(r'(?:Input|Output)Port<[\w:]+>\("(\w+)"', code))
    used = [node.attrib for node in ElementTree.parse(XML).iter(leaf)]
    assert used
    assert all(set(one) <= ports for one in used)
