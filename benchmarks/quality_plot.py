"""Y-PSNR through time as an SVG: one panel per test set, one line per network, bicubic as a dashed line."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_WIDTH, _HEIGHT = 400, 280  # of a panel
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 14, 34, 40
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")  # Okabe and Ito: told apart by everybody
_LABEL = 14
_GREY = "#808080"  # legible on white and on black


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """What one panel shows."""

    title: str
    bicubic: float
    """Y-PSNR in dB."""
    lines: Mapping[str, Sequence[tuple[float, float]]]
    """Minutes and Y-PSNR in dB of each network."""


def draw(panels: Sequence[Panel]) -> str:
    """Make the picture; it has no background, and text in grey, so that it is legible on any page."""
    size = f'width="{_WIDTH * len(panels)}" height="{_HEIGHT}"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">']
    for number, panel in enumerate(panels):
        parts += [f'<g transform="translate({number * _WIDTH} 0)">', *_panel(panel), "</g>"]
    return "\n".join([*parts, "</svg>\n"])


def _panel(panel: Panel) -> list[str]:
    points = [point for line in panel.lines.values() for point in line]
    last = max((minutes for minutes, _ in points), default=1.0)
    step = _step(last, 5)
    values = [psnr for _, psnr in points] + [panel.bicubic]
    axis = _Axis(last, _floor(min(values)), max(-_floor(-max(values)), _floor(min(values)) + 0.5))
    parts = [_text(_WIDTH / 2, 18, f"{panel.title}: PSNR of Y in dB, after minutes of training", "middle")]
    for tenths in range(round(axis.low * 2), round(axis.high * 2) + 1):
        y = axis.y(tenths / 2)
        parts.append(_path([(_LEFT, y), (_WIDTH - _RIGHT, y)], _GREY, 'stroke-width="0.3"'))
        parts.append(_text(_LEFT - 6, y + 4, f"{tenths / 2:.1f}", "end"))
    ticks = [step * number for number in range(int(last / step + 1e-9) + 1)]
    parts += [_text(axis.x(tick), _HEIGHT - _BOTTOM + 18, f"{tick:g}", "middle") for tick in ticks]
    level = axis.y(panel.bicubic)
    parts.append(_path([(_LEFT, level), (_WIDTH - _RIGHT, level)], _GREY, 'stroke-dasharray="4 3"'))
    aside = 14 if 2 * panel.bicubic % 1 > 0.5 else -5  # away from the nearest grid line
    parts.append(_text(_WIDTH - _RIGHT - 4, level + aside, f"bicubic {panel.bicubic:.2f}", "end"))
    for number, (name, line) in enumerate(panel.lines.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        parts.append(_path([(axis.x(minutes), axis.y(psnr)) for minutes, psnr in line], colour, 'stroke-width="2"'))
        place = axis.between(len(panel.lines) - 1 - number)
        parts.append(_text(_WIDTH - _RIGHT - 4, place, f"{name} {line[-1][1]:.2f}", "end", colour))
    return parts


class _Axis:
    """Minutes and decibels → places in a panel."""

    def __init__(self, last: float, low: float, high: float) -> None:
        self.last, self.low, self.high = last, low, high

    def x(self, minutes: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * minutes / self.last

    def y(self, psnr: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * (psnr - self.low) / (self.high - self.low)

    def between(self, number: int) -> float:
        """Base line of a label, counted from below, that no grid line crosses: where they leave room, two to a gap."""
        gap = self.y(0) - self.y(0.5)
        fit = 2 if gap >= 2 * _LABEL else 1
        gaps, above = divmod(number, fit)
        return self.y(self.low + gaps / 2) - gap / 2 + 4 - (above - (fit - 1) / 2) * _LABEL


def _floor(value: float) -> float:
    """Half decibels."""
    return math.floor(2 * value) / 2


def _step(length: float, most: int) -> float:
    """Round distance between ticks, so that there are at most ``most``."""
    rough = length / most
    power: float = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)


def _text(x: float, y: float, text: str, anchor: str, colour: str = _GREY) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{html.escape(text)}</text>'


def _path(points: Sequence[tuple[float, float]], colour: str, style: str) -> str:
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{places}" fill="none" stroke="{colour}" {style}/>'
