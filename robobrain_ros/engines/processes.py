# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

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
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker

MARK = 'ROBOBRAIN_ENGINE_FAMILY'
END_S = 10.0
"""How long to wait for killed processes to end: a GPU's driver takes its time."""
SHARED = ('/dev/shm/psm_', '/dev/shm/vllm_dist_', '/dev/shm/nccl-')
"""Memory that ranks of a model share: of Python, vLLM and NCCL. It stays behind when they are killed."""


def members(mark: str) -> list[int]:
    """Find the living processes that carry a mark (Linux: reads /proc).

    Python's resource tracker is left out: it belongs to the owner, ends by itself, and cleans up as it goes. Zombies
    have no environment any more.

    :param mark: the value of MARK in their environment
    :returns: their pids
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


def ended(pid: int) -> bool:
    """Whether this process is no more, or holds nothing any more: a zombie with all its threads gone.

    The first thread of a killed process is a zombie at once; the others hold its memory until the last of them ends
    (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: fields 3 and 20).
    """
    try:
        state, *more = _read(f'/proc/{pid}/stat').rpartition(b') ')[2].split()
    except OSError:
        return True
    return state in (b'Z', b'X') and int(more[16]) <= 1


def shared_memory(pids: Iterable[int], places: Sequence[str] = SHARED) -> set[str]:
    """Find the shared memory that processes use.

    :param places: how the paths of its files begin
    :returns: the paths of the files
    """
    paths: set[str] = set()
    for pid in pids:
        with suppress(OSError):  # ended meanwhile, or another user's
            maps = _read(f'/proc/{pid}/maps').decode(errors='replace').splitlines()
            paths.update(line[line.index('/') :] for line in maps if any(place in line for place in places))
    return paths


def _read(path: str) -> bytes:
    with open(path, 'rb') as file:
        return file.read()


def kill(mark: str) -> set[int]:
    """Send SIGKILL to all that carry a mark, also to those that they start meanwhile; they hold nothing to save.

    :param mark: the value of MARK in their environment
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
        self._shared: set[str] = set()
        self._watcher = subprocess.Popen(
            [sys.executable, '-I', '-S', __file__, self._mark, self.folder],
            stdin=subprocess.PIPE,
            env={name: value for name, value in os.environ.items() if name != MARK},  # of no other family
            start_new_session=True,  # Ctrl-C in a terminal must not reach it
        )

    @contextmanager
    def adopt(self, environment: Mapping[str, str] | None = None) -> Iterator[None]:
        """Processes started inside belong to the family (so: start nothing else meanwhile; see start_lock.py).

        :param environment: more variables for them
        """
        # setproctitle, which vLLM uses, would overwrite the environment that /proc shows
        added = {MARK: self._mark, 'SPT_NOENV': '1', 'TMPDIR': self.folder}
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
        """Find the living members, and note what memory they share: ``close`` removes it, also if they are dead then.

        :returns: their pids
        """
        found = members(self._mark)
        self._shared |= shared_memory(found)
        return found

    def kill(self, dying: Iterable[int] = ()) -> None:
        """Kill all members, and wait until they have given back what they had, a GPU's memory for one.

        :param dying: pids of members that somebody else has just killed: it waits for them, too
        """
        self.pids()
        killed, deadline = kill(self._mark).union(dying), time.monotonic() + END_S
        for child in multiprocessing.active_children():  # collects the dead ones, which would stay as zombies
            if child.pid in killed:
                child.join(END_S)
        while not all(ended(pid) for pid in killed) and time.monotonic() < deadline:
            time.sleep(0.01)

    def close(self, dying: Iterable[int] = ()) -> None:
        """Kill all members, remove their folder and shared memory, end the watcher; any number of times.

        :param dying: pids of members that somebody else has just killed: it waits for them, too
        """
        self.kill(dying)
        for path in self._shared:
            with suppress(OSError):  # gone, or not ours to remove
                os.unlink(path)
                if 'psm_' in path:  # else Python would complain of its loss when this process ends
                    resource_tracker.unregister(f'/{os.path.basename(path)}', 'shared_memory')
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._watcher.poll() is None:
            assert self._watcher.stdin is not None
            self._watcher.stdin.close()
            self._watcher.wait(10)


def watch(mark: str, folder: str) -> None:
    """Be the watcher: sleep until standard input closes, then end the family.

    :param mark: the family's
    :param folder: the family's, to remove
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    shared = shared_memory(members(mark))
    kill(mark)
    for path in shared:
        with suppress(OSError):
            os.unlink(path)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == '__main__':
    watch(sys.argv[1], sys.argv[2])
