"""Keeps test runs apart from other ROS programs, and runs the quick tests first."""

import os

import pytest

# Set before anything imports rclpy. Each run has its own domain; every operating system has ports for 1 .. 101.
os.environ['ROS_DOMAIN_ID'] = str(1 + os.getpid() % 101)
os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Units, then engine, then ROS: a mistake shows in seconds, not after the engine has started."""

    def slowness(item: pytest.Item) -> int:
        return 2 if item.get_closest_marker('ros') else 1 if item.get_closest_marker('engine') else 0

    items.sort(key=slowness)
