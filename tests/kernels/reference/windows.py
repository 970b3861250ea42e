"""Twins of the kernels that look at a window around every pixel: median, gaussian, motion."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


def median(src: Picture, radius: int) -> Picture:
    """See srtui_kernels.median."""
    height, width = src.shape[:2]
    offsets = range(-radius, radius + 1)
    rows, columns = np.arange(height), np.arange(width)
    window = [
        src[np.clip(rows + dy, 0, height - 1)][:, np.clip(columns + dx, 0, width - 1)]
        for dy in offsets
        for dx in offsets
    ]
    return np.median(np.stack(window), axis=0).astype(np.uint8)


def gaussian(src: Picture, sigma_x: float, sigma_y: float) -> Picture:
    """See srtui_kernels.gaussian; sums of whole numbers, so nothing is rounded before the end."""
    across, down = gaussian_weights(sigma_x), gaussian_weights(sigma_y)
    total = np.zeros(src.shape, np.int64)
    for dy, wy in enumerate(down, -(len(down) // 2)):
        for dx, wx in enumerate(across, -(len(across) // 2)):
            total += wx * wy * shifted(src, dy, dx).astype(np.int64)
    return ((total + 32768) >> 16).astype(np.uint8)


def gaussian_weights(sigma: float, whole: int = 256) -> list[int]:
    """256ths, or others; each takes over the rounding error of the one before, the middle one what is left."""
    if sigma**2 == 0.0:
        return [whole]
    half = (round(6 * sigma + 1) | 1) // 2
    bell = [math.exp(-(x**2) / (2 * sigma**2)) for x in range(-half, half + 1)]
    side, carried = [], 0.0
    for value in bell[:half]:
        wanted = whole * value / sum(bell) + carried
        side.append(round(wanted))
        carried = wanted - side[-1]
    return [*side, whole - 2 * sum(side), *side[::-1]]


def sum_of_taps(src: Picture, taps: Iterable[tuple[int, int, np.float32]]) -> Picture:
    """See srtui_kernels.motion: float32 sum in the order of the taps, one rounding for multiply and add together."""
    total = np.zeros(src.shape, np.float32)
    for dy, dx, weight in taps:
        total = (shifted(src, dy, dx).astype(np.float64) * np.float64(weight) + total).astype(np.float32)
    return np.clip(np.rint(total), 0, 255).astype(np.uint8)


def shifted(src: Picture, dy: int, dx: int) -> Picture:
    """The picture moved, its borders reflected without repeating the border pixel."""
    return src[_reflected(np.arange(src.shape[0]) + dy, src.shape[0])][
        :, _reflected(np.arange(src.shape[1]) + dx, src.shape[1])
    ]


def _reflected(positions: NDArray[np.intp], size: int) -> NDArray[np.intp]:
    period = max(2 * size - 2, 1)
    return np.minimum(positions % period, period - positions % period) if size > 1 else np.zeros_like(positions)
