"""
Sharpening as cameras do it: an unsharp mask, which leaves a dark and a bright halo along every edge.

``result = picture + amount · (picture - blurred)``, with the gaussian blur of this package, the amount in 256ths, and
one rounding (half up). An interlaced camera sees one field at a time, so its halo reaches over the field's lines.
"""

from __future__ import annotations

import numpy as np

from srtui_kernels._checks import Bytes, channels_of, number, rows_of
from srtui_kernels._jit import kernel
from srtui_kernels.gaussian import LARGEST_SIGMA, gaussian

LARGEST_AMOUNT = 8.0


def sharpen(
    src_hwc: Bytes, amount: float, sigma_x: float, sigma_y: float | None = None, *, by_field: bool = False
) -> Bytes:
    """
    Sharpen with an unsharp mask; borders as in `gaussian`.

    Parameters
    ----------
    src_hwc
        uint8, (H, W) or (H, W, 1, 3 or 4).
    amount
        How much of the difference is added, 0 (nothing) to 8; it is rounded to a 256th.
    sigma_x, sigma_y
        Reach of the halo along a row and along a column, as in `gaussian`; 0 leaves that direction alone.
    by_field
        Sharpen even and odd rows apart, as if each field were a picture (of at least 2 rows, else nothing is split).

    Returns
    -------
    uint8, the shape of ``src_hwc``.

    Raises
    ------
    TypeError, ValueError
        When the picture or a number is not one of these.
    """
    channels_of(src_hwc)
    weight = round(number(amount, "amount", 0.0, LARGEST_AMOUNT) * 256)
    sigma_x = number(sigma_x, "sigma_x", 0.0, LARGEST_SIGMA)
    sigma_y = number(sigma_x if sigma_y is None else sigma_y, "sigma_y", 0.0, LARGEST_SIGMA)
    out = np.empty(src_hwc.shape, np.uint8)
    fields = 2 if by_field and src_hwc.shape[0] > 1 else 1
    for field in range(fields):
        rows = src_hwc[field::fields]
        blurred = gaussian(rows, sigma_x, sigma_y)
        _add_difference(rows_of(rows), rows_of(blurred), out[field::fields].reshape(rows.shape[0], -1), weight)
    return out


@kernel
def _add_difference(src: Bytes, blurred: Bytes, out: Bytes, weight: int) -> None:
    """``out`` may be every second row of a picture."""
    for y in range(src.shape[0]):
        _add_row(src[y], blurred[y], out[y], np.float32(weight / 256.0))


@kernel
def _add_row(src: Bytes, blurred: Bytes, out: Bytes, weight: np.float32) -> None:
    """Differences times 256ths are exact in float32."""
    for x in range(src.size):
        value = np.float32(src[x])
        total = np.floor(value + (value - np.float32(blurred[x])) * weight + np.float32(0.5))
        out[x] = np.uint8(min(max(total, np.float32(0.0)), np.float32(255.0)))
