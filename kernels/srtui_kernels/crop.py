"""
Cut a square out of a stored picture and hand it to the network: uint8 HWC to float32 CHW in [0, 1], turned on the way.

RGB takes its own way, seven times as fast: three values in turn are what the compiler loads at once, and transposing
works on bytes, eight by eight, before they become floats four times their size.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from srtui_kernels._checks import Bytes, channels_of, rows_of, whole_number
from srtui_kernels._jit import kernel

Floats = NDArray[np.float32]
Words = NDArray[np.uint64]

CODES = 8  # the symmetries of a square
RGB = 3
BLOCK = 8  # bytes of a 64-bit word


def crop_to_chw(src_hwc: Bytes, y: int, x: int, size: int, code: int = 0, out: Floats | None = None) -> Floats:
    """
    Cut ``src_hwc[y : y + size, x : x + size]``, turn it, and scale it to [0, 1].

    Parameters
    ----------
    src_hwc
        uint8, (H, W) or (H, W, 1, 3 or 4).
    y, x, size
        Top left corner and side of the square in pixels, inside the picture.
    code
        0 to 7: add 1 to flip left and right, then 2 to flip top and bottom, then 4 to transpose.
    out
        float32 (channels, size, size), contiguous, to write into; made when left out.

    Returns
    -------
    ``out``: exactly ``value / 255`` in float32, as NumPy divides.

    Raises
    ------
    TypeError, ValueError
        When the picture, the place, the code or ``out`` is not one of these.
    """
    channels = channels_of(src_hwc)
    height, width = src_hwc.shape[:2]
    size = whole_number(size, "size", 1, min(height, width))
    y = whole_number(y, "y", 0, height - size)
    x = whole_number(x, "x", 0, width - size)
    code = whole_number(code, "code", 0, CODES - 1)
    if out is None:
        out = np.empty((channels, size, size), np.float32)
    _check_out(out, (channels, size, size))
    band = src_hwc[y : y + size]
    if not band.flags.c_contiguous:
        band, x = band[:, x : x + size], 0  # what has to be copied is then the square alone
    start, left_right, top_bottom, transposed = x * channels, bool(code & 1), bool(code & 2), bool(code & 4)
    if channels != RGB:
        _crop(rows_of(band), start, left_right, top_bottom, transposed, out)
    elif transposed:
        _crop_rgb_transposed(rows_of(band), start, left_right, top_bottom, out)
    else:
        _crop_rgb(rows_of(band), start, left_right, top_bottom, out)
    return out


def _check_out(out: Floats, shape: tuple[int, int, int]) -> None:
    if not isinstance(out, np.ndarray) or out.dtype != np.float32:
        raise TypeError(f"out is {getattr(out, 'dtype', type(out).__name__)}; pass a float32 array")
    if out.shape != shape:
        raise ValueError(f"out has shape {out.shape}; pass (channels, size, size) = {shape}")
    if not (out.flags.c_contiguous and out.flags.writeable):
        raise ValueError("out is not contiguous or not writable; pass an array that is both")


@kernel
def _crop(rows: Bytes, start: int, left_right: bool, top_bottom: bool, transposed: bool, out: Floats) -> None:
    channels, size, _ = out.shape
    for c in range(channels):
        plane = out[c]
        for y in range(size):
            row = rows[y, start + c :]
            to_y = size - 1 - y if top_bottom else y
            for x in range(size):
                value = np.float32(row[x * channels]) / np.float32(255.0)
                to_x = size - 1 - x if left_right else x
                if transposed:
                    plane[to_x, to_y] = value
                else:
                    plane[to_y, to_x] = value


@kernel
def _crop_rgb(rows: Bytes, start: int, left_right: bool, top_bottom: bool, out: Floats) -> None:
    size = out.shape[1]
    for y in range(size):
        row = rows[y, start : start + 3 * size]
        to_y = size - 1 - y if top_bottom else y
        red, green, blue = out[0, to_y], out[1, to_y], out[2, to_y]
        if left_right:
            for x in range(size):
                red[size - 1 - x] = np.float32(row[3 * x]) / np.float32(255.0)
                green[size - 1 - x] = np.float32(row[3 * x + 1]) / np.float32(255.0)
                blue[size - 1 - x] = np.float32(row[3 * x + 2]) / np.float32(255.0)
        else:
            for x in range(size):
                red[x] = np.float32(row[3 * x]) / np.float32(255.0)
                green[x] = np.float32(row[3 * x + 1]) / np.float32(255.0)
                blue[x] = np.float32(row[3 * x + 2]) / np.float32(255.0)


@kernel
def _crop_rgb_transposed(rows: Bytes, start: int, left_right: bool, top_bottom: bool, out: Floats) -> None:
    size = out.shape[1]
    padded = -(-size // BLOCK) * BLOCK
    planes = np.empty((3, padded, padded), np.uint8)
    turned = np.empty((3, padded, padded), np.uint8)
    for y in range(size):
        row = rows[y, start : start + 3 * size]
        to_y = size - 1 - y if top_bottom else y
        red, green, blue = planes[0, to_y], planes[1, to_y], planes[2, to_y]
        for x in range(size):
            red[x] = row[3 * x]
            green[x] = row[3 * x + 1]
            blue[x] = row[3 * x + 2]
    for c in range(3):
        _transpose(planes[c].view(np.uint64), turned[c].view(np.uint64))
        for y in range(size):
            byte_row, float_row = turned[c, y], out[c, size - 1 - y if left_right else y]
            for x in range(size):
                float_row[x] = np.float32(byte_row[x]) / np.float32(255.0)


@kernel
def _transpose(src: Words, dst: Words) -> None:
    """Transpose bytes: ``src`` and ``dst`` are their rows, eight in a word, the first in the lowest bits.

    Blocks of 4×4, then 2×2, then single bytes change places across the diagonal (Warren, "Hacker's Delight", 7-3).
    """
    fours, twos, ones = np.uint64(0xFFFFFFFF), np.uint64(0x0000FFFF0000FFFF), np.uint64(0x00FF00FF00FF00FF)
    by_4, by_2, by_1 = np.uint64(32), np.uint64(16), np.uint64(8)
    for block in range(src.shape[1]):
        y = block * BLOCK
        for x in range(src.shape[1]):
            a, b, c, d = src[y, x], src[y + 1, x], src[y + 2, x], src[y + 3, x]
            e, f, g, h = src[y + 4, x], src[y + 5, x], src[y + 6, x], src[y + 7, x]
            a, e = _exchange(a, e, by_4, fours)
            b, f = _exchange(b, f, by_4, fours)
            c, g = _exchange(c, g, by_4, fours)
            d, h = _exchange(d, h, by_4, fours)
            a, c = _exchange(a, c, by_2, twos)
            b, d = _exchange(b, d, by_2, twos)
            e, g = _exchange(e, g, by_2, twos)
            f, h = _exchange(f, h, by_2, twos)
            a, b = _exchange(a, b, by_1, ones)
            c, d = _exchange(c, d, by_1, ones)
            e, f = _exchange(e, f, by_1, ones)
            g, h = _exchange(g, h, by_1, ones)
            to = x * BLOCK
            dst[to, block], dst[to + 1, block], dst[to + 2, block], dst[to + 3, block] = a, b, c, d
            dst[to + 4, block], dst[to + 5, block], dst[to + 6, block], dst[to + 7, block] = e, f, g, h


@kernel
def _exchange(upper: np.uint64, lower: np.uint64, shift: np.uint64, mask: np.uint64) -> tuple[np.uint64, np.uint64]:
    """Exchange the bits of ``upper`` above ``shift`` with those of ``lower`` in ``mask``."""
    differing = ((upper >> shift) ^ lower) & mask
    return upper ^ (differing << shift), lower ^ differing
