"""What a network file says about itself: the ``srtui`` entry of its safetensors header."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import srtui
from srtui.config.network import Network
from srtui.config.reader import from_plain, to_plain
from srtui.config.requests import TrainRequest
from srtui.errors import SrtuiError, UsageError

VERSION = 2
"""Format of the entry; a newer one is refused. 1 had no ``plain``, ``torch``, ``dataset``, ``start``, ``parents``."""
KEY = "srtui"
"""One entry, for safetensors writes several in an order that is drawn anew each time."""

OPTIONS: dict[str, type[Network]] = {each.__dataclass_fields__["type"].default: each for each in get_args(Network)}
"""Options by what files call them (``type``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What one of our network files says about itself."""

    network: Network
    scale: int
    overlap: int
    """Context in lq pixels that a tile needs."""
    plain: bool = False
    """RRDBNet at x1 or x2 without a pixel-unshuffle: how ESRGAN's first release did it."""
    recipe: Mapping[str, Any] | None = None
    """The training's request as plain values, see `request_of`; None for what others trained, and for blends."""
    dataset: Mapping[str, Any] | None = None
    """What it was trained on: ``digest`` of the settings, ``content`` of the pictures, ``pictures`` by split."""
    start: Mapping[str, str] | None = None
    """The network that the training began from: ``name`` of the file, ``digest`` of its bytes."""
    parents: tuple[Parent, ...] = ()
    """The two networks that it is a blend of."""
    srtui: str = srtui.__version__
    """Version that wrote it."""
    torch: str = ""
    """Version that trained it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """A network that went into a blend."""

    name: str
    """Its file's."""
    digest: str
    """Of its weights, see `srtui.project.model_facts`."""
    share: float
    card: ModelCard


def metadata_of(card: ModelCard) -> dict[str, str]:
    """A card as a safetensors header takes it; the same card gives the same text."""
    return {KEY: json.dumps({"version": VERSION, **plain_card(card)}, sort_keys=True, ensure_ascii=False)}


def plain_card(card: ModelCard) -> dict[str, Any]:
    """A card as plain values."""
    return {
        "srtui": card.srtui,
        "torch": card.torch,
        "network": to_plain(card.network),
        "scale": card.scale,
        "plain": card.plain,
        "overlap": card.overlap,
        "recipe": card.recipe,
        "dataset": card.dataset,
        "start": card.start,
        "parents": [
            {"name": each.name, "digest": each.digest, "share": each.share, "card": plain_card(each.card)}
            for each in card.parents
        ],
    }


def read_card(header: Mapping[str, str], path: Path) -> ModelCard | None:
    """Find the card in a safetensors header; None if srtui did not write it.

    Raises
    ------
    UsageError
        If a newer srtui wrote it.
    SrtuiError
        If it is damaged.
    """
    if KEY not in header:
        return None
    try:
        plain = json.loads(header[KEY])
        if plain["version"] > VERSION:
            fact = f"format {plain['version']} of srtui {plain['srtui']}; this one reads up to {VERSION}"
            raise UsageError(str(path), fact, hint="update srtui")
        return _card(plain, str(path))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        fact = f"damaged: its metadata says {str(error)[:200]}"
        raise SrtuiError(str(path), fact, hint="copy or download it again") from None


def _card(plain: Mapping[str, Any], where: str) -> ModelCard:
    network = from_plain(OPTIONS[plain["network"]["type"]], plain["network"], where=where)
    scale, overlap, recipe = plain["scale"], plain["overlap"], plain["recipe"]
    dataset, start, parents = plain.get("dataset"), plain.get("start"), plain.get("parents", [])
    mappings = all(isinstance(each, dict | None) for each in (recipe, dataset, start))
    if scale not in {1, 2, 3, 4} or not (isinstance(overlap, int) and overlap >= 0 and mappings):
        raise ValueError(f"scale {scale!r}, overlap {overlap!r}")
    return ModelCard(
        network=network,
        scale=scale,
        overlap=overlap,
        plain=plain.get("plain") is True,
        recipe=recipe,
        dataset=dataset,
        start=start,
        parents=tuple(_parent(each, where) for each in parents),
        srtui=str(plain["srtui"]),
        torch=str(plain.get("torch", "")),
    )


def _parent(plain: Mapping[str, Any], where: str) -> Parent:
    card = _card(plain["card"], where)
    return Parent(name=str(plain["name"]), digest=str(plain["digest"]), share=float(plain["share"]), card=card)


def request_of(card: ModelCard, path: Path) -> TrainRequest | None:
    """What the network was trained with, so that it can be trained again; None if the file does not say.

    Raises
    ------
    ConfigurationError
        If this srtui no longer knows what it says. (Loading the network does not need it.)
    """
    return None if card.recipe is None else from_plain(TrainRequest, card.recipe, where=str(path))
