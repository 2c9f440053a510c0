# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A C++ program finds, compiles against and links the installed interfaces."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from repository import ROOT

WHEELS = Path(sys.prefix, 'share', 'ament_cmake').is_dir()
"""ROS comes from PyPI, not from a sourced setup file."""


@pytest.mark.timeout(300)
def test_print_sample(tmp_path: Path) -> None:
    configure = ['cmake', '-S', str(ROOT / 'test' / 'cpp_consumer'), '-B', str(tmp_path)]
    environment = dict(os.environ)
    if WHEELS:
        environment |= {'AMENT_PREFIX_PATH': sys.prefix, 'LDFLAGS': '-Wl,--allow-shlib-undefined'}
        configure += [
            f'-DCMAKE_PREFIX_PATH={sys.prefix}',
            f'-DCMAKE_PROJECT_INCLUDE={ROOT / "cmake" / "ros_wheels.cmake"}',
            f'-DPython3_EXECUTABLE={sys.executable}',
        ]
    for command in (configure, ['cmake', '--build', str(tmp_path)]):
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    program = subprocess.run([tmp_path / 'print_sample'], env=environment, capture_output=True, text=True)
    assert program.stdout.splitlines() == [
        "pointing 'the red plate': target at pixel (374, 199) = (0.148, -0.11, 1.261) m in camera_color_optical_frame; "
        'seen 0 s before, answered in 0 ms',
        "pointing 'the red plate': error 2, no image has come",
        'type support: rosidl_typesupport_cpp',
    ], program.stderr
