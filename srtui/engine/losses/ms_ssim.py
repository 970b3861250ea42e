"""Structural similarity at several scales, as a loss."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

SHARES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of the scales, from the finest (Wang et al., 2003); they are made to sum to 1."""
WINDOW, SIGMA = 11, 1.5
C1, C2 = 0.01**2, 0.03**2
"""Of SSIM, for values from 0 to 1."""
LEAST = 1e-6
"""Similarities are kept from 0 and below, where no root is real and the slope of one is infinite."""


def ms_ssim(restored_bchw: Tensor, gt_bchw: Tensor) -> Tensor:
    """1 - MS-SSIM (Wang et al., 2003), per channel, mean over channels and pictures.

    Notes
    -----
    Five scales need 176 pixels (the window of 11, four times halved). Smaller crops are compared at as many scales as
    hold the window, with the first exponents made to sum to 1; below 11 pixels the window shrinks with the crop.
    """
    side = min(restored_bchw.shape[-2:])
    count = scales(side)
    window = _window(min(WINDOW, side), restored_bchw)
    similarity: Tensor | None = None
    for scale, share in enumerate(SHARES[:count]):
        if scale:
            restored_bchw, gt_bchw = (functional.avg_pool2d(each, 2) for each in (restored_bchw, gt_bchw))
        structure_bc, luminance_bc = _compare(restored_bchw, gt_bchw, window)
        # Luminance counts at the coarsest scale only; it belongs to the same mean as the structure there.
        here_bc = (luminance_bc if scale == count - 1 else structure_bc).clamp(min=LEAST) ** (
            share / sum(SHARES[:count])
        )
        similarity = here_bc if similarity is None else similarity * here_bc
    assert similarity is not None
    return 1 - similarity.mean()


def scales(side: int) -> int:
    """At how many scales crops of this many pixels are compared."""
    count = 1
    while count < len(SHARES) and side >> count >= WINDOW:
        count += 1
    return count


def _window(size: int, like: Tensor) -> Tensor:
    """Gaussian of ``size`` taps that sum to 1, as wide as the window lets it be."""
    at = torch.arange(size, dtype=like.dtype, device=like.device) - (size - 1) / 2
    taps = torch.exp(-(at**2) / (2 * (SIGMA * size / WINDOW) ** 2))
    return taps / taps.sum()


def _compare(x_bchw: Tensor, y_bchw: Tensor, taps: Tensor) -> tuple[Tensor, Tensor]:
    """Mean contrast-and-structure, and mean SSIM, of each channel."""
    batch = x_bchw.shape[0]
    means = _blur(torch.cat([x_bchw, y_bchw, x_bchw * x_bchw, y_bchw * y_bchw, x_bchw * y_bchw]), taps)
    mean_x, mean_y, square_x, square_y, product = torch.split(means, batch)
    spread = square_x + square_y - mean_x**2 - mean_y**2
    structure = (2 * (product - mean_x * mean_y) + C2) / (spread + C2)
    luminance = (2 * mean_x * mean_y + C1) / (mean_x**2 + mean_y**2 + C1)
    return structure.mean((2, 3)), (luminance * structure).mean((2, 3))


def _blur(pictures_bchw: Tensor, taps: Tensor) -> Tensor:
    """Blur where the window fits wholly: rows, then columns."""
    channels, size = pictures_bchw.shape[1], len(taps)
    rows = taps.view(1, 1, 1, size).expand(channels, 1, 1, size)
    columns = taps.view(1, 1, size, 1).expand(channels, 1, size, 1)
    return functional.conv2d(functional.conv2d(pictures_bchw, rows, groups=channels), columns, groups=channels)
