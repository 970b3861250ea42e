"""Painting dead leaves from the front to the back: each only where something can still be seen."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from srtui_kernels._jit import kernel
from srtui_kernels._leaf_noise import Lattice
from srtui_kernels._leaf_outline import Outline, cover, row_range
from srtui_kernels._leaf_skin import Skin, skin_colour

HIDDEN = 0.004  # less than one level of a pixel is left to be seen

Plane = NDArray[np.float32]


class Canvas(NamedTuple):
    """A picture being painted."""

    light: Plane  # (H, W, 3): what has been painted so far, 0 to 255
    clear: Plane  # (H, W): the share of each pixel still to be painted
    bright: Plane  # (H, W): what the shadows leave of the light for what lies behind


@kernel
def blank_canvas(height: int, width: int) -> Canvas:
    """Return a canvas with nothing on it."""
    clear, bright = np.ones((height, width), np.float32), np.ones((height, width), np.float32)
    return Canvas(np.zeros((height, width, 3), np.float32), clear, bright)


@kernel
def paint_leaf(canvas: Canvas, outline: Outline, skin: Skin, lattice: Lattice, edge: float) -> float:
    """Paint a leaf behind what is there; return how many pixels it hid."""
    hidden, margin = 0.0, outline.ragged + 0.5 * edge
    height, width = canvas.clear.shape
    top, bottom = _rows(outline, margin, height)
    for y in range(top, bottom):
        left, right = row_range(outline, margin, y)
        sure_left, sure_right = row_range(outline, -margin, y)
        for x in range(max(left, 0), min(right, width)):
            clear = canvas.clear[y, x]
            if clear < HIDDEN:
                continue
            share = clear * (1.0 if sure_left <= x < sure_right else cover(outline, lattice, edge, x, y))
            if share > 0.0:
                canvas.clear[y, x] = clear - share
                hidden += share
                light = share * canvas.bright[y, x]
                red, green, blue = skin_colour(skin, lattice, x - outline.x, y - outline.y)
                canvas.light[y, x, 0] += light * red
                canvas.light[y, x, 1] += light * green
                canvas.light[y, x, 2] += light * blue
    return hidden


@kernel
def cast_shadow(canvas: Canvas, outline: Outline, lattice: Lattice, edge: float, strength: float) -> None:
    """Darken what will be painted behind a shadow with this outline."""
    margin = outline.ragged + 0.5 * edge
    height, width = canvas.clear.shape
    top, bottom = _rows(outline, margin, height)
    for y in range(top, bottom):
        left, right = row_range(outline, margin, y)
        sure_left, sure_right = row_range(outline, -margin, y)
        for x in range(max(left, 0), min(right, width)):
            if canvas.clear[y, x] >= HIDDEN:
                share = 1.0 if sure_left <= x < sure_right else cover(outline, lattice, edge, x, y)
                canvas.bright[y, x] *= 1.0 - strength * share


@kernel
def _rows(outline: Outline, margin: float, height: int) -> tuple[int, int]:
    reach = outline.reach + margin
    return max(int(np.floor(outline.y - reach)), 0), min(int(np.ceil(outline.y + reach)) + 1, height)
