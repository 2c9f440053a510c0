"""The command ``robobrain``: what can be had without writing code. Heavy imports wait until a command needs them."""

import argparse
import sys
from pathlib import Path
from typing import Any

from robobrain_ros import __version__
from robobrain_ros.engines.flaggems import CHOICES, Wanted
from robobrain_ros.errors import BrainError
from robobrain_ros.tasks import NAMES


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog='robobrain', description='RoboBrain 2.5 as a ROS 2 node')
    parser.add_argument('--version', action='version', version=__version__)
    commands = parser.add_subparsers(dest='command', required=True, metavar='COMMAND')

    demo = commands.add_parser('demo', help='simulated camera and node as separate processes, one question per task')
    demo.add_argument('--seed', type=int, default=1, help='which simulated table top (default: %(default)s)')
    demo.add_argument('--output', type=Path, default=Path('demo_output'), help='for pictures (default: %(default)s)')
    demo.add_argument(
        '--episodes',
        type=int,
        metavar='N',
        help='let the gripper do what was answered, N times; exit code 1: too seldom',
    )
    demo.set_defaults(run=_demo)

    ask = commands.add_parser('ask', help='one question about a picture, without ROS')
    ask.add_argument('instruction', help='what to look for or what to do, such as "the red mug"')
    ask.add_argument('--image', type=Path, required=True, help='any picture that OpenCV reads')
    ask.add_argument('--task', default='pointing', choices=NAMES, help='(default: %(default)s)')
    ask.add_argument('--model', type=Path, help='directory of a model (default: the tiny checkpoint that ships)')
    ask.add_argument('--output', type=Path, help='for the annotated picture (default: IMAGE_answer.png, here)')
    ask.set_defaults(run=_ask)

    up = commands.add_parser(
        'up',
        help='start the node and drive it to active, as the launch file does',
        description='Everything after -- goes to the node, such as --ros-args -p device:=cuda',
    )
    up.add_argument('--sim', action='store_true', help='with the simulated camera')
    up.add_argument('node_arguments', nargs='*', help=argparse.SUPPRESS)
    up.set_defaults(run=_up)

    doctor = commands.add_parser('doctor', help='what this host has, what is missing, and how to get it')
    doctor.add_argument('--model', type=Path, help='directory of a model (default: the tiny checkpoint that ships)')
    doctor.set_defaults(run=_doctor)

    evaluate = commands.add_parser('evaluate', help='how well the model sees the simulated table top')
    evaluate.add_argument('--scenes', type=int, default=50, help='seeded scenes (default: %(default)s)')
    evaluate.add_argument('--model', type=Path, help='directory of a model (default: the tiny checkpoint that ships)')
    evaluate.add_argument('--card', type=Path, help='README.md whose evaluation table to replace')
    evaluate.set_defaults(run=_evaluate)

    _add_gpu(commands)
    _add_bench(commands)
    _add_bag(commands)

    chosen = parser.parse_args(arguments)
    try:
        return chosen.run(chosen)
    except (BrainError, RuntimeError, ValueError) as error:
        print(f'robobrain {chosen.command}: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _add_gpu(commands: Any) -> None:
    tune = commands.add_parser('tune', help='fill the caches of compiled kernels, so that the next start is quick')
    parity = commands.add_parser('parity', help='compare answers with FlagGems, or other numbers, to the native ones')
    for parser in (tune, parity):
        parser.add_argument('--model', type=Path, help='directory of a model (default: the tiny checkpoint)')
        parser.add_argument('--flaggems', default='off', choices=[*CHOICES[:-1]], help='profile (default: %(default)s)')
        parser.add_argument('--quantization', default='none', help='none or fp8 (default: %(default)s)')
    tune.add_argument('--image-size', type=_size, default=(640, 480), metavar='WxH', help='(default: 640x480)')
    tune.set_defaults(run=_tune, flaggems='auto')  # as the node
    parity.add_argument('--dtype', default='auto', help='of the variant (default: %(default)s, as the native one)')
    parity.add_argument('--scenes', type=int, default=20, help='simulated table tops (default: %(default)s)')
    parity.add_argument('--output', type=Path, help='for the figures, as JSON')
    parity.set_defaults(run=_parity)


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition('x')
    return int(width), int(height)


def _tune(chosen: argparse.Namespace) -> int:
    from robobrain_ros.bench.tune import run
    from robobrain_ros.engines.base import EngineConfig
    from robobrain_ros.parameters import TINY_MODEL

    config = EngineConfig(
        chosen.model or TINY_MODEL, quantization=chosen.quantization, flaggems=Wanted(chosen.flaggems)
    )
    return run(config, chosen.image_size)


def _parity(chosen: argparse.Namespace) -> int:
    from dataclasses import replace

    from robobrain_ros.bench.parity import run
    from robobrain_ros.engines.base import EngineConfig
    from robobrain_ros.parameters import TINY_MODEL

    native = EngineConfig(chosen.model or TINY_MODEL, flaggems=Wanted('off'))
    variant = replace(native, dtype=chosen.dtype, quantization=chosen.quantization, flaggems=Wanted(chosen.flaggems))
    if variant == native:
        raise ValueError('nothing to compare: say --flaggems, --dtype or --quantization')
    return run(native, variant, chosen.scenes, chosen.output)


def _add_bag(commands: Any) -> None:
    bag = commands.add_parser(
        'bag', help='recordings (rosbag2): make one of the simulated camera, replay any of a camera'
    )
    kinds = bag.add_subparsers(dest='kind', required=True, metavar='KIND')

    record = kinds.add_parser('record', help='record the simulated camera, and the questions of the demo')
    record.add_argument('--seconds', type=float, default=10, help='(default: %(default)s)')
    record.add_argument('--seed', type=int, default=1, help='which simulated table top (default: %(default)s)')
    record.add_argument('--output', type=Path, default=Path('tabletop_bag'), help='new folder (default: %(default)s)')
    record.set_defaults(run=_bag_record)

    replay = kinds.add_parser(
        'replay',
        help='play a recording to the node and write its answers; exit code 1: not those of --expect',
    )
    replay.add_argument('bag', type=Path, help='rosbag2 folder, or one of its files (.mcap, .db3)')
    replay.add_argument('--image', default='', help='its topic of colour images (default: the only one)')
    replay.add_argument('--depth-image', default='', help='its topic of depth images (default: the only one, or none)')
    replay.add_argument(
        '--camera-info', default='', help='its topic of intrinsics (default: the one beside the images)'
    )
    replay.add_argument(
        '--ask', action='append', default=[], metavar='TEXT', help='"TASK: INSTRUCTION", instead of the recorded ones'
    )
    replay.add_argument('--output', type=Path, default=Path('answers.jsonl'), help='(default: %(default)s)')
    replay.add_argument('--expect', type=Path, metavar='JSONL', help='answers of an earlier replay to compare with')
    replay.add_argument('--pixels', type=float, default=2, help='tolerance of --expect (default: %(default)s)')
    replay.add_argument('--metres', type=float, default=0.01, help='tolerance of --expect (default: %(default)s)')
    replay.add_argument('--params-file', type=Path, help='parameters of the node, as for ros2 run (default: its own)')
    replay.set_defaults(run=_bag_replay)


def _bag_record(chosen: argparse.Namespace) -> int:
    from robobrain_ros.bags.record import run

    return run(chosen.seconds, chosen.seed, chosen.output)


def _bag_replay(chosen: argparse.Namespace) -> int:
    from robobrain_ros.bags.answers import Tolerance
    from robobrain_ros.bags.recording import CameraTopics
    from robobrain_ros.bags.replay import run

    camera = CameraTopics(chosen.image, chosen.depth_image, chosen.camera_info)
    tolerance = Tolerance(chosen.pixels, chosen.metres)
    return run(chosen.bag, camera, chosen.ask, chosen.output, chosen.expect, tolerance, chosen.params_file)


def _add_bench(commands: Any) -> None:
    bench = commands.add_parser('bench', help='measure the running node against its promises; exit code 1: missed')
    kinds = bench.add_subparsers(dest='kind', required=True, metavar='KIND')

    transport = kinds.add_parser('transport', help='what listening to a 1080p30 camera costs, and the first frame')
    transport.add_argument('--seconds', type=float, default=20, help='for each subscriber (default: %(default)s)')
    transport.add_argument('--requests', type=int, default=10, help='for the first frame (default: %(default)s)')
    transport.set_defaults(run=_bench_transport)

    soak = kinds.add_parser('soak', help='whether the memory of the node grows under continuous requests')
    soak.add_argument('--minutes', type=float, default=10, help='(default: %(default)s)')
    soak.set_defaults(run=_bench_soak)

    faults = kinds.add_parser('faults', help='kill the engine under load, and see that everything comes to an end')
    faults.add_argument('--kills', type=int, default=20, help='(default: %(default)s)')
    faults.set_defaults(run=_bench_faults)

    for kind, paths, text in (
        ('engine', 'engine,vllm,server,reference', 'time to an answer: this engine beside other ways to run the model'),
        ('node', 'engine,node', 'time from an image message to the answer message, beside the engine alone'),
    ):
        speed = kinds.add_parser(kind, help=text)
        speed.add_argument('--model', type=Path, help='directory of a model (default: the tiny checkpoint that ships)')
        speed.add_argument('--device', default='auto', choices=('auto', 'cpu', 'cuda'), help='(default: %(default)s)')
        speed.add_argument('--image-size', default='640x480', help='WIDTHxHEIGHT, pixels (default: %(default)s)')
        speed.add_argument('--repetitions', type=int, default=20, help='of each question (default: %(default)s)')
        speed.add_argument(
            '--paths', default=paths, help='any of engine,node,vllm,server,reference (default: %(default)s)'
        )
        speed.add_argument('--output', type=Path, default=Path('bench_output'), help='folder (default: %(default)s)')
        speed.set_defaults(run=_bench_engine)


def _bench_transport(chosen: argparse.Namespace) -> int:
    from robobrain_ros.bench.transport import run

    return run(chosen.seconds, chosen.requests)


def _bench_soak(chosen: argparse.Namespace) -> int:
    from robobrain_ros.bench.soak import run

    return run(chosen.minutes)


def _bench_faults(chosen: argparse.Namespace) -> int:
    from robobrain_ros.bench.faults import run

    return run(chosen.kills)


def _bench_engine(chosen: argparse.Namespace) -> int:
    from robobrain_ros.bench.engine import run
    from robobrain_ros.parameters import TINY_MODEL

    return run(
        chosen.model or TINY_MODEL,
        chosen.device,
        chosen.image_size,
        chosen.repetitions,
        chosen.paths.split(','),
        chosen.output,
    )


def _demo(chosen: argparse.Namespace) -> int:
    from robobrain_ros.demo import run, run_episodes

    if chosen.episodes is None:
        return run(chosen.seed, chosen.output)
    if chosen.episodes < 1:
        raise ValueError(f'--episodes is {chosen.episodes}, but must be at least 1')
    return run_episodes(chosen.episodes, chosen.seed, chosen.output)


def _ask(chosen: argparse.Namespace) -> int:
    from robobrain_ros.picture import ask

    return ask(chosen.image, chosen.task, chosen.instruction, chosen.model, chosen.output)


def _evaluate(chosen: argparse.Namespace) -> int:
    from robobrain_ros.evaluation.tabletop import run

    return run(chosen.scenes, chosen.model, chosen.card)


def _doctor(chosen: argparse.Namespace) -> int:
    from robobrain_ros.doctor import run
    from robobrain_ros.parameters import TINY_MODEL

    return run(chosen.model or TINY_MODEL)


def _up(chosen: argparse.Namespace) -> int:
    from robobrain_ros.stack import up

    return up(chosen.node_arguments, chosen.sim)


if __name__ == '__main__':
    sys.exit(main())
