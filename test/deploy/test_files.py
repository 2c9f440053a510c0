# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The images, compose files and units in deploy/, as far as they can be looked at without a container engine."""

import json
import os
import re
import shlex
import shutil
import subprocess
from fnmatch import fnmatch
from xml.etree import ElementTree

import pytest
import yaml
from repository import ROOT

from robobrain_ros import __version__
from robobrain_ros.ros.parameters import BY_NAME

DEPLOY = ROOT / 'deploy'
DOCKERFILES = ('Dockerfile', 'Dockerfile.cpu')
COMPOSE = ('compose.yaml', 'compose.release.yaml')
VERSIONED = (*sorted(DEPLOY.glob('*.*')), DEPLOY / 'Dockerfile', ROOT / 'docs/guides/deployment.md')
REFERENCE = re.compile(r'[\w.:/-]+@sha256:[0-9a-f]{64}')
VARIABLE = re.compile(r'\$\{(\w+)(?::[-?]([^}]*))?\}')


def instructions(name: str) -> list[tuple[str, str]]:
    """(keyword, rest) of a Dockerfile, with continued lines joined and comments left out."""
    lines = [line for line in (DEPLOY / name).read_text().splitlines() if not line.lstrip().startswith('#')]
    joined = re.sub(r'\\\n\s*', '', '\n'.join(lines)).splitlines()
    return [(words[0], words[1]) for line in joined if (words := line.split(maxsplit=1))]


def of(name: str, keyword: str) -> list[str]:
    return [rest for word, rest in instructions(name) if word == keyword]


def settings() -> dict[str, str]:
    lines = (DEPLOY / 'robobrain.env').read_text().splitlines()
    return dict(line.split('=', 1) for line in lines if line and not line.startswith('#'))


def services(name: str) -> dict[str, dict]:
    return yaml.safe_load((DEPLOY / name).read_text())['services']


def filled(text: str, values: dict[str, str]) -> str:
    """As compose fills variables in."""
    return VARIABLE.sub(lambda found: values.get(found[1]) or found[2] or '', text)


@pytest.mark.parametrize('name', DOCKERFILES)
def test_bases_are_pinned_by_digest(name):
    arguments = dict(rest.split('=', 1) for rest in of(name, 'ARG'))
    stages = []
    for rest in of(name, 'FROM'):
        image, *alias = rest.split(' AS ')
        if image not in stages:
            while found := re.fullmatch(r'\$\{(\w+)\}', image):
                image = arguments[found[1]]
            assert REFERENCE.fullmatch(image), image
        stages += alias
    assert stages or len(of(name, 'FROM')) == 1


@pytest.mark.parametrize('name', DOCKERFILES)
def test_nobody_is_root_in_the_end(name):
    user, group = of(name, 'USER')[-1].split(':')
    assert int(user) > 0
    assert int(group) > 0


@pytest.mark.parametrize('name', DOCKERFILES)
def test_health_is_checked_by_a_file_that_is_in_the_image(name):
    (check,) = of(name, 'HEALTHCHECK')
    command = json.loads(check.split('CMD', 1)[1])
    assert command[-1].endswith('health.py')
    assert (DEPLOY / 'health.py').is_file()
    assert int(re.search(r'--timeout=(\d+)s', check)[1]) > 8


@pytest.mark.parametrize('name', DOCKERFILES)
def test_sources_of_copies_are_there_and_not_ignored(name):
    ignored = [line for line in (ROOT / '.dockerignore').read_text().split('\n') if line and line[0] != '#']
    for rest in of(name, 'COPY'):
        *sources, _ = [word for word in shlex.split(rest) if not word.startswith('--chown')]
        if sources[0].startswith('--from'):
            continue
        for source in sources:
            assert (ROOT / source).exists(), source
            assert not any(fnmatch(source.rstrip('/'), pattern) for pattern in ignored), source


def test_the_build_has_all_that_cmake_reads():
    """setup.py lists it for its own builds."""
    listed = re.search(r'CMAKE_INPUTS = \[(.*?)\]', (ROOT / 'setup.py').read_text())[1]
    copied = ' '.join(of('Dockerfile', 'COPY'))
    for name in re.findall(r"'([\w.]+)'", listed):
        assert re.search(rf'\b{re.escape(name)}\b', copied), name


def test_system_packages_are_those_of_package_xml():
    installed = set(re.findall(r'[\w.+-]+', ' '.join(of('Dockerfile', 'RUN'))))
    package = ElementTree.parse(ROOT / 'package.xml')
    keys = [node.text for kind in ('depend', 'exec_depend') for node in package.iter(kind)]
    names = [key if key.startswith('python3-') else f'ros-jazzy-{key.replace("_", "-")}' for key in keys]
    assert [name for name in names if name not in installed] == []


