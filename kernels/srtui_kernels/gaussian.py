"""
Gaussian blur: the same bytes as ``cv2.GaussianBlur`` on uint8.

The weights have 8 bits after the point; the error of rounding one is carried to the next, and the middle weight takes
what is left, so they sum to 256 exactly. The horizontal sums are kept whole in 16 bits; only the vertical sum is
rounded, once.

Source: OpenCV, modules/imgproc/src/smooth.dispatch.cpp (getGaussianKernelBitExact, getGaussianKernelFixedPoint_ED).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from srtui_kernels._borders import aligned, mirror_row, mirrored
from srtui_kernels._checks import Bytes, channels_of, number, rows_of
from srtui_kernels._jit import kernel, part
from srtui_kernels._vectors import (
    BYTES,
    Vector,
    fill,
    host_has,
    i8,
    i16,
    i32,
    load,
    madd,
    madd_bytes,
    pack,
    pick,
    prefetch,
    reinterpret,
    several,
    store,
    u8,
    u16,
    unpack_high,
    unpack_low,
)

LARGEST_SIGMA = 25.0

Several = tuple[int, ...] | NDArray[Any]  # the loops over a tuple are unrolled (sigma 1 and 2): a seventh faster

_DENSE = host_has("avx512vbmi")  # bytes of two vectors can be picked in any order
_LANES = np.array([lane // 16 * 16 + lane % 16 // 2 for lane in range(BYTES)], np.uint8)  # as `unpack_low` takes them
_SECOND = np.array([0, 255] * (BYTES // 2), np.uint8)


def gaussian(src_hwc: Bytes, sigma_x: float, sigma_y: float | None = None) -> Bytes:
    """
    Blur with a gaussian; the border is reflected without repeating its pixel (reflect 101).

    Parameters
    ----------
    src_hwc
        uint8, (H, W) or (H, W, 1, 3 or 4).
    sigma_x, sigma_y
        Standard deviation in pixels along a row and along a column, 0 to 25; 0 leaves that direction alone. ``sigma_y``
        is ``sigma_x`` when left out. The window is as wide as cv2 makes it: round(6 sigma + 1) made odd.

    Returns
    -------
    uint8, the shape of ``src_hwc``.

    Raises
    ------
    TypeError, ValueError
        When the picture or a sigma is not one of these.
    """
    channels = channels_of(src_hwc)
    sigma_x = number(sigma_x, "sigma_x", 0.0, LARGEST_SIGMA)
    sigma_y = number(sigma_x if sigma_y is None else sigma_y, "sigma_y", 0.0, LARGEST_SIGMA)
    rows = rows_of(src_hwc)
    out = np.empty_like(rows)
    _gaussian(rows, out, channels, _pairs(sigma_x, sigma_y))
    return out.reshape(src_hwc.shape)


@lru_cache(maxsize=256)
def gaussian_weights(sigma: float, whole: int = 256) -> NDArray[np.uint16]:
    """Compute the weights of one direction in 256ths, or others: (window,), odd, symmetric, sum ``whole``."""
    if sigma * sigma == 0.0:  # 0, or so small that it cannot be divided by its square
        return np.array([whole], np.uint16)
    half = (round(6.0 * sigma + 1.0) | 1) // 2
    side = [math.exp(-0.125 / (sigma * sigma) * (2 * x) ** 2) for x in range(half, 0, -1)]
    scale = 1.0 / (2.0 * math.fsum(side) + 1.0)
    weights, carried = [], 0.0
    for value in side:
        exact = value * scale * whole + carried
        weights.append(round(exact))
        carried = exact - weights[-1]
    return np.array([*weights, whole - 2 * sum(weights), *weights[::-1]], np.uint16)


class _Pairs(NamedTuple):
    """Weights two by two, as `madd_bytes` and `madd` take them."""

    reach: int  # pixels from the middle to the window's left end
    place: NDArray[np.int32]  # (2 * pairs,), pixels from there
    across: NDArray[np.uint16]  # (pairs,), two bytes
    near: NDArray[np.int32]  # (pairs of rows,), two int16: for the upper one of two output rows
    far: NDArray[np.int32]  # (pairs of rows,), for the lower one, whose window begins a row later


@lru_cache(maxsize=256)
def _pairs(sigma_x: float, sigma_y: float) -> _Pairs:
    across = gaussian_weights(sigma_x).astype(np.int32)
    reach, place = across.size // 2, np.arange(across.size)
    if across.max() == 256:  # one pixel alone: its weight does not fit a byte, twice a half does
        place = np.repeat(np.argmax(across), 2)
        across = np.array([128, 128])
    odd = across.size % 2
    across_2, place_2 = np.pad(across, (0, odd)).reshape(-1, 2), np.pad(place, (0, odd), mode="edge").reshape(-1, 2)
    down = gaussian_weights(sigma_y).astype(np.int16)
    return _Pairs(
        reach,
        place_2.astype(np.int32).reshape(-1),
        (across_2[:, 0] | across_2[:, 1] << 8).astype(np.uint16),
        np.append(down, np.int16(0)).view(np.int32),
        np.insert(down, 0, np.int16(0)).view(np.int32),
    )


@kernel
def _gaussian(src: Bytes, out: Bytes, channels: int, pairs: _Pairs) -> None:
    """Blur flat rows; four output rows at a time share what their windows have in common."""
    height, width = src.shape
    count = pairs.near.size
    below = count - 1  # rows that a window has on each side
    pitch = (width + BYTES) // BYTES * BYTES
    margin = pairs.reach * channels
    line = aligned(width + 2 * margin + 2 * BYTES)
    ring = 4
    while ring < 2 * count + 4:
        ring *= 2
    sums = aligned(2 * ring * pitch).view(np.int16)
    offset, across = (pairs.place * channels).astype(np.int64), pairs.across
    q, n, f = np.empty(2 * count + 2, np.int64), pairs.near, pairs.far
    last, tails = np.empty(width, np.uint8), np.empty((4, BYTES), np.uint8)
    whole = width // BYTES * BYTES
    have = 0
    for y in range(0, height, 4):
        while have < min(y + below + 4, height):
            to = (have & (ring - 1)) * pitch
            if across.size == 4:
                _blur_row(src[have], line, channels, margin, several(offset, 8), several(across, 4), sums, to)
            elif across.size == 7:
                _blur_row(src[have], line, channels, margin, several(offset, 14), several(across, 7), sums, to)
            else:
                _blur_row(src[have], line, channels, margin, offset, across, sums, to)
            have += 1
        for k in range(q.size):
            q[k] = (mirrored(y - below + k, height) & (ring - 1)) * pitch
        r0, r1 = out[y], out[y + 1] if y + 1 < height else last
        r2, r3 = out[y + 2] if y + 2 < height else last, out[y + 3] if y + 3 < height else last
        _four_at_once(sums, q, n, f, 0, whole, r0, r1, r2, r3)
        if whole < width:
            _four_at_once(sums, q, n, f, whole, width, tails[0], tails[1], tails[2], tails[3])
            for x in range(width - whole):
                r0[whole + x], r1[whole + x] = tails[0, x], tails[1, x]
                r2[whole + x], r3[whole + x] = tails[2, x], tails[3, x]


@kernel
def _four_at_once(
    sums: NDArray[np.int16],
    places: NDArray[np.int64],
    nears: NDArray[np.int32],
    fars: NDArray[np.int32],
    begin: int,
    end: int,
    r0: Bytes,
    r1: Bytes,
    r2: Bytes,
    r3: Bytes,
) -> None:
    """Choose the loop for as many weights as there are."""
    if nears.size == 4:
        q10, n4, f4 = several(places, 10), several(nears, 4), several(fars, 4)
        _blur_columns(sums, q10, n4, f4, begin, end, r0, r1, r2, r3)
    elif nears.size == 7:
        q16, n7, f7 = several(places, 16), several(nears, 7), several(fars, 7)
        _blur_columns(sums, q16, n7, f7, begin, end, r0, r1, r2, r3)
    else:
        _blur_columns(sums, places, nears, fars, begin, end, r0, r1, r2, r3)


@kernel
def _blur_row(
    row: Bytes,
    line: Bytes,
    channels: int,
    margin: int,
    offsets: Several,
    weights: Several,
    sums: NDArray[np.int16],
    to: int,
) -> None:
    """
    Sum 256 times the blurred row less 32768, what a signed word holds, and 128: the half to round with, a 256th of it.

    Weights are the unsigned bytes and pixels, less 128, the signed ones: as the weights sum to 256, two products never
    leave 16 bits. The words are left in the order of the unpacking, which `_blur_columns` undoes.
    """
    width = row.size
    if not (_DENSE and len(weights) < 8 and offsets[-1] < BYTES and width >= 8 * BYTES):
        mirror_row(row, line[: width + 2 * margin], channels, 128)
        _sum_loaded(line, 0, offsets, weights, sums, to, width)
        return
    # Where the row lies; only its ends are copied, to be reflected.
    first = (margin + BYTES - 1) // BYTES * BYTES
    last = (width + margin - BYTES) // BYTES * BYTES
    head = (first + margin + channels - 1) // channels * channels
    tail = (last - margin) // channels * channels
    mirror_row(row[:head], line[: head + 2 * margin], channels)
    _sum_picked(line, 0, offsets, weights, sums, to, first)
    _sum_picked(row, first - margin, offsets, weights, sums, to + first, last - first)
    mirror_row(row[tail:], line[: width - tail + 2 * margin], channels)
    _sum_picked(line, last - tail, offsets, weights, sums, to + last, width - last)


@part
def _sum_loaded(
    line: Bytes, at: int, offsets: Several, weights: Several, sums: NDArray[np.int16], to: int, count: int
) -> None:
    """Sum ``count`` windows of signed bytes from element ``at`` on: a load for each weight."""
    for x in range(0, count, BYTES):
        low = high = fill(i16, np.int16(128))
        for pair in range(len(weights)):
            a, b = load(i8, line, at + x + offsets[2 * pair]), load(i8, line, at + x + offsets[2 * pair + 1])
            both = reinterpret(u8, fill(u16, weights[pair]))
            low += madd_bytes(both, unpack_low(a, b))
            high += madd_bytes(both, unpack_high(a, b))
        store(sums, to + x, low)
        store(sums, to + x + BYTES // 2, high)


@part
def _sum_picked(
    line: Bytes, at: int, offsets: Several, weights: Several, sums: NDArray[np.int16], to: int, count: int
) -> None:
    """Do the same with unsigned bytes, by one load: the pairs are picked from two vectors that lie side by side."""
    sign = fill(u8, np.uint8(128))
    lane, second = load(u8, _LANES, 0), load(u8, _SECOND, 0)
    right = load(u8, line, at) ^ sign
    for x in range(0, count, BYTES):
        left, right = right, load(u8, line, at + x + BYTES) ^ sign
        prefetch(line, at + x + line.size)  # the next row: a fifth of all the time less
        low = high = fill(i16, np.int16(128))
        for pair in range(len(weights)):
            a, b = fill(u8, np.uint8(offsets[2 * pair])), fill(u8, np.uint8(offsets[2 * pair + 1]))
            place = lane + (a ^ ((a ^ b) & second))
            both = reinterpret(u8, fill(u16, weights[pair]))
            low += madd_bytes(both, reinterpret(i8, pick(left, right, place)))
            high += madd_bytes(both, reinterpret(i8, pick(left, right, place + fill(u8, np.uint8(8)))))
        store(sums, to + x, low)
        store(sums, to + x + BYTES // 2, high)


@kernel
def _blur_columns(
    sums: NDArray[np.int16],
    places: Several,
    nears: Several,
    fars: Several,
    begin: int,
    end: int,
    r0: Bytes,
    r1: Bytes,
    r2: Bytes,
    r3: Bytes,
) -> None:
    """Sum columns ``begin`` to ``end`` of four output rows; ``places``: those of the rows that their windows cover."""
    for x in range(begin, end, BYTES):
        a, b, c, d = _four_rows(sums, x, places, nears, fars)
        e, f, g, h = _four_rows(sums, x + BYTES // 2, places, nears, fars)
        store(r0, x - begin, pack(a, e))
        store(r1, x - begin, pack(b, f))
        store(r2, x - begin, pack(c, g))
        store(r3, x - begin, pack(d, h))


@part
def _four_rows(
    sums: NDArray[np.int16], x: int, places: Several, nears: Several, fars: Several
) -> tuple[Vector, Vector, Vector, Vector]:
    # 128 before the point: 32768 / 256, which `_blur_row` took away.
    a0 = a1 = b0 = b1 = c0 = c1 = d0 = d1 = fill(i32, np.int32(128 << 16))
    for pair in range(len(nears) + 1):
        one, two = load(i16, sums, places[2 * pair] + x), load(i16, sums, places[2 * pair + 1] + x)
        low, high = unpack_low(one, two), unpack_high(one, two)
        if pair < len(nears):
            near, far = reinterpret(i16, fill(i32, nears[pair])), reinterpret(i16, fill(i32, fars[pair]))
            a0, a1 = a0 + madd(low, near), a1 + madd(high, near)
            b0, b1 = b0 + madd(low, far), b1 + madd(high, far)
        if pair > 0:
            near, far = reinterpret(i16, fill(i32, nears[pair - 1])), reinterpret(i16, fill(i32, fars[pair - 1]))
            c0, c1 = c0 + madd(low, near), c1 + madd(high, near)
            d0, d1 = d0 + madd(low, far), d1 + madd(high, far)
    return pack(a0 >> 16, a1 >> 16), pack(b0 >> 16, b1 >> 16), pack(c0 >> 16, c1 >> 16), pack(d0 >> 16, d1 >> 16)
