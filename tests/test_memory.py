"""Memory that is freed stays with the process once the C library was told so."""

from __future__ import annotations

import subprocess
import sys

import pytest

FAULTS = """
import resource
import sys
import numpy as np
from srtui.memory import PICTURES, keep_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        pictures = [np.ones(size, np.uint8) for _ in range(4)]
        del pictures
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

size, up_to = map(eval, sys.argv[1:])
given_back = faults()
told = keep_memory(up_to)
faults()
print(int(told), given_back, faults())
"""


@pytest.mark.parametrize(("size", "up_to"), [("16 << 20", "PICTURES"), ("48 << 20", "None")])
def test_pages_are_not_cleared_again_for_each_picture_or_tensor(size: str, up_to: str) -> None:
    told, given_back, kept = map(int, subprocess.check_output([sys.executable, "-c", FAULTS, size, up_to]).split())
    if not told:
        pytest.skip("this C library cannot be told")
    assert kept < given_back / 4
