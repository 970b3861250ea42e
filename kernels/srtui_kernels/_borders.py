"""Rows continued beyond their borders, as the windows of the blurs need them, and room for them."""

from __future__ import annotations

import numpy as np

from srtui_kernels._checks import Bytes
from srtui_kernels._jit import kernel
from srtui_kernels._vectors import BYTES, fill, load, prefetch, store, u8


@kernel
def mirrored(position: int, size: int) -> int:
    """Reflect a position into 0..size - 1 without repeating the border pixel (cv2.BORDER_REFLECT_101)."""
    if size == 1:
        return 0
    while position < 0 or position >= size:
        position = -position if position < 0 else 2 * size - 2 - position
    return position


@kernel
def mirror_row(row: Bytes, wide: Bytes, channels: int, flip: int = 0) -> None:
    """
    Copy a flat row, each byte ^ ``flip``, into the middle of a wider one, and reflect it into both margins.

    The row that lies behind it in memory is asked for: it is the next, and the work between makes the CPU forget it.
    """
    margin = (wide.size - row.size) // 2
    whole, flips = row.size // BYTES * BYTES, fill(u8, np.uint8(flip))
    for x in range(0, whole, BYTES):
        store(wide, margin + x, load(u8, row, x) ^ flips)
        prefetch(row, row.size + x)
    for x in range(whole, row.size):
        wide[margin + x] = row[x] ^ np.uint8(flip)
    width = row.size // channels
    reach = margin // channels
    for x in range(reach):
        left = mirrored(x - reach, width) * channels
        right = mirrored(width + x, width) * channels
        for c in range(channels):
            wide[x * channels + c] = row[left + c] ^ np.uint8(flip)
            wide[margin + row.size + x * channels + c] = row[right + c] ^ np.uint8(flip)


@kernel
def aligned(size: int) -> Bytes:
    """Make room that begins at a line of the cache: a vector that crosses two lines costs twice."""
    room = np.empty(size + 64, np.uint8)
    skip = -room.ctypes.data % 64
    return room[skip : skip + size]
