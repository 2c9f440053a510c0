# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Which FlagGems operators are asked for, by parameters or by the environment. Imports neither FlagGems nor torch.

FlagGems replaces operators of PyTorch (aten) by Triton kernels. It is imported in the engine's worker process only: see
flaggems_worker.py.
"""

import difflib
import importlib.util
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from robobrain_ros.errors import BadRequest

PROFILES: dict[str, tuple[str, ...]] = {
    'off': (),
    # What is not slower than PyTorch's own where vLLM runs it (H200, FlagGems 5.0.2, docs/performance.md): 3.5 us for
    # 5.0 in the vision tower, whose launches a CUDA graph replays; launched one by one it takes 47 us for 12. So do
    # all others, and embeddings and argmax run outside of graphs; gelu takes twice as long inside. rms_norm would win,
    # but vLLM compiles that itself; so would softmax, but a greedy answer has none, and it would be compiled in the
    # first request that has.
    'safe': ('layer_norm',),
    # The matrix products as well, for comparison: addmm in the vision tower takes 1.7 to 2 times as long as native, mm
    # with one token 1.0 to 2.1, with a prompt 1.4. FlagGems tunes mm for each number of prompt tokens anew (its key is
    # M itself on Hopper), 31 s on an H200 for one: every new length of an instruction pauses.
    'gemm': ('layer_norm', 'addmm', 'addmm_out', 'mm', 'mm_out', 'bmm'),
    'full': (),
    'custom': (),
}
"""Operators by profile, in FlagGems' names of functions; ``full`` is all that there are, ``custom`` what is named."""

CHOICES = ('auto', *PROFILES)
SWITCH, WHITELIST, BLACKLIST = 'USE_FLAGGEMS', 'VLLM_FL_FLAGOS_WHITELIST', 'VLLM_FL_FLAGOS_BLACKLIST'
TRUE, FALSE = ('1', 'true', 'yes', 'on'), ('0', 'false', 'no', 'off', '')


@dataclass(frozen=True)
class FlagGemsSettings:
    """The parameters: what the configuration says.

    :param profile: one of CHOICES; ``auto`` leaves it to the variable USE_FLAGGEMS
    :param include: operators to add to the profile's; with ``custom``: only these
    :param exclude: operators to take from the profile's; with ``custom``: all but these
    :raises BadRequest: for a profile that there is not, and for lists that do not go with the profile or each other
    """

    profile: str = 'auto'
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.profile not in CHOICES:
            raise BadRequest(
                f'flaggems.profile is {self.profile!r}, but must be one of {", ".join(map(repr, CHOICES))}'
            )
        if self.include and self.exclude:
            raise BadRequest(
                f'flaggems.include is {list(self.include)} and flaggems.exclude is {list(self.exclude)}, '
                'but only one of them may be set'
            )
        lists = self.include or self.exclude
        if lists and self.profile in ('auto', 'off'):
            raise BadRequest(f"flaggems.profile is {self.profile!r}, but operators are listed: set it to 'custom'")
        if self.profile == 'custom' and not lists:
            raise BadRequest(
                "flaggems.profile is 'custom', but neither flaggems.include nor flaggems.exclude names operators"
            )
        if self.profile == 'full' and self.include:
            raise BadRequest(
                f"flaggems.profile is 'full', all operators: flaggems.include {list(self.include)} adds nothing"
            )


@dataclass(frozen=True)
class Choice:
    """Which operators of FlagGems are on, after parameters, environment and host were asked.

    :param profile: one of PROFILES
    :param include: operators to add to the profile's; with ``custom``: only these
    :param exclude: operators to take from the profile's; with ``custom``: all but these
    :param decided_by: the parameter or variable that had the last word, for people
    """

    profile: str
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    decided_by: str = ''

    @property
    def on(self) -> bool:
        """Whether any operator of FlagGems is in use."""
        return self.profile != 'off'

    def __str__(self) -> str:
        return f'FlagGems {self.profile} ({self.decided_by})'

    def select(self, registered: Collection[str]) -> list[str]:
        """Name the operators to enable.

        :param registered: all names that the installed FlagGems has for this device
        :returns: names, sorted
        :raises BadRequest: for listed names that are not among them, with those that look alike
        """
        unknown = [name for name in (*self.include, *self.exclude) if name not in registered]
        if unknown:
            hints = [f'{name!r}{_alike(name, registered)}' for name in unknown]
            raise BadRequest(
                f'the installed FlagGems has no operator {", ".join(hints)}; names are those of its functions'
            )
        everything = self.profile == 'full' or (self.profile == 'custom' and not self.include)
        base = set(registered) if everything else set(PROFILES[self.profile]) & set(registered)
        return sorted((base | set(self.include)) - set(self.exclude))


