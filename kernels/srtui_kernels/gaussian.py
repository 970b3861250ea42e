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

import numpy as np
from numpy.typing import NDArray

from srtui_kernels._borders import mirror_row, mirrored
from srtui_kernels._checks import Bytes, channels_of, number, rows_of
from srtui_kernels._jit import kernel

LARGEST_SIGMA = 25.0


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
    _gaussian(rows, out, channels, gaussian_weights(sigma_x), gaussian_weights(sigma_y))
    return out.reshape(src_hwc.shape)


@lru_cache(maxsize=256)
def gaussian_weights(sigma: float) -> NDArray[np.uint16]:
    """Compute the weights of one direction in 256ths: (window,), odd, symmetric, sum 256."""
    if sigma == 0.0:
        return np.array([256], np.uint16)
    half = (round(6.0 * sigma + 1.0) | 1) // 2
    side = [math.exp(-0.125 / (sigma * sigma) * (2 * x) ** 2) for x in range(half, 0, -1)]
    scale = 1.0 / (2.0 * math.fsum(side) + 1.0)
    weights, carried = [], 0.0
    for value in side:
        exact = value * scale * 256.0 + carried
        weights.append(round(exact))
        carried = exact - weights[-1]
    return np.array([*weights, 256 - 2 * sum(weights), *weights[::-1]], np.uint16)


@kernel
def _gaussian(
    src: Bytes, out: Bytes, channels: int, weight_x: NDArray[np.uint16], weight_y: NDArray[np.uint16]
) -> None:
    height, width = src.shape
    wide = np.empty(width + weight_x.size // 2 * 2 * channels, np.uint8)
    sums = np.empty((height, width), np.uint16)
    for y in range(height):
        mirror_row(src[y], wide, channels)
        _blur_row(wide, sums[y], channels, weight_x)
    for y in range(height):
        _blur_column(sums, out[y], y - weight_y.size // 2, weight_y)


@kernel
def _blur_row(wide: Bytes, sums: NDArray[np.uint16], channels: int, weight: NDArray[np.uint16]) -> None:
    """256 times the blurred row: at most 255 × 256, which 16 bits hold."""
    for x in range(sums.size):
        sums[x] = 0
    for k in range(weight.size):
        w = weight[k]
        shifted = wide[k * channels : k * channels + sums.size]
        for x in range(sums.size):
            sums[x] += np.uint16(shifted[x] * w)


@kernel
def _blur_column(sums: NDArray[np.uint16], out: Bytes, top: int, weight: NDArray[np.uint16]) -> None:
    total = np.empty(out.size, np.uint32)
    for x in range(out.size):
        total[x] = np.uint32(32768)
    for k in range(weight.size):
        w = np.uint32(weight[k])
        row = sums[mirrored(top + k, sums.shape[0])]
        for x in range(out.size):
            total[x] += np.uint32(row[x]) * w
    for x in range(out.size):
        out[x] = np.uint8(total[x] >> np.uint32(16))
