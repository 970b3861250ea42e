"""The card of a network that was trained here: its recipe, and what the recipe alone does not say."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import torch

from srtui.config.reader import to_plain
from srtui.config.requests import TrainRequest
from srtui.data.datasets import open_dataset
from srtui.engine.inference import measure_overlap
from srtui.engine.networks import SRNetwork
from srtui.errors import UsageError
from srtui.project.cards import ModelCard


def card_of(net: SRNetwork, request: TrainRequest, *, overlap: int | None = None) -> ModelCard:
    """Card of a network that ``request`` trained; the overlap of a deep one is measured, in seconds, if not given."""
    return ModelCard(
        network=request.profile.network,
        scale=net.scale,
        overlap=measure_overlap(net) if overlap is None else overlap,
        recipe=to_plain(_without_looks(request)),
        dataset=_dataset(Path(request.dataset)),
        start=_start(request.start),
        torch=str(torch.__version__),
    )


def _without_looks(request: TrainRequest) -> TrainRequest:
    """What made the network, without what was measured and looked at on the way: the same training, the same bytes."""
    return dataclasses.replace(request, look_at=(), lpips=None, pictures_gb=1.0)


def _dataset(folder: Path) -> dict[str, Any] | None:
    """What tells whether a dataset that is made again is the same one; None if it was removed meanwhile."""
    try:
        about = open_dataset(folder).about
    except UsageError:
        return None
    return {"digest": about.digest, "content": about.content.all, "pictures": to_plain(about.totals)}


def _start(path: str) -> dict[str, str] | None:
    """Name and BLAKE2b of the file that a training began from; without a digest if it was removed meanwhile."""
    if not path:
        return None
    summed = hashlib.blake2b(digest_size=16)
    try:
        with Path(path).open("rb") as file:
            while block := file.read(1 << 20):
                summed.update(block)
    except OSError:
        return {"name": Path(path).name, "digest": ""}
    return {"name": Path(path).name, "digest": summed.hexdigest()}
