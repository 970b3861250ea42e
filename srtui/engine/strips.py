"""The strip that shows a network learning: bicubic | moments, oldest first | gt, at the places that tell most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from srtui.engine.paper import BETTER, INK, PAPER, QUIET, WORSE, font, plain
from srtui.engine.places import Picture, Window

DETAIL = 128
"""Side in gt pixels of what is cut out."""
DETAILS = 2
"""How many places of a picture are shown, one below the other."""
MOMENTS = 5
"""Moments that are shown at most."""
COLUMNS = MOMENTS + 2
_PANEL = 2 * DETAIL  # pixels of the strip that a detail takes: twice larger than life, one gt pixel is a square
_GAP, _MARGIN, _HEAD, _CAPTION = 10, 14, 40, 26

LARGEST = (COLUMNS * (_PANEL + _GAP) + 2 * _MARGIN) * (DETAILS * (_PANEL + _GAP) + _HEAD + _CAPTION + _MARGIN) * 3
"""Bytes of a strip, uncompressed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One column."""

    caption: str
    picture_hwc: Picture
    figure: str = ""
    """On the right of the caption."""
    gain: float | None = None
    """Over bicubic, in dB, behind the figure."""
    strong: bool = False
    """The one that matters."""


def draw_strip(title: str, about: str, panels: Sequence[Panel], details: Sequence[Window]) -> Picture:
    """
    Draw a strip.

    Parameters
    ----------
    title, about
        At the upper left, and quieter behind it.
    panels
        Columns, of pictures of one size.
    details
        Windows of these pictures, of one size; a row each.

    Returns
    -------
    RGB uint8 (H, W, 3).
    """
    zoom = max(_PANEL // max(details[0].width, details[0].height), 1)
    wide, tall = details[0].width * zoom, details[0].height * zoom
    column = max(wide, _PANEL // 2)
    width = len(panels) * (column + _GAP) - _GAP + 2 * _MARGIN
    height = _HEAD + _CAPTION + len(details) * (tall + _GAP) - _GAP + _MARGIN
    strip = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(strip)
    enlarged = f", enlarged {zoom} times" if zoom > 1 else ""
    figures = ": Y-PSNR, and gain over bicubic" if any(panel.gain is not None for panel in panels) else ""
    right = f"after so many iterations{figures}{enlarged}"
    _write_head(draw, title, about, right, width)
    for number, panel in enumerate(panels):
        left = _MARGIN + number * (column + _GAP)
        _write_caption(draw, panel, left, column)
        for row, window in enumerate(details):
            cut = Image.fromarray(np.ascontiguousarray(window.of(panel.picture_hwc)))
            strip.paste(
                cut.resize((wide, tall), Image.Resampling.NEAREST), (left, _HEAD + _CAPTION + row * (tall + _GAP))
            )
    return np.asarray(strip)


def _write_head(draw: ImageDraw.ImageDraw, title: str, about: str, right: str, width: int) -> None:
    middle = _HEAD / 2 + 2
    room = width - 2 * _MARGIN
    title = _cut(draw, plain(title), 16, room)
    draw.text((_MARGIN, middle), title, INK, font(16), "lm")
    used = draw.textlength(title, font(16)) + 12
    about = _cut(draw, plain(about), 14, room - used)
    draw.text((_MARGIN + used, middle), about, QUIET, font(14), "lm")
    used += draw.textlength(about, font(14)) + 12
    if used + draw.textlength(right, font(14)) <= room:
        draw.text((width - _MARGIN, middle), right, QUIET, font(14), "rm")


def _write_caption(draw: ImageDraw.ImageDraw, panel: Panel, left: int, width: int) -> None:
    middle, right = _HEAD + _CAPTION / 2 - 1, left + width
    draw.text((left, middle), plain(panel.caption), INK, font(15 if panel.strong else 14), "lm")
    room = width - draw.textlength(plain(panel.caption), font(15)) - 8
    parts = [] if panel.gain is None else [(f"{panel.gain:+.2f}", BETTER if panel.gain >= 0 else WORSE)]
    parts += [(panel.figure, QUIET)] if panel.figure else []
    for text, colour in parts:
        length = draw.textlength(text, font(14)) + 8
        if length > room:
            return
        draw.text((right, middle), text, colour, font(14), "rm")
        right, room = right - int(length), room - length
    if panel.strong:
        below = _HEAD + _CAPTION - 2
        draw.line([(left, below), (left + width - 1, below)], INK, 1)


def _cut(draw: ImageDraw.ImageDraw, text: str, size: int, room: float) -> str:
    """As much of a text as there is room for."""
    if draw.textlength(text, font(size)) <= room:
        return text
    while text and draw.textlength(f"{text}...", font(size)) > room:
        text = text[:-1]
    return f"{text}..." if text else ""
