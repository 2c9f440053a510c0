# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The commands ``robobrain bench``, ``tune`` and ``parity``: their options. Heavy imports wait until one runs."""

import argparse
from pathlib import Path
from typing import Any

from robobrain_ros.commands.arguments import add_model, image_size, positive
from robobrain_ros.commands.output import results
from robobrain_ros.engines.vllm.config import DECODE_KERNELS, DTYPES, QUANTIZATIONS
from robobrain_ros.engines.vllm.flaggems import CHOICES, FlagGemsSettings


def add(commands: Any) -> None:
    """Add ``bench``, ``tune`` and ``parity`` to ``commands``, argparse's subparsers."""
    _add_gpu(commands)
    bench = commands.add_parser('bench', help='measure the running node against its promises; exit code 1: missed')
    kinds = bench.add_subparsers(dest='kind', required=True, metavar='KIND')

    transport = kinds.add_parser('transport', help='what listening to a 1080p30 camera costs, and the first frame')
    transport.add_argument(
        '--seconds', type=positive(float), default=20, help='for each subscriber (default: %(default)s)'
    )
    transport.add_argument(
        '--requests', type=positive(int), default=10, help='for the first frame (default: %(default)s)'
    )
    transport.set_defaults(run=_transport)

    soak = kinds.add_parser('soak', help='whether the memory of the node grows under continuous requests')
    soak.add_argument('--minutes', type=positive(float), default=10, help='(default: %(default)s)')
    soak.set_defaults(run=_soak)

    faults = kinds.add_parser('faults', help='kill the engine under load, and see that everything comes to an end')
    faults.add_argument('--kills', type=positive(int), default=20, help='(default: %(default)s)')
    faults.set_defaults(run=_faults)

    for kind, paths, text in (
        ('engine', 'engine,vllm,server,reference', 'time to an answer: this engine beside other ways to run the model'),
        ('node', 'engine,node', 'time from an image message to the answer message, beside the engine alone'),
    ):
        speed = kinds.add_parser(kind, help=text)
        add_model(speed)
        speed.add_argument('--device', default='auto', choices=('auto', 'cpu', 'cuda'), help='(default: %(default)s)')
        speed.add_argument(
            '--image-size', type=image_size, default='640x480', metavar='WxH', help='(default: %(default)s)'
        )
        speed.add_argument(
            '--repetitions', type=positive(int), default=20, help='of each question (default: %(default)s)'
        )
        speed.add_argument(
            '--paths',
            default=paths,
            help='any of engine,node,vllm,server,http,reference, of the variants of the engine '
            'fp8,safe,gemm,full,off,tp2, and of chats0,chats1,chats8: with HTTP clients beside (default: %(default)s)',
        )
        speed.add_argument('--output', type=Path, default=Path('bench_output'), help='folder (default: %(default)s)')
        speed.set_defaults(run=_engine)
    for parser in kinds.choices.values():
        parser.add_argument('--json', action='store_true', help='print the figures as JSON; all else goes to stderr')


def _add_gpu(commands: Any) -> None:
    tune = commands.add_parser('tune', help='fill the caches of compiled kernels, so that the next start is quick')
    parity = commands.add_parser('parity', help='compare answers with FlagGems, or other numbers, to the native ones')
    for parser in (tune, parity):
        add_model(parser)
        parser.add_argument('--flaggems', default='off', choices=[*CHOICES[:-1]], help='profile (default: %(default)s)')
        parser.add_argument('--quantization', default='none', choices=QUANTIZATIONS, help='(default: %(default)s)')
    tune.add_argument('--image-size', type=image_size, default='640x480', metavar='WxH', help='(default: %(default)s)')
    tune.set_defaults(run=_tune, flaggems='auto')  # as the node
    parity.add_argument(
        '--dtype', default='auto', choices=DTYPES, help='of the variant (default: %(default)s, as the native one)'
    )
    parity.add_argument(
        '--decode-kernels', default='auto', choices=DECODE_KERNELS, help='of the variant (default: %(default)s)'
    )
    parity.add_argument('--scenes', type=positive(int), default=20, help='simulated table tops (default: %(default)s)')
    parity.add_argument('--output', type=Path, help='for the figures, as JSON')
    parity.set_defaults(run=_parity)


def _tune(chosen: argparse.Namespace) -> int:
    from robobrain_ros.bench.tune import run
    from robobrain_ros.engines.vllm.config import EngineConfig

    config = EngineConfig(chosen.model, quantization=chosen.quantization, flaggems=FlagGemsSettings(chosen.flaggems))
    return run(config, chosen.image_size)


def _parity(chosen: argparse.Namespace) -> int:
    from dataclasses import replace

    from robobrain_ros.bench.parity import run
    from robobrain_ros.engines.vllm.config import EngineConfig
    from robobrain_ros.engines.vllm.launch import runs_on_cpu

    native = EngineConfig(chosen.model, flaggems=FlagGemsSettings('off'), decode_kernels='off')
    other = replace(
        native, dtype=chosen.dtype, quantization=chosen.quantization, flaggems=FlagGemsSettings(chosen.flaggems)
    )
    variant = replace(other, decode_kernels=chosen.decode_kernels)
    if variant == native or (other == native and runs_on_cpu(native)):  # where there are no kernels of our own
        raise ValueError('nothing to compare: say --flaggems, --dtype or --quantization')
    if chosen.output and not chosen.output.parent.is_dir():  # complain now, not after both engines ran
        raise ValueError(f"cannot write '{chosen.output}'; the folder must exist")
    return run(native, variant, chosen.scenes, chosen.output)


def _transport(chosen: argparse.Namespace) -> int:
    from robobrain_ros.bench.transport import run

    with results(chosen.json) as tell:
        return run(chosen.seconds, chosen.requests, tell)


def _soak(chosen: argparse.Namespace) -> int:
    from robobrain_ros.bench.soak import run

    with results(chosen.json) as tell:
        return run(chosen.minutes, tell)


def _faults(chosen: argparse.Namespace) -> int:
    from robobrain_ros.bench.faults import run

    with results(chosen.json) as tell:
        return run(chosen.kills, tell)


def _engine(chosen: argparse.Namespace) -> int:
    from robobrain_ros.bench.engine import run

    with results(chosen.json) as tell:
        return run(
            chosen.model,
            chosen.device,
            chosen.image_size,
            chosen.repetitions,
            chosen.paths.split(','),
            chosen.output,
            tell,
        )
