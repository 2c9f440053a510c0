"""For launch files: what the end of a process means for ``ros2 launch``. Needs launch, which has no wheel."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from launch import LaunchContext
    from launch.actions import Shutdown
    from launch.events.process import ProcessExited


def end_launch(event: 'ProcessExited', context: 'LaunchContext') -> 'Shutdown | None':
    """End the whole launch because a process that it needs has ended; for ``on_exit`` of launch's actions.

    Nothing happens while launch itself shuts down.

    :raises RuntimeError: if the process failed: by an exception, and only so, ``ros2 launch`` returns 1
    """
    from launch.actions import Shutdown

    if context.is_shutdown:
        return None
    if event.returncode:
        raise RuntimeError(f'{event.process_name} has failed with exit code {event.returncode}')
    return Shutdown(reason=f'{event.process_name} has ended')
