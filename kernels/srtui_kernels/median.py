"""
Median filter: the same bytes as ``cv2.medianBlur`` (borders replicated).

Sorting networks of minima and maxima on whole vectors of bytes. Three (or five) horizontal neighbours are sorted once
for each row, and the sorted rows carried down a strip, so that all windows that a row is part of share its sorting; two
output rows share the rows that both their windows hold. What of a network is not used, the compiler leaves out.

5×5: two sorted rows are merged to ten values, two such pairs to twenty. The median of the 25 is then the sixth smallest
of the pairs' six middle values and the fifth row (ranks below eight and above thirteen of twenty cannot be it).

The tests prove this for every arrangement of zeros and ones, which by the 0-1 principle proves it for all bytes.

Sources: A. Paeth, "Median finding on a 3×3 grid", Graphics Gems (1990); K. Batcher, "Sorting networks and their
applications" (1968); D. Knuth, TAOCP 3, 5.3.4 (0-1 principle).
"""

from __future__ import annotations

import numpy as np

from srtui_kernels._checks import Bytes, channels_of, rows_of, whole_number
from srtui_kernels._jit import kernel, part
from srtui_kernels._vectors import BYTES, Vector, load, maximum, minimum, store, u8

Two = tuple[Vector, Vector]
Four = tuple[Vector, Vector, Vector, Vector]
Five = tuple[Vector, Vector, Vector, Vector, Vector]
Six = tuple[Vector, Vector, Vector, Vector, Vector, Vector]
Ten = tuple[Vector, Vector, Vector, Vector, Vector, Vector, Vector, Vector, Vector, Vector]

_TALL = 6  # rows of a strip: more share more, but where a row is 1.5 × 4096 bytes they evict each other from L1


def median(src_hwc: Bytes, radius: int) -> Bytes:
    """
    Replace every value by the median of its (2 radius + 1)² window, each channel by itself.

    Parameters
    ----------
    src_hwc
        uint8, (H, W) or (H, W, 1, 3 or 4).
    radius
        1 (3×3) or 2 (5×5) pixels.

    Returns
    -------
    uint8, the shape of ``src_hwc``.

    Raises
    ------
    TypeError, ValueError
        When the picture or the radius is not one of these.
    """
    channels = channels_of(src_hwc)
    radius = whole_number(radius, "radius", 1, 2)
    rows = rows_of(src_hwc)
    out = np.empty_like(rows)
    piece = np.empty((rows.shape[0], BYTES + 2 * radius * channels), np.uint8)
    piece_read = piece.view()
    piece_read.flags.writeable = False  # of the source's type, so that what reads it is compiled once
    _median(rows, out, channels, radius, piece, piece_read)
    return out.reshape(src_hwc.shape)


@kernel
def _median(src: Bytes, out: Bytes, channels: int, radius: int, piece: Bytes, piece_read: Bytes) -> None:
    """Filter flat rows: what is near the left and right borders in replicated pieces, the rest where it is."""
    height, width = src.shape
    border = radius * channels
    inside = width - 2 * border
    if inside >= BYTES:
        _columns(src.reshape(-1), width, height, border, inside, out.reshape(-1), radius, channels)
    result = np.empty((height, BYTES + 2 * border), np.uint8)
    left = 0
    while left < width:
        size = min(BYTES if inside < BYTES else border, width - left)
        _replicate(src, left - border, piece, channels)
        _columns(piece_read.reshape(-1), piece.shape[1], height, border, BYTES, result.reshape(-1), radius, channels)
        for y in range(height):
            for x in range(size):
                out[y, left + x] = result[y, border + x]
        left = width - border if left == 0 and inside >= BYTES else left + size


@kernel
def _columns(
    flat: Bytes, width: int, height: int, border: int, inside: int, out: Bytes, radius: int, channels: int
) -> None:
    """Filter the ``inside`` columns within the borders; the last vector of a row overlaps the one before."""
    for top in range(0, height, _TALL):
        bottom = min(top + _TALL, height)
        for at in range(0, inside, BYTES):
            x = border + min(at, inside - BYTES)
            if radius == 1:
                _strip_3x3(flat, out, width, height, channels, x, top, bottom)
            else:
                _strip_5x5(flat, out, width, height, channels, x, top, bottom)


@kernel
def _replicate(src: Bytes, left: int, piece: Bytes, channels: int) -> None:
    """Copy the columns from ``left`` on; beyond the picture stand its outermost pixels."""
    width = src.shape[1]
    columns = np.empty(piece.shape[1], np.int64)
    for x in range(columns.size):
        at = left + x
        columns[x] = at % channels if at < 0 else at if at < width else width - channels + (at - width) % channels
    for y in range(piece.shape[0]):
        row, copy = src[y], piece[y]
        for x in range(columns.size):
            copy[x] = row[columns[x]]


@part
def _row(y: int, height: int, width: int) -> int:
    """Return where a row begins; beyond the picture it is its first or last row."""
    return min(max(y, 0), height - 1) * width


@part
def _sort3(a: Vector, b: Vector, c: Vector) -> tuple[Vector, Vector, Vector]:
    low, high = minimum(a, b), maximum(a, b)
    return minimum(low, c), maximum(low, minimum(high, c)), maximum(high, c)


@part
def _middle3(a: Vector, b: Vector, c: Vector) -> Vector:
    return maximum(minimum(a, b), minimum(maximum(a, b), c))


