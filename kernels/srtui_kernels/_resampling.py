"""
The two passes of resizing: weighted sums of pixels along each row, rounded to bytes, then down each column.

Rows go through in strips of as many rows as a vector has 32-bit lanes, into a ring that stays in the cache and feeds
the pass down. Each pass has two ways:

- *Any ratio.* Across, a strip is turned, so that lanes are rows and a weight is one number, wherever windows begin.
  Down, lanes are columns anyway.
- *Every second or fourth pixel.* Where the ratio is 2 or 4, all windows inside the picture have the same weights and
  begin two or four pixels apart. `dot4` then adds four neighbouring pixels (or rows) at once. Weights have 22 bits, but
  those of halves and quarters end in zeros: one or two signed digits of 8 bits are left, summed the highest first
  (7 bits where the processor has no `dot4`).

Windows at the borders differ and take the first way.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from srtui_kernels._borders import aligned
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
    load_wide,
    maximum,
    minimum,
    pack,
    permute,
    reinterpret,
    several,
    shuffle,
    store,
    store_block,
    store_narrow,
    u8,
    unpack_high,
    unpack_low,
)

Numbers = NDArray[np.int32]
Count = tuple[int, ...]  # Numba compiles a version for each length, with its loop unrolled

FRACTION_BITS = 22  # 32 bits less 8 of the pixel less 2 for overshoot, as in Pillow
ROWS = BYTES // 4  # of a strip
_SLACK = 2 * BYTES  # room beyond a row for the last vector
_BITS = 8 if host_has("avx512vnni") else 7  # of a digit: `dot4_small` wants them small


# Pixels of three channels in a vector of 32-bit lanes: side by side where bytes can change places in the whole vector
# at once, else one in each block.
_DENSE = host_has("avx512vbmi")
_PIXELS = ROWS // 3 if _DENSE else BLOCKS
_LANES = [3 * pixel + c if _DENSE else 4 * pixel + c for pixel in range(_PIXELS) for c in range(3)]


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
_BY_COLUMN = Order(block * 4 + column for column in range(4) for block in range(BLOCKS))
_BY_BLOCK = Order(column * BLOCKS + block for block in range(BLOCKS) for column in range(4))
_TURN_4 = Order(4 * column + row for row in range(4) for column in range(4))


class Windows(NamedTuple):
    """For each output: where its window of source values starts, how many they are, and their weights."""

    first: Numbers  # (outputs,)
    length: Numbers  # (outputs,)
    weight: Numbers  # (outputs, longest window), fixed point


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


def resample_rows(
    src: Bytes, out: Bytes, channels: int, across: tuple[Windows, Steps], down: tuple[Windows, Steps]
) -> None:
    """Resize read-only flat rows ``src`` (H, W * channels) to ``out`` (height, width * channels)."""
    edge = np.empty(ROWS * (src.shape[1] + _SLACK), np.uint8)
    edge_read = edge.view()
    edge_read.flags.writeable = False
    _resample(src, out, channels, *across, *down, edge, edge_read)


@kernel
def _resample(
    src: Bytes,
    out: Bytes,
    channels: int,
    windows_x: Windows,
    steps_x: Steps,
    windows_y: Windows,
    steps_y: Steps,
    edge: Bytes,
    edge_read: Bytes,
) -> None:
    """
    Resize flat rows ``src`` (H, W * channels) to ``out``.

    ``edge`` is room for the last strip, ``edge_read`` the same memory as a read-only array: of ``src``'s type, so that
    what reads it is compiled once.
    """
    height, width, columns = src.shape[0], src.shape[1], out.shape[1]
    pitch = (columns + _SLACK + 63) // 64 * 64
    ring = 4 * ROWS
    while ring < windows_y.weight.shape[1] + 2 * ROWS:
        ring *= 2
    rows = aligned(ring * pitch)  # what the pass across gives, row y at y % ring
    fours = aligned((2 * steps_y.digits.shape[1] + 2) * 4 * pitch if steps_y.end else 64)
    last, places = aligned(pitch), np.empty(steps_y.digits.shape[1], np.int64)
    turned, summed = aligned((width + 32) * ROWS), aligned((columns + 32) * ROWS)
    flat = src.reshape(-1)
    done, interleaved = 0, 0
    for top in range(0, height, ROWS):
        base = (top & (ring - 1)) * pitch
        strip, start, stride = flat, top * width, width
        if top + ROWS >= height or (top + ROWS) * width + 2 * _SLACK > flat.size:
            _copy_rows(src, top, edge)
            strip, start, stride = edge_read, 0, width + _SLACK
        _across(strip, start, stride, width, channels, windows_x, steps_x, turned, summed, rows, base, pitch, columns)
        ready = min(top + ROWS, height)
        while done < out.shape[0]:
            by_fours = steps_y.begin <= done < steps_y.end
            needed = 4 * steps_y.digits.shape[1] if by_fours else windows_y.length[done]
            if windows_y.first[done] + needed > ready and ready < height:
                break
            whole = (done + 1) * columns + BYTES <= out.size  # the last vector may spill into rows that come later
            row = out.reshape(-1)[done * columns : (done + 1) * columns] if whole else last[:columns]
            if by_fours:
                interleaved = _down_by_fours(rows, ring, pitch, fours, interleaved, done, steps_y, row, places)
            else:
                weights = windows_y.weight[done, : windows_y.length[done]]
                _down(rows, ring, pitch, windows_y.first[done], weights, row)
            if not whole:
                for x in range(columns):
                    out[done, x] = last[x]
            done += 1


@kernel
def _copy_rows(src: Bytes, top: int, edge: Bytes) -> None:
    """Copy the last strip to where reading beyond it does no harm (what is read there is not used)."""
    pitch = src.shape[1] + _SLACK
    for y in range(ROWS):
        row = src[min(top + y, src.shape[0] - 1)]
        copy = edge[y * pitch : y * pitch + row.size]
        for x in range(row.size):
            copy[x] = row[x]


@kernel
def _across(
    flat: Bytes,
    start: int,
    stride: int,
    width: int,
    channels: int,
    windows: Windows,
    steps: Steps,
    turned: Bytes,
    summed: Bytes,
    rows: Bytes,
    base: int,
    pitch: int,
    columns: int,
) -> None:
    """Resize a strip's rows."""
    outputs = windows.first.size
    count = steps.end - steps.begin
    if channels != 3 or count < 4 * _PIXELS:
        _turn(flat, start, stride, 0, width, turned)
        _sum_columns(turned, 0, channels, windows, 0, outputs, summed)
        _turn_back(summed, columns, rows, base, pitch)
        return
    for y in range(ROWS):
        at = start + y * stride + 3 * steps.first
        to = base + y * pitch + 3 * steps.begin
        levels, fours = steps.digits.shape
        high = steps.digits[0]
        if steps.step == 2 and levels == 1 and fours == 2:
            _row_of_halves(flat, at, high[0], high[1], steps.shift, count, rows, to)
        elif steps.step == 2:
            _row_looped(flat, at, _EVERY_SECOND, 6, steps.digits, steps.shift, count, rows, to)
        elif levels == 2 and fours == 4:
            eight = several(steps.digits.reshape(-1), 8)
            _row_unrolled(flat, at, _EVERY_FOURTH, 12, (0, 0), (0, 0, 0, 0), eight, steps.shift, count, rows, to)
        else:
            _row_looped(flat, at, _EVERY_FOURTH, 12, steps.digits, steps.shift, count, rows, to)
    _few_columns(flat, start, stride, windows, 0, steps.begin, turned, summed, rows, base, pitch)
    _few_columns(flat, start, stride, windows, steps.end, outputs, turned, summed, rows, base, pitch)


