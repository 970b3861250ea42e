"""A curve as rows of text: braille dots, the raw values dim and their running mean bright. Pure, and sticky on purpose.

Axes snap to round numbers and the reach of the mean to powers of two, so that a new point changes
few cells: what is written to the terminal, four measurements a second over SSH, is mostly nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from srtui.app.look import UNICODE, Glyphs
from srtui.app.series import Bin, smoothed

Row = tuple[tuple[str, str], ...]
"""One line: texts, each with what it is (`look.KINDS`, or nothing)."""
GUTTER = 7
"""Columns for the labels of the upward axis, and the axis."""
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_STEPS = (1.0, 2.0, 5.0, 10.0)
_FINE_STEPS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_LEVELS = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_ROUNDEST_FIRST = (1, 5, 2, 3, 4, 6, 8, 7, 9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """What is drawn."""

    bins: tuple[Bin, ...] = ()
    log: bool = False
    """Upward axis by powers of ten."""
    baseline: float | None = None
    """A level to compare with."""
    ticks: tuple[int, ...] = ()
    """Iterations to mark below."""
    end: int = 0
    """Where the run will end; 0 if unknown."""
    raw: bool = True
    """Whether single values are drawn beside their running mean."""


@dataclass(frozen=True, slots=True)
class _Grid:
    """Dots of a drawing area: ``across`` × ``up`` per cell."""

    width: int
    height: int
    across: int
    up: int
    cells: list[list[int]]

    def dot(self, x: int, y: int) -> None:
        if 0 <= x < self.width * self.across and 0 <= y < self.height * self.up:
            bit = _DOTS[x % 2][y % 4] if self.up == 4 else 1
            self.cells[y // self.up][x // self.across] |= bit

    def upright(self, x: int, a: int, b: int) -> None:
        for y in range(min(a, b), max(a, b) + 1):
            self.dot(x, y)


def draw(curve: Curve, width: int, height: int, glyphs: Glyphs = UNICODE) -> tuple[Row, ...]:
    """Draw a curve.

    Parameters
    ----------
    width, height
        Cells, axes included; below 12 × 3 nothing is drawn.

    Returns
    -------
    tuple of Row
        ``height`` rows.
    """
    if width < 12 or height < 3:
        return ((),) * height
    across, up = (2, 4) if glyphs.braille else (1, 1)
    inner, rows = width - GUTTER, height - 1
    raw, mean = (_Grid(inner, rows, across, up, [[0] * inner for _ in range(rows)]) for _ in range(2))
    last = curve.bins[-1].last if curve.bins else 0
    right = min(ceiling(max(last, 1), _FINE_STEPS), curve.end or math.inf)
    low, high = _range(curve)
    place = _placer(low, high, rows * up, log=curve.log)
    _draw_bins(curve, raw, mean, place, max(inner * across - 1, 1) / max(right, 1))
    base = None if curve.baseline is None else place(curve.baseline) // up
    labels = _labels(low, high, rows, lambda value: place(value) // up, log=curve.log) if curve.bins else {}
    body = [_body_row(y, raw, mean, labels.get(y, ""), base, glyphs) for y in range(rows)]
    return (*body, _bottom(curve, inner, right, glyphs))


def _range(curve: Curve) -> tuple[float, float]:
    values = [each.low for each in curve.bins] + [each.high for each in curve.bins]
    if curve.baseline is not None:
        values.append(curve.baseline)
    if not values:
        return (0.01, 1.0) if curve.log else (0.0, 1.0)
    low, high = min(values), max(values)
    if curve.log:
        low, high = floor(low, _LEVELS), ceiling(high, _LEVELS)
        return (low, high) if high > low else (low, 2 * low)
    step = ceiling(max(high - low, 0.2) / 5)
    low, high = math.floor(low / step) * step, math.ceil(high / step) * step
    return (low, high) if high > low else (low, low + step)


def _placer(low: float, high: float, dots: int, *, log: bool) -> Callable[[float], int]:
    """From a value to its dot, counted from the top."""
    lower, upper = (math.log(low), math.log(high)) if log else (low, high)

    def place(value: float) -> int:
        at = math.log(max(value, 1e-30)) if log else value
        share = (upper - at) / (upper - lower)
        return min(max(round(share * (dots - 1)), 0), dots - 1)

    return place


def _draw_bins(curve: Curve, raw: _Grid, mean: _Grid, place: Callable[[float], int], per_iteration: float) -> None:
    if not curve.bins:
        return
    levels = smoothed(curve.bins, reach=_reach(len(curve.bins)) if curve.raw else 0, log=curve.log)
    before: tuple[int, int] | None = None
    for each, level in zip(curve.bins, levels, strict=True):
        left, x = round(each.first * per_iteration), round(each.last * per_iteration)
        if curve.raw:
            for column in range(left, x + 1):
                raw.upright(column, place(each.low), place(each.high))
        y = place(level)
        _line(mean, before or (x, y), (x, y))
        before = (x, y)


def _reach(count: int) -> int:
    """Bins to both sides that are averaged: about a fiftieth of all, a power of two so that it seldom changes."""
    return 1 << max((count // 50).bit_length() - 1, 1)


def _line(grid: _Grid, start: tuple[int, int], end: tuple[int, int]) -> None:
    """Connect two dots, leaving no hole in any column."""
    (x0, y0), (x1, y1) = start, end
    previous = y0
    for x in range(x0, x1 + 1):
        y = round(y0 + (y1 - y0) * (x - x0) / (x1 - x0)) if x1 > x0 else y1
        grid.upright(x, y if abs(y - previous) <= 1 else previous + (1 if y > previous else -1), y)
        previous = y


def _body_row(y: int, raw: _Grid, mean: _Grid, label: str, base: int | None, glyphs: Glyphs) -> Row:
    parts: list[tuple[str, str]] = [
        (f"{label:>{GUTTER - 2}} ", "quiet"),
        (glyphs.mark if label else glyphs.axis, "line"),
    ]
    for dim, bright in zip(raw.cells[y], mean.cells[y], strict=True):
        if bright:
            parts.append((chr(0x2800 + bright) if glyphs.braille else "*", "mean"))
        elif dim:
            parts.append((chr(0x2800 + dim) if glyphs.braille else ".", "raw"))
        else:
            parts.append((glyphs.rule, "line") if y == base else (" ", ""))
    return joined(parts)


def _bottom(curve: Curve, inner: int, right: float, glyphs: Glyphs) -> Row:
    """The axis along the iterations, with its end and the ticks."""
    label = f" {short(right)}" if curve.bins else ""
    length = inner - len(label)
    marks = {min(int(tick * inner / max(right, 1)), inner - 1) for tick in curve.ticks if tick <= right}
    axis = [(glyphs.tick, "tick") if x in marks else (glyphs.rule, "line") for x in range(length)]
    origin = f"{'0' if curve.bins else '':>{GUTTER - 2}} "
    return joined([(origin, "quiet"), (glyphs.corner, "line"), *axis, (label, "quiet")])


def _labels(low: float, high: float, rows: int, row_of: Callable[[float], int], *, log: bool) -> dict[int, str]:
    """Texts beside the axis: round values, at least two rows apart, the ends first."""
    values = [low, high, *(_log_values(low, high) if log else _linear_values(low, high))]
    labels: dict[int, str] = {}
    for value in values:
        row = min(row_of(value), rows - 1)
        if all(abs(row - other) >= 2 for other in labels):
            labels[row] = f"{value:.3g}" if log else f"{value:g}"
    return labels


def _log_values(low: float, high: float) -> Iterable[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    values = (round(digit * 10.0**power, 12) for digit in _ROUNDEST_FIRST for power in powers)
    return (value for value in values if low < value < high)


def _linear_values(low: float, high: float) -> Iterable[float]:
    step = ceiling((high - low) / 5)
    return (round(low + step * index, 6) for index in range(1, int((high - low) / step) + 1))


def ceiling(value: float, steps: Sequence[float] = _STEPS) -> float:
    """Return the smallest of …, 0.1, 0.2, 0.5, 1, 2, 5, 10, … that is not below ``value`` (which is above 0)."""
    power = 10.0 ** math.floor(math.log10(value))
    return next((round(step * power, 12) for step in steps if step * power >= value * (1 - 1e-9)), 10 * power)


def floor(value: float, steps: Sequence[float] = _STEPS) -> float:
    """Return the largest of …, 0.1, 0.2, 0.5, 1, … that is not above ``value`` (which is above 0)."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(round(step * power, 12) for step in reversed(steps) if step * power <= value * (1 + 1e-9))


def short(count: float) -> str:
    """Format a count in few characters: 800, 12k, 1.5M."""
    for limit, unit in ((1e6, "M"), (1e3, "k")):
        if count >= limit:
            return f"{count / limit:.3g}{unit}"
    return f"{count:.0f}"


def joined(parts: Sequence[tuple[str, str]]) -> Row:
    """Row with neighbours of one kind joined."""
    result: list[tuple[str, str]] = []
    for text, kind in parts:
        if result and result[-1][1] == kind:
            result[-1] = (result[-1][0] + text, kind)
        elif text:
            result.append((text, kind))
    return tuple(result)


def rule(title: str, width: int, glyphs: Glyphs) -> Row:
    """Draw a thin line that names what is below."""
    named = (((f"{title} "), "quiet"),) if title else ()
    length = width - 1 - sum(len(text) for text, _ in named)
    return ((" ", ""), *named, (glyphs.rule * max(length, 0), "line"))
