"""``robobrain ask``: one question about one picture, without ROS."""

from pathlib import Path

from robobrain_ros.answer import Answer, GroundedStep, StepStatus
from robobrain_ros.brain import image_files, mission, overlay
from robobrain_ros.brain.brain import Brain
from robobrain_ros.brain.frame import Frame
from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.errors import BadRequest
from robobrain_ros.tasks.profiles import detect_profile


def ask(path: Path, task: str, instruction: str, model: Path | None, output: Path | None) -> int:
    """Print the answer, write the annotated picture; blocks while the engine starts.

    :param output: where the picture goes; None: beside the current folder's files, as NAME_answer.png
    :returns: the exit code: 0 if the answer can be used, else 1
    :raises BrainError: for what can be seen to be wrong before the engine starts
    """
    frame = Frame.of(path)
    directory = model or TINY_MODEL
    try:
        profile = detect_profile(directory)
    except ValueError as error:
        raise BadRequest(str(error)) from error
    # complain now, not after the engine's start
    mission.check(task, instruction, profile)
    target = output or Path(f'{path.stem}_answer.png')
    image_files.check_writable(target)
    height, width = frame.rgb().shape[:2]
    say = lambda text: print(f'  {text}', flush=True)  # noqa: E731
    with Brain.load(directory, report=say, image_size=(width, height)) as brain:
        answer = brain.ask(instruction, frame, task=task)
    describe(answer)
    image_files.write(target, overlay.draw(frame, answer))
    print(f'picture:  {target}')
    return 0 if answer.success else 1


def describe(answer: Answer) -> None:
    """Print an answer for people."""
    print(f'answer:   {answer.text}')
    if not answer.success:
        print(f'failed:   {answer.code.name}, {answer.message}')
    for target in answer.targets or answer.waypoints:
        where = f'box {target.box} px' if target.box else f'pixel {target.pixel}'
        depth = f', depth {target.model_depth:g} m by the model' if target.model_depth else ''
        print(f'          {where}{depth} {target.label}'.rstrip())
    for number, step in enumerate(answer.steps, 1):
        print(f'          {number}. {step.description}')
        if isinstance(step, GroundedStep):
            if places := ', '.join(str(target.pixel) for target in step.targets):
                print(f'             at {places}; {len(step.waypoints)} waypoints')
            if step.status is StepStatus.FAILED:
                print(f'             failed: {step.code.name}, {step.message}')
    for warning in answer.warnings:
        print(f'note:     {warning}')
    print(f'time:     {answer.timings.total:.0f} ms, {answer.tokens} tokens')
