"""The names that other programs give to layers: what `checkpoint_dialects` reads, the other way round."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Literal

from torch import Tensor

from srtui.config.network import RRDB, SRResNet
from srtui.engine.networks import title
from srtui.errors import UsageError
from srtui.project.cards import ModelCard

Dialect = Literal["pth", "pth-2020", "pth-old-esrgan"]
DIALECTS: dict[Dialect, str] = {
    "pth": "BasicSR 1.4",
    "pth-2020": "BasicSR of 2020",
    "pth-old-esrgan": "the first ESRGAN",
}
"""Whose names they are."""

_RRDB_2020 = {
    "body": "RRDB_trunk",
    "conv_body": "trunk_conv",
    "conv_up1": "upconv1",
    "conv_up2": "upconv2",
    "conv_hr": "HRconv",
}
_SRRESNET_2020 = {"body": "recon_trunk", "conv_hr": "HRconv"}
_DENSE = re.compile(r"body\.(\d+)\.rdb(\d)\.conv(\d)")


def renamed(weights: Mapping[str, Tensor], card: ModelCard, dialect: Dialect) -> dict[str, Tensor]:
    """
    Call the layers as ``dialect`` does.

    Raises
    ------
    UsageError
        If the program of that dialect has no such network.
    """
    if reason := _foreign_to(card, dialect):
        fact = f"{title(card.network, card.scale)} {reason}"
        raise UsageError(f"--as {dialect}", fact, hint=_instead(card))
    name_of = _names(weights, card, dialect)
    return {name_of(name): value for name, value in weights.items()}


def _foreign_to(card: ModelCard, dialect: Dialect) -> str:
    """Why nothing that reads ``dialect`` could know the network for what it is; "" if it can."""
    rrdb, unshuffles = isinstance(card.network, RRDB), card.scale < 3 and not card.plain
    if rrdb and card.scale == 3:
        return "is srtui's own: by its names and shapes a checkpoint looks like ×2"
    if dialect == "pth":
        return "without pixel-unshuffle is the first ESRGAN's" if card.plain else ""
    if dialect == "pth-2020" and rrdb:
        return "came later: in 2020 there was ×4" if card.scale != 4 else ""
    if dialect == "pth-old-esrgan" and rrdb:
        return "begins with a pixel-unshuffle, which came later" if unshuffles else ""
    if dialect == "pth-2020" and isinstance(card.network, SRResNet):
        return ""
    return f"is no network of {DIALECTS[dialect]}"


def _instead(card: ModelCard) -> str:
    if isinstance(card.network, RRDB) and card.scale == 3:
        return "--as safetensors or --as onnx says everything"
    return "--as pth-old-esrgan" if card.plain else "--as pth is what today's programs read"


def _names(weights: Mapping[str, Tensor], card: ModelCard, dialect: Dialect) -> Callable[[str], str]:
    if dialect == "pth":
        return str
    if dialect == "pth-2020":
        return _of_2020(_RRDB_2020 if isinstance(card.network, RRDB) else _SRRESNET_2020)
    assert isinstance(card.network, RRDB)  # the only network of the first ESRGAN
    return _of_first_esrgan(sum(f"conv_up{number}.weight" in weights for number in (1, 2)), card.network.blocks)


def _of_2020(heads: Mapping[str, str]) -> Callable[[str], str]:
    def rename(name: str) -> str:
        head, dot, rest = name.partition(".")
        return heads.get(head, head) + dot + rest.replace("rdb", "RDB")

    return rename


def _of_first_esrgan(ups: int, blocks: int) -> Callable[[str], str]:
    """Layers of the first ESRGAN stand in one sequence: the trunk at 1, then for each enlargement one in three."""
    places = {"conv_first": "0", "conv_body": f"1.sub.{blocks}"}
    places |= {f"conv_up{number}": str(3 * number) for number in range(1, ups + 1)}
    places |= {"conv_hr": str(3 * ups + 2), "conv_last": str(3 * ups + 4)}

    def rename(name: str) -> str:
        layer, _, kind = name.rpartition(".")
        if dense := _DENSE.fullmatch(layer):
            return f"model.1.sub.{dense[1]}.RDB{dense[2]}.conv{dense[3]}.0.{kind}"
        return f"model.{places[layer]}.{kind}"

    return rename
