"""The picture that shows what a network does: lq | bicubic | network | gt, with figures, cut to where it matters."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from srtui.engine.paper import BETTER, INK, PAPER, QUIET, WORSE, font, plain
from srtui.engine.places import Picture, Window, lost, telling
from srtui.engine.scores import Seen

WHOLE = (480, 360)
"""Width and height in gt pixels up to which a picture is shown whole."""
DETAIL = (192, 144)
"""Width and height in gt pixels of what is cut from a larger one."""
_DETAILS, _ZOOM = 2, 2  # cuts from a large picture, and how much larger than life they are shown

_GAP, _MARGIN, _CAPTION, _HEAD = 8, 14, 26, 36  # pixels of the sheet
_NARROWEST = 200  # column in which a caption with its figures has room
_COLUMNS = ("lq", "bicubic", "network", "gt")


def side_by_side(seen: Seen) -> Picture:
    """
    Draw the four pictures in a row; of a large one, two rows with the places where bicubic loses most, twice enlarged.

    The places follow from gt and bicubic alone: a network's own best corner would flatter it.

    Returns
    -------
    RGB uint8 (H, W, 3).
    """
    height, width = seen.gt_hwc.shape[:2]
    scale = height // seen.lq_hwc.shape[0]
    whole = width <= WHOLE[0] and height <= WHOLE[1]
    everywhere = [Window(0, 0, width, height)]
    windows = everywhere if whole else telling(lost(seen.gt_hwc, seen.bicubic_hwc), scale, DETAIL, _DETAILS)
    zoom = max(min(WHOLE[0] // width, WHOLE[1] // height), 1) if whole else _ZOOM
    panel = (windows[0].width * zoom, windows[0].height * zoom)
    column_width = max(panel[0], _NARROWEST)
    sheet = Image.new("RGB", _sheet_size(column_width, panel[1], len(windows)), PAPER)
    draw = ImageDraw.Draw(sheet)
    _write_head(draw, seen, whole=whole, width=sheet.width)
    for column, picture_hwc in enumerate((seen.lq_hwc, seen.bicubic_hwc, seen.network_hwc, seen.gt_hwc)):
        left = _MARGIN + column * (column_width + _GAP)
        _write_caption(draw, seen, column, left, column_width)
        for row, window in enumerate(windows):
            cut_hwc = window.of(picture_hwc, height // picture_hwc.shape[0])
            enlarged = Image.fromarray(cut_hwc).resize(panel, Image.Resampling.NEAREST)
            sheet.paste(enlarged, (left, _HEAD + _CAPTION + row * (panel[1] + _GAP)))
    return np.asarray(sheet)


def _sheet_size(column_width: int, panel_height: int, rows: int) -> tuple[int, int]:
    width = 4 * column_width + 3 * _GAP + 2 * _MARGIN
    return width, _HEAD + _CAPTION + rows * panel_height + (rows - 1) * _GAP + _MARGIN


def _write_head(draw: ImageDraw.ImageDraw, seen: Seen, *, whole: bool, width: int) -> None:
    small, large = (f"{picture.shape[1]} x {picture.shape[0]}" for picture in (seen.lq_hwc, seen.gt_hwc))
    about = f"{small} to {large}" + ("" if whole else ": details, with the figures of the whole picture")
    middle, name = _HEAD / 2 + 3, plain(seen.name)
    draw.text((_MARGIN, middle), name, INK, font(15), "lm")
    left = _MARGIN + draw.textlength(name, font(15)) + 10
    draw.text((left, middle), plain(seen.scenario[:40]), QUIET, font(14), "lm")
    draw.text((width - _MARGIN, middle), about, QUIET, font(14), "rm")


def _write_caption(draw: ImageDraw.ImageDraw, seen: Seen, column: int, left: int, width: int) -> None:
    middle, right = _HEAD + _CAPTION / 2, left + width
    draw.text((left, middle), _COLUMNS[column], INK, font(14), "lm")
    if _COLUMNS[column] == "network":
        gain = seen.score.gain_y
        text = f"{gain:+.2f}"
        draw.text((right, middle), text, BETTER if gain >= 0 else WORSE, font(14), "rm")
        right -= int(draw.textlength(text, font(14))) + 8
    if _COLUMNS[column] in {"bicubic", "network"}:
        figures = seen.score.bicubic if _COLUMNS[column] == "bicubic" else seen.score.network
        draw.text((right, middle), f"Y {figures.psnr_y:.2f} dB", QUIET, font(14), "rm")
