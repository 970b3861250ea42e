"""
Cut a square out of a stored picture and hand it to the network: uint8 HWC to float32 CHW in [0, 1], turned on the way.

One pass over the square's rows; flips and transposition only change where a value is written.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from srtui_kernels._checks import Bytes, channels_of, rows_of, whole_number
from srtui_kernels._jit import kernel

Floats = NDArray[np.float32]

CODES = 8  # the symmetries of a square


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
    _crop(rows_of(band), x * channels, bool(code & 1), bool(code & 2), bool(code & 4), out)
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
