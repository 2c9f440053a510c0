"""Running callbacks so that a defect in one of them does not silence all others."""

import traceback

from rclpy.executors import Executor, ExternalShutdownException
from rclpy.impl.rcutils_logger import RcutilsLogger


def spin_safely(executor: Executor, logger: RcutilsLogger) -> None:
    """Run callbacks until the executor is shut down; blocks. What a callback raises is logged with its traceback."""
    while True:
        try:
            executor.spin()
            return
        except ExternalShutdownException:
            return
        except Exception:
            logger.error(f'a callback failed by a defect:\n{traceback.format_exc()}')
