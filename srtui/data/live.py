"""Live degradation: a crop whose lq is made anew each time it is drawn, with its surroundings.

A crop alone would have borders that no real picture has, and its JPEG grid would always begin at its corner. So a
larger region is degraded, and the crop is cut from it at a drawn offset. The region is turned before it is degraded: a
camera that lies on its side still has its lines from left to right.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from srtui.config.degradation import Scenario
from srtui.degradation.scenarios import degrade

Picture = NDArray[np.uint8]

MARGIN = 32
"""Pixels of gt around a crop, where the picture has them: as far as the filters of most scenarios reach.
(A smear of minidv at scale 4 reaches 50, Real-ESRGAN's two blurs 60: there the region's border is reflected.)"""
GRID = 16
"""Sides of a region are multiples of this and of the scale, so that every reduction comes out even; and it is the side
of JPEG's macroblock, over which the offset is drawn in lq pixels."""


def degraded_region(
    gt_hwc: Picture, scenario: Scenario, scale: int, corner: tuple[int, int], size: int, code: int, key: int, word: int
) -> tuple[Picture, int, int]:
    """Turn a crop's surroundings, and degrade them.

    Parameters
    ----------
    gt_hwc
        Whole picture, sides multiples of ``scale``, and such that the scenario ends evenly.
    corner
        Top and left of the crop in gt pixels, multiples of ``scale``.
    size
        Side of the crop in gt pixels, a multiple of ``scale``.
    code
        How the crop is turned, as `srtui_kernels.crop_to_chw` says it.
    key
        Decides what the scenario draws.
    word
        64-bit number that decides where the region lies around the crop.

    Returns
    -------
    Region of lq, turned, and the top and left of the crop in it, in lq pixels.
    """
    grid = math.lcm(GRID, scale)
    wanted = -(-(size + 2 * MARGIN + GRID * scale) // grid) * grid
    draws = word % GRID, word // GRID % GRID
    starts, sides = [], []
    for place, length, draw in zip(corner, gt_hwc.shape[:2], draws, strict=True):
        side = min(wanted, length)
        starts.append(min(max(place - MARGIN - draw * scale, 0), length - side) // scale * scale)
        sides.append(side)
    (top, left), (height, width) = starts, sides
    y, x = corner[0] - top, corner[1] - left
    if code & 1:
        x = width - size - x
    if code & 2:
        y = height - size - y
    if code & 4:
        y, x = x, y
    lq_hwc = degrade(turned(gt_hwc[top : top + height, left : left + width], code), scenario, scale, key)
    return lq_hwc, y // scale, x // scale


def turned(picture_hwc: Picture, code: int) -> Picture:
    """Turn a picture as `srtui_kernels.crop_to_chw` turns a crop: mirrored, upside down, then transposed."""
    # cv2 takes 30 µs to turn what NumPy takes 360 to copy (384 pixels).
    if code & 3:
        picture_hwc = cv2.flip(picture_hwc, _FLIPS[code & 3])
    if code & 4:
        picture_hwc = cv2.transpose(picture_hwc)
    return np.ascontiguousarray(picture_hwc)


_FLIPS = {1: 1, 2: 0, 3: -1}  # left and right, top and bottom, both, as cv2 numbers them
