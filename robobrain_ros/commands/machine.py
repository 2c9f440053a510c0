# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What a machine offers, told without any package: ``./run doctor`` starts this file before something is installed.

Only the standard library of Python 3.9 is used. ``robobrain doctor`` says the same, then looks at packages and model.
"""

import argparse
import os
import platform
import shutil
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

GOOD, NOTE, BAD = 'ok', 'note', 'MISSING'
NVIDIA_SMI_S = 20.0
"""Longest wait for nvidia-smi, which never ends where the driver hangs."""
ANSWER_S = 1.0
"""Longest wait for a packet that this process sends to itself."""
SETUP_MB = 2700
"""What ./run setup needs on the disk."""
RANGES = ('SUBNET', 'LOCALHOST', 'OFF', 'SYSTEM_DEFAULT')
Finding = tuple[str, str, str]
"""(GOOD, NOTE or BAD; what it is about; in words)"""


def show(findings: Iterable[Finding]) -> int:
    """Print findings as they come, one a line; a terminal's lines are broken between words.

    :returns: an exit code: 1 if something is missing that the node needs
    """
    missing = False
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    for grade, what, words in findings:
        line = f'{grade:<8} {what:<14} {words}'
        if len(line) > columns > 40:
            indent = ' ' * 24
            line = textwrap.fill(
                line, columns, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
            )
        print(line, flush=True)
        missing |= grade == BAD
    return int(missing)


def machine(folder: Path) -> Iterator[Finding]:
    """Look at processor, memory, disk, GPU and network; takes up to three seconds, more where a GPU's driver hangs.

    :param folder: on the disk whose free space is told
    """
    yield GOOD, 'host', f'{platform.system()} {platform.machine()}, Python {platform.python_version()}'
    gib = os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30
    yield GOOD if gib > 4 else NOTE, 'memory', f'{gib:.0f} GiB, {os.cpu_count()} processors'
    yield GOOD, 'disk', f'{shutil.disk_usage(folder).free / 1e9:.1f} GB free in {folder}'
    yield from gpu()
    yield from network()


def gpu() -> Iterator[Finding]:
    """Ask nvidia-smi."""
    if not shutil.which('nvidia-smi'):
        yield NOTE, 'GPU', 'no nvidia-smi: the model runs on the CPU, which suits the tiny checkpoint only'
        return
    query = ['nvidia-smi', '--query-gpu=name,memory.total,memory.free,driver_version', '--format=csv,noheader']
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=NVIDIA_SMI_S)
    except subprocess.TimeoutExpired:
        yield NOTE, 'GPU', f"nvidia-smi does not end within {NVIDIA_SMI_S:g} s: see the driver's messages (dmesg)"
        return
    except OSError as error:
        yield NOTE, 'GPU', f'nvidia-smi cannot be started: {error}'
        return
    lines = answer.stdout.strip().splitlines() if answer.returncode == 0 else []
    if not lines:
        yield NOTE, 'GPU', f'nvidia-smi fails: {(answer.stderr or answer.stdout).strip()[:200]}'
    for line in lines:
        yield GOOD, 'GPU', f'{line} (name, memory, free, driver)'


def network() -> Iterator[Finding]:
    """Look at what ROS 2 needs so that nodes find each other: loopback, multicast, shared memory, three variables."""
    if error := _loses('127.0.0.1'):
        yield (
            BAD,
            'loopback',
            f'UDP to 127.0.0.1 does not arrive ({error}): nodes cannot find each other. ip link set lo up?',
        )
    else:
        yield GOOD, 'loopback', 'UDP to 127.0.0.1 arrives'
    if error := _loses('239.255.0.1'):
        yield (
            NOTE,
            'multicast',
            f'UDP to 239.255.0.1 is lost ({error}): nodes of other hosts are not found without ROS_STATIC_PEERS; '
            'ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST is enough within this host',
        )
    else:
        yield GOOD, 'multicast', 'UDP to 239.255.0.1 arrives'
    shared = Path('/dev/shm')
    free = shutil.disk_usage(shared).free / 2**20 if shared.is_dir() else 0
    words = f'{free:.0f} MiB free in /dev/shm'
    if free < 64:
        words += '; images need more: start a container with --ipc=host or --shm-size=512m'
    yield GOOD if free >= 64 else NOTE, 'shared memory', words
    yield from discovery()


def discovery() -> Iterator[Finding]:
    """Check the variables that decide which nodes see each other."""
    domain = os.environ.get('ROS_DOMAIN_ID') or '0'
    if domain.isascii() and domain.isdigit() and int(domain) <= 232:
        yield GOOD, 'ROS domain', f'{domain}; nodes see each other only if ROS_DOMAIN_ID is the same'
    else:
        yield BAD, 'ROS domain', f"ROS_DOMAIN_ID is '{domain}', but must be a whole number of 0 - 232"
    reach = os.environ.get('ROS_AUTOMATIC_DISCOVERY_RANGE') or 'SUBNET'
    if reach not in RANGES:
        yield BAD, 'discovery', f"ROS_AUTOMATIC_DISCOVERY_RANGE is '{reach}', but must be one of {', '.join(RANGES)}"
    elif reach == 'OFF':
        yield NOTE, 'discovery', 'ROS_AUTOMATIC_DISCOVERY_RANGE is OFF: nodes do not find each other by themselves'
    else:
        yield GOOD, 'discovery', f'{reach} (ROS_AUTOMATIC_DISCOVERY_RANGE; LOCALHOST: this host only)'
    if os.environ.get('ROS_LOCALHOST_ONLY') == '1':
        yield NOTE, 'discovery', 'ROS_LOCALHOST_ONLY is 1, which overrules ROS_AUTOMATIC_DISCOVERY_RANGE: unset it'


def _loses(address: str) -> str:
    """Send a packet to this process itself, never further than this host.

    :param address: of the loopback, or a multicast group
    :returns: why it did not arrive; empty if it did
    """
    group = address if address.startswith('239.') else ''
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.settimeout(ANSWER_S)
            receiver.bind((address, 0))
            if group:
                receiver.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(group) + bytes(4))
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 0)
                sender.sendto(b'robobrain doctor', receiver.getsockname())
            receiver.recv(64)
    except socket.timeout:  # noqa: UP041  TimeoutError since Python 3.10 only
        return f'nothing within {ANSWER_S:g} s'
    except OSError as error:
        return error.strerror or str(error)
    return ''


def before_setup(environment: Path, missing: str) -> Iterator[Finding]:
    """Tell what ./run setup would do on this machine.

    :param environment: the folder that it would make
    :param missing: names of system packages that ./run found missing, with spaces between them
    """
    if (3, 11) <= sys.version_info[:2] < (3, 14):
        yield GOOD, 'Python', f'{sys.executable}'
    elif 'python3' not in missing:
        yield (
            NOTE,
            'Python',
            f'{sys.executable} is {platform.python_version()}; 3.11 - 3.13 are supported, see ./run help',
        )
    apt = shutil.which('apt-get')
    way = 'with apt-get, as root or through sudo' if apt else 'no apt-get here: by hand'
    if missing:
        yield BAD, 'system', f'./run setup installs {missing} ({way})'
    else:
        yield GOOD, 'system', 'compiler and libraries are there'
    if os.environ.get('AMENT_PREFIX_PATH', str(environment)) != str(environment):
        yield NOTE, 'ROS', f'{os.environ.get("ROS_DISTRO", "")} is sourced; ./run uses its own wheels instead'
    free = shutil.disk_usage(environment.parent).free / 1e6
    words = f'{SETUP_MB} MB are needed by ./run setup, {free:.0f} MB are free'
    yield GOOD if free > SETUP_MB else BAD, 'disk', words
    if not os.access(environment.parent, os.W_OK):
        yield BAD, 'environment', f'{environment.parent} is not writable for this user: make a clone of your own'
    yield (
        BAD,
        'environment',
        f'{environment.name} is not there: ./run setup makes it (about 4 minutes, all in this folder)',
    )


def main() -> int:
    """Print what this machine has, and what ./run setup would do; installs nothing."""
    parser = argparse.ArgumentParser(prog='./run doctor')
    parser.add_argument('--environment', type=Path, required=True, help='the folder that ./run setup would make')
    parser.add_argument('--missing', default='', help='system packages that are missing')
    chosen = parser.parse_args()
    show(machine(chosen.environment.parent))
    return show(before_setup(chosen.environment, chosen.missing.strip()))


if __name__ == '__main__':
    sys.exit(main())
