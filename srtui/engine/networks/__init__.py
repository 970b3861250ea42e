"""The networks that srtui builds: a table from a profile's options to a class. One file each, names as upstream."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from srtui.config.network import EDSR, RRDB, Compact, DiscriminatorNetwork, Network, Span, Spandrel, SRResNet, Vgg
from srtui.engine.networks import edsr
from srtui.engine.networks.base import SRNetwork
from srtui.engine.networks.compact import SRVGGNetCompact
from srtui.engine.networks.foreign import SpandrelNetwork
from srtui.engine.networks.rrdb import RRDBNet
from srtui.engine.networks.span import SPAN
from srtui.engine.networks.srresnet import MSRResNet
from srtui.engine.networks.unet import UNetDiscriminatorSN
from srtui.engine.networks.vgg import VGGStyleDiscriminator

__all__ = ["SRNetwork", "architecture", "build", "build_discriminator", "title"]

# Any: each class takes its own kind of options, which the key guarantees.
_TABLE: dict[type[Network], Callable[[Any, int], SRNetwork]] = {
    Compact: SRVGGNetCompact,
    SRResNet: MSRResNet,
    RRDB: RRDBNet,
    EDSR: edsr.EDSR,
    Span: SPAN,
    Spandrel: SpandrelNetwork,
}


def build(options: Network, scale: int) -> SRNetwork:
    """Make a network with fresh weights (from torch's generator), on the CPU, in float32."""
    return _TABLE[type(options)](options, scale)


def build_discriminator(options: DiscriminatorNetwork, gt_size: int) -> nn.Module:
    """
    Make a discriminator with fresh weights (from torch's generator), on the CPU, in float32.

    Returns
    -------
    (B, 3, gt_size, gt_size) RGB in [0, 1] → logits, high for real pictures: (B, 1) for Vgg, (B, 1, H, W) for UNet.

    Raises
    ------
    UsageError
        If crops of ``gt_size`` are too small for it.
    """
    return VGGStyleDiscriminator(options, gt_size) if isinstance(options, Vgg) else UNetDiscriminatorSN(options)


def title(options: Network, scale: int) -> str:
    """Name for people: upstream's class, features / depth, scale."""
    depth = getattr(options, "blocks", None) or getattr(options, "convs", None)
    size = "/".join(str(part) for part in (getattr(options, "features", None), depth) if part)
    return " ".join(filter(None, (architecture(options), size, f"×{scale}")))


def architecture(options: Network) -> str:
    """Upstream's class; equal to what the built network says of itself."""
    return options.architecture if isinstance(options, Spandrel) else _TABLE[type(options)].__name__
