"""The views in config/ show what the node publishes, and nothing else. (Neither viewer can be had as a wheel.)"""

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml
from repository import ROOT

LAYOUT = json.loads((ROOT / 'config' / 'foxglove.json').read_text())
RVIZ = yaml.safe_load((ROOT / 'config' / 'robobrain.rviz').read_text())
OUTPUTS = re.findall(r"^ {16}'(\w+)': \w+,$", (ROOT / 'robobrain_ros' / 'ros' / 'outputs.py').read_text(), re.MULTILINE)
TOPICS = {f'/robobrain/{topic}' for topic in OUTPUTS} | {'/image', '/camera_info', '/diagnostics'}
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
    assert shown | set(in_space) <= TOPICS
    assert {'/image', '/robobrain/annotated', '/robobrain/plan', '/diagnostics'} <= shown
    assert {'/robobrain/markers', '/robobrain/trajectory'} <= set(in_space)


def test_rviz_shows_topics_that_there_are():
    displays = RVIZ['Visualization Manager']['Displays']
    shown = {display['Topic']['Value'] for display in displays if 'Topic' in display}
    assert shown <= TOPICS
    assert {'/image', '/robobrain/annotated', '/robobrain/markers', '/robobrain/trajectory'} <= shown


def test_both_look_at_the_same_frame():
    assert (
        LAYOUT['configById']['3D!space']['followTf'] == RVIZ['Visualization Manager']['Global Options']['Fixed Frame']
    )
