"""Measurements of the running node against its promises; each one is a command, ``robobrain bench ...``."""

import os

QUIET = ('--ros-args', '--log-level', 'robobrain:=error')
"""Arguments of a node that is asked thousands of questions."""


def isolate() -> None:
    """Keep a measurement and the processes that it starts apart from all other ROS programs.

    Linux has ports for the domains 0 - 101 and 215 - 232; hardly anyone uses the latter.
    """
    os.environ['ROS_DOMAIN_ID'] = str(215 + os.getpid() % 18)
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
