"""
Median of a 3×3 or 5×5 window: the same bytes as ``cv2.medianBlur``, borders replicated.

The columns of the window are sorted, then what is left is sorted across them. In an n×n table whose rows and columns
are both sorted, everything far from the anti-diagonal is certainly above or below the median, and the median is that of
three numbers: the largest just below the anti-diagonal, the median of the anti-diagonal, the smallest just above it.
The tests prove this for every arrangement of zeros and ones, which by the 0-1 principle proves it for all bytes.

Sources: A. Paeth, "Median finding on a 3×3 grid", Graphics Gems (1990); D. Knuth, TAOCP 3, 5.3.4 (0-1 principle).
"""

from __future__ import annotations

import numpy as np

from srtui_kernels._checks import Bytes, channels_of, rows_of, whole_number
from srtui_kernels._jit import kernel


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
    (_median_3x3 if radius == 1 else _median_5x5)(rows, out, channels)
    return out.reshape(src_hwc.shape)


@kernel
def _order(a: np.uint8, b: np.uint8) -> tuple[np.uint8, np.uint8]:
    return min(a, b), max(a, b)


@kernel
def _sort3(a: np.uint8, b: np.uint8, c: np.uint8) -> tuple[np.uint8, np.uint8, np.uint8]:
    a, b = _order(a, b)
    b, c = _order(b, c)
    a, b = _order(a, b)
    return a, b, c


@kernel
def _sort5(
    a: np.uint8, b: np.uint8, c: np.uint8, d: np.uint8, e: np.uint8
) -> tuple[np.uint8, np.uint8, np.uint8, np.uint8, np.uint8]:
    """Nine comparisons, the fewest there are; what the caller does not use is not computed."""
    a, d = _order(a, d)
    b, e = _order(b, e)
    a, c = _order(a, c)
    b, d = _order(b, d)
    a, b = _order(a, b)
    c, e = _order(c, e)
    b, c = _order(b, c)
    d, e = _order(d, e)
    c, d = _order(c, d)
    return a, b, c, d, e


@kernel
def _median3(a: np.uint8, b: np.uint8, c: np.uint8) -> np.uint8:
    return max(min(a, b), min(max(a, b), c))


@kernel
def _median_3x3(src: Bytes, out: Bytes, channels: int) -> None:
    height, width = src.shape
    ranks = np.empty((3, width + 2 * channels), np.uint8)  # the sorted columns of three rows, one pixel wider each side
    for y in range(height):
        _sort_columns_3(src[max(y - 1, 0)], src[y], src[min(y + 1, height - 1)], ranks, channels)
        _widen(ranks, channels, channels)
        _across_3(ranks, out[y], channels)


@kernel
def _sort_columns_3(above: Bytes, here: Bytes, below: Bytes, ranks: Bytes, start: int) -> None:
    low, middle, high = ranks[0, start:], ranks[1, start:], ranks[2, start:]
    for x in range(here.size):
        low[x], middle[x], high[x] = _sort3(above[x], here[x], below[x])


@kernel
def _across_3(ranks: Bytes, out: Bytes, step: int) -> None:
    l0, l1, l2 = ranks[0], ranks[0, step:], ranks[0, 2 * step :]
    m0, m1, m2 = ranks[1], ranks[1, step:], ranks[1, 2 * step :]
    h0, h1, h2 = ranks[2], ranks[2, step:], ranks[2, 2 * step :]
    for x in range(out.size):
        below = max(l0[x], l1[x], l2[x])
        above = min(h0[x], h1[x], h2[x])
        out[x] = _median3(below, _median3(m0[x], m1[x], m2[x]), above)


@kernel
def _widen(ranks: Bytes, margin: int, channels: int) -> None:
    """Replicate the outermost pixels into the margins of every row."""
    end = ranks.shape[1] - margin
    for rank in range(ranks.shape[0]):
        for x in range(margin):
            ranks[rank, x] = ranks[rank, margin + x % channels]
            ranks[rank, end + x] = ranks[rank, end - channels + x % channels]


@kernel
def _median_5x5(src: Bytes, out: Bytes, channels: int) -> None:
    height, width = src.shape
    ranks = np.empty((5, width + 4 * channels), np.uint8)
    last = height - 1
    for y in range(height):
        _sort_columns_5(
            src[max(y - 2, 0)],
            src[max(y - 1, 0)],
            src[y],
            src[min(y + 1, last)],
            src[min(y + 2, last)],
            ranks,
            2 * channels,
        )
        _widen(ranks, 2 * channels, channels)
        _across_5(ranks, out[y], channels)


@kernel
def _sort_columns_5(r0: Bytes, r1: Bytes, r2: Bytes, r3: Bytes, r4: Bytes, ranks: Bytes, start: int) -> None:
    a, b, c, d, e = ranks[0, start:], ranks[1, start:], ranks[2, start:], ranks[3, start:], ranks[4, start:]
    for x in range(r0.size):
        a[x], b[x], c[x], d[x], e[x] = _sort5(r0[x], r1[x], r2[x], r3[x], r4[x])


@kernel
def _across_5(ranks: Bytes, out: Bytes, step: int) -> None:
    a0, a1, a2, a3, a4 = _neighbours(ranks[0], step)
    b0, b1, b2, b3, b4 = _neighbours(ranks[1], step)
    c0, c1, c2, c3, c4 = _neighbours(ranks[2], step)
    d0, d1, d2, d3, d4 = _neighbours(ranks[3], step)
    e0, e1, e2, e3, e4 = _neighbours(ranks[4], step)
    for x in range(out.size):
        _, _, _, a_3, a_4 = _sort5(a0[x], a1[x], a2[x], a3[x], a4[x])
        _, _, b_2, b_3, b_4 = _sort5(b0[x], b1[x], b2[x], b3[x], b4[x])
        _, c_1, c_2, c_3, _ = _sort5(c0[x], c1[x], c2[x], c3[x], c4[x])
        d_0, d_1, d_2, _, _ = _sort5(d0[x], d1[x], d2[x], d3[x], d4[x])
        e_0, e_1, _, _, _ = _sort5(e0[x], e1[x], e2[x], e3[x], e4[x])
        below = max(a_3, b_2, c_1, d_0)
        _, _, middle, _, _ = _sort5(a_4, b_3, c_2, d_1, e_0)
        above = min(b_4, c_3, d_2, e_1)
        out[x] = _median3(below, middle, above)


@kernel
def _neighbours(rank: Bytes, step: int) -> tuple[Bytes, Bytes, Bytes, Bytes, Bytes]:
    """Five views of a row, each starting one pixel further right: what LLVM can vectorise, unlike rank[x + step]."""
    return rank, rank[step:], rank[2 * step :], rank[3 * step :], rank[4 * step :]
