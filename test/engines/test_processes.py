# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Families of processes: marked, found and killed, however their owner ends, and nobody else with them."""

import mmap
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import psutil
import pytest

from robobrain_ros.engines.processes import Family, ended

SOON = 20.0
SLEEPING = 'import time; time.sleep(600)'  # lives until it is killed
SLEEP = [sys.executable, '-I', '-S', '-c', SLEEPING]


def eventually(true) -> None:
    """Polls: processes end without telling anyone but their parents."""
    deadline = time.monotonic() + SOON
    while not true():
        assert time.monotonic() < deadline, 'it did not come true in time'
        time.sleep(0.01)  # between two looks, until the deadline


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def family():
    family = Family()
    yield family
    family.close()


@pytest.fixture
def processes():
    """Keeps processes, and ends them after the test."""
    kept: list[subprocess.Popen] = []
    yield kept
    for process in kept:
        process.kill()
        process.wait()


def test_children_and_their_children_belong_to_it(family, processes):
    # both live until they are killed
    nest = f'import subprocess; print(subprocess.Popen({SLEEP}).pid, flush=True); {SLEEPING}'
    with family.adopt():
        processes.append(subprocess.Popen([sys.executable, '-c', nest], stdout=subprocess.PIPE, text=True))
    grandchild = int(processes[0].stdout.readline())
    eventually(lambda: set(family.pids()) == {processes[0].pid, grandchild})
    family.close()
    eventually(lambda: not lives(grandchild))
    assert processes[0].wait(SOON) == -signal.SIGKILL


def test_nothing_else_is_killed(family, processes):
    other = Family()
    processes.append(subprocess.Popen(SLEEP))
    with other.adopt():
        processes.append(subprocess.Popen(SLEEP))
    with family.adopt():
        processes.append(subprocess.Popen(SLEEP))
    eventually(lambda: family.pids() == [processes[2].pid])
    family.close()
    assert processes[2].wait(SOON) == -signal.SIGKILL
    assert processes[0].poll() is None
    assert processes[1].poll() is None
    other.close()
    assert processes[1].wait(SOON) == -signal.SIGKILL
    assert processes[0].poll() is None


def test_a_family_that_is_made_while_another_adopts_is_not_of_that_one(family):
    with family.adopt():
        other = Family()
    eventually(lambda: psutil.Process(other._watcher.pid).cmdline()[-1:] == [other.folder])  # its own program runs
    assert family.pids() == []
    other.close()


def test_the_environment_is_as_before_afterwards(family, monkeypatch):
    monkeypatch.setenv('SPT_NOENV', 'mine')
    before = dict(os.environ)
    with family.adopt():
        assert os.environ['TMPDIR'] == family.folder
        assert dict(os.environ) != before
    assert dict(os.environ) == before
    with pytest.raises(KeyError), family.adopt():
        raise KeyError
    assert dict(os.environ) == before


def test_close_removes_the_folder_ends_the_watcher_and_may_be_repeated():
    children = set(psutil.Process().children())
    family = Family()
    (Path(family.folder) / 'socket').touch()
    assert len(set(psutil.Process().children()) - children) == 1
    family.close()
    assert not Path(family.folder).exists()
    assert not set(psutil.Process().children()) - children
    family.close()


def _sleep() -> None:
    time.sleep(600)  # lives until it is killed


def test_multiprocessing_children_are_collected(family):
    with family.adopt():
        child = multiprocessing.get_context('spawn').Process(target=_sleep, daemon=True)
        child.start()
    eventually(lambda: child.pid in family.pids())
    family.close()
    assert not psutil.pid_exists(child.pid)  # no zombie either
    assert child.exitcode == -signal.SIGKILL


def _share(names) -> None:
    """A rank with both kinds of shared memory, that of Python and that of vLLM's own."""
    queue = SharedMemory(create=True, size=4096)
    place = Path(f'/dev/shm/vllm_dist_test_{os.getpid()}')
    place.write_bytes(bytes(4096))
    with open(place, 'r+b') as file:
        buffer = mmap.mmap(file.fileno(), 4096)
    names.send((f'/dev/shm/{queue.name}', str(place)))
    time.sleep(600)  # lives until it is killed
    buffer.close()