@part
def _sorted_3(flat: Bytes, at: int, step: int) -> tuple[Vector, Vector, Vector]:
    return _sort3(load(u8, flat, at - step), load(u8, flat, at), load(u8, flat, at + step))


@kernel
def _strip_3x3(flat: Bytes, out: Bytes, width: int, height: int, step: int, x: int, top: int, bottom: int) -> None:
    low0, middle0, high0 = _sorted_3(flat, _row(top - 1, height, width) + x, step)
    low1, middle1, high1 = _sorted_3(flat, _row(top, height, width) + x, step)
    for y in range(top, bottom, 2):
        low2, middle2, high2 = _sorted_3(flat, _row(y + 1, height, width) + x, step)
        low3, middle3, high3 = _sorted_3(flat, _row(y + 2, height, width) + x, step)
        low, high = maximum(low1, low2), minimum(high1, high2)
        less, more = minimum(middle1, middle2), maximum(middle1, middle2)
        upper = _middle3(maximum(low, low0), maximum(less, minimum(more, middle0)), minimum(high, high0))
        store(out, y * width + x, upper)
        if y + 1 < bottom:
            lower = _middle3(maximum(low, low3), maximum(less, minimum(more, middle3)), minimum(high, high3))
            store(out, (y + 1) * width + x, lower)
        low0, middle0, high0 = low2, middle2, high2
        low1, middle1, high1 = low3, middle3, high3


@kernel
def _strip_5x5(flat: Bytes, out: Bytes, width: int, height: int, step: int, x: int, top: int, bottom: int) -> None:
    before = _sorted_5(flat, _row(top - 1, height, width) + x, step)  # the row above a pair
    odd = _sorted_5(flat, _row(top + 1, height, width) + x, step)  # the pair's lower row
    above = _merge_5_5(_sorted_5(flat, _row(top - 2, height, width) + x, step), before)
    pair = _merge_5_5(_sorted_5(flat, _row(top, height, width) + x, step), odd)
    middle = _middle6(above, pair)
    for y in range(top, bottom, 2):
        even = _sorted_5(flat, _row(y + 2, height, width) + x, step)
        store(out, y * width + x, _sixth(middle, even))
        later = _sorted_5(flat, _row(y + 3, height, width) + x, step)
        following = _merge_5_5(even, later)
        middle = _middle6(pair, following)
        if y + 1 < bottom:
            store(out, (y + 1) * width + x, _sixth(middle, before))
        before, odd, pair = odd, later, following


@part
def _sorted_5(flat: Bytes, at: int, step: int) -> Five:
    """Sort with nine comparisons, the fewest there are."""
    a, b, c = load(u8, flat, at - 2 * step), load(u8, flat, at - step), load(u8, flat, at)
    d, e = load(u8, flat, at + step), load(u8, flat, at + 2 * step)
    a, d = minimum(a, d), maximum(a, d)
    b, e = minimum(b, e), maximum(b, e)
    a, c = minimum(a, c), maximum(a, c)
    b, d = minimum(b, d), maximum(b, d)
    a, b = minimum(a, b), maximum(a, b)
    c, e = minimum(c, e), maximum(c, e)
    b, c = minimum(b, c), maximum(b, c)
    d, e = minimum(d, e), maximum(d, e)
    c, d = minimum(c, d), maximum(c, d)
    return a, b, c, d, e


# Batcher's odd-even merges: the even places and the odd places are merged, then neighbours compared.


@part
def _merge_2_2(a: Two, b: Two) -> Four:
    e0, e1 = minimum(a[0], b[0]), maximum(a[0], b[0])
    o0, o1 = minimum(a[1], b[1]), maximum(a[1], b[1])
    return e0, minimum(o0, e1), maximum(o0, e1), o1


@part
def _merge_5_5(a: Five, b: Five) -> Ten:
    p = _merge_2_2((a[0], a[4]), (b[0], b[4]))
    q0, q1 = minimum(a[2], b[2]), maximum(a[2], b[2])
    e1, e2 = minimum(q0, p[1]), maximum(q0, p[1])
    e3, e4 = minimum(q1, p[2]), maximum(q1, p[2])
    o = _merge_2_2((a[1], a[3]), (b[1], b[3]))
    return (
        p[0],
        minimum(o[0], e1),
        maximum(o[0], e1),
        minimum(o[1], e2),
        maximum(o[1], e2),
        minimum(o[2], e3),
        maximum(o[2], e3),
        minimum(o[3], e4),
        maximum(o[3], e4),
        p[3],
    )


@part
def _middle6(a: Ten, b: Ten) -> Six:
    """Merge two pairs of rows, and keep the ranks 8 to 13 of twenty."""
    e = _merge_5_5((a[0], a[2], a[4], a[6], a[8]), (b[0], b[2], b[4], b[6], b[8]))
    o = _merge_5_5((a[1], a[3], a[5], a[7], a[9]), (b[1], b[3], b[5], b[7], b[9]))
    return (
        minimum(o[3], e[4]),
        maximum(o[3], e[4]),
        minimum(o[4], e[5]),
        maximum(o[4], e[5]),
        minimum(o[5], e[6]),
        maximum(o[5], e[6]),
    )


@part
def _sixth(a: Six, b: Five) -> Vector:
    """Sixth smallest of six and five sorted values."""
    one = minimum(maximum(a[0], b[4]), maximum(a[1], b[3]))
    two = minimum(maximum(a[2], b[2]), maximum(a[3], b[1]))
    return minimum(minimum(one, two), minimum(maximum(a[4], b[0]), a[5]))
