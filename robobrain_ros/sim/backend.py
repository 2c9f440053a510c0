# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Chooses how MuJoCo draws without a screen: EGL, or OSMesa where there is no EGL."""

import functools
import importlib.util
import os
import subprocess
import sys

PACKAGES = {'egl': 'libegl1 libgl1 libgl1-mesa-dri', 'osmesa': 'libosmesa6'}
"""Debian and Ubuntu packages of each backend, software rendering included."""


@functools.cache
def choose_backend() -> str:
    """Set MUJOCO_GL, which MuJoCo reads when it is first imported, and return its value.

    A value that the user has set is kept. Otherwise each backend is tried in a process of its own (about a second),
    because a library that fails half-way cannot be unloaded and a broken driver may crash.

    :raises RuntimeError: no backend works here; says what to install, and what each one reported
    """
    for module, wheel in (('mujoco', 'mujoco'), ('OpenGL', 'pyopengl')):
        if importlib.util.find_spec(module) is None:
            raise RuntimeError(f'the simulated camera needs the Python module {module}: pip install {wheel}')
    chosen = os.environ.get('MUJOCO_GL', '')
    if chosen:
        return chosen
    if 'mujoco' in sys.modules:
        raise RuntimeError('mujoco was imported before its OpenGL backend was chosen; set MUJOCO_GL=egl or osmesa')
    reports = []
    for backend in PACKAGES:
        report = _try(backend)
        if report is None:
            os.environ['MUJOCO_GL'] = backend
            return backend
        reports.append(f'{backend}: {report}')
    raise RuntimeError(
        'MuJoCo cannot draw without a screen here. On Debian and Ubuntu, "apt-get install '
        f'{PACKAGES["egl"]}" (EGL) mends that; where there is no EGL, "apt-get install {PACKAGES["osmesa"]}". '
        f'Tried {"; ".join(reports)}'
    )


def _try(backend: str) -> str | None:
    """Draw an empty scene in another process; None if that works, else the last line of what went wrong."""
    program = 'import mujoco; mujoco.Renderer(mujoco.MjModel.from_xml_string("<mujoco/>"), 8, 8).render()'
    environment = {**os.environ, 'MUJOCO_GL': backend}
    environment.pop('PYOPENGL_PLATFORM', None)  # MuJoCo sets the one that fits
    try:
        done = subprocess.run(
            [sys.executable, '-c', program], env=environment, capture_output=True, text=True, timeout=60
        )
    except subprocess.TimeoutExpired:
        return 'no answer within 60 s'
    if done.returncode == 0:
        return None
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f'ended with code {done.returncode}'
