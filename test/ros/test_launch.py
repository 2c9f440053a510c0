# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Launch and configuration files agree with the node, also where launch itself is not installed (no wheel of it)."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from repository import ROOT

from robobrain_ros.ros import topics, write_parameters
from robobrain_ros.ros.end_launch import end_launch
from robobrain_ros.ros.from_parameters import settings
from robobrain_ros.ros.parameters import BY_NAME, PARAMETERS

LAUNCH_FILES = sorted((ROOT / 'launch').glob('*.launch.py'))
OTHERS = ('gz_bridge.yaml', 'goto.yaml', 'arm.yaml')
"""Files that are for other nodes than the brain's."""
PRESETS = sorted(file for file in (ROOT / 'config').glob('*.yaml') if file.name not in OTHERS)
DEFAULTS = {parameter.name: parameter.default for parameter in PARAMETERS}


def calls(file: Path, function: str) -> Iterator[tuple[list[ast.expr], dict[str, ast.expr]]]:
    """Arguments of every call of a function, by position and by name."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function:
            yield node.args, {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}


def declared(file: Path) -> dict[str, dict[str, ast.expr]]:
    """The arguments that a launch file declares."""
    return {ast.literal_eval(args[0]): given for args, given in calls(file, 'DeclareLaunchArgument')}


ARGUMENTS = {name: given for file in LAUNCH_FILES for name, given in declared(file).items()}
"""Of a name that several declare, the last file's: that of the core."""


def choices(argument: str) -> list[str]:
    return ast.literal_eval(ARGUMENTS[argument]['choices'])


def literal(expression: ast.expr) -> Any:
    return ast.literal_eval(expression) if isinstance(expression, ast.Constant) else None


def constant(expression: ast.expr) -> str:
    """What an expression such as ``topics.IMAGE`` stands for."""
    assert isinstance(expression, ast.Attribute)
    assert ast.unparse(expression.value) == 'topics'
    return getattr(topics, expression.attr)


def values_of(preset: Path) -> dict[str, Any]:
    content = yaml.safe_load(preset.read_text())
    assert list(content) == ['/**'], 'another name would not reach a node in a namespace'
    return content['/**']['ros__parameters']


def test_there_are_six() -> None:
    assert [file.name for file in LAUNCH_FILES] == [
        'arm.launch.py',
        'demo.launch.py',
        'gazebo.launch.py',
        'nav2.launch.py',
        'robobrain.launch.py',
        'robobrain_core.launch.py',
    ]


@pytest.mark.parametrize('file', LAUNCH_FILES, ids=lambda file: file.name)
def test_launch_file(file: Path) -> None:
    """It compiles, and offers what ros2 launch calls."""
    functions = [node.name for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef)]
    assert 'generate_launch_description' in functions
    compile(file.read_text(), str(file), 'exec')


@pytest.mark.parametrize('name', ARGUMENTS)
def test_argument_is_described(name: str) -> None:
    given = ARGUMENTS[name]
    assert len(ast.literal_eval(given['description'])) > 10
    if name == 'model':
        assert 'default_value' not in given, 'a robot without a model must not start'
        return
    default = literal(given['default_value'])
    if 'choices' in given:
        assert default in choices(name)
    else:
        assert default not in ('true', 'false'), 'switches have choices'


def test_arguments_are_declared_once() -> None:
    """All but the model, which the files with a simulated table set, and the others hand on."""
    assert sum(len(set(declared(file)) - {'model'}) for file in LAUNCH_FILES) == len(set(ARGUMENTS) - {'model'})


@pytest.mark.parametrize('file', LAUNCH_FILES, ids=lambda file: file.name)
def test_only_a_simulated_table_has_the_demonstration_checkpoint(file: Path) -> None:
    given = declared(file)['model']
    if file.name in ('demo.launch.py', 'gazebo.launch.py'):
        assert ast.unparse(given['default_value']) == 'checkpoints.TINY'
    else:
        assert 'default_value' not in given


def test_no_preset_names_a_model() -> None:
    """It would win over the one that was forgotten."""
    assert not any(values_of(preset).get('model') for preset in PRESETS)


@pytest.mark.parametrize('file', LAUNCH_FILES, ids=lambda file: file.name)
def test_configurations_that_are_read_are_declared(file: Path) -> None:
    used = {literal(args[0]) for args, _ in calls(file, 'LaunchConfiguration')}
    assert used - {None} <= set(ARGUMENTS)


