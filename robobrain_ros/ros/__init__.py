"""The ROS 2 side: the node, and ``Client``, which asks a running node from Python.

Importing this package needs no ROS; using ``Client`` does.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from robobrain_ros.ros.client import Client

__all__ = ['Client']


def __getattr__(name: str) -> Any:
    """Import ``Client`` when it is first used (PEP 562)."""
    if name != 'Client':
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    from robobrain_ros.ros.client import Client

    return Client
