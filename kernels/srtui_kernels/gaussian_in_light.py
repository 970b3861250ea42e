"""
Gaussian blur of light: defocus as a lens makes it, before the camera's curve.

Values become 16 bits of light (see `_light`), which are summed along the rows, then down the columns, in 32 bits: whole
numbers only, so the order does not matter. Each sum is rounded (half up) to 16 bits again, a twentieth of the smallest
step between two values; only the end is rounded to 8.

The weights are 32768ths, finer than those of `gaussian`: 1/256 of a lamp's light is already a value of 13.

Measured on Zen 4, 1440×1152 RGB: sigma 1 3.8 ms, 2 5.1 ms, 6 9.4 ms; `gaussian` 1.0, 1.6 and 3.9 ms. What does not
depend on sigma, 2.4 ms, is mostly the way back: a table for 16 bits cannot be picked from.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from srtui_kernels._borders import aligned, mirror_row, mirrored
from srtui_kernels._checks import Bytes, channels_of, number, rows_of
from srtui_kernels._jit import kernel, part
from srtui_kernels._light import light_tables
from srtui_kernels._vectors import (
    BYTES,
    Order,
    Vector,
    fill,
    host_has,
    i8,
    i16,
    i32,
    load,
    madd,
    pack,
    permute,
    pick,
    reinterpret,
    store,
    u8,
    unpack_high,
    unpack_low,
)
from srtui_kernels.gaussian import LARGEST_SIGMA, gaussian_weights

Light = NDArray[np.int16]  # less 32768, as the products take it

_BITS = 15
_HALF = np.int32(1 << _BITS - 1)
_LANES = i16.lanes

_DENSE = host_has("avx512vbmi")  # bytes of two vectors can be picked in any order
_EVEN, _ODD = Order(range(0, 2 * BYTES, 2)), Order(range(1, 2 * BYTES, 2))
_FIRST = Order(lane // 2 + lane % 2 * BYTES for lane in range(BYTES))
_SECOND = Order(lane // 2 + lane % 2 * BYTES for lane in range(BYTES, 2 * BYTES))


def gaussian_in_light(src_hwc: Bytes, sigma_x: float, sigma_y: float | None = None) -> Bytes:
    """
    Blur light with a gaussian; window and borders as in `gaussian`.

    Parameters
    ----------
    src_hwc
        uint8 sRGB, (H, W) or (H, W, 1, 3 or 4).
    sigma_x, sigma_y
        Standard deviation in pixels along a row and along a column, 0 to 25; 0 leaves that direction alone. ``sigma_y``
        is ``sigma_x`` when left out.

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
    _blur(rows, out, channels, _taps(sigma_x), _taps(sigma_y), *_tables())
    return out.reshape(src_hwc.shape)


class _Taps(NamedTuple):
    """A window whose middle stands in it twice, each with half of its weight: so all fit 16 bits, and are pairs."""

    place: NDArray[np.int64]  # (2 * pairs,), from the middle
    weight: NDArray[np.int32]  # (pairs,), two int16 each, sum 32768


@lru_cache(maxsize=256)
def _taps(sigma: float) -> _Taps:
    weights = gaussian_weights(sigma, 1 << _BITS).astype(np.int64)
    reach = weights.size // 2
    half = weights[reach] // 2
    twice = np.insert(weights, reach, half)
    twice[reach + 1] -= half
    place = np.concatenate([np.arange(-reach, 1), np.arange(reach + 1)])
    return _Taps(place, twice.astype(np.int16).view(np.int32))


@lru_cache(maxsize=1)
def _tables() -> tuple[Light, Bytes]:
    """Those of `light_tables`, for light less 32768 (back: of its 16 bits, read without a sign)."""
    to_light, back = light_tables()
    return (to_light ^ np.uint16(32768)).view(np.int16), np.roll(back, 32768)


@kernel
def _blur(src: Bytes, out: Bytes, channels: int, across: _Taps, down: _Taps, to_light: Light, back: Bytes) -> None:
    height, width = src.shape
    reach, below = across.weight.size - 1, down.weight.size - 1
    pitch = (width + _LANES - 1) // _LANES * _LANES
    margin = reach * channels
    line = np.empty((pitch + 2 * margin + BYTES - 1) // BYTES * BYTES, np.uint8)
    light = np.empty(line.size, np.int16)
    ring = min(height, 2 * below + 1)
    sums, blurred = aligned(2 * ring * pitch).view(np.int16), np.empty(pitch, np.int16)
    columns, rows = (across.place + reach) * channels, np.empty(down.place.size, np.int64)
    done = 0
    for y in range(height):
        while done < min(y + below + 1, height):
            mirror_row(src[done], line[: width + 2 * margin], channels)
            _look_up(line, to_light, light)
            _sum(light, columns, across.weight, sums, done % ring * pitch, width)
            done += 1
        for tap in range(rows.size):
            rows[tap] = mirrored(y + down.place[tap], height) % ring * pitch
        _sum(sums, rows, down.weight, blurred, 0, width)
        _look_back(blurred, back, out[y])


@kernel
def _look_up(line: Bytes, to_light: Light, light: Light) -> None:
    """Turn a line of whole vectors into light; picking takes a third of the time that reading the table does."""
    if not _DENSE:
        for x in range(line.size):
            light[x] = to_light[line[x]]
        return
    table = to_light.view(np.uint8)
    low_0, high_0 = _halves(table, 0)
    low_1, high_1 = _halves(table, 2 * BYTES)
    low_2, high_2 = _halves(table, 4 * BYTES)
    low_3, high_3 = _halves(table, 6 * BYTES)
    for x in range(0, line.size, BYTES):
        values = load(u8, line, x)
        bright = reinterpret(u8, reinterpret(i8, values) >> 7)  # all bits of 128 and more
        low = _either(pick(low_0, low_1, values), pick(low_2, low_3, values), bright)
        high = _either(pick(high_0, high_1, values), pick(high_2, high_3, values), bright)
        store(light, x, reinterpret(i16, permute(low, high, _FIRST)))
        store(light, x + _LANES, reinterpret(i16, permute(low, high, _SECOND)))


@part
def _halves(table: Bytes, at: int) -> tuple[Vector, Vector]:
    """Lower and upper bytes of as many entries as a vector has bytes."""
    a, b = load(u8, table, at), load(u8, table, at + BYTES)
    return permute(a, b, _EVEN), permute(a, b, _ODD)


@part
def _either(a: Vector, b: Vector, second: Vector) -> Vector:
    return a ^ ((a ^ b) & second)


@kernel
def _look_back(light: Light, back: Bytes, row: Bytes) -> None:
    for x in range(row.size):
        row[x] = back[np.uint16(light[x])]


@kernel
def _sum(light: Light, places: NDArray[np.int64], weights: NDArray[np.int32], sums: Light, to: int, count: int) -> None:
    """Sum windows whose pixels lie at ``places``, along a row or down the columns; whole vectors are written."""
    for x in range(0, count, _LANES):
        low = high = fill(i32, _HALF)
        for pair in range(weights.size):
            a, b = load(i16, light, places[2 * pair] + x), load(i16, light, places[2 * pair + 1] + x)
            both = reinterpret(i16, fill(i32, weights[pair]))
            low += madd(unpack_low(a, b), both)
            high += madd(unpack_high(a, b), both)
        store(sums, to + x, pack(low >> _BITS, high >> _BITS))
