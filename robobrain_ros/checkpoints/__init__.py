"""The checkpoints that ship with the package."""

from pathlib import Path

TINY_MODEL = Path(__file__).parent / 'tiny'
"""Directory of the tiny trained checkpoint: the simulated table top, and nothing else."""
TINY = 'tiny'
"""The name under which commands, launch files and ``Brain.load`` know it."""


def directory(model: str | Path) -> Path:
    """Find the directory of a model.

    :param model: ``tiny`` for the checkpoint that ships, else a folder of Hugging Face files; ``~`` is the home folder
    """
    return TINY_MODEL if str(model) == TINY else Path(model).expanduser()
