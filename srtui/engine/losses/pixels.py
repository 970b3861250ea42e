"""Losses that compare pixel by pixel."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

SMOOTH = 1e-12
"""Added under Charbonnier's root (as EDVR and BasicSR do): its slope at 0 is 0, not infinite."""


def l1(restored_bchw: Tensor, gt_bchw: Tensor) -> Tensor:
    """Mean absolute difference."""
    return functional.l1_loss(restored_bchw, gt_bchw)


def mse(restored_bchw: Tensor, gt_bchw: Tensor) -> Tensor:
    """Mean squared difference."""
    return functional.mse_loss(restored_bchw, gt_bchw)


def charbonnier(restored_bchw: Tensor, gt_bchw: Tensor) -> Tensor:
    """Mean of √(d² + 10⁻¹²) (Charbonnier et al., 1994)."""
    return torch.sqrt((restored_bchw - gt_bchw).square() + SMOOTH).mean()
