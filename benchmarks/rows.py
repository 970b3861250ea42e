"""What a benchmark gives: rows that hold both sides, measured in interleaved rounds of one run."""

from __future__ import annotations

import fnmatch
import statistics
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)
Pick = Callable[[Sequence[float]], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line asks of a benchmark."""

    only: str = "*"
    """Rows to run: a shell pattern, or a part of the name."""
    rounds: int | None = None
    """Interleaved rounds; the benchmark's own number when None."""
    photos: Path | None = None
    """Folder of PNG photographs to measure with."""
    device: str = "auto"
    """Where training is measured: auto, cpu, cuda or cuda:1."""

    def wants(self, name: str) -> bool:
        """Whether a row is to be run."""
        return fnmatch.fnmatchcase(name, self.only) or self.only in name


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
    threads: int = 1
    """Threads that each side had; 0: as many as it takes by itself."""
    target: float | None = None
    """Ratio to reach."""
    stretch: float | None = None
    """Ratio to be proud of."""
    bandwidth: float | None = None
    """Bytes read and written by ours per second, as a share of what memcpy reads and writes with as many threads."""
    notes: tuple[str, ...] = ()
    """What a reader must know to trust the row."""

    @property
    def met(self) -> bool | None:
        """Whether the target is reached."""
        return None if self.target is None else self.ratio >= self.target


def seconds(
    functions: Mapping[Name, Callable[[], object]], *, rounds: int, warm_up: int = 1, pick: Pick = statistics.median
) -> dict[Name, float]:
    """
    Seconds of each function over interleaved rounds, so that a drifting machine hits all alike.

    ``pick`` makes one number of the rounds: their median, or their minimum for what lasts milliseconds, where every
    disturbance only adds.
    """
    taken: dict[Name, list[float]] = {name: [] for name in functions}
    for turn in range(rounds + warm_up):
        for name, function in functions.items():
            began = time.perf_counter()
            function()
            if turn >= warm_up:
                taken[name].append(time.perf_counter() - began)
    return {name: pick(times) for name, times in taken.items()}
