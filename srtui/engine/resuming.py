"""Going on from a checkpoint: whether it is of this network, and whether the result will be exact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch

from srtui.config.reader import to_plain
from srtui.config.requests import TrainRequest
from srtui.engine import checkpoints
from srtui.engine.checkpoints import Checkpoint
from srtui.engine.ranks import Ranks
from srtui.engine.ranks.sharing import shared
from srtui.engine.training_state import TrainingState
from srtui.errors import UsageError
from srtui.jobs.context import JobContext


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a checkpoint says about the run that it is of."""

    network: Mapping[str, Any]
    """Its options, as plain values."""
    scale: int
    conditions: Mapping[str, str | int]
    """What the last digits of a result depend on, apart from the request."""

    @classmethod
    def of(cls, request: TrainRequest, ranks: Ranks, precision: str) -> About:
        """About a run that begins now."""
        return cls(
            network=to_plain(request.profile.network),
            scale=request.scale,
            conditions={
                "torch": str(torch.__version__),
                "device": ranks.device.type,
                "precision": precision,
                "threads": ranks.threads,
                "ranks": ranks.count,
            },
        )

    def plain(self) -> dict[str, Any]:
        """As state.pt holds it."""
        return {"about": asdict(self)}

    def __str__(self) -> str:
        options = ", ".join(f"{name} {value}" for name, value in self.network.items() if name != "type")
        return f"{self.network['type']} ×{self.scale} ({options})"


def newest(job: JobContext, ranks: Ranks) -> Checkpoint | None:
    """Read the newest checkpoint that can be used, the same on all ranks; None if there is none at all."""
    return shared(ranks, lambda: checkpoints.load_newest(job.folder.checkpoints, job.alarm))


def resume(job: JobContext, state: TrainingState, now: About, ranks: Ranks) -> bool:
    """Load the newest checkpoint that can be used into ``state``; tells whether there is any.

    Raises
    ------
    UsageError
        If it is of another network, or of a newer format.
    SrtuiError
        If there are checkpoints, and none can be used.
    """
    checkpoint = newest(job, ranks)
    if checkpoint is not None:
        before = About(**checkpoint.state["about"])
        _assert_same_network(before, now)
        _warn_if_inexact(job, before.conditions, now.conditions)
        state.restore(checkpoint)
    if job.resumed:
        job.event("resumed", iteration=state.progress.iteration)
    return checkpoint is not None


def _assert_same_network(before: About, now: About) -> None:
    if (before.network, before.scale) != (now.network, now.scale):
        hint = "resume with the profile that it was begun with, or train anew"
        raise UsageError("checkpoint", f"holds {before}, but the profile asks for {now}", hint=hint)


def _warn_if_inexact(job: JobContext, before: Mapping[str, str | int], now: Mapping[str, str | int]) -> None:
    changed = [
        f"{name} {value} instead of {before.get(name)}" for name, value in now.items() if value != before.get(name)
    ]
    if changed:
        job.alarm(f"resumed with {', '.join(changed)}: the result may differ in its last digits")
