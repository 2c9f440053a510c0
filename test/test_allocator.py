"""Memory of large buffers goes back to the system."""

import os
import subprocess
import sys

import pytest

# Frees larger buffers first, which lifts glibc's threshold; then sees whether the next one has a mapping of its own,
# which is away once it is freed.
PROGRAM = """
import ctypes, gc
from robobrain_ros.allocator import give_large_buffers_back
if {set_up}:
    give_large_buffers_back()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
for _ in range(2):
    address = libc.malloc(4 << 20)
    libc.free(address)
address = libc.malloc(1 << 20)
# bit 1 of the size in front of a chunk: IS_MMAPPED (glibc's malloc.c)
print(bool(ctypes.c_size_t.from_address(address - 8).value & 2))
"""


@pytest.mark.timeout(60)
@pytest.mark.parametrize('set_up', [True, False])
def test_buffers_have_mappings_of_their_own(set_up: bool) -> None:
    """Without the setting they have not, after a larger one was freed: so the test can fail."""
    if not sys.platform.startswith('linux') or os.confstr('CS_GNU_LIBC_VERSION') is None:
        pytest.skip('only for glibc')  # other C libraries have no such setting
    environment = {name: value for name, value in os.environ.items() if not name.startswith('MALLOC_')}
    program = PROGRAM.format(set_up=set_up)
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.strip() == str(set_up)


@pytest.mark.timeout(60)
def test_the_user_s_own_settings_win() -> None:
    """A threshold of 8 MiB keeps 1 MiB in the heap."""
    environment = {**os.environ, 'MALLOC_MMAP_THRESHOLD_': str(8 << 20)}
    program = PROGRAM.format(set_up=True)
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.strip() == 'False'
