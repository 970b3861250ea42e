"""Bounded series and their running mean."""

from __future__ import annotations

import itertools

import pytest

from srtui.app.series import LIMIT, Series, smoothed


def test_many_points_cost_no_more_than_the_limit_and_keep_their_envelope() -> None:
    series = Series()
    for x in range(50_000):
        series.add(x, 1000.0 if x == 31_415 else float(x % 7))
    bins = series.bins()
    assert len(bins) <= LIMIT + 1
    assert sum(each.points for each in bins) == 50_000
    assert max(each.high for each in bins) == 1000.0
    assert (bins[0].first, bins[-1].last) == (0, 49_999)


def test_bins_are_in_order_and_do_not_overlap() -> None:
    series = Series()
    for x in range(0, 30_000, 3):
        series.add(x, 1.0)
    bins = series.bins()
    assert all(a.last < b.first for a, b in itertools.pairwise(bins))


def test_what_a_resumed_run_does_anew_is_forgotten() -> None:
    series = Series()
    for x in range(100, 1001, 100):
        series.add(x, 1.0)
    series.cut_after(600)
    assert series.bins()[-1].last == 600


def test_running_mean_of_a_constant_is_the_constant() -> None:
    series = Series()
    for x in range(100):
        series.add(x, 0.25)
    assert smoothed(series.bins(), reach=8, log=True) == pytest.approx([0.25] * 100)


def test_running_mean_does_not_lag_behind_a_falling_line() -> None:
    series = Series()
    for x in range(100):
        series.add(x, 200.0 - x)
    means = smoothed(series.bins(), reach=8, log=False)
    assert means[:92] == pytest.approx([200.0 - x for x in range(92)])


def test_a_new_point_changes_only_the_last_means() -> None:
    series = Series()
    for x in range(64):
        series.add(x, 1.0 + x % 3)
    before = smoothed(series.bins(), reach=4, log=False)
    series.add(64, 50.0)
    after = smoothed(series.bins(), reach=4, log=False)
    assert after[:60] == before[:60]
    assert after[60] != before[60]
