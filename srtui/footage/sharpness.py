"""How sharp one picture of a tape is: comparable within a scene, and only there.

Measured on one field, because the combs of moving interlaced pictures look like detail: on real DV the variance of the
Laplacian of whole frames ranks smeared frames above sharp ones (AUC 0.017, on a field 0.92). Motion blur removes the
detail of one direction only, so the least sharp of eight directions counts (AUC 0.94, within a scene 0.994).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from srtui.footage.reader import Luma

EMPTY = 4.0
"""Standard deviation of a field's luma below which there is nothing in the picture that could be sharp (fades, blue
screens, a covered lens): noise alone would look sharp."""

_TALLEST, _WIDEST = 512, 1024  # of the middle of a field: the part that is measured
_COARSE = (0.01, 0.06)  # cycles a pixel
_FINE = (0.12, 0.25)
_DIRECTIONS = 8


def sharpness(luma_hw: Luma) -> float | None:
    """
    Slope of the spectrum of the upper field in its least sharp direction.

    Parameters
    ----------
    luma_hw
        (H, W), uint8; at least 32 pixels a side.

    Returns
    -------
    slope: ln of fine (0.12 to 0.25 cycles a pixel) over coarse (0.01 to 0.06) power, about -9 (smeared) to -2; None if
    the picture is empty.
    """
    field_hw = _middle(luma_hw[0::2])
    if field_hw.std() < EMPTY:
        return None
    window, bins, sizes = _bins(*field_hw.shape)
    power = np.abs(np.fft.rfft2((field_hw - field_hw.mean(dtype=np.float32)) * window)) ** 2
    means = np.bincount(bins, weights=power.ravel(), minlength=2 * _DIRECTIONS + 1)[1:] / sizes
    coarse, fine = np.log(means.reshape(2, _DIRECTIONS) + 1)
    return round(float((fine - coarse).min()), 4)


def _middle(field_hw: Luma) -> Luma:
    """Leave out what the edges of a tape are like, and no more than the measure needs of large pictures."""
    height, width = field_hw.shape
    rows, columns = min(height - height // 16, _TALLEST), min(width - width // 16, _WIDEST)
    top, left = (height - rows) // 2, (width - columns) // 2
    return field_hw[top : top + rows, left : left + columns]


@lru_cache(maxsize=4)
def _bins(rows: int, columns: int) -> tuple[NDArray[np.float32], NDArray[np.intp], NDArray[np.float64]]:
    """Hann window; number of each frequency's bin (0: none, 1 to 8 coarse, 9 to 16 fine); pixels in each bin."""
    window = np.outer(np.hanning(rows), np.hanning(columns)).astype(np.float32)
    down, across = np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)[None]
    radius = np.hypot(down, across)
    angle = np.arctan2(down, across) / np.pi + 0.5  # 0 to 1
    direction = np.minimum((angle * _DIRECTIONS).astype(np.intp), _DIRECTIONS - 1) + 1
    bins = np.zeros(radius.shape, np.intp)
    for band, (low, high) in enumerate((_COARSE, _FINE)):
        within = (radius > low) & (radius < high)
        bins[within] = direction[within] + band * _DIRECTIONS
    sizes = np.bincount(bins.ravel(), minlength=2 * _DIRECTIONS + 1)[1:].astype(np.float64)
    return window, bins.ravel(), np.maximum(sizes, 1)
