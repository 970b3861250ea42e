"""A measured value over the iterations of a run, bounded: 50,000 points cost no more than 2,000."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

LIMIT = 2048
"""Bins kept at most; twice the dot columns of the widest plot that a terminal shows."""


class Bin(NamedTuple):
    """Neighbouring points as one: where they lie, their envelope and their sum."""

    first: int
    last: int
    low: float
    high: float
    total: float
    points: int

    @property
    def mean(self) -> float:
        """Mean of the points."""
        return self.total / self.points


class Series:
    """Points in the order of their iterations; when there are too many, neighbours merge two by two."""

    def __init__(self) -> None:
        self._bins: list[Bin] = []
        self._points_per_bin = 1

    def add(self, x: int, y: float) -> None:
        """Add the value ``y`` at iteration ``x``."""
        if self._bins and self._bins[-1].points < self._points_per_bin:
            self._bins[-1] = _joined(self._bins[-1], Bin(x, x, y, y, y, 1))
            return
        self._bins.append(Bin(x, x, y, y, y, 1))
        if len(self._bins) > LIMIT:
            pairs = zip(self._bins[::2], self._bins[1::2], strict=False)
            odd = self._bins[-1:] if len(self._bins) % 2 else []
            self._bins = [_joined(*pair) for pair in pairs] + odd
            self._points_per_bin *= 2

    def cut_after(self, x: int) -> None:
        """Forget what came after iteration ``x``: a resumed run does it anew."""
        while self._bins and self._bins[-1].first > x:
            self._bins.pop()

    def bins(self) -> tuple[Bin, ...]:
        """Everything so far."""
        return tuple(self._bins)


def _joined(a: Bin, b: Bin) -> Bin:
    return Bin(a.first, b.last, min(a.low, b.low), max(a.high, b.high), a.total + b.total, a.points + b.points)


def smoothed(bins: Sequence[Bin], *, reach: int, log: bool) -> list[float]:
    """Mean of each bin and of its neighbours: ``reach`` bins to both sides, fewer at the ends.

    Looking to both sides it does not lag behind a falling loss, and a new bin changes only the last ``reach`` values.
    ``log`` takes the geometric mean, which lies in the middle of a logarithmic axis.
    """
    values = [math.log(each.mean) if log else each.mean for each in bins]
    sums = [0.0, *accumulate(values)]
    result = []
    for index in range(len(values)):
        first, end = index - min(index, reach), min(index + min(index, reach), len(values) - 1) + 1
        mean = (sums[end] - sums[first]) / (end - first)
        result.append(math.exp(mean) if log else mean)
    return result
