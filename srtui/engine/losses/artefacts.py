"""A loss that presses on what looks like a GAN's artefacts."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

WINDOW = 7
"""Side of the neighbourhood in which an error is judged, in pixels (Liang et al., 2022)."""


def ldl(restored_bchw: Tensor, gt_bchw: Tensor, averaged_bchw: Tensor) -> Tensor:
    """Locally discriminative loss: l1, weighted by how likely an error is an artefact (Liang et al., 2022).

    Parameters
    ----------
    restored_bchw, gt_bchw
        What is compared.
    averaged_bchw
        What the averaged (EMA) network makes of the same crops; it is stabler, so where it errs more, nothing is amiss.

    Notes
    -----
    The map is a weight, not a way to be smaller: no gradient goes through it. (Through its fifth root it would be
    infinite where both are equal.)
    """
    with torch.no_grad():
        map_bhw = artefact_map(restored_bchw, gt_bchw, averaged_bchw)
    return (map_bhw * (restored_bchw - gt_bchw).abs()).mean()


def artefact_map(restored_bchw: Tensor, gt_bchw: Tensor, averaged_bchw: Tensor) -> Tensor:
    """Weight of every pixel, (B, 1, H, W), 0 and above.

    Returns
    -------
    Tensor
        Variance of the error around the pixel, times the fifth root of its variance in the whole crop; 0 where the
        averaged network errs more.
    """
    error = (gt_bchw - restored_bchw).abs().sum(1, keepdim=True)
    average = (gt_bchw - averaged_bchw).abs().sum(1, keepdim=True)
    whole = error.var((1, 2, 3), keepdim=True) ** 0.2
    return torch.where(error < average, 0.0, whole * _local_variance(error))


def _local_variance(values_bchw: Tensor) -> Tensor:
    """Unbiased variance in the window around each pixel, borders mirrored."""
    padded = functional.pad(values_bchw, [WINDOW // 2] * 4, mode="reflect")
    mean = functional.avg_pool2d(padded, WINDOW, 1)
    square = functional.avg_pool2d(padded**2, WINDOW, 1)
    count = WINDOW**2
    return (square - mean**2).clamp(min=0) * (count / (count - 1))
