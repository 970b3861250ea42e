"""
JPEG's colours, and chroma planes made smaller and larger again, a vector of pixels at a time.

Sources: JFIF 1.02; the IJG library's jccolor.c, jcsample.c, jdsample.c and jdcolor.c. Their products have 16 bits after
the point and factors of up to 17 bits: a factor is cut into two that `madd` can take, or into whole multiples of 65536
(added after the shift) and a rest.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from srtui_kernels._checks import Bytes
from srtui_kernels._dct import two
from srtui_kernels._jit import kernel, part
from srtui_kernels._vectors import (
    BLOCKS,
    BYTES,
    Order,
    Vector,
    fill,
    host_has,
    i16,
    i32,
    i64,
    load,
    load_rows,
    load_wide,
    madd,
    multiply_high,
    pack,
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

PIXELS = BYTES // 2
"""Pixels that are turned to luma and chroma together."""
WIDE = BYTES
"""Pixels that are turned back together."""

_LUMA_RG, _LUMA_BG = two(19595, 19235), two(7471, 19235)  # 38470 of green is twice 19235
_BLUE_RG, _BLUE_BG = two(11059, 21709), two(-32768, 0)
_RED_RG, _RED_BG = two(-32768, 27439), two(5329, 0)
_GREEN = two(-22554, 65536 - 46802)


_DENSE = host_has("avx512vbmi")  # bytes can change places in the whole vector at once, else in its blocks


def _channel(c: int) -> Order:
    """Words whose lower byte is a channel's, of `PIXELS` pixels that two overlapping vectors hold."""
    places = [3 * pixel + c for pixel in range(PIXELS)]
    found = [at if at < BYTES else at - BYTES // 2 + BYTES for at in places]
    return Order(place for at in found for place in (at, at))


def _eighth(c: int, skipped: int) -> Order:
    """Words of a channel in a block: of eight pixels those whose byte lies within 16 from ``skipped`` on."""
    places = [3 * pixel + c - skipped for pixel in range(8)]
    new = [at if 0 <= at < 16 and (skipped == 0 or at + skipped >= 16) else -1 for at in places]
    return Order(place for at in new for place in (at, -1))


_RED, _GREEN_BYTES, _BLUE = _channel(0), _channel(1), _channel(2)
_RED_HEAD, _GREEN_HEAD, _BLUE_HEAD = _eighth(0, 0), _eighth(1, 0), _eighth(2, 0)
_RED_TAIL, _GREEN_TAIL, _BLUE_TAIL = _eighth(0, 8), _eighth(1, 8), _eighth(2, 8)


def _mixed(part: int) -> tuple[Order, Order]:
    """Lay red and green, then blue, where they belong in the ``part``-th third of the pixels."""
    where = [divmod(part * BYTES + at, 3) for at in range(BYTES)]
    first = Order(pixel + BYTES * c if c < 2 else 0 for pixel, c in where)
    then = Order(at if c < 2 else BYTES + pixel for at, (pixel, c) in enumerate(where))
    return first, then


def _third(part: int, channel: int) -> Order:
    """Lay a channel's 16 pixels of a block where they belong in the ``part``-th third of the block's pixels."""
    where = [divmod(part * 16 + at, 3) for at in range(16)]
    return Order(pixel if c == channel else -1 for pixel, c in where)


(_FIRST_0, _THEN_0), (_FIRST_1, _THEN_1), (_FIRST_2, _THEN_2) = _mixed(0), _mixed(1), _mixed(2)
_R0, _R1, _R2 = _third(0, 0), _third(1, 0), _third(2, 0)
_G0, _G1, _G2 = _third(0, 1), _third(1, 1), _third(2, 1)
_B0, _B1, _B2 = _third(0, 2), _third(1, 2), _third(2, 2)


@part
def _words(rgb: Bytes, at: int) -> tuple[Vector, Vector, Vector]:
    """Red, green and blue of `PIXELS` pixels, as words."""
    if _DENSE:
        head, tail = load(u8, rgb, at), load(u8, rgb, at + BYTES // 2)
        byte = fill(i16, np.int16(255))
        return (
            reinterpret(i16, permute(head, tail, _RED)) & byte,
            reinterpret(i16, permute(head, tail, _GREEN_BYTES)) & byte,
            reinterpret(i16, permute(head, tail, _BLUE)) & byte,
        )
    head, tail = load_rows(u8, rgb, at, 24), load_rows(u8, rgb, at + 8, 24)
    return (
        reinterpret(i16, shuffle(head, _RED_HEAD) | shuffle(tail, _RED_TAIL)),
        reinterpret(i16, shuffle(head, _GREEN_HEAD) | shuffle(tail, _GREEN_TAIL)),
        reinterpret(i16, shuffle(head, _BLUE_HEAD) | shuffle(tail, _BLUE_TAIL)),
    )


@part
def _store_mixed(rgb: Bytes, at: int, r: Vector, g: Vector, b: Vector) -> None:
    """Write `WIDE` pixels."""
    if _DENSE:
        store(rgb, at, permute(permute(r, g, _FIRST_0), b, _THEN_0))
        store(rgb, at + BYTES, permute(permute(r, g, _FIRST_1), b, _THEN_1))
        store(rgb, at + 2 * BYTES, permute(permute(r, g, _FIRST_2), b, _THEN_2))
        return
    _store_thirds(rgb, at, shuffle(r, _R0) | shuffle(g, _G0) | shuffle(b, _B0))
    _store_thirds(rgb, at + 16, shuffle(r, _R1) | shuffle(g, _G1) | shuffle(b, _B1))
    _store_thirds(rgb, at + 32, shuffle(r, _R2) | shuffle(g, _G2) | shuffle(b, _B2))


@part
def _store_thirds(rgb: Bytes, at: int, third: Vector) -> None:
    store_block(rgb, at, third, 0)
    store_block(rgb, at + 48, third, 1)
    if BLOCKS == 4:
        store_block(rgb, at + 96, third, 2)
        store_block(rgb, at + 144, third, 3)


@part
def to_ycc(rgb: Bytes, at: int) -> tuple[Vector, Vector, Vector]:
    """Return luma, blue and red chroma of `PIXELS` pixels, as words from 0 to 255."""
    r, g, b = _words(rgb, at)
    rg_low, rg_high, bg_low, bg_high = unpack_low(r, g), unpack_high(r, g), unpack_low(b, g), unpack_high(b, g)
    half = fill(i32, np.int32(32768))
    y_low = half + madd(rg_low, _factors(_LUMA_RG)) + madd(bg_low, _factors(_LUMA_BG))
    y_high = half + madd(rg_high, _factors(_LUMA_RG)) + madd(bg_high, _factors(_LUMA_BG))
    blue = _chroma(rg_low, rg_high, bg_low, bg_high, _BLUE_RG, _BLUE_BG)
    red = _chroma(rg_low, rg_high, bg_low, bg_high, _RED_RG, _RED_BG)
    return pack(y_low >> 16, y_high >> 16), blue, red


@part
def _chroma(rg_low: Vector, rg_high: Vector, bg_low: Vector, bg_high: Vector, rg: np.int32, bg: np.int32) -> Vector:
    """Take the sums, which have the opposite sign (-32768 is a word, 32768 is none), off a half less 1 / 65536."""
    middle = fill(i32, np.int32((128 << 16) + 32767))
    low = middle - (madd(rg_low, _factors(rg)) + madd(bg_low, _factors(bg)))
    high = middle - (madd(rg_high, _factors(rg)) + madd(bg_high, _factors(bg)))
    return pack(low >> 16, high >> 16)


@part
def _factors(both: np.int32) -> Vector:
    return reinterpret(i16, fill(i32, both))


@part
def store_halved(small: Bytes, at: int, sums: Vector, bias: np.int64, shift: int) -> None:
    """
    Write the means of neighbouring words.

    ``bias`` holds what two neighbouring means are rounded with: it alternates, so that it adds no brightness.
    """
    ones = _factors(np.int32(0x10001))
    store_narrow(small, at, (madd(sums, ones) + reinterpret(i32, fill(i64, bias))) >> shift)


@kernel
def sum_rows(plane: Bytes, near: int, far: int, weighed: bool, sums: NDArray[np.int16], count: int) -> None:
    """Take a chroma row, ``weighed`` three to one with its neighbour, and repeat its ends (sums[0] stands outside)."""
    for x in range(0, count, BYTES // 2):
        row = load_wide(i16, plane, near + x)
        if weighed:
            row = row + row + row + load_wide(i16, plane, far + x)
        store(sums, 1 + x, row)
    sums[0] = sums[1]
    sums[count + 1] = sums[count]


@part
def centred(row: Bytes, x: int) -> tuple[Vector, Vector]:
    """Return `WIDE` bytes less 128, as words: the lower and the upper halves of all blocks."""
    values, nothing, middle = load(u8, row, x), fill(u8, np.uint8(0)), fill(i16, np.int16(128))
    return (
        reinterpret(i16, unpack_low(values, nothing)) - middle,
        reinterpret(i16, unpack_high(values, nothing)) - middle,
    )


@part
def enlarged(sums: NDArray[np.int16], x: int, before: int, after: int, shift: int) -> tuple[Vector, Vector]:
    """
    Double a row: each new value is three quarters of the nearest and a quarter of the next.

    Returns
    -------
    `WIDE` values from pixel 2 ``x`` on less 128, as words: the lower and the upper halves of all blocks.
    """
    near = load(i16, sums, x + 1)
    three = near + near + near
    middle = fill(i16, np.int16(128))
    even = ((three + load(i16, sums, x) + fill(i16, np.int16(before))) >> shift) - middle
    odd = ((three + load(i16, sums, x + 2) + fill(i16, np.int16(after))) >> shift) - middle
    return unpack_low(even, odd), unpack_high(even, odd)


@part
def store_rgb(
    rgb: Bytes, at: int, luma: Vector, blue_low: Vector, blue_high: Vector, red_low: Vector, red_high: Vector
) -> None:
    """Turn `WIDE` pixels back: luma as bytes, chroma less 128 as words, the lower and upper halves of all blocks."""
    nothing = fill(u8, np.uint8(0))
    y_low, y_high = reinterpret(i16, unpack_low(luma, nothing)), reinterpret(i16, unpack_high(luma, nothing))
    r = pack(y_low + red_low + _times(red_low, 91881 - 65536), y_high + red_high + _times(red_high, 91881 - 65536))
    g = pack(y_low + _green(blue_low, red_low), y_high + _green(blue_high, red_high))
    twice_low, twice_high = blue_low + blue_low, blue_high + blue_high
    b = pack(
        y_low + twice_low + _times(blue_low, 116130 - 131072), y_high + twice_high + _times(blue_high, 116130 - 131072)
    )
    _store_mixed(rgb, at, r, g, b)


@part
def _times(chroma: Vector, factor: int) -> Vector:
    """Return ``(chroma * factor + 32768) >> 16``: the upper words of twice the product, rounded in a second step."""
    doubled = multiply_high(chroma + chroma, fill(i16, np.int16(factor)))
    return (doubled + fill(i16, np.int16(1))) >> 1


@part
def _green(blue: Vector, red: Vector) -> Vector:
    half = fill(i32, np.int32(32768))
    low = half + madd(unpack_low(blue, red), _factors(_GREEN))
    high = half + madd(unpack_high(blue, red), _factors(_GREEN))
    return pack(low >> 16, high >> 16) - red
