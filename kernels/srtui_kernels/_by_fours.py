"""
The way of resizing for every second or fourth pixel: where the ratio is 2 or 4, windows are alike.

All windows inside the picture then have the same weights and begin two or four pixels apart. `dot4` adds four
neighbouring pixels (or rows) at once. Weights have 22 bits, but those of halves and quarters end in zeros: one or two
signed digits of 8 bits are left, summed the highest first (7 bits where the processor has no `dot4`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from srtui_kernels._any_ratio import FRACTION_BITS, ROWS, Numbers, Windows
from srtui_kernels._checks import Bytes
from srtui_kernels._jit import kernel, part
from srtui_kernels._vectors import (
    BLOCKS,
    BYTES,
    Order,
    Vector,
    dot4,
    dot4_small,
    fill,
    host_has,
    i8,
    i32,
    load,
    load_rows,
    pack,
    permute,
    prefetch,
    reinterpret,
    several,
    shuffle,
    store,
    u8,
    unpack_high,
    unpack_low,
)

Several = tuple[int, ...] | NDArray[Any]  # the loops over a tuple are unrolled

_BITS = 8 if host_has("avx512vnni") else 7  # of a digit: `dot4_small` wants them small

# Pixels of three channels in a vector of 32-bit lanes: side by side where bytes can change places in the whole vector
# at once, else one in each block.
_DENSE = host_has("avx512vbmi")
PIXELS = ROWS // 3 if _DENSE else BLOCKS
_LANES = [3 * pixel + c if _DENSE else 4 * pixel + c for pixel in range(PIXELS) for c in range(3)]


def _fours(step: int, first: int = 0) -> Order:
    """Lane by lane, the channel's bytes of four pixels from ``first`` on, for outputs ``step`` pixels apart."""
    places = dict.fromkeys(range(ROWS), 0) | {lane: at // 3 * step * 3 + at % 3 for at, lane in enumerate(_LANES)}
    return Order(3 * (first + k) + places[lane] for lane in range(ROWS) for k in range(4))


def _joined() -> Order:
    """Undo `_packed` of four groups of outputs, and drop the lanes that are none."""
    order = [lane // 4 * 16 + 4 * group + lane % 4 for group in range(4) for lane in _LANES]
    return Order(order + order[-1:] * (BYTES - len(order)))


_EVERY_SECOND, _NEXT_FOUR, _EVERY_FOURTH, _JOINED = _fours(2), _fours(2, first=4), _fours(4), _joined()
_RGB_FOURS = Order([0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11, -1, -1, -1, -1])


class Steps(NamedTuple):
    """The outputs whose windows are all alike and begin ``step`` values apart; none if ``end`` is 0."""

    step: int  # 2 or 4
    begin: int  # first output
    end: int  # past the last one
    first: int  # where the first window starts
    digits: Numbers  # (levels, fours), four signed bytes each, the highest digit first
    shift: int  # bits after the point


def find_steps(windows: Windows, size: int) -> Steps:
    """Find the outputs in the middle that can be made four source values at a time."""
    outputs = windows.first.size
    step = size // outputs
    if step not in {2, 4} or step * outputs != size:
        return Steps(2, 0, 0, 0, np.zeros((1, 1), np.int32), FRACTION_BITS)
    middle = outputs // 2
    same = (windows.length == windows.length[middle]) & (windows.weight == windows.weight[middle]).all(axis=1)
    same &= windows.first - windows.first[middle] == step * (np.arange(outputs) - middle)
    others = np.flatnonzero(~same)
    begin = int(others[others < middle].max(initial=-1)) + 1
    end = int(others[others > middle].min(initial=outputs))
    digits, shift = _digits(windows.weight[middle, : windows.length[middle]].astype(np.int64), step)
    return Steps(step, begin, end, int(windows.first[begin]), digits, shift)


def _digits(weight: NDArray[np.int64], step: int) -> tuple[Numbers, int]:
    """Cut weights into signed digits; return them, the highest first, and the bits after the point that are left."""
    bits = int(np.bitwise_or.reduce(weight))
    zeros = min((bits & -bits).bit_length() - 1, FRACTION_BITS - 1)
    weight = np.pad(weight, (0, -weight.size % 4))
    if _halves(weight >> zeros, step):
        return (weight >> zeros).astype(np.int8).view(np.int32)[None, :], FRACTION_BITS - zeros
    levels = _levels(weight >> zeros)
    while FRACTION_BITS - zeros <= _BITS * (len(levels) - 1):  # a half must fit the highest digit
        zeros -= 1
        levels = _levels(weight >> zeros)
    return np.ascontiguousarray(levels[::-1]).view(np.int32), FRACTION_BITS - zeros


def _halves(weight: NDArray[np.int64], step: int) -> bool:
    """Whether `_row_of_halves` can make them: eight pixels, two apart, one digit of eight bits."""
    return step == 2 and weight.size == 8 and bool((np.abs(weight) < 128).all())


def _levels(weight: NDArray[np.int64]) -> list[NDArray[np.int8]]:
    half = 1 << (_BITS - 1)
    levels: list[NDArray[np.int8]] = []
    while not levels or weight.any():
        low = ((weight + half) & (2 * half - 1)) - half
        levels.append(low.astype(np.int8))
        weight = (weight - low) >> _BITS
    return levels


@kernel
def row_by_fours(flat: Bytes, at: int, steps: Steps, count: int, rows: Bytes, to: int) -> None:
    """Make ``count`` outputs of a row of three channels; the first window begins at element ``at``."""
    levels, fours = steps.digits.shape
    high, digits = steps.digits[0], steps.digits.reshape(-1)
    if steps.step == 2 and levels == 1 and fours == 2:
        _row_of_halves(flat, at, high[0], high[1], steps.shift, count, rows, to)
    elif steps.step == 2:
        _row_of(flat, at, _EVERY_SECOND, 6, steps.digits[:, 0], high, digits, steps.shift, count, rows, to)
    elif levels == 2 and fours == 4:
        eight = several(digits, 8)
        _row_of(flat, at, _EVERY_FOURTH, 12, (0, 0), (0, 0, 0, 0), eight, steps.shift, count, rows, to)
    else:
        _row_of(flat, at, _EVERY_FOURTH, 12, steps.digits[:, 0], high, digits, steps.shift, count, rows, to)


@kernel
def _row_of_halves(
    flat: Bytes, at: int, first: np.int32, second: np.int32, shift: int, count: int, rows: Bytes, to: int
) -> None:
    """Make ``count`` outputs of eight pixels with one digit: both fours lie in one vector, which is loaded once."""
    half, apart = fill(i32, np.int32(1 << (shift - 1))), 6 * PIXELS
    x = 0
    while x < count:
        x = min(x, count - 4 * PIXELS)
        place = at + 6 * x
        prefetch(flat, place + 6 * count)  # a row below: 50 % then takes 0.72 ms instead of 0.80 for 2048×1328
        prefetch(flat, place + 6 * count + 64)
        a = _eight_pixels(flat, place, first, second, half)
        b = _eight_pixels(flat, place + apart, first, second, half)
        c = _eight_pixels(flat, place + 2 * apart, first, second, half)
        d = _eight_pixels(flat, place + 3 * apart, first, second, half)
        packed = _packed(a, b, c, d, shift)
        store(rows, to + 3 * x, permute(packed, packed, _JOINED))
        x += 4 * PIXELS


@part
def _eight_pixels(flat: Bytes, at: int, first: np.int32, second: np.int32, half: Vector) -> Vector:
    v, w = reinterpret(i8, fill(i32, first)), reinterpret(i8, fill(i32, second))
    if not _DENSE:
        return dot4(dot4(half, _spread(flat, at, 6, _EVERY_SECOND), v), _spread(flat, at + 12, 6, _EVERY_SECOND), w)
    pixels = load(u8, flat, at)
    return dot4(dot4(half, permute(pixels, pixels, _EVERY_SECOND), v), permute(pixels, pixels, _NEXT_FOUR), w)


@kernel
def _row_of(
    flat: Bytes,
    at: int,
    order: Order,
    step: int,
    levels: Several,
    fours: Several,
    weights: Several,
    shift: int,
    count: int,
    rows: Bytes,
    to: int,
) -> None:
    """
    Make ``count`` outputs ``step`` bytes apart, four groups at a time; the last groups overlap those before.

    There are as many digits as ``levels`` has items, and as many fours as ``fours`` has.
    """
    half = fill(i32, np.int32(1 << (shift - 1 - _BITS * (len(levels) - 1))))
    apart = PIXELS * step
    x = 0
    while x < count:
        x = min(x, count - 4 * PIXELS)
        a, b, c, d = half, half, half, half
        for level in range(len(levels)):
            if level > 0:
                a, b, c, d = a << _BITS, b << _BITS, c << _BITS, d << _BITS
            for four in range(len(fours)):
                place = at + x * step + 12 * four
                w = reinterpret(i8, fill(i32, weights[level * len(fours) + four]))
                a = dot4_small(a, _spread(flat, place, step, order), w)
                b = dot4_small(b, _spread(flat, place + apart, step, order), w)
                c = dot4_small(c, _spread(flat, place + 2 * apart, step, order), w)
                d = dot4_small(d, _spread(flat, place + 3 * apart, step, order), w)
        packed = _packed(a, b, c, d, shift)
        store(rows, to + 3 * x, permute(packed, packed, _JOINED))
        x += 4 * PIXELS


@part
def _spread(flat: Bytes, at: int, step: int, order: Order) -> Vector:
    """Load four pixels, channel by channel, for each of `PIXELS` outputs ``step`` bytes apart."""
    if not _DENSE:
        return shuffle(load_rows(u8, flat, at, step), _RGB_FOURS)
    pixels = load(u8, flat, at)
    return permute(pixels, pixels, order)


@part
def _packed(a: Vector, b: Vector, c: Vector, d: Vector, shift: int) -> Vector:
    return pack(pack(a >> shift, b >> shift), pack(c >> shift, d >> shift))


@kernel
def down_by_fours(
    rows: Bytes,
    ring: int,
    pitch: int,
    fours: Bytes,
    interleaved: int,
    y: int,
    steps: Steps,
    out: Bytes,
    places: NDArray[np.int64],
) -> int:
    """Sum one output row whose window is like its neighbours'; return how many fours of rows are interleaved by now."""
    levels, count = steps.digits.shape
    apart = 4 // steps.step
    kept = fours.size // (4 * pitch)
    while interleaved <= y - steps.begin + (count - 1) * apart:
        first = steps.first + interleaved * steps.step
        _interleave(rows, ring, pitch, first, out.size, fours, interleaved % kept * 4 * pitch)
        interleaved += 1
    for four in range(count):
        places[four] = (y - steps.begin + four * apart) % kept * 4 * pitch
    if levels == 1 and count == 2:
        _down_by_two_fours(fours, places[0], places[1], steps.digits[0, 0], steps.digits[0, 1], steps.shift, out)
        return interleaved
    half = fill(i32, np.int32(1 << (steps.shift - 1 - _BITS * (levels - 1))))
    for x in range(0, out.size, BYTES):
        a, b, c, d = half, half, half, half
        for level in range(levels):
            if level > 0:
                a, b, c, d = a << _BITS, b << _BITS, c << _BITS, d << _BITS
            for four in range(count):
                at = places[four] + 4 * x
                w = reinterpret(i8, fill(i32, steps.digits[level, four]))
                a = dot4_small(a, load(u8, fours, at), w)
                b = dot4_small(b, load(u8, fours, at + BYTES), w)
                c = dot4_small(c, load(u8, fours, at + 2 * BYTES), w)
                d = dot4_small(d, load(u8, fours, at + 3 * BYTES), w)
        store(out, x, _packed(a, b, c, d, steps.shift))
    return interleaved


@kernel
def _down_by_two_fours(
    fours: Bytes, upper: int, lower: int, first: np.int32, second: np.int32, shift: int, out: Bytes
) -> None:
    """Do the same with two weights of one digit, which stay in registers."""
    half = fill(i32, np.int32(1 << (shift - 1)))
    v, w = reinterpret(i8, fill(i32, first)), reinterpret(i8, fill(i32, second))
    for x in range(0, out.size, BYTES):
        p, q = upper + 4 * x, lower + 4 * x
        a = dot4(dot4(half, load(u8, fours, p), v), load(u8, fours, q), w)
        b = dot4(dot4(half, load(u8, fours, p + BYTES), v), load(u8, fours, q + BYTES), w)
        c = dot4(dot4(half, load(u8, fours, p + 2 * BYTES), v), load(u8, fours, q + 2 * BYTES), w)
        d = dot4(dot4(half, load(u8, fours, p + 3 * BYTES), v), load(u8, fours, q + 3 * BYTES), w)
        store(out, x, _packed(a, b, c, d, shift))


@kernel
def _interleave(rows: Bytes, ring: int, pitch: int, first: int, columns: int, fours: Bytes, to: int) -> None:
    """Put four rows side by side, column by column; in the order of the unpacking, which `pack` undoes."""
    at0, at1 = (first & (ring - 1)) * pitch, ((first + 1) & (ring - 1)) * pitch
    at2, at3 = ((first + 2) & (ring - 1)) * pitch, ((first + 3) & (ring - 1)) * pitch
    for x in range(0, columns, BYTES):
        a, b, c, d = load(u8, rows, at0 + x), load(u8, rows, at1 + x), load(u8, rows, at2 + x), load(u8, rows, at3 + x)
        low_ac, low_bd, high_ac, high_bd = unpack_low(a, c), unpack_low(b, d), unpack_high(a, c), unpack_high(b, d)
        store(fours, to + 4 * x, unpack_low(low_ac, low_bd))
        store(fours, to + 4 * x + BYTES, unpack_high(low_ac, low_bd))
        store(fours, to + 4 * x + 2 * BYTES, unpack_low(high_ac, high_bd))
        store(fours, to + 4 * x + 3 * BYTES, unpack_high(high_ac, high_bd))
