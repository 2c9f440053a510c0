# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The views in config/ show what the node publishes, and nothing else. (Neither viewer can be had as a wheel.)"""

import json
from collections.abc import Iterator
from typing import Any

import yaml
from repository import ROOT

from robobrain_ros.ros import topics

LAYOUT = json.loads((ROOT / 'config' / 'foxglove.json').read_text())
RVIZ = yaml.safe_load((ROOT / 'config' / 'robobrain.rviz').read_text())
OUTPUTS = {f'/{topics.NODE}/{name}': kind for name, kind in topics.OUTPUTS.items()}
INPUTS = {f'/{name}': kind for name, kind in topics.CAMERA.items()}
"""Of a node and a camera without a namespace."""


def values(tree: Any, keys: set[str]) -> Iterator[Any]:
    """What lies under these keys, at any depth."""
    for key, value in tree.items() if isinstance(tree, dict) else ():
        if key in keys:
            yield value
        yield from values(value, keys)


def panels(node: Any) -> Iterator[str]:
    """The panels that the layout arranges."""
    if isinstance(node, str):
        yield node
    else:
        assert node['direction'] in ('row', 'column')
        yield from panels(node['first'])
        yield from panels(node['second'])


def test_every_panel_of_foxglove_is_arranged_once():
    assert sorted(panels(LAYOUT['layout'])) == sorted(LAYOUT['configById'])
    kinds = {panel.partition('!')[0] for panel in LAYOUT['configById']}
    assert kinds == {'Image', '3D', 'DiagnosticSummary', 'RawMessages'}


def test_foxglove_shows_topics_that_there_are():
    shown = set(values(LAYOUT, {'imageTopic', 'calibrationTopic', 'topicPath', 'topicToRender'}))
    (in_space,) = values(LAYOUT['configById'], {'topics'})
    assert shown | set(in_space) <= {*OUTPUTS, *INPUTS, topics.DIAGNOSTICS}
    assert {'/image', '/robobrain/annotated', '/robobrain/plan', '/diagnostics'} <= shown
    assert {'/robobrain/markers', '/robobrain/trajectory'} <= set(in_space)


def test_rviz_shows_topics_that_there_are():
    displays = RVIZ['Visualization Manager']['Displays']
    shown = {item['Topic']['Value']: item['Class'].rpartition('/')[2] for item in displays if 'Topic' in item}
    known = OUTPUTS | INPUTS
    assert shown == {name: known[name].__name__ for name in shown}
    assert {'/image', '/robobrain/annotated', '/robobrain/markers', '/robobrain/trajectory'} <= set(shown)


def test_both_look_at_the_same_frame():
    assert (
        LAYOUT['configById']['3D!space']['followTf'] == RVIZ['Visualization Manager']['Global Options']['Fixed Frame']
    )