def decide(wanted: FlagGemsSettings, environ: Mapping[str, str]) -> Choice:
    """Choose by the parameter, or by USE_FLAGGEMS, VLLM_FL_FLAGOS_WHITELIST and VLLM_FL_FLAGOS_BLACKLIST.

    The parameter wins over these variables. USE_FLAGGEMS alone means the profile ``safe``; with a list, these
    operators, or all but these.

    :param wanted: the parameters
    :param environ: the environment's variables
    :raises BadRequest: for a switch that is neither on nor off, and for both lists at once
    """
    switch = environ.get(SWITCH, '').strip().lower()
    if wanted.profile != 'auto':
        over = f', over {SWITCH}={environ[SWITCH]}' if SWITCH in environ else ''
        return Choice(wanted.profile, wanted.include, wanted.exclude, f'parameter flaggems.profile{over}')
    if switch not in (*TRUE, *FALSE):
        raise BadRequest(f'the variable {SWITCH} is {environ[SWITCH]!r}, but must be 1, true, yes, 0, false or no')
    if switch in FALSE:
        return Choice('off', decided_by=f'variable {SWITCH}={switch}' if switch else 'default')
    include, exclude = (_names(environ.get(name, '')) for name in (WHITELIST, BLACKLIST))
    if include and exclude:
        raise BadRequest(f'the variables {WHITELIST} and {BLACKLIST} are both set, but only one may be')
    by = f'variable {SWITCH}={switch}'
    if include:
        return Choice('custom', include, decided_by=f'{by} with {WHITELIST}')
    if exclude:
        return Choice('custom', exclude=exclude, decided_by=f'{by} with {BLACKLIST}')
    return Choice('safe', decided_by=by)


def usable(
    wanted: FlagGemsSettings, environ: Mapping[str, str], on_cpu: bool, failed: str, report: Callable[[str], None]
) -> Choice:
    """Choose as ``decide`` does, but ``off`` where FlagGems cannot be had on this host.

    :param wanted: the parameters
    :param environ: the environment's variables
    :param on_cpu: whether the model runs on the CPU
    :param failed: why FlagGems failed before, in this engine; empty if it did not
    :param report: hears what was chosen, and why it is without effect if it is
    :raises BadRequest: for variables that contradict each other, and for a profile that a parameter asks of a CPU
    """
    choice = decide(wanted, environ)
    if not choice.on:
        return choice
    if on_cpu and wanted.profile != 'auto':
        raise BadRequest(
            f'flaggems.profile is {choice.profile!r}, but the model runs on the CPU, which FlagGems has no operators '
            "for: set it to 'off'"
        )
    if on_cpu:
        why = 'the model runs on the CPU'
    elif enabled_by_plugin(environ):
        why = 'vllm-plugin-FL is active, and enables FlagGems itself'
    else:
        why = failed or obstacle()
    report(f'{choice} is without effect: {why}' if why else str(choice))
    return Choice('off', decided_by=why) if why else choice


def obstacle(installed: Callable[[str], str] | None = None) -> str:
    """Say why FlagGems cannot work here.

    :param installed: gives a distribution's version, or '' (for tests)
    :returns: a reason in words; empty if nothing is known against it
    """
    installed = installed or installed_version
    gems, triton = installed('flag-gems'), installed('triton')
    if not gems:
        return 'FlagGems is not installed (pip install --no-deps flag-gems==5.0.2)'
    if not (triton or installed('flagtree')):
        return 'neither Triton nor FlagTree is installed'
    if _release(gems) < (5,) and triton and _release(triton) >= (3, 6):
        return f'FlagGems {gems} fails with Triton {triton} (its launcher raises a TypeError): take FlagGems 5 or later'
    return ''


def enabled_by_plugin(environ: Mapping[str, str], found: Callable[[str], object] | None = None) -> bool:
    """Whether vllm-plugin-FL is active, which enables FlagGems itself (vLLM loads all plugins unless told which).

    :param environ: the environment's variables; VLLM_PLUGINS tells which
    :param found: gives None for a module that is not installed (for tests)
    """
    if not (found or importlib.util.find_spec)('vllm_fl'):
        return False
    return 'VLLM_PLUGINS' not in environ or 'fl' in _names(environ['VLLM_PLUGINS'])


def installed_version(distribution: str) -> str:
    """Look up the version of a Python distribution; empty if it is not installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ''


def _release(text: str) -> tuple[int, ...]:
    parts = text.split('+')[0].split('.')
    return tuple(int(part) for part in parts if part.isdigit())


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(',') if name.strip())


def _alike(name: str, registered: Collection[str]) -> str:
    alike: Sequence[str] = difflib.get_close_matches(name, registered, n=3)
    return f' (but {", ".join(alike)})' if alike else ''
