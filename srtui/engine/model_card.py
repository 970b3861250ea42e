"""What a network file says about itself: the ``srtui`` entry of its safetensors header."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import srtui
from srtui.config.network import Network
from srtui.config.reader import from_plain, to_plain
from srtui.config.requests import TrainRequest
from srtui.engine.inference import measure_overlap
from srtui.engine.networks import OPTIONS, SRNetwork
from srtui.errors import SrtuiError, UsageError

VERSION = 1
"""Format of the entry; a newer one is refused."""

_KEY = "srtui"  # one entry: safetensors writes several in an order that is drawn anew each time


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What one of our network files says about itself."""

    network: Network
    scale: int
    overlap: int
    """Context in lq pixels that a tile needs."""
    recipe: Mapping[str, Any] | None = None
    """The training's request as plain values, see `request_of`."""
    srtui: str = srtui.__version__
    """Version that wrote it."""


def card_of(net: SRNetwork, request: TrainRequest) -> ModelCard:
    """Card of a network that ``request`` trained; measures the overlap of a deep one, which takes seconds."""
    return ModelCard(
        network=request.profile.network, scale=net.scale, overlap=measure_overlap(net), recipe=to_plain(request)
    )


def metadata_of(card: ModelCard) -> dict[str, str]:
    """A card as a safetensors header takes it; the same card gives the same text."""
    plain = {"version": VERSION, "srtui": card.srtui, "scale": card.scale, "overlap": card.overlap}
    plain |= {"network": to_plain(card.network), "recipe": card.recipe}
    return {_KEY: json.dumps(plain, sort_keys=True, ensure_ascii=False)}


def read_card(header: Mapping[str, str], path: Path) -> ModelCard | None:
    """Find the card in a safetensors header; None if srtui did not write it.

    Raises
    ------
    UsageError
        If a newer srtui wrote it.
    SrtuiError
        If it is damaged.
    """
    if _KEY not in header:
        return None
    try:
        plain = json.loads(header[_KEY])
        if plain["version"] > VERSION:
            fact = f"format {plain['version']} of srtui {plain['srtui']}; this one reads up to {VERSION}"
            raise UsageError(str(path), fact, hint="update srtui")
        network = from_plain(OPTIONS[plain["network"]["type"]], plain["network"], where=str(path))
        scale, overlap, recipe = plain["scale"], plain["overlap"], plain["recipe"]
        whole = isinstance(overlap, int) and overlap >= 0 and isinstance(recipe, dict | None)
        if scale not in {1, 2, 3, 4} or not whole:
            raise ValueError(f"scale {scale!r}, overlap {overlap!r}")
        return ModelCard(network=network, scale=scale, overlap=overlap, recipe=recipe, srtui=str(plain["srtui"]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        fact = f"damaged: its metadata says {str(error)[:200]}"
        raise SrtuiError(str(path), fact, hint="copy or download it again") from None


def request_of(card: ModelCard, path: Path) -> TrainRequest | None:
    """What the network was trained with, so that it can be trained again; None if the file does not say.

    Raises
    ------
    ConfigurationError
        If this srtui no longer knows what it says. (Loading the network does not need it.)
    """
    return None if card.recipe is None else from_plain(TrainRequest, card.recipe, where=str(path))
