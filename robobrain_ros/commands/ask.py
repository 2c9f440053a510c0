"""``robobrain ask``: one question about one picture, without ROS."""

from pathlib import Path

import cv2
import numpy as np

from robobrain_ros.answer import Answer, GroundedStep, StepStatus
from robobrain_ros.brain import mission, overlay
from robobrain_ros.brain.brain import Brain
from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.engines.vllm.config import EngineConfig
from robobrain_ros.engines.vllm.embedded import EmbeddedEngine
from robobrain_ros.errors import BadRequest, BrainError, ErrorCode
from robobrain_ros.geometry.camera_model import CameraModel, Transform
from robobrain_ros.tasks.profiles import detect_profile


class Picture:
    """An image that is not from a camera: no stamp, no depth, no intrinsics. See seeing.Frame."""

    age = 0.0
    light = True

    def __init__(self, rgb: np.ndarray) -> None:
        """:param rgb: height x width x 3, uint8"""
        self._rgb = rgb

    @classmethod
    def read(cls, path: Path) -> 'Picture':
        """:raises BrainError: if OpenCV cannot read the file"""
        if not path.is_file():
            raise BrainError(ErrorCode.BAD_IMAGE, f"'{path}' is no file")
        try:
            bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
        except cv2.error as error:  # such as a header with more pixels than OpenCV allows
            raise BrainError(ErrorCode.BAD_IMAGE, f"OpenCV refuses to read '{path}': {error.err}") from error
        if bgr is None:
            raise BrainError(ErrorCode.BAD_IMAGE, f"'{path}' is no picture that OpenCV can read")
        return cls(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))

    def rgb(self) -> np.ndarray:
        """See seeing.Frame."""
        return self._rgb

    def depth(self) -> np.ndarray | None:
        """See seeing.Frame."""
        return None

    def camera(self) -> CameraModel | None:
        """See seeing.Frame."""
        return None

    def transform(self) -> Transform | None:
        """See seeing.Frame."""
        return None


def ask(path: Path, task: str, instruction: str, model: Path | None, output: Path | None) -> int:
    """Print the answer, write the annotated picture, return the exit code; blocks while the engine starts."""
    picture = Picture.read(path)
    directory = model or TINY_MODEL
    try:
        profile = detect_profile(directory)
    except ValueError as error:
        raise BadRequest(str(error)) from error
    # complain now, not after the engine's start
    mission.check(task, instruction, profile)
    target = output or Path(f'{path.stem}_answer.png')
    if not target.parent.is_dir() or not cv2.haveImageWriter(str(target)):
        raise _unwritable(target)

    async def frame() -> Picture:
        return picture

    brain = Brain(EmbeddedEngine(EngineConfig(directory)), profile)
    try:
        height, width = picture.rgb().shape[:2]
        brain.start(lambda text: print(f'  {text}', flush=True), (width, height)).result()
        answer = mission.ask(brain, task, instruction, frame).done.result()
    finally:
        brain.close()
    describe(answer)
    write(target, overlay.draw(picture.rgb(), answer))
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


def write(path: Path, rgb: np.ndarray) -> None:
    """Write a picture; the file's ending says the format.

    :raises BrainError: if it cannot be written
    """
    try:
        written = cv2.imwrite(str(path), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    except cv2.error:
        written = False
    if not written:
        raise _unwritable(path)


def _unwritable(path: Path) -> BrainError:
    return BadRequest(f"cannot write '{path}'; the folder must exist, and the name end in .png or .jpg")