def test_python_packages_have_one_place_for_their_versions():
    """Files of requirements/, or names whose versions client.lock says: no version is written twice."""
    commands = re.findall(r'pip install ([^;&|]*)', ' '.join(of('Dockerfile', 'RUN')))
    assert len(commands) == 5
    pinned = dict(line.split('==') for line in (ROOT / 'requirements/client.lock').read_text().split() if '==' in line)
    for command in commands:
        words = shlex.split(command)
        files = [words[at + 1] for at, word in enumerate(words) if word in ('-r', '--constraint')]
        assert files, command
        assert all((ROOT / 'requirements' / file).is_file() for file in files)
        names = [word for word in words if not word.startswith('-') and word not in files]
        assert all(name in pinned for name in names), command


@pytest.mark.parametrize('name', DOCKERFILES)
def test_commands_are_for_any_shell(name):
    for command in of(name, 'RUN'):
        done = subprocess.run(['sh', '-n', '-c', command], capture_output=True, text=True, timeout=20)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ('engine', 'installed'),
    [
        ('gpu', ['gpu.txt', 'flaggems.txt', 'shtab']),
        ('client', ['client.lock']),
        ('base', ['simplejpeg']),
    ],
)
def test_each_engine_installs_its_own_requirements(tmp_path, engine, installed):
    """The build's command with stand-ins for pip and Python."""
    done = choose_engine(tmp_path, engine)
    assert done.returncode == 0
    assert [line.split()[-1] for line in done.stdout.splitlines()] == installed


def test_an_engine_that_there_is_not_ends_the_build(tmp_path):
    done = choose_engine(tmp_path, 'cuda')
    assert done.returncode == 1
    assert "ENGINE is 'cuda', but must be gpu, client or base" in done.stderr


def test_a_base_without_vllm_ends_the_build(tmp_path):
    done = choose_engine(tmp_path, 'base', python='#!/bin/sh\nexit 1\n')
    assert (done.returncode, done.stdout) == (1, '')


def choose_engine(folder, engine, python='#!/bin/sh\n'):
    (command,) = [command for command in of('Dockerfile', 'RUN') if 'case "${ENGINE}"' in command]
    for name, script in (('pip', '#!/bin/sh\necho "$@"\n'), ('python', python)):
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
    environment = {'PATH': f'{folder}{os.pathsep}{os.environ["PATH"]}', 'ENGINE': engine}
    return subprocess.run(['sh', '-c', command], capture_output=True, text=True, timeout=20, env=environment)


def test_the_demo_installs_what_run_asks_for():
    libraries = re.search(r"LIBRARIES='([^']*)'", (ROOT / 'scripts/system.sh').read_text())[1].split()
    installed = of('Dockerfile.cpu', 'RUN')[0].split()
    assert [name for name in (*libraries, 'g++', 'python3.11-venv', 'python3.11-dev') if name not in installed] == []


@pytest.mark.parametrize('name', COMPOSE)
def test_no_service_has_privileges_or_a_tag_that_moves(name):
    for service, given in services(name).items():
        assert 'privileged' not in given, service
        assert given['cap_drop'] == ['ALL'], service
        assert given['security_opt'] == ['no-new-privileges:true'], service
        image = filled(given['image'], {})
        assert 'latest' not in image
        if 'RELEASE' not in given['image']:  # which the user names
            assert image.endswith(f':{__version__}'), service
            assert given['user'] == '${ROBOBRAIN_UID:-1000}:${ROBOBRAIN_GID:-1000}', service


@pytest.mark.parametrize('name', COMPOSE)
def test_who_shares_the_hosts_network_shares_its_memory(name):
    """Else Fast DDS takes them for one machine, and images get lost between them."""
    for service, given in services(name).items():
        assert (given.get('network_mode') == 'host') == (given.get('ipc') == 'host'), service


@pytest.mark.parametrize('name', COMPOSE)
def test_models_are_read_only_and_files_exist(name):
    for given in services(name).values():
        for volume in given.get('volumes', []):
            assert volume.endswith(':ro') == ('/models' in volume)
        if 'build' in given:
            assert (DEPLOY / given['build']['context'] / given['build']['dockerfile']).is_file()
        if 'env_file' in given:
            assert (DEPLOY / given['env_file']).is_file()


@pytest.mark.parametrize('name', COMPOSE)
def test_variables_of_compose_are_in_the_file_of_settings_with_the_same_value(name):
    text = re.sub(r'(?m)^\s*#.*$', '', (DEPLOY / name).read_text())
    elsewhere = {'ROBOBRAIN_VERSION': __version__}
    for variable, default in VARIABLE.findall(text):
        if variable != 'ROBOBRAIN_RELEASE_IMAGE':
            assert (settings() | elsewhere)[variable] == default, variable


