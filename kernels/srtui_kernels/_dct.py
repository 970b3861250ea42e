"""
The lossy heart of JPEG: 8×8 blocks through the accurate integer DCT, quantisation, and back.

A vector holds a row of as many neighbouring blocks as it has 128-bit parts. A transform down the columns is then plain
arithmetic on eight vectors; for one along the rows the blocks are transposed before. Rotations multiply 16-bit values
by two cosines at once (`madd`) and keep 32 bits until they are rounded, as the source does: twice the lanes, and half
the instructions, of whole 32-bit arithmetic.

No sum leaves its width: the values of a block (-128 to 127) and its coefficients have the same energy, and quantising
with steps up to 255 adds at most as much again.

Source: the IJG library's jfdctint.c, jcdctmgr.c and jidctint.c (Loeffler, Ligtenberg and Moschytz, ICASSP 1989).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from srtui_kernels._checks import Bytes
from srtui_kernels._jit import kernel, part
from srtui_kernels._vectors import (
    BLOCKS,
    Order,
    Vector,
    align_stack,
    fill,
    i16,
    i32,
    i64,
    load,
    load_wide,
    madd,
    multiply_high,
    pack,
    permute,
    reinterpret,
    store_half,
    u16,
    unpack_high,
    unpack_low,
)

GROUP = 8 * BLOCKS  # pixels of a row that are worked on together
Eight = tuple[Vector, Vector, Vector, Vector, Vector, Vector, Vector, Vector]
Halves = tuple[Vector, Vector]  # of 32 bits: the lower and the upper halves of all blocks
Steps = NDArray[np.int16]

_ROW_BY_ROW = Order([*range(0, 2 * BLOCKS, 2), *range(1, 2 * BLOCKS, 2)])
_POINT = 13  # bits after the point of the cosines
_KEPT = 2  # bits after the point between the two passes


def two(first: int, second: int) -> np.int32:
    """Two 16-bit factors of `madd`, as one 32-bit number."""
    both: np.int32 = np.array([first, second], np.int16).view(np.int32)[0]
    return both


# The cosines' combinations, named by their value as in the source (FIX_0_298631336 …).
_F0298, _F0390, _F0541, _F0765, _F0899, _F1175 = 2446, 3196, 4433, 6270, 7373, 9633
_F1501, _F1847, _F1961, _F2053, _F2562, _F3072 = 12299, 15137, 16069, 16819, 20995, 25172

_EVEN_LONG = two(_F0541, _F0541 + _F0765)
_EVEN_SHORT = two(_F0541 - _F1847, _F0541)
_BOTH_LONG = two(_F0541 + _F0765, _F0541)
_BOTH_SHORT = two(_F0541, _F0541 - _F1847)
_SUM, _DIFFERENCE = two(1 << _POINT, 1 << _POINT), two(1 << _POINT, -(1 << _POINT))
_Z3, _Z4 = two(_F1175 - _F1961, _F1175), two(_F1175, _F1175 - _F0390)
_A, _D = two(_F0298 - _F0899, -_F0899), two(-_F0899, _F1501 - _F0899)
_B, _C = two(_F2053 - _F2562, -_F2562), two(-_F2562, _F3072 - _F2562)


def quantisation(table: NDArray[np.int32]) -> Steps:
    """
    Prepare a table (64,) for `quantise_rows`: (4, 8 rows, lanes).

    The division by 8 q (the transform's results are 8 times too large) is a multiplication by a number of 16 bits and a
    shift: exact for dividends below 2^15 (Granlund and Montgomery, PLDI 1994).
    """
    divisor = 8 * table.astype(np.int64)
    shift = np.frexp(divisor.astype(np.float64))[1] - 1  # 2^shift <= divisor
    inverse = (1 << (16 + shift)) // divisor + 1
    whole = inverse == (1 << 16) + 1  # a power of two: its inverse has 17 bits, its half's has 16
    inverse, shift = np.where(whole, 1 << 15, inverse), np.where(whole, shift - 1, shift)
    parts = np.stack([4 * table, inverse, 1 << (16 - shift), table]).astype(np.uint16)
    return np.ascontiguousarray(np.tile(parts.view(np.int16).reshape(4, 8, 8), (1, 1, BLOCKS)))


@kernel
def quantise_rows(plane: Bytes, pitch: int, begin: int, end: int, steps: Steps) -> None:
    """Replace the 8×8 blocks of some rows of a flat plane by what a decoder sees; `GROUP` divides ``pitch``."""
    align_stack()
    table = steps.reshape(-1)
    for top in range(begin, end, 8):
        for at in range(top * pitch, (top + 1) * pitch, GROUP):
            along = _forward(_transposed(_load(plane, at, pitch)), True)
            coefficients = _quantised(_forward(_transposed(along), False), table)
            down = _inverse(coefficients, 0, _POINT - _KEPT)
            _store(plane, at, pitch, _transposed(_inverse(_transposed(down), 128, _POINT + _KEPT + 3)))


@part
def _load(plane: Bytes, at: int, pitch: int) -> Eight:
    middle = fill(i16, np.int16(128))
    return (
        load_wide(i16, plane, at) - middle,
        load_wide(i16, plane, at + pitch) - middle,
        load_wide(i16, plane, at + 2 * pitch) - middle,
        load_wide(i16, plane, at + 3 * pitch) - middle,
        load_wide(i16, plane, at + 4 * pitch) - middle,
        load_wide(i16, plane, at + 5 * pitch) - middle,
        load_wide(i16, plane, at + 6 * pitch) - middle,
        load_wide(i16, plane, at + 7 * pitch) - middle,
    )


@part
def _store(plane: Bytes, at: int, pitch: int, rows: Eight) -> None:
    _store_two(plane, at, pitch, rows[0], rows[1])
    _store_two(plane, at + 2 * pitch, pitch, rows[2], rows[3])
    _store_two(plane, at + 4 * pitch, pitch, rows[4], rows[5])
    _store_two(plane, at + 6 * pitch, pitch, rows[6], rows[7])


@part
def _store_two(plane: Bytes, at: int, pitch: int, upper: Vector, lower: Vector) -> None:
    both = reinterpret(i64, pack(upper, lower))
    apart = permute(both, both, _ROW_BY_ROW)
    store_half(plane, at, apart, 0)
    store_half(plane, at + pitch, apart, 1)


@part
def _transposed(v: Eight) -> Eight:
    """Transpose every block: three rounds that each lay the upper four vectors between the lower four."""
    return _laid_between(_laid_between(_laid_between(v)))


@part
def _laid_between(v: Eight) -> Eight:
    return (
        unpack_low(v[0], v[4]),
        unpack_high(v[0], v[4]),
        unpack_low(v[1], v[5]),
        unpack_high(v[1], v[5]),
        unpack_low(v[2], v[6]),
        unpack_high(v[2], v[6]),
        unpack_low(v[3], v[7]),
        unpack_high(v[3], v[7]),
    )


@part
def _rotated(start: int, a: Vector, b: Vector, factors: np.int32) -> tuple[Vector, Vector]:
    """Return ``start + a * factor + b * other factor``, the lower and the upper half of each block."""
    both = reinterpret(i16, fill(i32, factors))
    begin = fill(i32, np.int32(start))
    return begin + madd(unpack_low(a, b), both), begin + madd(unpack_high(a, b), both)


@part
def _odd(start: int, p: Vector, q: Vector, r: Vector, s: Vector) -> tuple[Halves, Halves, Halves, Halves]:
    """Compute the odd half of the transform, the same rotations in both directions."""
    z3, z4 = _rotated(start, p + r, q + s, _Z3), _rotated(start, p + r, q + s, _Z4)
    a, d = _rotated(0, p, s, _A), _rotated(0, p, s, _D)
    b, c = _rotated(0, q, r, _B), _rotated(0, q, r, _C)
    return _plus(a, z3), _plus(b, z4), _plus(c, z3), _plus(d, z4)


@part
def _plus(a: Halves, b: Halves) -> Halves:
    return a[0] + b[0], a[1] + b[1]


@part
def _minus(a: Halves, b: Halves) -> Halves:
    return a[0] - b[0], a[1] - b[1]


@part
def _whole(halves: Halves, shift: int) -> Vector:
    return pack(halves[0] >> shift, halves[1] >> shift)


@part
def _forward(v: Eight, first: bool) -> Eight:
    """Transform across the vectors; the first pass keeps two bits after the point, the second drops them."""
    shift = _POINT - _KEPT if first else _POINT + _KEPT
    half = 1 << (shift - 1)
    e0, e1, e2, e3 = v[0] + v[7], v[1] + v[6], v[2] + v[5], v[3] + v[4]
    p, q, r, s = v[3] - v[4], v[2] - v[5], v[1] - v[6], v[0] - v[7]
    even, other = e0 + e3, e1 + e2
    total, difference = even + other, even - other
    if first:
        out0, out4 = total << _KEPT, difference << _KEPT
    else:
        two_ = fill(i16, np.int16(1 << (_KEPT - 1)))
        out0, out4 = (total + two_) >> _KEPT, (difference + two_) >> _KEPT
    out2 = _rotated(half, e1 - e2, e0 - e3, _EVEN_LONG)
    out6 = _rotated(half, e1 - e2, e0 - e3, _EVEN_SHORT)
    a, b, c, d = _odd(half, p, q, r, s)
    return (
        out0,
        _whole(d, shift),
        _whole(out2, shift),
        _whole(c, shift),
        out4,
        _whole(b, shift),
        _whole(out6, shift),
        _whole(a, shift),
    )


@part
def _inverse(v: Eight, middle: int, shift: int) -> Eight:
    """Transform back across the vectors, drop ``shift`` bits after the point, and add ``middle``."""
    start = (1 << (shift - 1)) + (middle << shift)
    total, difference = _rotated(start, v[0], v[4], _SUM), _rotated(start, v[0], v[4], _DIFFERENCE)
    long, short = _rotated(0, v[2], v[6], _BOTH_LONG), _rotated(0, v[2], v[6], _BOTH_SHORT)
    e0, e3, e1, e2 = _plus(total, long), _minus(total, long), _plus(difference, short), _minus(difference, short)
    a, b, c, d = _odd(0, v[7], v[5], v[3], v[1])
    return (
        _whole(_plus(e0, d), shift),
        _whole(_plus(e1, c), shift),
        _whole(_plus(e2, b), shift),
        _whole(_plus(e3, a), shift),
        _whole(_minus(e3, a), shift),
        _whole(_minus(e2, b), shift),
        _whole(_minus(e1, c), shift),
        _whole(_minus(e0, d), shift),
    )


@part
def _quantised(v: Eight, table: NDArray[np.int16]) -> Eight:
    """Divide, round half away from zero, and multiply again."""
    return (
        _quantised_row(v[0], table, 0),
        _quantised_row(v[1], table, 1),
        _quantised_row(v[2], table, 2),
        _quantised_row(v[3], table, 3),
        _quantised_row(v[4], table, 4),
        _quantised_row(v[5], table, 5),
        _quantised_row(v[6], table, 6),
        _quantised_row(v[7], table, 7),
    )


@part
def _quantised_row(row: Vector, table: NDArray[np.int16], y: int) -> Vector:
    part = 8 * GROUP
    sign = row >> 15
    size = reinterpret(u16, ((row ^ sign) - sign) + load(i16, table, y * GROUP))
    size = multiply_high(size, load(u16, table, part + y * GROUP))
    size = multiply_high(size, load(u16, table, 2 * part + y * GROUP))
    steps = reinterpret(i16, size) * load(i16, table, 3 * part + y * GROUP)
    return (steps ^ sign) - sign
