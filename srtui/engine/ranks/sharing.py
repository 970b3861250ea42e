"""Checkpoints on their way from rank 0 to the others: it reads them, so all go on from the same one.

Ranks that each looked for the newest could find two: a network disk shows a new folder to one machine seconds before
the other, and a damaged file may be damaged for one of them only.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import torch

from srtui.engine.checkpoints import Checkpoint
from srtui.engine.ranks.protocol import Ranks


def shared(ranks: Ranks, read: Callable[[], Checkpoint | None]) -> Checkpoint | None:
    """What ``read`` gives on rank 0, on all of them."""
    if ranks.count == 1:
        return read()
    content = ranks.share(_pack(read()) if ranks.rank == 0 else b"")
    return _unpack(content) if content else None


def _pack(checkpoint: Checkpoint | None) -> bytes:
    if checkpoint is None:
        return b""
    buffer = io.BytesIO()
    fields = {"net": dict(checkpoint.net), "ema": dict(checkpoint.ema), "state": dict(checkpoint.state)}
    torch.save({"iteration": checkpoint.iteration, **fields}, buffer)
    return buffer.getvalue()


def _unpack(content: bytes) -> Checkpoint:
    return Checkpoint(**torch.load(io.BytesIO(content), map_location="cpu", weights_only=True))
