# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How this package's programs end: soon after the first signal that asks for it, whatever they are doing then."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from types import FrameType
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, what ``kill`` and service managers send, and what a terminal sends when it is closed."""
END_S = 2.5
"""So long a command may clean up after a signal, seconds."""


class Signals:
    """Hears the first of SIGNALS, ignores later ones, and ends the process in any case soon after the first one.

    Make it in the main thread, once. SIGHUP is left alone where ``nohup`` has the process ignore it.

    :param within_s: so long the process may take to end by itself, seconds
    :param last_words: called with the signal's number, in another thread, if it does not
    :param code: the exit code then; None: 128 and that number
    """

    def __init__(
        self, within_s: float, last_words: Callable[[int], object] = lambda number: None, code: int | None = None
    ) -> None:
        self.heard = 0
        """Number of the signal, or 0; known when the main thread next executes Python."""
        self._interrupts = False
        # Python's own handlers run in the main thread, when it next executes Python: a signal just before that sleeps
        # would be lost. This writes at once, and takes no lock (signals come in bursts: Ctrl-C goes to launch, too).
        asked, ask = os.pipe()
        os.set_blocking(ask, False)  # else set_wakeup_fd refuses it
        signal.set_wakeup_fd(ask)
        self._came = threading.Event()

        def end() -> None:
            while (number := os.read(asked, 1)[0]) not in SIGNALS:
                continue  # somebody else's signal
            self._came.set()
            time.sleep(within_s)
            last_words(number)
            os._exit(128 + number if code is None else code)

        threading.Thread(target=end, name='robobrain-ending', daemon=True).start()
        for one in SIGNALS:
            if one != signal.SIGHUP or signal.getsignal(one) is not signal.SIG_IGN:
                signal.signal(one, self._hear)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self.heard = number
        for one in SIGNALS:  # once is enough
            signal.signal(one, signal.SIG_IGN)
        if self._interrupts:
            raise KeyboardInterrupt

    def wait(self) -> None:
        """Block until one of SIGNALS has come."""
        self._came.wait()

    @contextmanager
    def interrupting(self) -> Iterator[None]:
        """Let the signal raise KeyboardInterrupt inside the ``with`` block, also one from before; in the main thread.

        :raises KeyboardInterrupt: for the signal
        """
        self._interrupts = True
        try:
            if self.heard:
                raise KeyboardInterrupt
            yield
        finally:
            self._interrupts = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Inside ``interrupting``: let the signal raise KeyboardInterrupt only at the end of this ``with`` block."""
        before, self._interrupts = self._interrupts, False
        try:
            yield
        finally:
            self._interrupts = before
        if self.heard and before:
            raise KeyboardInterrupt


_signals: Signals | None = None
"""Those of ``run``."""


def uninterrupted() -> AbstractContextManager[None]:
    """Return a context manager: the signal that ``run`` hears interrupts only at the end of its ``with`` block."""
    return _signals.held() if _signals else nullcontext()


def run(program: str, work: Callable[[], int]) -> int:
    """Run what a command does; the first of SIGNALS interrupts it. Call it in the main thread, once.

    The signal raises KeyboardInterrupt there. After END_S seconds the process ends in any case: whatever belongs to it
    ends with it. A line on stderr says why it ended.

    :param program: its name, for that line
    :param work: what it does; returns the exit code
    :returns: the exit code that ``work`` returned. After a signal it does not return: the process ends with the exit
        code 128 and the signal's number, such as 130 for Ctrl-C
    """
    global _signals
    said = threading.Event()

    def say(number: int) -> None:
        if not said.is_set():
            said.set()
            with suppress(OSError):  # the terminal may be gone
                os.write(2, f'{_new_line(number)}{program}: {_words(number)}\n'.encode())

    signals = _signals = Signals(END_S, say)
    try:
        with signals.interrupting():
            code = work()
    except BaseException:
        if not signals.heard:
            raise
    if not signals.heard:
        return code
    say(signals.heard)
    return leave(128 + signals.heard)


def leave(code: int) -> NoReturn:
    """End this process at once: Python would take 2 s more to take vLLM's and torch's modules apart.

    :param code: the exit code
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # the terminal may be gone
            stream.flush()
    os._exit(code)


def _words(number: int) -> str:
    if number == signal.SIGINT:
        return 'ended by Ctrl-C'
    return 'ended by SIGTERM' if number == signal.SIGTERM else 'ended by SIGHUP: its terminal was closed'


def _new_line(number: int) -> str:
    """Return the end of the line on which a terminal shows ^C."""
    return '\n' if number == signal.SIGINT and sys.stderr.isatty() else ''
