"""
How near a restored picture is to gt: PSNR and SSIM, on RGB and on Y, in float64.

Y is the studio-swing luma of ITU-R BT.601 (16 to 235), not rounded: as BasicSR measures it. SSIM is that of Wang et al.
(2004): an 11×11 Gaussian window of σ 1.5, only where the window fits; on RGB the mean of the three channels. Papers
use Y, BasicSR's model zoo RGB, both with a border of ``scale`` pixels left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from srtui.errors import UsageError

Planes = NDArray[np.float64]

HIGHEST_PSNR = 100.0
"""What equal pictures get, in dB: a mean with infinity in it says nothing, and JSON cannot hold it."""
WINDOW = 11
"""Side of SSIM's window in pixels; a smaller picture cannot be measured."""

_LUMA = np.array([[65.481 / 255, 128.553 / 255, 24.966 / 255, 16.0]])  # of R, G, B in 0 to 255, and what is added
_TAPS = cv2.getGaussianKernel(WINDOW, 1.5, cv2.CV_64F)
_STRIP = 49152  # pixels worked on at once: strips that stay in the cache are 2.5 times faster than a whole photograph
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How near one picture, or the mean of several, is to gt: PSNR in dB, SSIM from -1 to 1."""

    psnr_y: float
    ssim_y: float
    psnr_rgb: float
    ssim_rgb: float
    lpips: float | None = None
    """Learned perceptual distance (lpips.py), where its weights are given."""
    blocks_8: float | None = None
    """Energy on the lattice of blocks of 8 lq pixels, in levels² (block_amplification.py); None: too small for it."""
    blocks_16: float | None = None
    """The same of 16."""


def compare(restored_hwc: NDArray[np.uint8], gt_hwc: NDArray[np.uint8], border: int) -> Figures:
    """
    Measure a restored picture.

    Parameters
    ----------
    restored_hwc, gt_hwc
        RGB uint8 (H, W, 3) of one size.
    border
        Pixels left out on every side; by convention the scale.

    Raises
    ------
    UsageError
        If the sizes differ, or less than `WINDOW` pixels are left of a side.
    """
    if restored_hwc.shape != gt_hwc.shape:
        sizes = " and ".join("×".join(map(str, picture.shape)) for picture in (restored_hwc, gt_hwc))
        raise UsageError("comparison", f"sizes differ: {sizes}", hint="is this the dataset's scale?")
    if min(gt_hwc.shape[:2]) < WINDOW + 2 * border:
        size = f"{gt_hwc.shape[1]}×{gt_hwc.shape[0]}"
        fact = f"{size} pixels leave no {WINDOW}×{WINDOW} window inside a border of {border}"
        raise UsageError("comparison", fact, hint="use larger pictures to validate")
    inside = slice(border, -border or None)
    a_hwc, b_hwc = restored_hwc[inside, inside], gt_hwc[inside, inside]
    a_hw, b_hw = luma(a_hwc), luma(b_hwc)
    channels = [ssim(a_hwc[..., c].astype(np.float64), b_hwc[..., c].astype(np.float64)) for c in range(3)]
    return Figures(
        psnr_y=psnr(a_hw, b_hw),
        ssim_y=ssim(a_hw, b_hw),
        psnr_rgb=psnr(a_hwc, b_hwc),
        ssim_rgb=float(np.mean(channels)),
    )


def mean(figures: Iterable[Figures]) -> Figures:
    """Average each number over the pictures that have it (there must be a picture)."""
    rows = list(figures)
    return Figures(**{f.name: _mean([getattr(row, f.name) for row in rows]) for f in fields(Figures)})


def _mean(values: list[float | None]) -> Any:
    there = [value for value in values if value is not None]
    # fsum: the same mean to the last bit, however the pictures were shared out among ranks.
    return math.fsum(there) / len(there) if there else None


def luma(rgb_hwc: NDArray[np.uint8]) -> Planes:
    """Y of ITU-R BT.601, studio swing: (H, W) from 16 to 235, not rounded."""
    y_hw: Planes = cv2.transform(rgb_hwc.astype(np.float64), _LUMA)
    return y_hw


def psnr(a: NDArray[np.uint8] | Planes, b: NDArray[np.uint8] | Planes) -> float:
    """Peak signal to noise ratio in dB, the peak being 255; equal pictures get `HIGHEST_PSNR`."""
    error = float(cv2.norm(a, b, cv2.NORM_L2SQR)) / a.size
    return min(10.0 * float(np.log10(255.0**2 / error)), HIGHEST_PSNR) if error else HIGHEST_PSNR


def ssim(a_hw: Planes, b_hw: Planes) -> float:
    """Structural similarity of two planes in 0 to 255."""
    height, width = a_hw.shape
    rows = max(_STRIP // width, 1)
    windows_high, windows_wide = height - WINDOW + 1, width - WINDOW + 1
    strips = (slice(top, top + rows + WINDOW - 1) for top in range(0, windows_high, rows))
    total = sum(_likeness(a_hw[strip], b_hw[strip]) for strip in strips)
    return float(total / (windows_high * windows_wide))


def _likeness(a_hw: Planes, b_hw: Planes) -> float:
    """Sum of SSIM over all windows."""
    mean_a, mean_b = _smooth(a_hw), _smooth(b_hw)
    product = mean_a * mean_b
    squares = np.square(mean_a) + np.square(mean_b)
    covariance = _smooth(a_hw * b_hw) - product
    # The two variances appear only as their sum, so one filter does for both: 4 instead of 5.
    variances = _smooth(np.square(a_hw) + np.square(b_hw)) - squares
    likeness = (2 * product + _C1) * (2 * covariance + _C2) / ((squares + _C1) * (variances + _C2))
    return float(np.sum(likeness))


def _smooth(plane_hw: Planes) -> Planes:
    """Gaussian-weighted means, where the window fits; cv2's separable filter is 3 to 10 times faster than NumPy's."""
    margin = WINDOW // 2
    smooth_hw: Planes = cv2.sepFilter2D(plane_hw, cv2.CV_64F, _TAPS, _TAPS)[margin:-margin, margin:-margin]
    return smooth_hw
