"""The picture that shows what a network does: lq | bicubic | network | gt, with figures, cut to where it matters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from srtui.engine.metrics import luma
from srtui.engine.scores import Picture, Seen

WHOLE = (480, 360)
"""Width and height in gt pixels up to which a picture is shown whole."""
DETAIL = (192, 144)
"""Width and height in gt pixels of what is cut from a larger one."""
_DETAILS, _ZOOM = 2, 2  # cuts from a large picture, and how much larger than life they are shown

_GAP, _MARGIN, _CAPTION, _HEAD = 8, 14, 26, 36  # pixels of the sheet
_NARROWEST = 200  # column in which a caption with its figures has room
_PAPER, _INK, _QUIET = (22, 24, 28), (232, 234, 237), (139, 145, 154)
_COLUMNS = ("lq", "bicubic", "network", "gt")
_BETTER, _WORSE = (126, 211, 133), (240, 138, 112)


@dataclass(frozen=True, slots=True)
class _Window:
    """What is cut from gt, in gt pixels; its corner and sides are multiples of the scale."""

    x: int
    y: int
    width: int
    height: int

    def of(self, picture_hwc: Picture, scale: int) -> Picture:
        """Cut it from a picture that is ``scale`` times smaller than gt."""
        rows = slice(self.y // scale, (self.y + self.height) // scale)
        return picture_hwc[rows, self.x // scale : (self.x + self.width) // scale]


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
    windows = [_Window(0, 0, width, height)] if whole else _telling_places(seen, scale)
    zoom = max(min(WHOLE[0] // width, WHOLE[1] // height), 1) if whole else _ZOOM
    panel = (windows[0].width * zoom, windows[0].height * zoom)
    column_width = max(panel[0], _NARROWEST)
    sheet = Image.new("RGB", _sheet_size(column_width, panel[1], len(windows)), _PAPER)
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


def _telling_places(seen: Seen, scale: int) -> list[_Window]:
    """Windows in which bicubic is farthest from gt; they do not overlap."""
    height, width = seen.gt_hwc.shape[:2]
    wide, tall = min(DETAIL[0], width) // scale * scale, min(DETAIL[1], height) // scale * scale
    lost_hw = np.abs(luma(seen.gt_hwc) - luma(seen.bicubic_hwc))
    means_hw = cv2.boxFilter(lost_hw, cv2.CV_64F, (wide, tall), anchor=(0, 0), borderType=cv2.BORDER_CONSTANT)
    means_hw = means_hw[: height - tall + 1 : scale, : width - wide + 1 : scale].copy()
    windows: list[_Window] = []
    while len(windows) < _DETAILS and means_hw.max() >= 0:
        y, x = np.unravel_index(int(np.argmax(means_hw)), means_hw.shape)
        windows.append(_Window(int(x) * scale, int(y) * scale, wide, tall))
        rows, columns = tall // scale, wide // scale
        means_hw[max(y - rows + 1, 0) : y + rows, max(x - columns + 1, 0) : x + columns] = -1
    return windows


def _write_head(draw: ImageDraw.ImageDraw, seen: Seen, *, whole: bool, width: int) -> None:
    small, large = (f"{picture.shape[1]} x {picture.shape[0]}" for picture in (seen.lq_hwc, seen.gt_hwc))
    about = f"{small} to {large}" + ("" if whole else ": details, with the figures of the whole picture")
    middle, name = _HEAD / 2 + 3, _plain(seen.name)
    draw.text((_MARGIN, middle), name, _INK, _font(15), "lm")
    left = _MARGIN + draw.textlength(name, _font(15)) + 10
    draw.text((left, middle), _plain(seen.scenario[:40]), _QUIET, _font(14), "lm")
    draw.text((width - _MARGIN, middle), about, _QUIET, _font(14), "rm")


def _write_caption(draw: ImageDraw.ImageDraw, seen: Seen, column: int, left: int, width: int) -> None:
    middle, right = _HEAD + _CAPTION / 2, left + width
    draw.text((left, middle), _COLUMNS[column], _INK, _font(14), "lm")
    if _COLUMNS[column] == "network":
        gain = seen.score.gain_y
        text = f"{gain:+.2f}"
        draw.text((right, middle), text, _BETTER if gain >= 0 else _WORSE, _font(14), "rm")
        right -= int(draw.textlength(text, _font(14))) + 8
    if _COLUMNS[column] in {"bicubic", "network"}:
        figures = seen.score.bicubic if _COLUMNS[column] == "bicubic" else seen.score.network
        draw.text((right, middle), f"Y {figures.psnr_y:.2f} dB", _QUIET, _font(14), "rm")


@lru_cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _plain(text: str) -> str:
    """Text that Pillow's own font has letters for."""
    return text.encode("ascii", "replace").decode()
