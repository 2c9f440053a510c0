# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Leaves of behaviour trees for py_trees: they ask the brain and the planners, and can be halted at any time.

::

    from py_trees.trees import BehaviourTree
    from robobrain_ros.planners.trees import Ask, recover

    tree = BehaviourTree(recover(Ask('find the mug', 'the red mug', key='mug')))
    tree.setup(node=node)                   # a node of yours
    node.create_timer(0.1, tree.tick)       # ticks in the thread that spins it

docs/guides/behavior_trees.md says more.

:raises ImportError: without the package py_trees; the message says how to install it
"""

from importlib.util import find_spec

if find_spec('py_trees') is None:
    raise ImportError(
        "behaviour trees need the package py_trees, which is not installed: pip install 'py-trees==2.6.*', "
        'or apt install ros-$ROS_DISTRO-py-trees'
    )

from robobrain_ros.planners.trees.asking import Ask, Mission
from robobrain_ros.planners.trees.handling import CarryOut, Pick, Place
from robobrain_ros.planners.trees.leaf import FAILURE, Leaf, halt
from robobrain_ros.planners.trees.monitoring import Monitor
from robobrain_ros.planners.trees.moving import Goto
from robobrain_ros.planners.trees.person import AskPerson
from robobrain_ros.planners.trees.recovering import Recover, recover
from robobrain_ros.planners.trees.tracking import Track

__all__ = [
    'FAILURE',
    'Ask',
    'AskPerson',
    'CarryOut',
    'Goto',
    'Leaf',
    'Mission',
    'Monitor',
    'Pick',
    'Place',
    'Recover',
    'Track',
    'halt',
    'recover',
]
