"""What every super-resolution network declares, and the building blocks that they share."""

from __future__ import annotations

import torch
from torch import Tensor, nn

DEEPEST_WHOLE = 48
"""Receptive radius in lq pixels up to which tiles overlap by all of it; beyond, the overlap is measured."""
DEEP_OVERLAP = 32
"""Overlap of a deep network that nobody has measured yet: Real-ESRGAN's users take 10 to 32."""


class SRNetwork(nn.Module):
    """
    An lq picture → its restored picture, ``scale`` times larger.

    Input and output are (B, 3, H, W) RGB, nominally in [0, 1], of any floating type and any size.

    Attributes
    ----------
    scale
        How many times larger the result is.
    radius
        Whole receptive radius in lq pixels: what lies farther from an output pixel cannot change it.
    overlap
        Context in lq pixels that a tile needs on every side so that it looks as if cut from the whole result.
    multiple
        Positions that a tile may start at are multiples of this (networks that begin with a pixel-unshuffle, or look
        through windows).
    coarse
        How many lq pixels wide a pixel of the trunk is: what was measured in such pixels holds for all scales.
    floats
        Numbers alive at once in a forward pass, per lq pixel: how large a tile may be follows from it.
    """

    def __init__(self, *, scale: int, radius: int, floats: int, multiple: int = 1, coarse: int | None = None) -> None:
        super().__init__()
        self.scale = scale
        self.radius = radius
        self.overlap = radius if radius <= DEEPEST_WHOLE else DEEP_OVERLAP
        self.multiple = multiple
        self.coarse = multiple if coarse is None else coarse
        self.floats = floats

    @property
    def architecture(self) -> str:
        """What upstream calls the class."""
        return type(self).__name__

    def forward(self, lq_bchw: Tensor) -> Tensor:
        """Restore a batch."""
        raise NotImplementedError

    def fuse(self) -> None:
        """Get ready to restore much with weights that stay as they are: where layers can be merged, merge them once.

        Results keep their values up to rounding, and the state dict its names. Training or loading weights undoes it.
        """
        self.eval()


class MeanShift(nn.Module):
    """Subtracts DIV2K's mean colour and multiplies, as EDSR and what followed it do; no part of the weights."""

    mean: Tensor

    def __init__(self, *, range: float) -> None:  # noqa: A002 - upstream's word: img_range
        super().__init__()
        self.range = range
        # On the CPU even where the rest is made without memory: no file fills it.
        mean = torch.tensor((0.4488, 0.4371, 0.4040), device="cpu").view(1, 3, 1, 1)
        self.register_buffer("mean", mean, persistent=False)

    def forward(self, picture_bchw: Tensor) -> Tensor:
        """Go from [0, 1] to where the network works."""
        return (picture_bchw - self.mean) * self.range

    def back(self, picture_bchw: Tensor) -> Tensor:
        """Undo ``forward``."""
        return picture_bchw / self.range + self.mean


def conv(inputs: int, outputs: int) -> nn.Conv2d:
    """Convolution with a 3×3 window that keeps the size; zeros lie beyond the border."""
    return nn.Conv2d(inputs, outputs, 3, 1, 1)


@torch.no_grad()
def draw(layer: nn.Conv2d, *, slope: float = 0.0, factor: float = 1.0) -> None:
    """
    Draw normal weights that keep the signal's size through a rectifier, times ``factor``; biases are zero.

    Parameters
    ----------
    slope
        Of the rectifier before the layer, below zero.

    Notes
    -----
    Source: He et al. (2015). A layer without memory (meta device) is left alone: ``normal_`` would do nothing there but
    load torch._dynamo with its 900 modules, a second or more for every job that starts.
    """
    if not layer.weight.is_meta:
        nn.init.kaiming_normal_(layer.weight, a=slope)
        layer.weight.mul_(factor)
        assert layer.bias is not None
        layer.bias.zero_()


def start_small(*convs: nn.Conv2d) -> None:
    """Draw a tenth of He's weights, so that a residual block begins near the identity (ESRGAN, Wang et al., 2018)."""
    for layer in convs:
        draw(layer, factor=0.1)


def bilinear(scale: int) -> Tensor:
    """Kernels (scale², 3, 3), one per pixel of an enlarged pixel's block: what a pixel shuffle makes bilinear."""
    places = (torch.arange(scale) + 0.5) / scale - 0.5  # of the block's pixels, from the middle of the lq pixel
    taps = torch.stack([(-places).clamp(min=0), 1 - places.abs(), places.clamp(min=0)], dim=1)  # (scale, 3)
    return torch.einsum("yi,xj->yxij", taps, taps).reshape(scale**2, 3, 3)


def enlargements(scale: int) -> tuple[int, ...]:
    """Factors of the pixel shuffles in order, where upstream takes none at x1, one at x2 and x3, two at x4."""
    return {1: (), 4: (2, 2)}.get(scale, (scale,))


def before(radius: int, factor: int) -> int:
    """Receptive radius before an enlargement of ``factor``, from the one after it."""
    return -(-radius // factor)


def numbered(net: nn.Module, name: str, count: int) -> list[nn.Module]:
    """Layers ``name1`` … in order; upstream's names do not allow a list."""
    return [net.get_submodule(f"{name}{number}") for number in range(1, count + 1)]
