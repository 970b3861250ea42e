"""What is measured of every picture of a tape: pure functions of it and its two neighbours."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from srtui.footage.borders import blank_lines
from srtui.footage.reader import Frame, Luma
from srtui.footage.sharpness import sharpness

_BLOCK = (4, 32)
"""Lines and columns of the blocks that pictures are compared in: a dropout of tape is a few lines high, and 128 pixels
average the noise away."""
_THUMB = 16
"""Pixels a side that become one, to find cuts: neither combs nor noise nor a little motion change it."""
_MOVED = 4.0
"""Mean change of a block that counts as motion; sensor noise of 3 levels gives 3.4 a pixel."""
_TORN = 24.0
"""Mean difference of a block from both neighbours that is taken for a dropout…"""
_CALM = 8.0
"""…where these two differ by less than this from each other."""
_GROUP = 6
"""Torn blocks that must touch: a glint on water tears one or two, a lost macroblock of DV's size six."""

Blocks = NDArray[np.float32]


class Row(NamedTuple):
    """One picture, measured. Levels are those of 8-bit luma."""

    pts: int | None
    time: float
    """Seconds."""
    crc: int
    """Of the luma."""
    sharpness: float | None
    """`sharpness.sharpness`."""
    change: float
    """Mean difference of the reduced picture from the one before."""
    across: float
    """The same between its two neighbours."""
    moved: float
    """Share of its blocks that moved since the one before."""
    strongest: float
    """Change of the block that changed most."""
    torn: int
    """Blocks that differ from both neighbours while these agree; DV: blocks that the player could not read."""
    corrupt: int
    """1 if the decoder says that something is missing."""


class Triple(NamedTuple):
    """A picture between its neighbours; the tape's first and last have one only."""

    before: Frame | None
    frame: Frame
    after: Frame | None


class Measured(NamedTuple):
    """A row, and which of the outer lines of the picture are blank (None: nothing can be said)."""

    row: Row
    blank: NDArray[np.bool_] | None


def measure(triple: Triple, *, reports_dropouts: bool) -> Measured:
    """
    Measure the middle picture.

    Parameters
    ----------
    reports_dropouts
        Whether the format itself says which blocks are lost (DV), so that they need not be guessed.
    """
    before, frame, after = triple
    luma_hw = frame.luma_hw
    changes = None if before is None else _changes(before.luma_hw, luma_hw)
    moved = 0.0 if changes is None else _share(changes)
    torn = frame.concealed if reports_dropouts else _torn(triple, changes)
    row = Row(
        pts=frame.pts,
        time=frame.time,
        crc=frame.crc(),
        sharpness=sharpness(luma_hw),
        change=0.0 if before is None else _distance(before.luma_hw, luma_hw),
        across=0.0 if before is None or after is None else _distance(before.luma_hw, after.luma_hw),
        moved=moved,
        strongest=255.0 if changes is None else round(float(changes.max()), 2),
        torn=torn,
        corrupt=int(frame.corrupt),
    )
    return Measured(row, None if before is None else blank_lines(before.luma_hw, luma_hw, moved))


def moved_share(one_hw: Luma, other_hw: Luma) -> float:
    """Share of the blocks that moved between two pictures."""
    return _share(_changes(one_hw, other_hw))


def _share(changes: Blocks) -> float:
    return round(float((changes > _MOVED).mean()), 4)


def _changes(one_hw: Luma, other_hw: Luma) -> Blocks:
    """Mean absolute difference of each block."""
    return _reduced(cv2.absdiff(one_hw, other_hw), *_BLOCK)


def _distance(one_hw: Luma, other_hw: Luma) -> float:
    one, other = (_reduced(each, _THUMB, _THUMB) for each in (one_hw, other_hw))
    return round(float(np.abs(one - other).mean()), 3)


def _reduced(plane_hw: Luma, rows: int, columns: int) -> Blocks:
    height, width = plane_hw.shape
    size = (max(width // columns, 1), max(height // rows, 1))
    return np.asarray(cv2.resize(plane_hw.astype(np.float32), size, interpolation=cv2.INTER_AREA))


def _torn(triple: Triple, changes: Blocks | None) -> int:
    if changes is None or triple.before is None or triple.after is None:
        return 0
    apart = np.minimum(changes, _changes(triple.frame.luma_hw, triple.after.luma_hw))
    suspects = apart > _TORN
    if not suspects.any():
        return 0
    calm = _changes(triple.before.luma_hw, triple.after.luma_hw)
    suspects &= (calm < _CALM) & (apart > 4 * calm)
    _, _, groups, _ = cv2.connectedComponentsWithStats(suspects.astype(np.uint8), connectivity=8)
    sizes = groups[1:, cv2.CC_STAT_AREA]
    return int(sizes[sizes >= _GROUP].sum())
