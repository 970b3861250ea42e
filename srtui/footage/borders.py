"""Edge blanking: the outer rows and columns that never show anything."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from srtui.footage.reader import Luma

DEPTH = 64
"""Rows and columns that are looked at on each side, at most."""
SIDES = ("top", "bottom", "left", "right")
Counts = NDArray[np.int64]
"""(4, DEPTH): in how many pictures the line at this distance from each edge was blank; int64."""

_FLAT = 6.0  # standard deviation along a line; DV's blocks ring by 2 to 4 levels beside the picture's edge
_STEADY = 2.0  # levels that the mean of a line may differ from one picture to the next
_MOVING = 0.1  # share of a picture's blocks that must have moved: in a still scene everything is steady
_LIVELY = 12.0  # standard deviation of a picture's luma: in a dark or empty one everything is flat
_ALWAYS = 0.98
_ENOUGH = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Border:
    """Blank lines of each side, in pixels."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0
    pictures: int = 0
    """Moving pictures that this was seen in; with fewer than 10 nothing is said."""


def blank_lines(before_hw: Luma, luma_hw: Luma, moved: float) -> NDArray[np.bool_] | None:
    """
    Which outer lines of a picture are flat and as they were in the one before.

    Returns
    -------
    blank: (4, DEPTH) bool in the order of `SIDES`, counted from the edge inwards; None if this picture moves too little
    or shows too little to tell.
    """
    if moved < _MOVING or luma_hw[::8, ::8].std() < _LIVELY:
        return None
    height, width = luma_hw.shape
    blank = np.zeros((len(SIDES), DEPTH), np.bool_)
    for side, (now, then) in enumerate(zip(_edges(luma_hw), _edges(before_hw), strict=True)):
        lines = min(len(now), (width if side >= 2 else height) // 4)
        means, were = now[:lines].mean(1, np.float32), then[:lines].mean(1, np.float32)
        blank[side, :lines] = (now[:lines].std(1, np.float32) < _FLAT) & (np.abs(means - were) < _STEADY)
    return blank


def border_of(blank: Counts, pictures: int) -> Border:
    """The border of a tape, from how often each line was blank."""
    if pictures < _ENOUGH:
        return Border(pictures=pictures)
    always = blank >= _ALWAYS * pictures
    widths = [int(np.argmin(np.append(line, False))) for line in always]  # the first that is not
    return Border(**dict(zip(SIDES, widths, strict=True)), pictures=pictures)


def _edges(luma_hw: Luma) -> tuple[Luma, Luma, Luma, Luma]:
    """Outer lines of each side as rows, the outermost first."""
    return (
        luma_hw[:DEPTH],
        luma_hw[::-1][:DEPTH],
        luma_hw[:, :DEPTH].T,
        luma_hw[:, ::-1][:, :DEPTH].T,
    )
