"""Means of figures that are measured in every iteration and read once in a hundred: they wait on the device."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from srtui.engine.ranks import Ranks

SMOOTHING = 0.9
"""Decay of what is smoothed, per reading."""


class Means:
    """Running sums on the device; what is not finite does not count."""

    def __init__(self, names: Sequence[str], device: torch.device, ranks: Ranks) -> None:
        self._names = tuple(names)
        self._ranks = ranks
        self._sums = torch.zeros((2, len(self._names)), dtype=torch.float64, device=device)

    def add(self, share: float, **figures: Tensor) -> None:
        """Take in a scalar for every name, each the mean over ``share`` of a batch; nothing is read back."""
        values = torch.stack([figures[name].detach().double() for name in self._names])
        finite = torch.isfinite(values)
        self._sums += torch.stack([torch.where(finite, values, 0.0), finite.double()]) * share

    def read(self) -> dict[str, float]:
        """Wait for the device, give the means over all ranks since the last reading, and begin anew; NaN for none."""
        sums = self._sums.clone()
        self._ranks.average([sums])
        totals, counts = sums.tolist()
        self._sums.zero_()
        rows = zip(self._names, totals, counts, strict=True)
        return {name: total / count if count else float("nan") for name, total, count in rows}

    def settle(self) -> None:
        """Make the sums the same on all ranks, before rank 0 writes its own down for all of them."""
        self._ranks.average([self._sums])

    def state_dict(self) -> dict[str, Any]:
        """What later readings depend on."""
        return {"sums": self._sums}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from ``state_dict``'s result, on this device."""
        self._sums.copy_(state["sums"])


def smoothed(old: float | None, new: float) -> float | None:
    """Exponential mean after one more reading; NaN changes nothing."""
    if math.isnan(new):
        return old
    return new if old is None else SMOOTHING * old + (1 - SMOOTHING) * new
