# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Find a thing and a place for it, and fetch it: a behaviour tree in Python.

    robobrain up --sim                 # in another terminal: node, and a simulated camera
    python examples/fetch_tree.py "the red bowl" "the green plate"
    python examples/fetch_tree.py --goto --arm "the red bowl" "the green plate"

Without --goto and --arm nothing moves. With them, robobrain_goto (-p drive:=action) and robobrain_arm
(-p "brain:=''", so quoted) must run, too. It needs py_trees: pip install 'py-trees==2.6.*'.
"""

import argparse
import signal
import sys

import py_trees
import rclpy
from py_trees.common import Status
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from robobrain_ros.planners.trees import Ask, AskPerson, Goto, Pick, Place, halt, recover

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument('thing', nargs='?', default='the red bowl')
parser.add_argument('place', nargs='?', default='the green plate')
parser.add_argument('--brain', default='/robobrain', help='full name of the node that is asked')
parser.add_argument('--goto', action='store_true', help='drive to the thing first')
parser.add_argument('--arm', action='store_true', help='take the thing, and put it on the place')
given = parser.parse_args()


def find(words: str, key: str, *then: py_trees.behaviour.Behaviour) -> py_trees.behaviour.Behaviour:
    """Ask where it is, and do something there; if it is nowhere, a person may bring it: topics /question and /reply."""
    person = AskPerson(f'ask a person about {words}', key=f'reply_{key}', timeout_s=60.0)
    children = [Ask(f'where is {words}?', words, key=key, brain=given.brain, in_metres=True), *then]
    # whatever fails, the next attempt asks again: the thing may have moved
    return recover(py_trees.composites.Sequence(f'find {words}', True, children), elsewhere=person, ask=person)


steps = [find(given.thing, 'thing', *[Pick('take it', of='thing')] * given.arm)]
steps += [find(given.place, 'place', *[Place('put it down', of='place')] * given.arm)]
if given.goto:
    steps.insert(0, recover(Goto(f'go to {given.thing}', given.thing)))

# rclpy's own handlers would end ROS at Ctrl-C, before what is under way could be cancelled
rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
signal.signal(signal.SIGTERM, signal.default_int_handler)
node = Node('fetch_tree')
tree = py_trees.trees.BehaviourTree(py_trees.composites.Sequence('fetch', memory=True, children=steps))
tree.setup(node=node)
node.create_timer(0.1, tree.tick)  # in the thread that spins the node
shown = ''
try:
    while tree.root.status in (Status.INVALID, Status.RUNNING):
        rclpy.spin_once(node, timeout_sec=0.1)
        now = py_trees.display.unicode_tree(tree.root, show_status=True)
        if now != shown:
            print(shown := now)
    for key in ('thing', 'place'):
        if py_trees.blackboard.Blackboard.exists(key):
            print(f'{key}:', py_trees.blackboard.Blackboard.get(key).text)
except KeyboardInterrupt:
    print('fetch_tree: ended by a signal; what was under way is cancelled')
finally:
    halt(tree, lambda: rclpy.spin_once(node, timeout_sec=0.1))  # nothing goes on when this ends
    tree.shutdown()
sys.exit(0 if tree.root.status is Status.SUCCESS else 1)