def launch_arguments() -> list[str]:
    """Those of every way to start the node here, with the settings filled in."""
    found = [json.loads(of('Dockerfile', 'CMD')[0])]
    found += [
        given['command'] for name in COMPOSE for given in services(name).values() if given['command'][0] == 'ros2'
    ]
    found.append(shlex.split(' '.join(unit()['ExecStart']).replace('\\\n', ' ')))
    return [filled(word, settings()) for words in found for word in words if ':=' in word]


def unit() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    text = (DEPLOY / 'systemd/robobrain.service').read_text().replace('\\\n', ' ')
    for line in text.splitlines():
        if '=' in line and line[0] not in '#[':
            key, value = line.split('=', 1)
            found.setdefault(key, []).append(value)
    return found


def test_arguments_of_the_launch_file_exist():
    declared = {
        name
        for file in ('robobrain.launch.py', 'robobrain_core.launch.py')
        for name in re.findall(r"DeclareLaunchArgument\(\s*'(\w+)'", (ROOT / 'launch' / file).read_text())
    }
    arguments = launch_arguments()
    assert len(arguments) > 15
    for argument in arguments:
        name, value = argument.split(':=')
        assert name in declared, argument
        assert value
        if name == 'preset':
            assert (ROOT / 'config' / f'{value}.yaml').is_file()


def test_launch_gets_the_signal_at_which_it_ends_its_nodes():
    assert of('Dockerfile', 'STOPSIGNAL') == ['SIGINT']
    assert unit()['KillSignal'] == ['SIGINT']
    texts = [of('Dockerfile', 'CMD')[0], *unit()['ExecStart'], *((DEPLOY / name).read_text() for name in COMPOSE)]
    assert all('--noninteractive' in text for text in texts)  # else launch does not pass SIGINT on


def test_the_unit_starts_again_and_feeds_no_watchdog_in_vain():
    assert unit()['Restart'] == ['on-failure']
    assert 'WatchdogSec' not in unit()
    assert 'stall_s' in BY_NAME  # which the unit's comment names


@pytest.mark.skipif(not shutil.which('systemd-analyze'), reason='no systemd here')
def test_systemd_understands_the_unit():
    command = ['systemd-analyze', 'verify', '--man=no', str(DEPLOY / 'systemd/robobrain.service')]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    ours = [line for line in done.stderr.splitlines() if 'robobrain.service' in line]
    assert (done.returncode, ours) == (0, [])


def test_what_the_unit_runs_sources_the_setup_and_passes_arguments_on(tmp_path):
    """ExecStart as systemd would run it, with a stand-in for ros2."""
    (tmp_path / 'ros2').write_text('#!/bin/sh\nprintf "%s\\n" "$SOURCED" "$@"\n')
    (tmp_path / 'ros2').chmod(0o755)
    (tmp_path / 'set up.bash').write_text('export SOURCED=yes\n')
    (line,) = unit()['ExecStart']
    values = settings() | {'ROBOBRAIN_SETUP': str(tmp_path / 'set up.bash')}
    words = [filled(word, values).replace('$$', '$') for word in shlex.split(line)]
    environment = {'PATH': f'{tmp_path}{os.pathsep}{os.environ["PATH"]}'}
    done = subprocess.run(words, capture_output=True, text=True, timeout=20, env=environment)
    assert done.stdout.split('\n')[:5] == [
        'yes',
        'launch',
        '--noninteractive',
        'robobrain_ros',
        'robobrain.launch.py',
    ], done.stderr
    assert 'model:=/models/RoboBrain2.5-8B' in done.stdout


@pytest.mark.parametrize('script', ['entrypoint.sh', 'health.py'])
def test_scripts_can_be_run(script):
    assert os.access(DEPLOY / script, os.X_OK)


def test_the_entrypoint_ends_on_the_command_itself():
    """So that signals reach it."""
    text = (DEPLOY / 'entrypoint.sh').read_text()
    assert text.rstrip().endswith('exec "$@"')
    assert subprocess.run(['bash', '-n', str(DEPLOY / 'entrypoint.sh')], timeout=20).returncode == 0


@pytest.mark.parametrize('file', VERSIONED, ids=lambda file: file.name)
def test_images_have_the_version_of_the_package(file):
    named = re.findall(r'\brobobrain(?:-\w+)?:(\d+\.\d+\.\d+)|image\.version="([^"]*)"', file.read_text())
    assert {one or other for one, other in named} <= {__version__}