@kernel
def _row_of_halves(
    flat: Bytes, at: int, first: np.int32, second: np.int32, shift: int, count: int, rows: Bytes, to: int
) -> None:
    """Make ``count`` outputs of eight pixels with one digit: both fours lie in one vector, which is loaded once."""
    half, apart = fill(i32, np.int32(1 << (shift - 1))), 6 * _PIXELS
    x = 0
    while x < count:
        x = min(x, count - 4 * _PIXELS)
        place = at + 6 * x
        a = _eight_pixels(flat, place, first, second, half)
        b = _eight_pixels(flat, place + apart, first, second, half)
        c = _eight_pixels(flat, place + 2 * apart, first, second, half)
        d = _eight_pixels(flat, place + 3 * apart, first, second, half)
        packed = _packed(a, b, c, d, shift)
        store(rows, to + 3 * x, permute(packed, packed, _JOINED))
        x += 4 * _PIXELS


@part
def _eight_pixels(flat: Bytes, at: int, first: np.int32, second: np.int32, half: Vector) -> Vector:
    v, w = reinterpret(i8, fill(i32, first)), reinterpret(i8, fill(i32, second))
    if not _DENSE:
        return dot4(dot4(half, _spread(flat, at, 6, _EVERY_SECOND), v), _spread(flat, at + 12, 6, _EVERY_SECOND), w)
    pixels = load(u8, flat, at)
    return dot4(dot4(half, permute(pixels, pixels, _EVERY_SECOND), v), permute(pixels, pixels, _NEXT_FOUR), w)


