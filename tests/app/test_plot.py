"""Curves as rows of text."""

from __future__ import annotations

import math

import pytest

from srtui.app.look import PLAIN
from srtui.app.plot import Curve, Row, ceiling, draw, floor, short
from srtui.app.series import Series


def text_of(row: Row) -> str:
    return "".join(part for part, _ in row)


def falling(last: int = 2000, log: bool = True) -> Curve:
    series = Series()
    for x in range(20, last + 1, 20):
        series.add(x, 0.02 + 0.2 * math.exp(-x / 300))
    return Curve(bins=series.bins(), log=log, ticks=(1000,), end=300_000)


def test_a_plot_fills_its_size_exactly() -> None:
    rows = draw(falling(), 60, 9)
    assert len(rows) == 9
    assert {len(text_of(row)) for row in rows} == {60}


def test_a_falling_loss_falls_on_the_screen() -> None:
    rows = draw(falling(), 60, 9)
    first = next(y for y, row in enumerate(rows) if text_of(row)[7].strip())
    last = next(y for y, row in enumerate(rows) if text_of(row)[59].strip() and y < 8)
    assert first < last


def test_a_new_point_changes_few_rows() -> None:
    before, after = draw(falling(2000), 72, 10), draw(falling(2020), 72, 10)
    more = draw(falling(2040), 72, 10)
    assert before != after  # the axis grew: 2000 was its end
    changed = sum(a != b for a, b in zip(after, more, strict=True))
    assert changed <= 2


def test_a_checkpoint_is_marked_below_its_iteration() -> None:
    bottom = text_of(draw(falling(), 67, 9)[-1])
    assert bottom.index("┴") == pytest.approx(7 + 30, abs=1)
    assert bottom.endswith("2k")


def test_axes_have_round_labels() -> None:
    labels = {text_of(row)[:6].strip() for row in draw(falling(), 60, 12)}
    assert {"0.3", "0.1", "0.02"} <= labels


def test_a_baseline_runs_through_the_plot() -> None:
    series = Series()
    for x in range(1, 10):
        series.add(x * 100, 27.0 + x / 10)
    rows = draw(Curve(bins=series.bins(), baseline=26.5, raw=False), 40, 9)
    assert any(text_of(row).count("─") > 25 for row in rows[:-1])


@pytest.mark.parametrize("size", [(5, 1), (11, 8), (12, 3), (200, 60)])
def test_no_size_breaks_a_plot(size: tuple[int, int]) -> None:
    assert len(draw(falling(), *size)) == size[1]


def test_a_plot_without_points_is_only_axes() -> None:
    rows = draw(Curve(log=True), 40, 6)
    assert not any(letter > "\u2800" for row in rows for letter in text_of(row))


def test_equal_values_still_make_a_range() -> None:
    series = Series()
    series.add(1, 0.1)
    series.add(2, 0.1)
    assert any(letter > "\u2800" for row in draw(Curve(bins=series.bins(), log=True), 40, 8) for letter in text_of(row))


def test_the_linux_console_gets_letters_of_its_font() -> None:
    shown = "".join(text_of(row) for row in draw(falling(), 60, 9, PLAIN))
    assert shown.isascii()
    assert "*" in shown


@pytest.mark.parametrize(("value", "up", "down"), [(0.017, 0.02, 0.01), (0.2, 0.2, 0.2), (7.0, 10.0, 5.0), (1, 1, 1)])
def test_axis_ends_are_1_2_or_5_times_a_power_of_ten(value: float, up: float, down: float) -> None:
    assert (ceiling(value), floor(value)) == (up, down)


@pytest.mark.parametrize(("count", "words"), [(0, "0"), (800, "800"), (12_000, "12k"), (1_500_000, "1.5M")])
def test_counts_are_short(count: int, words: str) -> None:
    assert short(count) == words
