# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The Fast DDS profile is found, valid, and never put over what the user chose."""

import os
import xml.etree.ElementTree as ElementTree

import pytest

from robobrain_ros.ros import fastdds as transport


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    for name in (*transport.VARIABLES, 'FASTDDS_BUILTIN_TRANSPORTS', 'ROS_DISTRO'):
        monkeypatch.setenv(name, '')


@pytest.mark.parametrize(
    ('distro', 'variable'),
    [
        ('kilted', 'FASTDDS_DEFAULT_PROFILES_FILE'),
        ('jazzy', 'FASTRTPS_DEFAULT_PROFILES_FILE'),
    ],
)
def test_profile_is_set_for_the_fast_dds_of_the_distribution(monkeypatch, distro, variable):
    monkeypatch.setenv('ROS_DISTRO', distro)
    profile = transport.use_image_profile()
    assert profile.is_file()
    assert [name for name in transport.VARIABLES if os.environ[name]] == [variable]
    assert os.environ[variable] == str(profile)


@pytest.mark.parametrize(
    ('wheel', 'name'),
    [('ros-fastrtps', 'FASTRTPS_DEFAULT_PROFILES_FILE'), ('ros-fastdds', 'FASTDDS_DEFAULT_PROFILES_FILE')],
)
def test_without_a_distribution_the_installed_wheel_tells(monkeypatch, wheel, name):
    def version(asked):
        if asked != wheel:
            raise transport.PackageNotFoundError(asked)
        return '1'

    monkeypatch.setattr(transport, 'version', version)
    assert list(transport.image_profile()) == [name]


@pytest.mark.parametrize('name', ['FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_BUILTIN_TRANSPORTS'])
def test_the_users_choice_stays(monkeypatch, name):
    monkeypatch.setenv('ROS_DISTRO', 'jazzy')
    monkeypatch.setenv(name, 'mine')
    assert transport.use_image_profile() is None
    assert os.environ[name] == 'mine'


def test_a_profile_under_the_name_of_another_version_is_used(monkeypatch):
    """Else Fast DDS 2 would go on without any profile, and lose images."""
    monkeypatch.setenv('ROS_DISTRO', 'jazzy')
    monkeypatch.setenv('FASTDDS_DEFAULT_PROFILES_FILE', '/robot/dds.xml')
    assert transport.image_profile() == {'FASTRTPS_DEFAULT_PROFILES_FILE': '/robot/dds.xml'}


def test_segment_holds_an_image_pair_of_1080p():
    root = ElementTree.parse(transport.use_image_profile()).getroot()
    sizes = [int(element.text) for element in root.iter() if element.tag.endswith('segment_size')]
    assert sizes
    assert min(sizes) > 2 * 1920 * 1080 * (3 + 4) / 2


def test_found_in_an_installation(monkeypatch, tmp_path):
    module = tmp_path / 'lib' / 'python3.11' / 'site-packages' / 'robobrain_ros' / 'transport.py'
    installed = tmp_path / 'share' / 'robobrain_ros' / 'config' / transport.PROFILE
    for path in (module, installed):
        path.parent.mkdir(parents=True)
        path.touch()
    monkeypatch.setattr(transport, '__file__', str(module))
    assert transport.use_image_profile() == installed


def test_an_incomplete_installation_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setattr(transport, '__file__', str(tmp_path / 'robobrain_ros' / 'transport.py'))
    with pytest.raises(FileNotFoundError, match=transport.PROFILE):
        transport.use_image_profile()
