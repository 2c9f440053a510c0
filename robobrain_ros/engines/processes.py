"""No engine process outlives its owner: marking, finding and killing them, also after a SIGKILL of the owner.

vLLM starts processes of its own and leaves them behind, with the GPU's memory, when their parent is killed. Every
process started while ``Family.adopt`` is open inherits a mark in its environment. A watcher process that shares nothing
with the owner but a pipe sees the pipe close when the owner is gone, however it went, and kills all that carry it.
This file is also the watcher's program, so it imports nothing but the standard library.
"""

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

MARK = 'ROBOBRAIN_ENGINE_FAMILY'


def members(mark: str) -> list[int]:
    """The pids of all living processes that carry the mark (Linux: reads /proc).

    Python's resource tracker is left out: it belongs to the owner, ends by itself, and cleans up as it goes. Zombies
    have no environment any more.
    """
    entry = f'{MARK}={mark}'.encode()
    found = []
    for name in os.listdir('/proc'):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            marked = entry in _read(f'/proc/{name}/environ').split(b'\0')
            if marked and b'resource_tracker' not in _read(f'/proc/{name}/cmdline'):
                found.append(int(name))
        except OSError:
            continue  # ended meanwhile, or another user's
    return found


def _read(path: str) -> bytes:
    with open(path, 'rb') as file:
        return file.read()


def kill(mark: str) -> set[int]:
    """SIGKILL to every member, also to those that they start meanwhile; they hold nothing that wants saving.

    :returns: the pids
    """
    killed: set[int] = set()
    while found := set(members(mark)) - killed:
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        killed |= found
    return killed


class Family:
    """The processes and temporary files of one engine, which end with it and with this process."""

    def __init__(self) -> None:
        self._mark = uuid.uuid4().hex
        self.folder = tempfile.mkdtemp(prefix='robobrain_')
        """For sockets and all temporary files of the members; removed by ``close`` or by the watcher."""
        self._watcher = subprocess.Popen(
            [sys.executable, '-I', '-S', __file__, self._mark, self.folder],
            stdin=subprocess.PIPE,
            env={name: value for name, value in os.environ.items() if name != MARK},  # of no other family
            start_new_session=True,  # Ctrl-C in a terminal must not reach it
        )

    @contextmanager
    def adopt(self, environment: Mapping[str, str] | None = None) -> Iterator[None]:
        """Processes started inside belong to the family (so: start nothing else meanwhile; see turn.py).

        :param environment: more variables for them
        """
        # setproctitle, which vLLM uses, would overwrite the environment that /proc shows
        added = {MARK: self._mark, 'SPT_NOENV': '1', 'VLLM_RPC_BASE_PATH': self.folder, 'TMPDIR': self.folder}
        added |= environment or {}
        before = {name: os.environ.get(name) for name in added}
        os.environ.update(added)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value

    def pids(self) -> list[int]:
        """The living members."""
        return members(self._mark)

    def kill(self) -> None:
        """Kill all members, and wait for those that this process can wait for."""
        killed = kill(self._mark)
        for child in multiprocessing.active_children():  # collects the dead ones, which would stay as zombies
            if child.pid in killed:
                child.join(10)

    def close(self) -> None:
        """Kill all members, remove the folder, end the watcher; any number of times."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._watcher.poll() is None:
            assert self._watcher.stdin is not None
            self._watcher.stdin.close()
            self._watcher.wait(10)


def watch(mark: str, folder: str) -> None:
    """The watcher: sleeps until its input closes, then ends the family."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    kill(mark)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == '__main__':
    watch(sys.argv[1], sys.argv[2])
