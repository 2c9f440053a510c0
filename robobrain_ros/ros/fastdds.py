# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Makes raw images arrive: the Fast DDS profile of this package. No ROS is imported here."""

import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PROFILE = 'fastdds_images.xml'
VARIABLES = ('FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE')
"""Fast DDS 3 (Kilted) reads the first, Fast DDS 2 (Humble, Jazzy) only the second; other implementations neither."""
FAST_DDS_2 = ('humble', 'iron', 'jazzy')


def image_profile() -> dict[str, str]:
    """The environment variables with which Fast DDS uses config/fastdds_images.xml.

    :returns: values by name; empty where the user has chosen transports (FASTDDS_BUILTIN_TRANSPORTS, or the variable
        that this Fast DDS reads, is set). A profile that the user gives to the other Fast DDS is used instead of ours
    :raises FileNotFoundError: if this package is not installed completely
    """
    name = variable()
    if os.environ.get(name) or os.environ.get('FASTDDS_BUILTIN_TRANSPORTS'):
        return {}
    others = next((os.environ[other] for other in VARIABLES if os.environ.get(other)), '')
    return {name: others or str(_find_profile())}


def variable() -> str:
    """Name the variable that this host's Fast DDS reads, without loading it.

    :returns: one of VARIABLES. Not both are set: Fast DDS 3 warns about the old name in every process
    """
    distro = os.environ.get('ROS_DISTRO')
    return VARIABLES[distro in FAST_DDS_2 if distro else _is_wheel('ros-fastrtps')]


def _is_wheel(name: str) -> bool:
    """Tell whether pip installed a package: with the wheels of ROS 2, no setup file names the distribution."""
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def use_image_profile() -> Path | None:
    """Let Fast DDS use config/fastdds_images.xml in this process and its children; call it before ``rclpy.init``.

    :returns: the profile's path; None where the user has chosen transports already
    :raises FileNotFoundError: if this package is not installed completely
    """
    environment = image_profile()
    os.environ.update(environment)
    return next(map(Path, environment.values()), None)


def _find_profile() -> Path:
    """The profile: installed, it lies in <prefix>/share beside <prefix>/lib; in a source tree, in config/."""
    here = Path(__file__).resolve()
    for folder in here.parents:
        for candidate in (folder / 'share' / 'robobrain_ros' / 'config' / PROFILE, folder / 'config' / PROFILE):
            if candidate.is_file():
                return candidate
    raise FileNotFoundError(f'{PROFILE} is neither in share/robobrain_ros/config nor in config/ above {here.parent}')
