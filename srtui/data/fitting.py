"""Bringing pictures to a multiple of some pixels, so that every reduction comes out even."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from srtui_kernels.resize import resize

from srtui.config.project import Prepare
from srtui.data.rejection import PictureRejected

Picture = NDArray[np.uint8]


def fitted_size(width: int, height: int, prepare: Prepare) -> tuple[int, int]:
    """Width and height after fitting.

    Raises
    ------
    PictureRejected
        If a side comes out below `prepare.checks.smallest_side`.
    """
    # The formula for squeezing is the restorers' own, from their ImageMagick scripts: 16*int((w+1)/16).
    extra = 1 if prepare.fit == "resize" else 0
    to_width, to_height = ((side + extra) // prepare.multiple * prepare.multiple for side in (width, height))
    least = prepare.checks.smallest_side
    if min(to_width, to_height) < least:
        after = f", {to_width}×{to_height} at a multiple of {prepare.multiple}" if min(to_width, to_height) else ""
        raise PictureRejected(f"too small: {width}×{height}{after}; each side needs {least} pixels")
    return to_width, to_height


def fit(picture_hwc: Picture, prepare: Prepare) -> Picture:
    """Crop or squeeze a picture (uint8, (H, W, 3)) to its fitted size."""
    height, width = picture_hwc.shape[:2]
    to_width, to_height = fitted_size(width, height, prepare)
    if prepare.fit == "resize":
        return resize(picture_hwc, to_width, to_height)
    y, x = _corner(height - to_height, width - to_width, prepare)
    return picture_hwc[y : y + to_height, x : x + to_width]


def for_pairs(prepare: Prepare) -> Prepare:
    """Settings for pairs, which are always cropped: squeezing would undo what lq shows."""
    return dataclasses.replace(prepare, fit="crop")


def fit_pair(gt_hwc: Picture, lq_hwc: Picture, scale: int, prepare: Prepare) -> tuple[Picture, Picture]:
    """Crop the same part out of both pictures of a pair; gt must be exactly ``scale`` times as large as lq.

    Raises
    ------
    PictureRejected
        If a side of gt comes out below `prepare.checks.smallest_side`.
    """
    height, width = lq_hwc.shape[:2]
    to_width, to_height = fitted_size(width * scale, height * scale, for_pairs(prepare))
    lq_width, lq_height = to_width // scale, to_height // scale
    y, x = _corner(height - lq_height, width - lq_width, prepare)
    cut_gt = gt_hwc[y * scale : y * scale + to_height, x * scale : x * scale + to_width]
    return cut_gt, lq_hwc[y : y + lq_height, x : x + lq_width]


def _corner(spare_height: int, spare_width: int, prepare: Prepare) -> tuple[int, int]:
    return (spare_height // 2, spare_width // 2) if prepare.anchor == "centre" else (0, 0)
