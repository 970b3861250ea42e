"""The networks that a profile can name, each with its options (the engine builds them)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from srtui.config.section import Positive, Section


@dataclass(frozen=True, slots=True, kw_only=True)
class Compact(Section):
    """SRVGGNetCompact of Real-ESRGAN: plain convolutions at lq size, one pixel shuffle. Fast."""

    type: Literal["compact"] = "compact"
    features: Annotated[int, Ge(4), Le(512)] = 64
    """Channels of the hidden layers."""
    convs: Annotated[int, Ge(1), Le(256)] = 16
    """Hidden convolutions (16: anime-video; 32: general)."""
    activation: Literal["prelu", "relu", "leakyrelu"] = "prelu"
    """Activation between convolutions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SRResNet(Section):
    """MSRResNet of BasicSR: residual blocks without batch norm. The classic PSNR network."""

    type: Literal["srresnet"] = "srresnet"
    features: Annotated[int, Ge(4), Le(512)] = 64
    """Channels of the hidden layers."""
    blocks: Annotated[int, Ge(1), Le(256)] = 16
    """Residual blocks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RRDB(Section):
    """RRDBNet of ESRGAN: residual-in-residual dense blocks. Heavy, the best quality here."""

    type: Literal["rrdb"] = "rrdb"
    features: Annotated[int, Ge(4), Le(512)] = 64
    """Channels of the trunk."""
    blocks: Annotated[int, Ge(1), Le(64)] = 23
    """Residual-in-residual dense blocks."""
    growth: Positive = 32
    """Channels that each dense layer adds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EDSR(Section):
    """EDSR (Lim et al., 2017): wide residual blocks without batch norm."""

    type: Literal["edsr"] = "edsr"
    features: Annotated[int, Ge(4), Le(512)] = 64
    """Channels of the hidden layers (M: 64, L: 256)."""
    blocks: Annotated[int, Ge(1), Le(256)] = 16
    """Residual blocks (M: 16, L: 32)."""
    residual: Annotated[float, Gt(0), Le(1)] = 1.0
    """Factor of each block's change (L: 0.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span(Section):
    """SPAN (Wan et al., 2024): swift parameter-free attention. Nearly as fast as Compact, and better."""

    type: Literal["span"] = "span"
    features: Annotated[int, Ge(4), Le(512)] = 48
    """Channels of the hidden layers."""
    norm: bool = False
    """Subtract the mean colour and multiply by 255 first, as the authors' weights expect; later trainers do not."""


Setting = bool | int | float | str | tuple[int | float, ...] | None
"""What an option of somebody else's network can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spandrel(Section):
    """Any other network of the package spandrel (the extra ``spandrel``), such as RealPLKSR, DAT, SwinIR or HAT."""

    type: Literal["spandrel"] = "spandrel"
    architecture: str = "RealPLKSR"
    """What spandrel calls its class."""
    options: Mapping[str, Setting] = field(default_factory=dict)
    """That class's own options; scale and channels follow from the project."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vgg(Section):
    """VGG-style discriminator of ESRGAN: one verdict per crop of a fixed size, with batch norm."""

    type: Literal["vgg"] = "vgg"
    features: Annotated[int, Ge(4), Le(512)] = 64
    """Channels of the first layer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UNet(Section):
    """U-Net discriminator of Real-ESRGAN: one verdict per pixel, with spectral norm."""

    type: Literal["unet"] = "unet"
    features: Annotated[int, Ge(4), Le(512)] = 64
    """Channels of the first layer."""


Network = Compact | SRResNet | RRDB | EDSR | Span | Spandrel
DiscriminatorNetwork = Vgg | UNet
