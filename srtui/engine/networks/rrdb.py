"""RRDBNet of ESRGAN (Wang et al., 2018) and Real-ESRGAN (2021): residual-in-residual dense blocks."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from srtui.config.network import RRDB
from srtui.engine.networks.base import SRNetwork, before, conv, numbered, start_small

_RESIDUAL = 0.2  # residual scaling of ESRGAN, in dense blocks and around them


class ResidualDenseBlock(nn.Module):
    """Five convolutions, each seeing everything before it."""

    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        self.conv1 = conv(features, growth)
        self.conv2 = conv(features + growth, growth)
        self.conv3 = conv(features + 2 * growth, growth)
        self.conv4 = conv(features + 3 * growth, growth)
        self.conv5 = conv(features + 4 * growth, features)
        self.lrelu = nn.LeakyReLU(0.2, inplace=True)
        start_small(self.conv1, self.conv2, self.conv3, self.conv4, self.conv5)

    def forward(self, x_bchw: Tensor) -> Tensor:
        """Keep the shape."""
        seen_bchw = x_bchw
        for layer in (self.conv1, self.conv2, self.conv3, self.conv4):
            seen_bchw = torch.cat((seen_bchw, self.lrelu(layer(seen_bchw))), 1)
        change: Tensor = self.conv5(seen_bchw)
        return x_bchw + change * _RESIDUAL


class RRDBlock(nn.Module):
    """Three dense blocks, added to the input."""

    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        self.rdb1 = ResidualDenseBlock(features, growth)
        self.rdb2 = ResidualDenseBlock(features, growth)
        self.rdb3 = ResidualDenseBlock(features, growth)

    def forward(self, x_bchw: Tensor) -> Tensor:
        """Keep the shape."""
        change: Tensor = self.rdb3(self.rdb2(self.rdb1(x_bchw)))
        return x_bchw + change * _RESIDUAL


class RRDBNet(SRNetwork):
    """
    Enlarges twice by two; at x2 and x1 the picture is first made 2 or 4 times smaller by a pixel-unshuffle.

    Parameters
    ----------
    options
        Sizes.
    scale
        1, 2, 3 or 4.
    plain
        No pixel-unshuffle, and as many enlargements as the scale needs: how ESRGAN's first release did x1 and x2. For
        weights that others trained.
    """

    def __init__(self, options: RRDB, scale: int, *, plain: bool = False) -> None:
        features = options.features
        factors = _factors(scale, plain=plain)
        unshuffle = math.prod(factors) // scale
        radius = 2  # conv_hr and conv_last, at full size
        for factor in reversed(factors):
            radius = before(radius + 1, factor)
        radius += 1 + 15 * options.blocks + 1
        trunk = 3 * features + 8 * options.growth
        floats = max(trunk // unshuffle**2, 3 * features * scale**2)
        super().__init__(scale=scale, radius=radius * unshuffle, floats=floats, multiple=unshuffle)
        self.factors = factors
        self.conv_first = conv(3 * unshuffle**2, features)
        self.body = nn.Sequential(*(RRDBlock(features, options.growth) for _ in range(options.blocks)))
        self.conv_body = conv(features, features)
        for number in range(1, len(factors) + 1):
            self.add_module(f"conv_up{number}", conv(features, features))
        self.conv_hr = conv(features, features)
        self.conv_last = conv(features, 3)
        self.lrelu = nn.LeakyReLU(0.2, inplace=True)

    def forward(self, lq_bchw: Tensor) -> Tensor:
        """Restore a batch."""
        height, width = lq_bchw.shape[-2:]
        first_bchw: Tensor = self.conv_first(_unshuffled(lq_bchw, self.multiple))
        x_bchw = first_bchw + self.conv_body(self.body(first_bchw))
        for factor, layer in zip(self.factors, numbered(self, "conv_up", len(self.factors)), strict=True):
            x_bchw = functional.interpolate(x_bchw, scale_factor=float(factor), mode="nearest")
            x_bchw = self.lrelu(layer(x_bchw))
        restored: Tensor = self.conv_last(self.lrelu(self.conv_hr(x_bchw)))
        return restored[..., : height * self.scale, : width * self.scale]


def _factors(scale: int, *, plain: bool) -> tuple[int, ...]:
    if scale == 3:
        return (3,)
    return (2,) * (scale.bit_length() - 1) if plain else (2, 2)


def _unshuffled(lq_bchw: Tensor, factor: int) -> Tensor:
    """Blocks of ``factor``² pixels as channels; an incomplete block is filled by reflection, as Real-ESRGAN does."""
    if factor == 1:
        return lq_bchw
    height, width = lq_bchw.shape[-2:]
    down, right = -height % factor, -width % factor
    if down or right:
        # Reflection needs more pixels than it adds; a picture of one to three pixels repeats its last one.
        mode = "reflect" if height > down and width > right else "replicate"
        lq_bchw = functional.pad(lq_bchw, (0, right, 0, down), mode=mode)
    return functional.pixel_unshuffle(lq_bchw, factor)
