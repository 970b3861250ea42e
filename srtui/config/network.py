"""The networks that a profile can name, each with its options (the engine builds them)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Le

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


Network = Compact | SRResNet | RRDB
