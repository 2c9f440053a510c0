# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Programs that this one starts, and that never outlive it, however it ends.

This file is also the program that ``start`` begins with, so it imports nothing but the standard library. Popen's
preexec_fn could do the same, but runs Python between fork and exec: interrupts get lost there, and threads may hang it.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any

_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def end_with(parent: int) -> None:
    """Let the kernel send SIGTERM to this process when the thread that started it ends, also by SIGKILL (Linux).

    A thread, not a process: see prctl(2). So only main threads are to start what calls this.

    :param parent: pid of the process that started this one; where it is gone already, this one ends at once
    """
    _libc.prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def start(command: Sequence[str], **options: Any) -> 'subprocess.Popen[Any]':
    """Start a program that gets SIGTERM when this one ends; call it in the main thread.

    It has a session of its own: Ctrl-C in the terminal does not reach it, so ``end`` decides in which order all end.

    :param command: path of the program, and its arguments
    :param options: of ``subprocess.Popen``
    """
    begin = [sys.executable, '-I', '-S', __file__, str(os.getpid())]
    return subprocess.Popen([*begin, *command], start_new_session=True, **options)


def end(children: Iterable['subprocess.Popen[Any]'], within_s: float) -> None:
    """Send SIGTERM to processes, and SIGKILL to those that live on; blocks until all have ended.

    :param within_s: so long they may take all together, seconds
    """
    children, deadline = list(children), time.monotonic() + within_s
    for child in children:
        child.terminate()
    for child in children:
        try:
            child.wait(max(deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


if __name__ == '__main__':
    end_with(int(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])
