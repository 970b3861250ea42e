"""Previews through time."""

from __future__ import annotations

from itertools import pairwise

from srtui.engine.previews import superfluous


def test_few_moments_all_stay() -> None:
    assert superfluous([10, 20, 30], 3) == []


def test_the_first_and_the_last_stay_and_the_rest_is_spread_evenly() -> None:
    moments: list[int] = []
    for iteration in range(100, 10_001, 100):
        moments.append(iteration)
        gone = superfluous(moments, 8)
        moments = [each for each in moments if each not in gone]
    assert len(moments) == 8
    assert (moments[0], moments[-1]) == (100, 10_000)
    gaps = [after - before for before, after in pairwise(moments)]
    assert max(gaps) <= 4 * min(gaps)
