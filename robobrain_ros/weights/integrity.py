# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Whether a model's folder is whole, told without a list of what should be in it and without torch.

The files describe each other: the index names the shards and their tensors, each shard's header its own length,
``config.json`` the architecture. Weights are not read, so it takes less than a second.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from robobrain_ros.tasks.profiles import detect_profile
from robobrain_ros.weights import manifest
from robobrain_ros.weights.folder import ModelFolder, Unusable, quoted
from robobrain_ros.weights.shards import Shards

OK: Literal['ok'] = 'ok'
NOTE: Literal['note'] = 'note'
BAD: Literal['bad'] = 'bad'
PART = '.part'
"""How the name of a file ends that is not downloaded to its end."""
MOST_CONFIG, MOST_TOKENIZER = 2_000_000, 40_000_000
"""Bytes that such a file may have."""
MOST_FAULTS = 20
"""So many files of weights are complained of one by one."""
MOST_WORDS = 500
"""Characters of a sentence that quotes a file."""
ARCHITECTURES = ('Qwen3VLForConditionalGeneration', 'Qwen2_5_VLForConditionalGeneration')
"""Models that the profiles are for, as ``config.json`` names them."""
COMPANIONS = ('tokenizer.json', 'tokenizer_config.json', 'preprocessor_config.json')
"""What the engine needs beside weights and ``config.json``."""


class Finding(NamedTuple):
    """What was found out about a file."""

    grade: Literal['ok', 'note', 'bad']
    file: str
    words: str


@dataclass(frozen=True)
class Report:
    """What was found out about a model's folder."""

    findings: tuple[Finding, ...]
    origin: manifest.Manifest | None

    @property
    def whole(self) -> bool:
        """Whether nothing is missing or damaged, as far as was looked."""
        return all(finding.grade != BAD for finding in self.findings)


def check(model: Path) -> Report:
    """Check a model's folder; whatever is in there, it raises nothing and follows no link out of it.

    :param model: the folder
    """
    try:
        folder = ModelFolder(model)
        names = set(folder.names())
    except Unusable as error:
        return Report((Finding(BAD, str(model), str(error)),), None)
    findings: list[Finding] = []
    source = None
    try:
        source = manifest.origin(model)
    except ValueError as error:
        findings.append(Finding(BAD, manifest.FILE, str(error)))
    findings += _unfinished(names)
    findings += _config(folder, names)
    findings += _weights(folder, names)
    findings += _companions(folder, names)
    if source:
        findings += _listed(folder, names, source)
    return Report(tuple(findings), source)


def _unfinished(names: set[str]) -> Iterator[Finding]:
    for name in sorted(names):
        if name.endswith(PART):
            yield Finding(NOTE, name, 'a download was interrupted; the same robobrain download goes on from here')


def _config(folder: ModelFolder, names: set[str]) -> Iterator[Finding]:
    try:
        config = folder.json('config.json', MOST_CONFIG)
        if 'robobrain.json' in names:
            folder.json('robobrain.json', MOST_CONFIG)
        profile = detect_profile(folder.path)
    except (ValueError, OSError, RecursionError) as error:
        yield Finding(BAD, 'config.json', str(error)[:MOST_WORDS])
        return
    named = config.get('architectures')
    architecture = named[0] if isinstance(named, list) and named else named
    if architecture not in ARCHITECTURES:
        known = ' or '.join(ARCHITECTURES)
        words = f'config.json has the architecture {quoted(architecture, 80)}, but must have {known}'
        yield Finding(BAD, 'config.json', words)
    else:
        yield Finding(OK, 'config.json', f'{architecture}, profile {profile.name}')


def _weights(folder: ModelFolder, names: set[str]) -> Iterator[Finding]:
    shards = Shards(folder, names)
    for name, words in shards.faults[:MOST_FAULTS]:
        yield Finding(BAD, name, words)
    if len(shards.faults) > MOST_FAULTS:
        yield Finding(BAD, 'weights', f'{len(shards.faults) - MOST_FAULTS} more files are at fault')
    for name in shards.unused:
        yield Finding(NOTE, name, 'the index names no tensor in it: it is not loaded')
    if not shards.faults:
        words = f'{len(shards.tensors)} tensors, {shards.tensor_bytes / 1e9:.3f} GB in {len(shards.used)} file(s)'
        yield Finding(OK, 'weights', words)


def _companions(folder: ModelFolder, names: set[str]) -> Iterator[Finding]:
    """Check what the engine needs beside weights and configuration."""
    found = [name for name in COMPANIONS if name in names]
    lacking = set(COMPANIONS) - names
    if {'vocab.json', 'merges.txt'} <= names:  # the tokenizer in its older form
        lacking.discard('tokenizer.json')
    for name in sorted(lacking):
        yield Finding(BAD, name, f'{name} is missing')
    faults = []
    settings = {}
    for name in found:
        try:
            if folder.is_pointer(name):
                raise Unusable(f'{name} is a git-lfs pointer, not the file')
            settings[name] = folder.json(name, MOST_TOKENIZER)
        except Unusable as error:
            faults.append(Finding(BAD, name, str(error)))
    yield from faults
    if not (faults or lacking):
        yield Finding(OK, 'tokenizer', ', '.join(found))
    templates = {'chat_template.json', 'chat_template.jinja'} & names
    if not templates and 'chat_template' not in settings.get('tokenizer_config.json', {}):
        yield Finding(BAD, 'chat template', 'chat_template.json is missing, and tokenizer_config.json has none')


def _listed(folder: ModelFolder, names: set[str], source: manifest.Manifest) -> Iterator[Finding]:
    """Compare sizes with the manifest; the hashes are left to ``manifest.verify``."""
    wrong = 0
    for entry in source.files:
        try:
            size = folder.size(entry.name)
            words = '' if size == entry.size else f'{entry.name} has {size} bytes, but {entry.size} were downloaded'
        except Unusable as error:
            words = str(error)
        if words:
            wrong += 1
            yield Finding(BAD, entry.name, words)
    for name in sorted(names - {entry.name.split('/')[0] for entry in source.files} - {manifest.FILE}):
        if name.endswith('.safetensors'):
            yield Finding(NOTE, name, 'did not come with this download')
    if not wrong:
        yield Finding(OK, manifest.FILE, str(source))
