"""The networks that srtui builds: a table from a profile's options to a class. One file each, names as upstream."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from srtui.config.network import RRDB, Compact, Network, SRResNet
from srtui.engine.networks.base import SRNetwork
from srtui.engine.networks.compact import SRVGGNetCompact
from srtui.engine.networks.rrdb import RRDBNet
from srtui.engine.networks.srresnet import MSRResNet

__all__ = ["OPTIONS", "SRNetwork", "build", "title"]

# Any: each class takes its own kind of options, which the key guarantees.
_TABLE: dict[type[Network], Callable[[Any, int], SRNetwork]] = {
    Compact: SRVGGNetCompact,
    SRResNet: MSRResNet,
    RRDB: RRDBNet,
}
OPTIONS: dict[str, type[Network]] = {options().type: options for options in _TABLE}
"""Options by what files call them (``type``)."""


def build(options: Network, scale: int) -> SRNetwork:
    """Make a network with fresh weights (from torch's generator), on the CPU, in float32."""
    return _TABLE[type(options)](options, scale)


def title(options: Network, scale: int) -> str:
    """Name for people: upstream's class, features / depth, scale."""
    depth = getattr(options, "blocks", None) or getattr(options, "convs", None)
    size = f"{options.features}/{depth}" if depth else f"{options.features}"
    return f"{_TABLE[type(options)].__name__} {size} ×{scale}"
