"""What a benchmark gives: rows that hold both sides, measured in interleaved rounds of one run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One comparison; ``ratio`` above 1 means that ours is better."""

    name: str
    reference: float
    ours: float
    against: str
    """Who the reference is."""
    unit: str
    ratio: float
    target: float | None = None
    """Ratio to reach."""

    @property
    def met(self) -> bool | None:
        """Whether the target is reached."""
        return None if self.target is None else self.ratio >= self.target


def seconds(functions: dict[str, Callable[[], object]], *, rounds: int, warm_up: int = 1) -> dict[str, float]:
    """Median seconds of each function over interleaved rounds, so that a drifting machine hits all alike."""
    taken: dict[str, list[float]] = {name: [] for name in functions}
    for turn in range(rounds + warm_up):
        for name, function in functions.items():
            began = time.perf_counter()
            function()
            if turn >= warm_up:
                taken[name].append(time.perf_counter() - began)
    return {name: statistics.median(times) for name, times in taken.items()}
