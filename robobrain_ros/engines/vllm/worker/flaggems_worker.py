# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Enabling FlagGems, in the process that it is imported in: the engine's worker, on a GPU. See flaggems.py.

FlagGems 4.2.0 can only leave operators out (``enable(unused=...)``), 5.x can also take some (``only_enable``); neither
has a list of what it would register, and unknown names are ignored without a word.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from robobrain_ros.engines.vllm.flaggems import Choice

OPLIST_VARIABLE = 'FLAGGEMS_ENABLE_OPLIST_PATH'


class _Names:
    """Takes the place of FlagGems' registrar: notes what it would register, and registers nothing."""

    table: tuple[Any, ...] = ()

    def __init__(self, config: Iterable[Any], *_: Any, **__: Any) -> None:
        type(self).table = tuple(config)


def registered(gems: Any) -> list[str]:
    """All operators that the imported FlagGems registers on this host, by name of the function, sorted."""
    gems.enable(unused=[], registrar=_Names)
    usable = (row for row in _Names.table if len(row) < 3 or row[2]())  # the third is a condition
    return sorted({row[1].__name__ for row in usable})


def enable(choice: Choice) -> list[str]:
    """Import FlagGems and enable what was chosen; once in a process, before the model is loaded.

    :returns: the operators that are enabled, sorted; also written to the file that FLAGGEMS_ENABLE_OPLIST_PATH names
    :raises BrainError: for operators that FlagGems does not have
    """
    import flag_gems

    names = registered(flag_gems)
    wanted = choice.select(names)
    if hasattr(flag_gems, 'only_enable'):
        flag_gems.only_enable(include=wanted)
    else:
        flag_gems.enable(unused=sorted(set(names) - set(wanted)))
    enabled = _enabled(flag_gems)
    if missing := sorted(set(wanted) - set(enabled)):
        raise RuntimeError(f'FlagGems did not enable {", ".join(missing)}')
    if path := os.environ.get(OPLIST_VARIABLE):
        Path(path).write_text(''.join(f'{name}\n' for name in enabled))
    return enabled


def _enabled(gems: Any) -> list[str]:
    """4.2.0 lists keys of aten (``mm.out``), later ones names of functions (``mm_out``)."""
    by_key = {row[0]: row[1].__name__ for row in _Names.table}
    return sorted({by_key.get(name, name) for name in gems.current_work_registrar.get_all_ops()})