@kernel
def _row_unrolled(
    flat: Bytes,
    at: int,
    order: Order,
    step: int,
    levels: Count,
    fours: Count,
    weights: Count,
    shift: int,
    count: int,
    rows: Bytes,
    to: int,
) -> None:
    """Make ``count`` outputs ``step`` bytes apart, four groups at a time; the last groups overlap those before."""
    half = fill(i32, np.int32(1 << (shift - 1 - _BITS * (len(levels) - 1))))
    apart = _PIXELS * step
    x = 0
    while x < count:
        x = min(x, count - 4 * _PIXELS)
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
        x += 4 * _PIXELS


@kernel
def _row_looped(
    flat: Bytes, at: int, order: Order, step: int, digits: Numbers, shift: int, count: int, rows: Bytes, to: int
) -> None:
    """Do the same for any number of digits and fours."""
    levels, fours = digits.shape
    half = fill(i32, np.int32(1 << (shift - 1 - _BITS * (levels - 1))))
    apart = _PIXELS * step
    x = 0
    while x < count:
        x = min(x, count - 4 * _PIXELS)
        a, b, c, d = half, half, half, half
        for level in range(levels):
            if level > 0:
                a, b, c, d = a << _BITS, b << _BITS, c << _BITS, d << _BITS
            for four in range(fours):
                place = at + x * step + 12 * four
                w = reinterpret(i8, fill(i32, digits[level, four]))
                a = dot4_small(a, _spread(flat, place, step, order), w)
                b = dot4_small(b, _spread(flat, place + apart, step, order), w)
                c = dot4_small(c, _spread(flat, place + 2 * apart, step, order), w)
                d = dot4_small(d, _spread(flat, place + 3 * apart, step, order), w)
        packed = _packed(a, b, c, d, shift)
        store(rows, to + 3 * x, permute(packed, packed, _JOINED))
        x += 4 * _PIXELS


@part
def _spread(flat: Bytes, at: int, step: int, order: Order) -> Vector:
    """Load four pixels, channel by channel, for each of `_PIXELS` outputs ``step`` bytes apart."""
    if not _DENSE:
        return shuffle(load_rows(u8, flat, at, step), _RGB_FOURS)
    pixels = load(u8, flat, at)
    return permute(pixels, pixels, order)


@part
def _packed(a: Vector, b: Vector, c: Vector, d: Vector, shift: int) -> Vector:
    return pack(pack(a >> shift, b >> shift), pack(c >> shift, d >> shift))


@kernel
def _few_columns(
    flat: Bytes,
    start: int,
    stride: int,
    windows: Windows,
    begin: int,
    end: int,
    turned: Bytes,
    summed: Bytes,
    rows: Bytes,
    base: int,
    pitch: int,
) -> None:
    """Make the outputs from ``begin`` to ``end``, near a border, of a strip."""
    if begin == end:
        return
    left = 3 * windows.first[begin]
    right = 3 * (windows.first[end - 1] + windows.length[end - 1])
    _turn(flat, start, stride, left, right, turned)
    _sum_columns(turned, left, 3, windows, begin, end, summed)
    for column in range(3 * (end - begin)):
        to = base + 3 * begin + column
        for y in range(ROWS):
            rows[to + y * pitch] = summed[column * ROWS + y]


@kernel
def _turn(flat: Bytes, start: int, stride: int, left: int, right: int, turned: Bytes) -> None:
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
def _turn_back(summed: Bytes, columns: int, rows: Bytes, base: int, pitch: int) -> None:
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
def _sum_columns(
    turned: Bytes, left: int, channels: int, windows: Windows, begin: int, end: int, summed: Bytes
) -> None:
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
def _down(rows: Bytes, ring: int, pitch: int, first: int, weights: Numbers, out: Bytes) -> None:
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


@kernel
def _down_by_fours(
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
