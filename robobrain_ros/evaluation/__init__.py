"""How good a model's answers about simulated scenes are: ``robobrain evaluate``."""
