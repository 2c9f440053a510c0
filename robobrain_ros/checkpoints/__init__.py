"""The checkpoints that ship with the package."""

from pathlib import Path

TINY_MODEL = Path(__file__).parent / 'tiny'
"""Directory of the tiny trained checkpoint: the simulated table top, and nothing else."""
