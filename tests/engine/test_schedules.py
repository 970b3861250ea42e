"""Schedules against their closed forms."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from srtui.config.optimization import Adam, Cosine, MultiStep, Schedule
from srtui.config.profile import Stage
from srtui.engine.schedules import learning_rate


def rates(schedule: Schedule, iterations: int, peak: float = 1e-3, until: int | None = None) -> list[float]:
    stage = Stage(iterations=iterations, optimizer=Adam(lr=peak), schedule=schedule)
    return [learning_rate(stage, iteration) for iteration in range(until or iterations)]


def test_cosine_falls_along_half_a_cosine() -> None:
    got = rates(Cosine(min_lr=1e-5), 100)
    expected = [1e-5 + (1e-3 - 1e-5) * math.cos(math.pi * i / 200) ** 2 for i in range(100)]
    assert got == pytest.approx(expected)


def test_cosine_restarts_at_the_peak_in_every_period() -> None:
    got = rates(Cosine(periods=4), 100)
    assert [got[i] for i in (0, 25, 50, 75)] == pytest.approx([1e-3] * 4)
    assert got[:25] == pytest.approx(got[75:])
    assert all(after < before for before, after in pairwise(got[:25]))


def test_cosine_never_runs_past_its_periods() -> None:
    got = rates(Cosine(min_lr=1e-6, periods=3), 90, until=200)
    assert got[90:] == [1e-6] * 110


def test_multistep_drops_at_shares_of_the_stage() -> None:
    got = rates(MultiStep(type="multistep", milestones=(0.5, 0.75), gamma=0.1), 40)
    assert got == pytest.approx([1e-3] * 20 + [1e-4] * 10 + [1e-5] * 10)


def test_warmup_climbs_in_equal_steps_and_then_lets_go() -> None:
    got = rates(MultiStep(type="multistep", milestones=(), warmup=10), 20)
    assert got == pytest.approx([1e-4 * (i + 1) for i in range(10)] + [1e-3] * 10)


def test_warmup_multiplies_what_it_covers() -> None:
    with_warmup, without = rates(Cosine(warmup=10), 100), rates(Cosine(), 100)
    assert with_warmup[4] == pytest.approx(without[4] / 2)
    assert with_warmup[10:] == without[10:]