@pytest.mark.parametrize('file', LAUNCH_FILES, ids=lambda file: file.name)
def test_executables_are_installed(file: Path) -> None:
    installed = re.findall(r'^install_executable\((\w+) ', (ROOT / 'CMakeLists.txt').read_text(), re.MULTILINE)
    for function in ('Node', 'LifecycleNode'):
        for _, given in calls(file, function):
            if literal(given['package']) == 'robobrain_ros':
                assert literal(given['executable']) in installed


@pytest.mark.parametrize('file', LAUNCH_FILES, ids=lambda file: file.name)
def test_files_that_are_named_exist(file: Path) -> None:
    text = file.read_text()
    for folder, name in re.findall(r"SHARE / '(launch|config|worlds)' / '([\w.]+)'", text):
        assert (ROOT / folder / name).is_file()


def test_overrides_are_parameters() -> None:
    """Arguments that the core launch file hands to the node, with the parameter's own choices."""
    source = ast.parse((ROOT / 'launch' / 'robobrain_core.launch.py').read_text())
    (names,) = (
        ast.literal_eval(node.value)
        for node in source.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == 'OVERRIDES'
    )
    assert names
    for name in names:
        assert name == 'model' or literal(ARGUMENTS[name]['default_value']) == ''
        if BY_NAME[name].choices:
            assert choices(name) == ['', *BY_NAME[name].choices]


def test_topics_are_those_of_the_node() -> None:
    """All topics of a camera can be remapped; a remap of another name would do nothing."""
    remapped = {constant(args[0]) for args, _ in calls(ROOT / 'launch' / 'robobrain.launch.py', 'SetRemap')}
    assert remapped == set(topics.CAMERA)


def test_time_to_end_is_enough_for_the_engine() -> None:
    assert float(ast.literal_eval(ARGUMENTS['sigterm_timeout']['default_value'])) >= 20


def test_presets_are_the_choices() -> None:
    assert {preset.stem for preset in PRESETS} == set(choices('preset'))


def test_the_default_preset_is_the_schema() -> None:
    file = ROOT / 'config' / 'robobrain.yaml'
    assert values_of(file) == DEFAULTS
    assert file.read_text() == write_parameters.ros_file(), (
        'renew it: python -m robobrain_ros.ros.write_parameters config/robobrain.yaml'
    )


@pytest.mark.parametrize('preset', PRESETS, ids=lambda preset: preset.name)
def test_preset(preset: Path) -> None:
    """Its parameters exist, have the right type and a good value; each line, or pair of lines, is explained."""
    values = values_of(preset)
    for name, value in values.items():
        assert type(value) is type(BY_NAME[name].default), name
        BY_NAME[name].check(value)
    settings(DEFAULTS | values)
    lines = preset.read_text().splitlines()
    for number, line in enumerate(lines):
        if re.match(r'    \w+:', line):
            assert lines[number - 1].strip(), f'{line.strip()} is not explained'


@pytest.fixture
def shutdown(monkeypatch) -> type:
    """What stands in for launch's action, where launch is not installed."""
    action = type('Shutdown', (SimpleNamespace,), {})
    monkeypatch.setitem(sys.modules, 'launch', SimpleNamespace())
    monkeypatch.setitem(sys.modules, 'launch.actions', SimpleNamespace(Shutdown=action))
    return action


@pytest.mark.parametrize('code', [1, 2, -9])
def test_a_process_that_fails_fails_the_launch(shutdown: type, code: int) -> None:
    event: Any = SimpleNamespace(process_name='robobrain_node-1', returncode=code)
    running: Any = SimpleNamespace(is_shutdown=False)
    with pytest.raises(RuntimeError, match=f'robobrain_node-1 has failed with exit code {code}'):
        end_launch(event, running)
    ending: Any = SimpleNamespace(is_shutdown=True)
    assert end_launch(event, ending) is None


def test_a_process_that_ends_well_ends_the_launch(shutdown: type) -> None:
    event: Any = SimpleNamespace(process_name='robobrain_node-1', returncode=0)
    running: Any = SimpleNamespace(is_shutdown=False)
    assert isinstance(end_launch(event, running), shutdown)


@pytest.mark.parametrize('name', ['demo.launch.py', 'nav2.launch.py', 'robobrain_core.launch.py'])
def test_processes_that_are_needed_end_the_launch(name: str) -> None:
    given = [given for kind in ('Node', 'LifecycleNode') for _, given in calls(ROOT / 'launch' / name, kind)]
    ours = [one for one in given if literal(one['package']) == 'robobrain_ros']
    assert ours
    assert all(ast.unparse(one['on_exit']).startswith('end_launch') for one in ours)
