"""Measurements of the running node against its promises; each one is a command, ``robobrain bench ...``."""

QUIET = ('--ros-args', '-p', 'model:=tiny', '--log-level', 'robobrain:=error')
"""Arguments of a node that is asked thousands of questions; a model behind them wins."""
