"""
The way of resizing that takes any ratio: weighted sums with weights of 32 bits.

Across, a strip of as many rows as a vector has 32-bit lanes is turned, so that lanes are rows and a weight is one
number, wherever windows begin. Down, lanes are columns anyway.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from srtui_kernels._checks import Bytes
from srtui_kernels._jit import kernel, part
from srtui_kernels._vectors import (
    BLOCKS,
    BYTES,
    Order,
    Vector,
    fill,
    i32,
    load,
    load_rows,
    load_wide,
    maximum,
    minimum,
    permute,
    reinterpret,
    shuffle,
    store,
    store_block,
    store_narrow,
    u8,
    unpack_high,
    unpack_low,
)

Numbers = NDArray[np.int32]

FRACTION_BITS = 22  # 32 bits less 8 of the pixel less 2 for overshoot, as in Pillow
ROWS = BYTES // 4  # of a strip

_BY_COLUMN = Order(block * 4 + column for column in range(4) for block in range(BLOCKS))
_BY_BLOCK = Order(column * BLOCKS + block for block in range(BLOCKS) for column in range(4))
_TURN_4 = Order(4 * column + row for row in range(4) for column in range(4))


class Windows(NamedTuple):
    """For each output: where its window of source values starts, how many they are, and their weights."""

    first: Numbers  # (outputs,)
    length: Numbers  # (outputs,)
    weight: Numbers  # (outputs, longest window), fixed point


@kernel
def turn(flat: Bytes, start: int, stride: int, left: int, right: int, turned: Bytes) -> None:
    """Turn columns ``left`` to ``right`` of a strip: ``turned[(x - left) * ROWS + y]``."""
    for x in range(left, right, 16):
        at = start + x
        a = load_rows(u8, flat, at, 4 * stride)
        b = load_rows(u8, flat, at + stride, 4 * stride)
        c = load_rows(u8, flat, at + 2 * stride, 4 * stride)
        d = load_rows(u8, flat, at + 3 * stride, 4 * stride)
        low_ac, low_bd, high_ac, high_bd = unpack_low(a, c), unpack_low(b, d), unpack_high(a, c), unpack_high(b, d)
        to = (x - left) * ROWS
        _store_columns(turned, to, unpack_low(low_ac, low_bd))
        _store_columns(turned, to + BYTES, unpack_high(low_ac, low_bd))
        _store_columns(turned, to + 2 * BYTES, unpack_low(high_ac, high_bd))
        _store_columns(turned, to + 3 * BYTES, unpack_high(high_ac, high_bd))


@part
def _store_columns(turned: Bytes, to: int, part: Vector) -> None:
    lanes = reinterpret(i32, part)
    store(turned, to, permute(lanes, lanes, _BY_COLUMN))


@kernel
def turn_back(summed: Bytes, columns: int, rows: Bytes, base: int, pitch: int) -> None:
    """Turn all columns of a strip back into rows."""
    for x in range(0, columns, 16):
        at = x * ROWS
        a, b = _load_columns(summed, at), _load_columns(summed, at + BYTES)
        c, d = _load_columns(summed, at + 2 * BYTES), _load_columns(summed, at + 3 * BYTES)
        low_ac, low_bd, high_ac, high_bd = unpack_low(a, c), unpack_low(b, d), unpack_high(a, c), unpack_high(b, d)
        _store_rows(rows, base + x, pitch, unpack_low(low_ac, low_bd))
        _store_rows(rows, base + x + pitch, pitch, unpack_high(low_ac, low_bd))
        _store_rows(rows, base + x + 2 * pitch, pitch, unpack_low(high_ac, high_bd))
        _store_rows(rows, base + x + 3 * pitch, pitch, unpack_high(high_ac, high_bd))


@part
def _load_columns(summed: Bytes, at: int) -> Vector:
    lanes = load(i32, summed, at)
    return reinterpret(i32, shuffle(reinterpret(u8, permute(lanes, lanes, _BY_BLOCK)), _TURN_4))


@part
def _store_rows(rows: Bytes, to: int, pitch: int, part: Vector) -> None:
    store_block(rows, to, part, 0)
    store_block(rows, to + 4 * pitch, part, 1)
    if BLOCKS == 4:
        store_block(rows, to + 8 * pitch, part, 2)
        store_block(rows, to + 12 * pitch, part, 3)


@kernel
def sum_columns(turned: Bytes, left: int, channels: int, windows: Windows, begin: int, end: int, summed: Bytes) -> None:
    """Sum the windows of a turned strip; ``left`` is the column that it begins with."""
    half = fill(i32, np.int32(1 << (FRACTION_BITS - 1)))
    first, length, weight = windows.first, windows.length, windows.weight
    to = 0
    for x in range(begin, end):
        at = (first[x] * channels - left) * ROWS
        weights = weight[x]
        if channels == 3:
            red, green, blue = half, half, half
            for k in range(length[x]):
                w = fill(i32, weights[k])
                red += load_wide(i32, turned, at) * w
                green += load_wide(i32, turned, at + ROWS) * w
                blue += load_wide(i32, turned, at + 2 * ROWS) * w
                at += 3 * ROWS
            _clip(summed, to, red, FRACTION_BITS)
            _clip(summed, to + ROWS, green, FRACTION_BITS)
            _clip(summed, to + 2 * ROWS, blue, FRACTION_BITS)
        else:
            for c in range(channels):
                total = half
                for k in range(length[x]):
                    total += load_wide(i32, turned, at + (k * channels + c) * ROWS) * fill(i32, weights[k])
                _clip(summed, to + c * ROWS, total, FRACTION_BITS)
        to += channels * ROWS


@part
def _clip(to: Bytes, at: int, total: Vector, shift: int) -> None:
    clipped = minimum(maximum(total >> shift, fill(i32, np.int32(0))), fill(i32, np.int32(255)))
    store_narrow(to, at, clipped)


@kernel
def down(rows: Bytes, ring: int, pitch: int, first: int, weights: Numbers, out: Bytes) -> None:
    """Sum one output row of any weights."""
    half = fill(i32, np.int32(1 << (FRACTION_BITS - 1)))
    for x in range(0, out.size, BYTES):
        a, b, c, d = half, half, half, half
        for k in range(weights.size):
            at = ((first + k) & (ring - 1)) * pitch + x
            w = fill(i32, weights[k])
            a += load_wide(i32, rows, at) * w
            b += load_wide(i32, rows, at + ROWS) * w
            c += load_wide(i32, rows, at + 2 * ROWS) * w
            d += load_wide(i32, rows, at + 3 * ROWS) * w
        _clip(out, x, a, FRACTION_BITS)
        _clip(out, x + ROWS, b, FRACTION_BITS)
        _clip(out, x + 2 * ROWS, c, FRACTION_BITS)
        _clip(out, x + 3 * ROWS, d, FRACTION_BITS)
