"""No kernel reads or writes a byte that is not its own, whatever the size of the picture."""

from __future__ import annotations

import signal
import sys

import pytest

from tests.kernels import every_kernel, processes

TOUCHES = """
import sys
import numpy as np
from srtui_kernels._jit import kernel
from tests.kernels.guard import guarded

@kernel
def read(a, i):
    return a[i]

@kernel
def read_own(n, i):
    own = np.empty(n, np.uint8)
    for k in range(n):
        own[k] = 7
    return own[i]

@kernel
def write(a, i):
    a[i] = 7

with guarded(sys.argv[1]):
    array = np.full(37, 7, np.uint8)
    touch = {
        "source": lambda at: read(array, at),
        "scratch": lambda at: read_own(37, at),
        "result": lambda at: write(array, at),
    }[sys.argv[2]]
    touch(int(sys.argv[3]))
    print("alive", flush=True)
    touch(int(sys.argv[4]))
    print("still alive", flush=True)
"""

linux = pytest.mark.skipif(sys.platform != "linux", reason="the guard pages are made with Linux's mmap")


def test_every_public_kernel_is_in_the_table() -> None:
    assert every_kernel.missing() == set()


@linux
@pytest.mark.parametrize("memory", ["source", "scratch", "result"])
def test_the_guard_kills_who_touches_the_next_byte(memory: str) -> None:
    """The tests below can fail: one byte too far, on either side, in each kind of memory."""
    for place, inside, outside in (("end", 36, 37), ("start", 0, -38)):
        done = processes.run("-c", TOUCHES, place, memory, str(inside), str(outside))
        assert (done.stdout, done.returncode) == ("alive\n", -signal.SIGSEGV)


@linux
def test_kernels_stay_inside_their_memory_and_count_on_none_of_its_contents() -> None:
    plain, start, end = processes.digests_of("--places", "plain", "start", "end")
    assert start == plain
    assert end == plain


@linux
@pytest.mark.exhaustive
@pytest.mark.parametrize("place", ["start", "end"])
def test_kernels_stay_inside_their_memory_at_many_sizes(place: str) -> None:
    plain, guarded = processes.digests_of("--many", "--places", "plain", place)
    assert guarded == plain


@pytest.mark.exhaustive
def test_no_index_is_out_of_its_array() -> None:
    """Guard pages do not see an index that leaves a row and stays in the picture; Numba's checks do."""
    assert processes.digests_of(NUMBA_BOUNDSCHECK="1") == processes.digests_of()
