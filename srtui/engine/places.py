"""Which parts of a picture show most, by gt and bicubic alone: a network's own best corner would flatter it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from srtui.engine.metrics import luma

Picture = NDArray[np.uint8]
Worth = NDArray[np.float32]
"""How much there is to see at every pixel, (H, W)."""


@dataclass(frozen=True, slots=True)
class Window:
    """A part of gt, in gt pixels; its corner and sides are multiples of the scale."""

    x: int
    y: int
    width: int
    height: int

    def of(self, picture_hwc: Picture, scale: int = 1) -> Picture:
        """Cut it from a picture that is ``scale`` times smaller than gt."""
        rows = slice(self.y // scale, (self.y + self.height) // scale)
        return picture_hwc[rows, self.x // scale : (self.x + self.width) // scale]

    def within(self, outer: Window) -> Window:
        """The same place, counted from the corner of a window that holds it."""
        return Window(self.x - outer.x, self.y - outer.y, self.width, self.height)


def lost(gt_hwc: Picture, bicubic_hwc: Picture) -> Worth:
    """How far bicubic is from gt: what a network may win."""
    return np.abs(luma(gt_hwc) - luma(bicubic_hwc)).astype(np.float32)


def detail(bicubic_hwc: Picture) -> Worth:
    """Where there is no gt: what differs from its surroundings, without the loudest contours outweighing all.

    A sixteenth on every side does not count: the edges of tapes are black, torn, and sharp.
    """
    y_hw = luma(bicubic_hwc).astype(np.float32)
    worth_hw: Worth = np.minimum(np.abs(y_hw - cv2.blur(y_hw, (15, 15))), np.float32(24))
    inner_hw = np.zeros_like(worth_hw)
    rows, columns = (slice(side // 16, side - side // 16) for side in worth_hw.shape)
    inner_hw[rows, columns] = worth_hw[rows, columns]
    return inner_hw


def telling(
    worth_hw: Worth, scale: int, size: tuple[int, int], count: int = 1, outer: Window | None = None
) -> list[Window]:
    """
    Find the windows of ``size`` (width, height) with the most to see; they do not overlap.

    Parameters
    ----------
    outer
        Search in this part only; by default everywhere.

    Returns
    -------
    At least one, at most ``count``; where the part is smaller than ``size``, a window fills it.
    """
    outer = outer or Window(0, 0, worth_hw.shape[1], worth_hw.shape[0])
    wide, tall = min(size[0], outer.width) // scale * scale, min(size[1], outer.height) // scale * scale
    means_hw = cv2.boxFilter(
        worth_hw[outer.y : outer.y + outer.height, outer.x : outer.x + outer.width],
        cv2.CV_64F,
        (wide, tall),
        anchor=(0, 0),
        borderType=cv2.BORDER_CONSTANT,
    )
    means_hw = means_hw[: outer.height - tall + 1 : scale, : outer.width - wide + 1 : scale].copy()
    windows: list[Window] = []
    while len(windows) < count and means_hw.max() >= 0:
        y, x = (int(each) for each in np.unravel_index(int(np.argmax(means_hw)), means_hw.shape))
        windows.append(Window(outer.x + x * scale, outer.y + y * scale, wide, tall))
        rows, columns = tall // scale, wide // scale
        means_hw[max(y - rows + 1, 0) : y + rows, max(x - columns + 1, 0) : x + columns] = -1
    return windows
