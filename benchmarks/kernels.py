"""
The kernels beside Pillow, OpenCV, simplejpeg and NumPy, one thread and two.

Targets are for one thread on a processor with AVX-512; without it they are halved, for vectors are half as wide.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
from srtui_kernels import warm_up
from srtui_kernels._vectors import host_has

from benchmarks.comparisons import Comparison, Input, check, double, memcpy_speed, single
from benchmarks.kernel_table import TABLE
from benchmarks.pictures import Pictures
from benchmarks.rows import Asked, Row

ROUNDS = 15
_HALVED = "this processor has no AVX-512: targets are halved"


def rows(asked: Asked) -> list[Row]:
    """All rows that are asked for, each once with one thread and once with two."""
    with tempfile.TemporaryDirectory(prefix="srtui-benchmark-") as folder:
        return list(measured(Pictures(Path(folder), asked.photos), asked))


def measured(pictures: Pictures, asked: Asked) -> Iterator[Row]:
    """Measure the rows on these pictures."""
    chosen = [(name, make) for name, make in TABLE.items() if asked.wants(name)]
    if not chosen:
        return
    cv2.setNumThreads(1)  # a picture a thread is our parallelism, and here theirs too
    rounds = asked.rounds or ROUNDS
    warm_up(
        lambda done, total, name: _say(done, total, f"kernels compiled or loaded; {name}" if name else "kernels ready")
    )
    memcpy = memcpy_speed(pictures.full, rounds)
    full_speed = has_avx512()
    for done, (name, make) in enumerate(chosen):
        _say(done, len(chosen), name)
        comparison = make(pictures) if full_speed else _halved(make(pictures))
        comparison = replace(comparison, notes=(f"pictures: {pictures}", *comparison.notes))
        check(name, comparison)
        alone = single(name, comparison, rounds, memcpy[1])
        yield alone
        yield double(name, comparison, rounds, memcpy[2], alone)
    _say(len(chosen), len(chosen), "measured")


def _halved(comparison: Comparison[Input]) -> Comparison[Input]:
    if comparison.target is None:
        return comparison
    stretch = None if comparison.stretch is None else comparison.stretch / 2
    return replace(comparison, target=comparison.target / 2, stretch=stretch, notes=(*comparison.notes, _HALVED))


def has_avx512() -> bool:
    """Whether Numba compiles for 512-bit vectors of bytes, on this processor or the one that it is told to assume."""
    return host_has("avx512bw")


def _say(done: int, total: int, what: str) -> None:
    print(f"{done}/{total} {what}", file=sys.stderr, flush=True)
