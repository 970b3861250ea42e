"""
The lossy heart of JPEG: 8×8 blocks through the accurate integer DCT, quantisation, and back.

Sixteen blocks go through together. They lie in a table of 8 rows × 128 lanes, so that a one-dimensional transform of
all of them is one loop over the lanes, which LLVM vectorises. In ``by_column`` the table's row is the column within a
block and a lane is (row within the block, block); in ``by_row`` rows and columns have changed places.

Source: the IJG library's jfdctint.c, jcdctmgr.c and jidctint.c (Loeffler, Ligtenberg and Moschytz, ICASSP 1989). All
sums are whole numbers that 32 bits hold, so their order does not matter.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from srtui_kernels._checks import Bytes
from srtui_kernels._jit import kernel

_BLOCKS = 16
_LANES = 8 * _BLOCKS
_POINT = np.int32(13)  # bits after the point of the constants below
_KEPT = np.int32(2)  # bits after the point between the two passes

# The cosines' combinations, named by their value as in the source (FIX_0_298631336 …).
_F0298 = np.int32(2446)
_F0390 = np.int32(3196)
_F0541 = np.int32(4433)
_F0765 = np.int32(6270)
_F0899 = np.int32(7373)
_F1175 = np.int32(9633)
_F1501 = np.int32(12299)
_F1847 = np.int32(15137)
_F1961 = np.int32(16069)
_F2053 = np.int32(16819)
_F2562 = np.int32(20995)
_F3072 = np.int32(25172)

Work = NDArray[np.int32]
Four = tuple[np.int32, np.int32, np.int32, np.int32]


@kernel
def quantise_plane(plane: Bytes, table: NDArray[np.int32]) -> None:
    """Replace every 8×8 block of ``plane`` (sides multiples of 8) by what a decoder makes of it; ``table`` is (64,)."""
    by_column = np.zeros(8 * _LANES, np.int32)
    by_row = np.zeros(8 * _LANES, np.int32)
    for top in range(0, plane.shape[0], 8):
        for left in range(0, plane.shape[1], _LANES):
            part = plane[top : top + 8, left : min(left + _LANES, plane.shape[1])]
            _load(part, by_column)
            _forward(by_column, _POINT - _KEPT)
            _turn(by_column, by_row)
            _forward(by_row, _POINT + _KEPT)
            _quantise(by_row, table)
            _inverse(by_row, _POINT - _KEPT)
            _turn(by_row, by_column)
            _inverse(by_column, _POINT + _KEPT + np.int32(3))
            _store(by_column, part)


@kernel
def _load(part: Bytes, by_column: Work) -> None:
    for y in range(8):
        row = part[y]
        for c in range(8):
            lanes = by_column[c * _LANES + y * _BLOCKS : c * _LANES + (y + 1) * _BLOCKS]
            for block in range(row.size // 8):
                lanes[block] = np.int32(row[8 * block + c]) - np.int32(128)


@kernel
def _store(by_column: Work, part: Bytes) -> None:
    for y in range(8):
        row = part[y]
        for c in range(8):
            lanes = by_column[c * _LANES + y * _BLOCKS : c * _LANES + (y + 1) * _BLOCKS]
            for block in range(row.size // 8):
                row[8 * block + c] = np.uint8(min(max(lanes[block] + np.int32(128), np.int32(0)), np.int32(255)))


@kernel
def _turn(source: Work, target: Work) -> None:
    for a in range(8):
        for b in range(8):
            here = source[a * _LANES + b * _BLOCKS : a * _LANES + (b + 1) * _BLOCKS]
            there = target[b * _LANES + a * _BLOCKS : b * _LANES + (a + 1) * _BLOCKS]
            for block in range(_BLOCKS):
                there[block] = here[block]


@kernel
def _forward(work: Work, shift: np.int32) -> None:
    """Transform every lane and round ``shift`` bits away."""
    for x in range(_LANES):
        d0, d1, d2, d3 = work[x], work[x + _LANES], work[x + 2 * _LANES], work[x + 3 * _LANES]
        d4, d5, d6, d7 = work[x + 4 * _LANES], work[x + 5 * _LANES], work[x + 6 * _LANES], work[x + 7 * _LANES]
        e0, e1, e2, e3 = d0 + d7, d1 + d6, d2 + d5, d3 + d4
        a0, a1, a2, a3 = e0 + e3, e1 + e2, e1 - e2, e0 - e3
        z = (a2 + a3) * _F0541
        o7, o5, o3, o1 = _odd(d3 - d4, d2 - d5, d1 - d6, d0 - d7)
        work[x] = _rounded((a0 + a1) << _POINT, shift)
        work[x + _LANES] = _rounded(o1, shift)
        work[x + 2 * _LANES] = _rounded(z + a3 * _F0765, shift)
        work[x + 3 * _LANES] = _rounded(o3, shift)
        work[x + 4 * _LANES] = _rounded((a0 - a1) << _POINT, shift)
        work[x + 5 * _LANES] = _rounded(o5, shift)
        work[x + 6 * _LANES] = _rounded(z - a2 * _F1847, shift)
        work[x + 7 * _LANES] = _rounded(o7, shift)


@kernel
def _inverse(work: Work, shift: np.int32) -> None:
    """Transform every lane back and round ``shift`` bits away."""
    for x in range(_LANES):
        i0, i1, i2, i3 = work[x], work[x + _LANES], work[x + 2 * _LANES], work[x + 3 * _LANES]
        i4, i5, i6, i7 = work[x + 4 * _LANES], work[x + 5 * _LANES], work[x + 6 * _LANES], work[x + 7 * _LANES]
        z = (i2 + i6) * _F0541
        sum04, difference04 = (i0 + i4) << _POINT, (i0 - i4) << _POINT
        sum26, difference26 = z + i2 * _F0765, z - i6 * _F1847
        e0, e1, e2, e3 = sum04 + sum26, difference04 + difference26, difference04 - difference26, sum04 - sum26
        o3, o2, o1, o0 = _odd(i7, i5, i3, i1)
        work[x] = _rounded(e0 + o0, shift)
        work[x + _LANES] = _rounded(e1 + o1, shift)
        work[x + 2 * _LANES] = _rounded(e2 + o2, shift)
        work[x + 3 * _LANES] = _rounded(e3 + o3, shift)
        work[x + 4 * _LANES] = _rounded(e3 - o3, shift)
        work[x + 5 * _LANES] = _rounded(e2 - o2, shift)
        work[x + 6 * _LANES] = _rounded(e1 - o1, shift)
        work[x + 7 * _LANES] = _rounded(e0 - o0, shift)


@kernel
def _odd(a: np.int32, b: np.int32, c: np.int32, d: np.int32) -> Four:
    """The odd half of the transform, the same rotation in both directions."""
    z5 = (a + b + c + d) * _F1175
    z1 = (a + d) * _F0899
    z2 = (b + c) * _F2562
    z3 = z5 - (a + c) * _F1961
    z4 = z5 - (b + d) * _F0390
    return a * _F0298 - z1 + z3, b * _F2053 - z2 + z4, c * _F3072 - z2 + z3, d * _F1501 - z1 + z4


@kernel
def _rounded(value: np.int32, shift: np.int32) -> np.int32:
    """Numba computes with 64 bits; the casts tell LLVM that 32 hold every sum (twice the lanes)."""
    whole: np.int32 = np.int32(np.int32(value + (np.int32(1) << (shift - np.int32(1)))) >> shift)
    return whole


@kernel
def _quantise(by_row: Work, table: NDArray[np.int32]) -> None:
    """
    Divide, round half away from zero, and multiply again. The transform's results are 8 times too large.

    The division is a float32 multiplication: a half added to the whole number keeps the quotient 0.5 / 8q away from the
    next whole one, and its error is below 2^15 / 8q × 2^-23.
    """
    for place in range(64):
        q = table[place]
        inverse = np.float32(1.0) / np.float32(8 * q)
        lanes = by_row[place * _BLOCKS : (place + 1) * _BLOCKS]
        for block in range(_BLOCKS):
            value = lanes[block]
            steps = np.int32((np.float32(abs(value) + 4 * q) + np.float32(0.5)) * inverse)
            lanes[block] = np.int32(steps * q) if value >= 0 else np.int32(-steps * q)
