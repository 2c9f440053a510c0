"""The command ``robobrain``: what can be had without writing code. Heavy imports wait until a command needs them."""

import argparse
import sys
from pathlib import Path

from robobrain_ros import __version__
from robobrain_ros.bags import commands as bags
from robobrain_ros.bench import commands as bench
from robobrain_ros.commands.arguments import positive
from robobrain_ros.errors import BrainError
from robobrain_ros.tasks import NAMES, TASKS, task_name


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code; 1, and a line on stderr, where it fails as expected.

    :param arguments: what follows ``robobrain``; None: this process's own
    """
    parser = argparse.ArgumentParser(prog='robobrain', description='RoboBrain 2.5 as a ROS 2 node')
    parser.add_argument('--version', action='version', version=__version__)
    commands = parser.add_subparsers(dest='command', required=True, metavar='COMMAND')

    demo = commands.add_parser('demo', help='simulated camera and node as separate processes, one question per task')
    demo.add_argument('--seed', type=int, default=1, help='which simulated table top (default: %(default)s)')
    demo.add_argument('--output', type=Path, default=Path('demo_output'), help='for pictures (default: %(default)s)')
    demo.add_argument(
        '--episodes',
        type=positive(int),
        metavar='N',
        help='let the gripper do what was answered, N times; exit code 1: too seldom',
    )
    demo.set_defaults(run=_demo)

    ask = commands.add_parser('ask', help='one question about a picture, without ROS')
    ask.add_argument('instruction', help='what to look for or what to do, such as "the red mug"')
    ask.add_argument('--image', type=Path, required=True, help='any picture that OpenCV reads')
    ask.add_argument('--task', default='pointing', type=task_name, choices=NAMES, help='(default: %(default)s)')
    ask.add_argument('--model', type=Path, help='directory of a model (default: the tiny checkpoint that ships)')
    ask.add_argument('--output', type=Path, help='for the annotated picture (default: IMAGE_answer.png, here)')
    ask.set_defaults(run=_ask)

    up = commands.add_parser(
        'up',
        help='start the node and drive it to active, as the launch file does',
        description='Everything after -- goes to the node, such as --ros-args -p device:=cuda',
    )
    up.add_argument('--sim', action='store_true', help='with the simulated camera')
    up.add_argument('node_arguments', nargs='*', metavar='-- NODE_ARGUMENTS', help='of the node')
    up.set_defaults(run=_up)

    doctor = commands.add_parser('doctor', help='what this host has, what is missing, and how to get it')
    doctor.add_argument('--model', type=Path, help='directory of a model (default: the tiny checkpoint that ships)')
    doctor.set_defaults(run=_doctor)

    evaluate = commands.add_parser('evaluate', help='how well the model sees the simulated table top')
    evaluate.add_argument('--scenes', type=positive(int), default=50, help='seeded scenes (default: %(default)s)')
    evaluate.add_argument('--model', type=Path, help='directory of a model (default: the tiny checkpoint that ships)')
    part = evaluate.add_mutually_exclusive_group()
    part.add_argument('--card', type=Path, help='README.md whose evaluation table to replace')
    part.add_argument(
        '--task', type=task_name, choices=TASKS, help='ask the questions of this task alone (default: of all)'
    )
    evaluate.set_defaults(run=_evaluate)

    bench.add(commands)
    bags.add(commands)

    chosen = parser.parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except (BrainError, RuntimeError, ValueError) as error:
        words = str(error)
    except OSError as error:
        words = f"cannot use '{error.filename}': {error.strerror}" if error.filename else str(error)
    except ImportError as error:
        words = (
            f'{error}: source a ROS 2 and the workspace of this package, or use ./run exec robobrain, which installs '
            'what is needed; robobrain doctor says what is missing'
        )
    except KeyboardInterrupt:
        return 130
    print(f'{_name(chosen)}: {words}', file=sys.stderr)
    return 1


def _name(chosen: argparse.Namespace) -> str:
    """Return the command in full, such as ``robobrain bag replay``."""
    return ' '.join(['robobrain', chosen.command, *([chosen.kind] if 'kind' in chosen else [])])


def _demo(chosen: argparse.Namespace) -> int:
    from robobrain_ros.commands.demo import run, run_episodes

    if chosen.episodes is None:
        return run(chosen.seed, chosen.output)
    return run_episodes(chosen.episodes, chosen.seed, chosen.output)


def _ask(chosen: argparse.Namespace) -> int:
    from robobrain_ros.commands.ask import ask

    return ask(chosen.image, chosen.task, chosen.instruction, chosen.model, chosen.output)


def _evaluate(chosen: argparse.Namespace) -> int:
    from robobrain_ros.evaluation.tabletop import run

    return run(chosen.scenes, chosen.model, chosen.card, chosen.task)


def _doctor(chosen: argparse.Namespace) -> int:
    from robobrain_ros.checkpoints import TINY_MODEL
    from robobrain_ros.commands.doctor import run

    return run(chosen.model or TINY_MODEL)


def _up(chosen: argparse.Namespace) -> int:
    from robobrain_ros.commands.local_stack import up

    return up(chosen.node_arguments, chosen.sim)


if __name__ == '__main__':
    sys.exit(main())
