# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Words of leaves that come from the blackboard: where there are none, the leaf fails, and the tree goes on."""

import pytest
from py_trees.blackboard import Blackboard
from py_trees.common import Status
from ros_helpers import own_domain, ros
from ticking import Ticking

from robobrain_ros.planners.trees import Ask, AskPerson

pytestmark = pytest.mark.ros


@pytest.mark.parametrize('leaf', [Ask, AskPerson])
def test_a_leaf_without_words_fails_with_a_reason(leaf):
    with own_domain(), ros() as context:
        ticking = Ticking(context)
        Blackboard.clear()
        ask = leaf('which?', lambda: Blackboard.get('nothing_lies_here'))
        ask.found_s = 0.0
        tree = ticking.tree(ask)
        ticking.until(tree, lambda: tree.root.status is Status.FAILURE, 'the failure')
        assert ask.failure.code == 'BAD_REQUEST'
        assert 'nothing_lies_here' in str(ask.failure)
        Blackboard.set('nothing_lies_here', 17)
        ticking.until(tree, lambda: "are '17', but must be text" in str(ask.failure), 'the other failure')
        tree.shutdown()
        ticking.node.destroy_node()