@pytest.mark.parametrize('end', ['alive', 'dead', 'killed'])
def test_close_removes_shared_memory_also_of_the_dead(end, family):
    context = multiprocessing.get_context('spawn')
    receiver, sender = context.Pipe(duplex=False)
    with family.adopt():
        rank = context.Process(target=_share, args=(sender,), daemon=True)
        rank.start()
    assert receiver.poll(SOON)
    paths = [Path(name) for name in receiver.recv()]
    others = SharedMemory(create=True, size=4096)
    if end == 'dead':
        assert family.pids() == [rank.pid]
        rank.kill()
        rank.join(SOON)
    elif end == 'killed':
        family.kill()
    assert all(path.exists() for path in paths)
    family.close()
    assert not any(path.exists() for path in paths)
    assert Path(f'/dev/shm/{others.name}').exists()
    others.close()
    others.unlink()


SHARES = """
import mmap, os, time
path = f'/dev/shm/vllm_dist_test_{os.getpid()}'
open(path, 'wb').write(bytes(4096))
file = open(path, 'r+b')
memory = mmap.mmap(file.fileno(), 4096)
print(path, flush=True)
time.sleep(600)  # lives until it is killed
"""
OWNER = """
    import signal, subprocess, sys, time
    from robobrain_ros.engines.processes import Family
    family = Family()
    with family.adopt():
        child = subprocess.Popen(
            [sys.executable, '-c', {shares!r}], stdout=subprocess.PIPE, text=True, start_new_session=True
        )
    print(child.pid, family._watcher.pid, family.folder, child.stdout.readline(), flush=True)
    sys.stdin.readline()
    {ending}
"""


@pytest.mark.parametrize(
    'ending',
    [
        'signal.pause()  # until SIGKILL comes',
        'sys.exit()',
        'raise RuntimeError',
        "__import__('os')._exit(3)",
        "__import__('os').abort()",
    ],
)
def test_the_family_ends_with_its_owner_however_that_ends(ending, processes):
    code = textwrap.dedent(OWNER.format(ending=ending, shares=SHARES))
    owner = subprocess.Popen(
        [sys.executable, '-c', code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    processes.append(owner)
    child, watcher, folder, shared = owner.stdout.readline().split()
    assert lives(int(child))
    assert lives(int(watcher))
    assert Path(folder).is_dir()
    owner.stdin.write('\n')
    owner.stdin.flush()
    if 'SIGKILL' in ending:
        owner.kill()
    owner.wait(SOON)
    eventually(lambda: not lives(int(child)) and not lives(int(watcher)) and not Path(folder).exists())
    assert not Path(shared).exists()


def test_a_zombie_has_ended():
    process = subprocess.Popen(SLEEP)
    assert not ended(process.pid)
    process.kill()
    eventually(lambda: ended(process.pid))
    assert psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE
    process.wait()
    assert ended(process.pid)


MANY_THREADS = """
import sys, threading, time
held = bytearray(200 << 20)
for place in range(0, len(held), 4096):
    held[place] = 1
for _ in range(8):
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()  # live until they are killed
print('there', flush=True)
time.sleep(600)
"""


def test_it_has_ended_when_its_last_thread_has(processes):
    """The first is a zombie at once, while the others still hold the memory."""
    process = subprocess.Popen([sys.executable, '-c', MANY_THREADS], stdout=subprocess.PIPE, text=True)
    processes.append(process)
    assert process.stdout.readline() == 'there\n'
    process.kill()
    eventually(lambda: ended(process.pid))
    assert len(list(Path(f'/proc/{process.pid}/task').iterdir())) == 1
    assert Path(f'/proc/{process.pid}/statm').read_text().split()[1] == '0'


def test_kill_waits_for_grandchildren_to_give_back_what_they_hold(family):
    with family.adopt():
        shell = subprocess.Popen(
            ['sh', '-c', f"'{sys.executable}' -c '{MANY_THREADS.replace(chr(39), chr(34))}'; true"],
            stdout=subprocess.PIPE,
            text=True,
        )
    assert shell.stdout.readline() == 'there\n'
    pids = family.pids()
    assert len(pids) == 2
    family.kill()
    assert all(ended(pid) for pid in pids)
    shell.wait()
    shell.stdout.close()


def test_signals_to_the_terminal_s_group_do_not_end_the_watcher(family):
    watcher = psutil.Process(family._watcher.pid)
    assert os.getsid(watcher.pid) != os.getsid(os.getpid())
    eventually(lambda: not {signal.SIGINT, signal.SIGTERM, signal.SIGHUP} - ignored(watcher.pid))


def ignored(pid: int) -> set[int]:
    (mask,) = [line.split()[1] for line in Path(f'/proc/{pid}/status').read_text().splitlines() if 'SigIgn' in line]
    return {number for number in range(1, 65) if int(mask, 16) >> (number - 1) & 1}
