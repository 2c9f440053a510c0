# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The command ``robobrain model check``: whether a model's folder is whole, and what was downloaded."""

import argparse
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Any

from robobrain_ros import checkpoints
from robobrain_ros.commands.arguments import WITH_EXAMPLES, takes_files
from robobrain_ros.commands.output import Rows, results
from robobrain_ros.weights import integrity, manifest
from robobrain_ros.weights.folder import ModelFolder
from robobrain_ros.weights.hubs import DEFAULT_REPO
from robobrain_ros.weights.integrity import BAD, NOTE, OK, Finding, Report

STYLES = {OK: '', NOTE: 'yellow', BAD: 'red'}
EXAMPLES = """\
examples:
  robobrain model check /models/RoboBrain2.5-8B            under a second
  robobrain model check --hashes /models/RoboBrain2.5-8B   reads all files, a minute

exit codes:
  0    nothing is missing or damaged, as far as was looked
  1    something is: each line that begins with "bad"
  2    the command line is wrong"""


def add(commands: Any) -> None:
    """Add the command ``model`` to ``commands``, argparse's subparsers."""
    model = commands.add_parser('model', help='check the files of a model')
    kinds = model.add_subparsers(dest='kind', required=True, metavar='KIND')
    check = kinds.add_parser(
        'check',
        help='is a folder of model files whole? exit code 1: no',
        description='Check the files of a model without loading them: index and shards, the arithmetic of their '
        'headers, pointers left by git-lfs, architecture, tokenizer, image processor. Needs neither torch nor a GPU.',
        epilog=EXAMPLES,
        formatter_class=WITH_EXAMPLES,
    )
    folder = check.add_argument(
        'model', type=checkpoints.directory, metavar='DIR', help='folder of a model, or tiny: the one that ships'
    )
    takes_files(folder)
    check.add_argument(
        '--hashes', action='store_true', help=f"compare each file's sha256 with {manifest.FILE}, made by the download"
    )
    check.add_argument('--json', action='store_true', help='print the findings as JSON; the table goes to stderr')
    check.set_defaults(run=_check)


def _check(chosen: argparse.Namespace) -> int:
    with results(chosen.json) as tell:
        report = integrity.check(chosen.model)
        if chosen.hashes:
            report = hashed(report, chosen.model)
        show(report, chosen.model)
        tell(to_dict(report, chosen.model))
    return 0 if report.whole else 1


def hashed(report: Report, model: Path) -> Report:
    """Return a report with what the hashes of all files say; reads all files, and shows how far it is.

    :param report: what ``integrity.check`` found
    """
    from robobrain_ros.commands.progress_bar import Progress

    if report.origin is None:
        words = 'missing or unusable, so there is nothing to compare hashes with; robobrain download makes it'
        return Report((*report.findings, Finding(BAD, manifest.FILE, words)), None)
    total = sum(entry.size for entry in report.origin.files)
    done = 0
    with Progress('sha256', total / 1e6, 'MB', lines=total > 1e9) as progress:

        def advance(size: int) -> None:
            nonlocal done
            done += size
            progress.reach(done / 1e6)

        faults = [
            Finding(BAD, manifest.FILE, words)
            for words in manifest.verify(ModelFolder(model), report.origin, advance)
            if words not in {finding.words for finding in report.findings}
        ]
    if not faults and report.whole:
        faults = [Finding(OK, 'sha256', f'{len(report.origin.files)} files are as they were downloaded')]
    return Report((*report.findings, *faults), report.origin)


def show(report: Report, model: Path) -> None:
    """Print a report as a table, and what to do about what is bad."""
    rows = Rows({'': 5, 'file': 26, 'finding': None})
    for grade, file, words in report.findings:
        rows.add(grade, file, words, style=STYLES[grade])
    if report.whole:
        return
    if model == checkpoints.TINY_MODEL:
        print('\nThe tiny checkpoint is a part of this package, and no download: install the package again')
    elif report.origin:
        again = report.origin.command(model)
        print(f'\nWhat is bad can be downloaded again; files that are right are kept:\n  {again}')
    else:
        print(
            '\nWhat is bad can be downloaded again, if the model came from a hub; files that are right are kept.\n'
            f'Say from which repository, in place of REPO ({DEFAULT_REPO} is the release):\n'
            f'  robobrain download REPO --to {shlex.quote(str(model))}'
        )


def to_dict(report: Report, model: Path) -> dict[str, Any]:
    """Return a report for programs."""
    origin = asdict(report.origin) | {'digest': report.origin.digest} if report.origin else None
    return {
        'model': str(model),
        'whole': report.whole,
        'findings': [finding._asdict() for finding in report.findings],
        'manifest': origin,
    }
