"""How fast a run goes, apart from its breaks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Speed since the last reading."""

    iterations_per_second: float
    waited: float
    """Share of the time that was spent waiting for data, 0 to 1."""


class Pace:
    """A stopwatch between two readings; validation, checkpoints and pauses are not counted."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._iteration: int | None = None
        self._waited = 0.0

    @contextmanager
    def away(self) -> Iterator[None]:
        """Do something that is no training."""
        left = time.perf_counter()
        try:
            yield
        finally:
            self._began += time.perf_counter() - left

    def start(self, iteration: int, waited: float) -> None:
        """Begin to measure at ``iteration``; ``waited`` is the stream's waiting time so far, in seconds."""
        self._began, self._iteration, self._waited = time.perf_counter(), iteration, waited

    def read(self, iteration: int, waited: float) -> Reading:
        """Measure up to ``iteration``, and begin anew there."""
        assert self._iteration is not None, "start() comes first"
        seconds = max(time.perf_counter() - self._began, 1e-9)
        reading = Reading(
            iterations_per_second=(iteration - self._iteration) / seconds,
            waited=min(max((waited - self._waited) / seconds, 0.0), 1.0),
        )
        self.start(iteration, waited)
        return reading
