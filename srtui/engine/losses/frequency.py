"""A loss that compares spectra."""

from __future__ import annotations

import torch
from torch import Tensor


def frequency(restored_bchw: Tensor, gt_bchw: Tensor) -> Tensor:
    """Mean absolute difference of the spectra's real and imaginary parts.

    Notes
    -----
    The transform is orthonormal: the loss keeps its size when crops grow. (Others leave it unscaled; their weight times
    √(height · width) is ours.) It is linear, so the difference is transformed once; the spectrum of real values is
    symmetric, so one half is computed, and its columns count twice but for those that are their own mirror.
    """
    width = restored_bchw.shape[-1]
    half = torch.view_as_real(torch.fft.rfft2(restored_bchw - gt_bchw, norm="ortho")).abs()
    total = 2 * half.sum() - half[..., 0, :].sum()
    if width % 2 == 0:
        total = total - half[..., -1, :].sum()
    return total / (2 * restored_bchw.numel())
