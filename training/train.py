# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``python -m training.train --run DIR``: renders and learns at once, and saves every two minutes.

DIR/checkpoint is the averaged model as a folder for transformers and vLLM, DIR/state.pt what ``--resume`` goes on from,
DIR/report.json the learning curve with the success on held-out scenes, DIR/examples.txt answers in words. The learning
rate falls in the last ``--decay`` of the time.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer

from robobrain_ros.commands.progress_bar import Progress
from training.buffer import Loader, Ring
from training.config import STATIC, Sizes
from training.episodes import EPISODE
from training.export import export
from training.learner import Learner, Recipe, decay
from training.progress_scores import follow, measure
from training.render import FIRST_HELD_OUT_SEED, FIRST_TRAINING_SEED
from training.scores import evaluate


class Run:
    """One training in a time box."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.born = options, time.monotonic()
        self.folder: Path = options.run
        self.folder.mkdir(parents=True, exist_ok=True)
        self.device = 'cuda' if torch.cuda.is_available() else 'cpu'
        self._tokenizer = Tokenizer.from_file(str(STATIC / 'tokenizer.json'))
        self.sizes, self.recipe = _dimensions(options)
        self.scenes = Ring(options.capacity, self.device)
        self.held_out = Ring(options.held_out, self.device)
        self.episodes = Ring(options.episodes, self.device, EPISODE)
        self.held_out_episodes = Ring(options.held_out_episodes, self.device, EPISODE)
        self.learner = self._learner(bool(options.compile))
        self.curve: list[dict[str, Any]] = []

    def _learner(self, compiled: bool) -> Learner:
        def encode(text: str) -> list[int]:
            return self._tokenizer.encode(text).ids

        return Learner(self.sizes, self.recipe, encode, self.device, self.options.seed, compiled)

    def say(self, text: str) -> None:
        """Print a line of the log, with seconds since the start."""
        print(f'[{time.monotonic() - self.born:6.1f}] {text}', flush=True)

    def go(self) -> None:
        """Render, learn and save; blocks until the time is up."""
        options = self.options
        renderers = self._start_renderers()
        loaders = [
            Loader(self.folder / 'scenes', self.scenes, options.burst, options.trickle),
            Loader(self.folder / 'held_out', self.held_out, options.held_out, 0.0),
            Loader(self.folder / 'episodes', self.episodes, options.episodes, options.episode_trickle),
            Loader(self.folder / 'held_out_episodes', self.held_out_episodes, options.held_out_episodes, 0.0),
        ]
        try:
            for loader in loaders:
                loader.start()
            self._begin()
            self._wait_for(loaders, renderers)
            # without a terminal, the lines of the log say how far it is
            with Progress('training', 60 * options.minutes, 's', lines=False) as progress:
                self._learn(loaders, renderers, progress)
        finally:
            for renderer in renderers:
                renderer.terminate()
            for loader in loaders:
                loader.stop()
        self.publish(options.held_out)

    def _start_renderers(self) -> list[subprocess.Popen[bytes]]:
        options = self.options
        environment = {**os.environ, 'OMP_NUM_THREADS': '1'}

        def start(*arguments: str) -> subprocess.Popen[bytes]:
            command = [sys.executable, '-m', 'training.render', *arguments]
            return subprocess.Popen(command, env=environment)

        for old in self.folder.glob('*/*.npy'):
            old.unlink()
        renderers = []
        by_kind = {'scenes': options.renderers - options.episode_renderers, 'episodes': options.episode_renderers}
        for kind, number in by_kind.items():
            switch = ['--episodes'] if kind == 'episodes' else []
            shard = options.shard if kind == 'scenes' else max(options.shard // 8, 1)
            wanted = options.held_out if kind == 'scenes' else options.held_out_episodes
            folder = self.folder / ('held_out' if kind == 'scenes' else 'held_out_episodes')
            held_out = ['--to', str(folder), '--held-out', '--scenes', str(wanted), '--pending', '1000']
            renderers.append(start(*switch, *held_out, '--shard', str(shard), '--first', str(FIRST_HELD_OUT_SEED)))
            for index in range(number):
                seed = FIRST_TRAINING_SEED + options.skip_seeds + index
                training = ['--to', str(self.folder / kind), '--stride', str(number), '--shard', str(shard)]
                renderers.append(start(*switch, *training, '--first', str(seed)))
        return renderers

    def _begin(self) -> None:
        options = self.options
        if options.resume:
            self.learner.load(options.resume / 'state.pt')
            self.curve = json.loads((options.resume / 'report.json').read_text())['curve']
            self.say(f'goes on from step {self.learner.step_number}')
        elif options.init:
            self.learner.begin_from({name: value.float() for name, value in load_file(options.init).items()})
            self.say(f'begins from {options.init}')

    def _wait_for(self, loaders: list[Loader], renderers: list[subprocess.Popen[bytes]]) -> None:
        least = self.options.least
        while len(self.scenes) < least or len(self.episodes) < least // 16:
            _check(loaders, renderers)
            if time.monotonic() - self.born > 120:
                raise SystemExit(f'only {self._drawn()} after 120 s; the renderers say why, above')
            time.sleep(0.05)
        self.say(f'{self._drawn()}: learning begins on {self.device}')

    def _drawn(self) -> str:
        return f'{len(self.scenes)} scenes and {len(self.episodes)} episodes'

    def _learn(self, loaders: list[Loader], renderers: list[subprocess.Popen[bytes]], progress: Progress) -> None:
        options = self.options
        if options.compile:
            self._choose_forward()
        started = logged = published = time.monotonic()
        end = started + 60 * options.minutes
        first = last = self.learner.step_number
        rendered, number = self.scenes.written, 0
        while (now := time.monotonic()) < end and number < options.steps:
            factor = decay((now - started) / (end - started), options.decay)
            losses = self.learner.step(self.scenes, factor, self.episodes)
            number = self.learner.step_number - first
            if number == 1 or number % 20 == 0:
                losses.tolist()  # keeps the queue short
                progress.reach(min(now - started, 60 * options.minutes))
            if now - logged > options.log_seconds or number == 1:
                _check(loaders, renderers)
                spent, steps = max(now - logged, 1e-6), self.learner.step_number - last
                values = [round(value, 4) for value in losses.tolist()]
                per_step = self.recipe.images * (self.recipe.short + self.recipe.long)
                self.say(
                    f'step {self.learner.step_number} short {values[0]:.3f} long {values[1]:.3f} '
                    f'dense {values[2]:.3f} progress {values[3]:.3f} {values[4]:.4f} rate x{factor:.2f} | '
                    f'{steps / spent:.1f} steps/s '
                    f'{steps * per_step / spent:.0f} questions/s | {len(self.scenes)} scenes, '
                    f'{(self.scenes.written - rendered) / spent:.0f} new/s, {self.episodes.written} episodes | '
                    f'skipped {int(self.learner.skipped)} | '
                    f'{(end - now) / 60:.1f} min left'
                )
                self.curve.append(
                    {
                        'step': self.learner.step_number,
                        'seconds': round(now - self.born),
                        'losses': values,
                        'scenes': self.scenes.written,
                        'episodes': self.episodes.written,
                    }
                )
                logged, last, rendered = now, self.learner.step_number, self.scenes.written
            if now - published > options.publish_seconds:
                self.publish(min(64, options.held_out))
                published = time.monotonic()

    def _choose_forward(self) -> None:
        """Take the compiled layers if torch can make them here and they are faster. All steps on the way count."""
        learner, compiled = self.learner, self.learner.forward
        learner.forward = learner.plain
        plain_time = self._time_steps()
        learner.forward = compiled
        try:
            learner.step(self.scenes, 1.0, self.episodes).tolist()
            compiled_time = self._time_steps()
        except Exception as error:  # the compiler, its tools or its kernels: all there is to lose is speed
            self.say(f'compiled layers fail: {error!r:.300}')
            compiled_time = float('inf')
            learner.optimizer.zero_grad(set_to_none=True)
        if compiled_time > plain_time:
            learner.forward = learner.plain
        self.say(f'ms per step: plain {1000 * plain_time:.1f}, compiled {1000 * compiled_time:.1f}')

    def _time_steps(self, number: int = 12) -> float:
        for warm in (True, False):
            began = time.monotonic()
            for _ in range(3 if warm else number):
                losses = self.learner.step(self.scenes, 1.0, self.episodes)
            losses.tolist()
        return (time.monotonic() - began) / number

    def publish(self, scenes: int) -> None:
        """Evaluate, and write checkpoint, state and report."""
        began = time.monotonic()
        learner = self.learner
        export(learner.weights(), self.sizes, self.folder / 'checkpoint')
        learner.save(self.folder / 'state.pt')
        rounded = {name: value.to(torch.bfloat16).to(learner.plain.dtype) for name, value in learner.weights().items()}

        def decode(ids: list[int]) -> str:
            return self._tokenizer.decode(ids, skip_special_tokens=True).strip()

        success, examples = evaluate(learner.plain, rounded, self.held_out, decode, scenes)
        self._say_figures(success)
        if len(self.held_out_episodes):
            asked = (learner.comparison, learner.answers, self.held_out_episodes)
            followed = measure(follow(learner.plain, rounded, *asked, decode, scenes // 2))
            self._say_figures(followed)
            success |= followed
        entry = {'step': learner.step_number, 'seconds': round(time.monotonic() - self.born), 'success': success,
                 'scenes': self.scenes.written, 'held_out_scenes': min(scenes, len(self.held_out))}  # fmt: skip
        self.curve.append(entry)
        report = {'recipe': vars(self.recipe), 'sizes': vars(self.sizes), 'curve': self.curve}
        (self.folder / 'report.json').write_text(json.dumps(report, indent=1))
        lines = [f'{one.kind} | {one.question!r} | right {one.right!r} | given {one.given!r}' for one in examples]
        (self.folder / 'examples.txt').write_text('\n'.join(lines[:400]) + '\n')
        self.say(f'published in {time.monotonic() - began:.1f} s')

    def _say_figures(self, figures: dict[str, float]) -> None:
        self.say('held out: ' + '  '.join(f'{key} {100 * value:.1f}' for key, value in figures.items()))


def _check(loaders: list[Loader], renderers: list[subprocess.Popen[bytes]]) -> None:
    for loader in loaders:
        if loader.error:
            raise RuntimeError('scenes cannot be loaded') from loader.error
    if all(renderer.poll() not in (None, 0) for renderer in renderers):
        raise SystemExit('every renderer has failed; what they said is above')


def _dimensions(options: argparse.Namespace) -> tuple[Sizes, Recipe]:
    recipe = Recipe(rate=options.rate, images=options.images)
    if not options.small:
        return Sizes(), recipe
    small = Sizes(vision_width=64, vision_depth=2, vision_heads=2, vision_inner=96, grid=8, deepstack=(0,), width=64,
                  depth=2, heads=2, kv_heads=1, inner=64)  # fmt: skip
    return small, Recipe(rate=options.rate, images=options.images, short=4, long=2, warm_up=5, episodes=1, pairs=3)


def main() -> None:
    """Run the training that the command line describes; blocks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--run', type=Path, required=True, help='folder of this training')
    parser.add_argument('--minutes', type=float, default=7.3, help='of learning (default: %(default)s)')
    parser.add_argument('--steps', type=int, default=10**9, help='stop after so many')
    parser.add_argument('--resume', type=Path, help='folder of an earlier run: its state.pt and report.json')
    parser.add_argument('--init', type=Path, help='model.safetensors to begin from')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--skip-seeds', type=int, default=0, help='scene seeds that an earlier run has used')
    parser.add_argument('--renderers', type=int, default=14, help='processes (default: %(default)s)')
    parser.add_argument('--episode-renderers', type=int, default=6, help='of these for episodes (default: %(default)s)')
    parser.add_argument('--capacity', type=int, default=48_000, help='scenes kept, 0.6 MB each (default: %(default)s)')
    parser.add_argument('--episodes', type=int, default=3_000, help='episodes kept, 5.9 MB each (default: %(default)s)')
    parser.add_argument('--episode-trickle', type=float, default=30, help='a second, once so many are there')
    parser.add_argument('--held-out-episodes', type=int, default=192, help='to evaluate on (default: %(default)s)')
    parser.add_argument('--burst', type=int, default=40_000, help='scenes drawn at full speed (default: %(default)s)')
    parser.add_argument('--trickle', type=float, default=120, help='scenes a second after that (default: %(default)s)')
    parser.add_argument('--least', type=int, default=1024, help='scenes to begin with (default: %(default)s)')
    parser.add_argument('--held-out', type=int, default=384, help='scenes to evaluate on (default: %(default)s)')
    parser.add_argument('--shard', type=int, default=32, help='scenes in a file (default: %(default)s)')
    parser.add_argument('--images', type=int, default=64, help='images in a batch (default: %(default)s)')
    parser.add_argument('--rate', type=float, default=1.5e-3, help='learning rate (default: %(default)s)')
    parser.add_argument('--decay', type=float, default=0.25, help='share of the time with a falling rate')
    parser.add_argument('--publish-seconds', type=float, default=120)
    parser.add_argument('--log-seconds', type=float, default=10)
    parser.add_argument('--compile', type=int, default=0, help='1: let torch compile the layers')
    parser.add_argument('--small', action='store_true', help='a network for tests')
    Run(parser.parse_args()).go()


if __name__ == '__main__':
    main()
