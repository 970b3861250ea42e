"""Outlines of dead leaves: ellipses and convex polygons, smooth or ragged, and how far a point is from them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from srtui_kernels._jit import kernel
from srtui_kernels._leaf_noise import STRONGEST, Lattice, smooth_noise
from srtui_kernels._random import State, draw, draw_below, draw_direction

Sides = NDArray[np.float64]  # (MOST_SIDES, 3): outward normal x and y, distance from the centre

MOST_SIDES = 7


class Outline(NamedTuple):
    """One leaf's outline; lengths in pixels."""

    x: float
    y: float
    reach: float  # no point of the leaf is farther from (x, y)
    cos: float
    sin: float
    half_length: float
    half_width: float
    ragged: float  # how far the outline is moved in and out, at most
    phase: float  # which part of the noise moves it
    corners: int  # of a polygon; 0 is an ellipse
    sides: Sides


@kernel
def draw_outline(state: State, x: float, y: float, radius: float) -> Outline:
    """Draw a disc, ellipse, rectangle, polygon, bar or thread, of about the area of a disc of ``radius``."""
    cos, sin = draw_direction(state)
    kind = draw_below(state, 11)
    flat = 1.0 if kind < 3 else np.sqrt(draw(state, 0.08, 1.0)) if kind < 8 else np.sqrt(draw(state, 0.005, 0.05))
    length, width = radius / np.sqrt(flat), radius * np.sqrt(flat)
    if kind == 10:  # a thread, a wire, a stalk
        length, width = 3.0 * radius, draw(state, 0.4, 1.4)
    ragged = 0.0 if kind >= 8 or draw(state, 0.0, 1.0) < 0.5 else radius * draw(state, 0.06, 0.5)
    sides, corners = np.empty((MOST_SIDES, 3), np.float64), 0
    if kind in (4, 5, 8, 9, 10):
        corners = _rectangle(length * 0.886, width * 0.886, cos, sin, sides)
    elif kind in (6, 7):
        corners = _polygon(state, length, width, cos, sin, sides)
    return Outline(
        x=x,
        y=y,
        reach=length * (1.4 if corners else 1.0) + ragged,
        cos=cos,
        sin=sin,
        half_length=length,
        half_width=width,
        ragged=ragged,
        phase=draw(state, 0.0, 64.0),
        corners=corners,
        sides=sides,
    )


@kernel
def moved(outline: Outline, dx: float, dy: float) -> Outline:
    """Return the same outline elsewhere."""
    return Outline(
        x=outline.x + dx,
        y=outline.y + dy,
        reach=outline.reach,
        cos=outline.cos,
        sin=outline.sin,
        half_length=outline.half_length,
        half_width=outline.half_width,
        ragged=outline.ragged,
        phase=outline.phase,
        corners=outline.corners,
        sides=outline.sides,
    )


@kernel
def _rectangle(length: float, width: float, cos: float, sin: float, sides: Sides) -> int:
    for side in range(4):
        sign = 1.0 if side < 2 else -1.0
        along = side % 2 == 0
        sides[side, 0] = sign * (cos if along else -sin)
        sides[side, 1] = sign * (sin if along else cos)
        sides[side, 2] = length if along else width
    return 4


@kernel
def _polygon(state: State, length: float, width: float, cos: float, sin: float, sides: Sides) -> int:
    """A rectangle with some corners cut off."""
    corners = _rectangle(length * 0.95, width * 0.95, cos, sin, sides)
    while corners < MOST_SIDES and draw(state, 0.0, 1.0) < 0.75:
        nx, ny = draw_direction(state)
        along, across = nx * cos + ny * sin, ny * cos - nx * sin
        sides[corners, 0], sides[corners, 1] = nx, ny
        sides[corners, 2] = draw(state, 0.35, 0.9) * np.sqrt((along * length) ** 2 + (across * width) ** 2)
        corners += 1
    return corners


@kernel
def row_range(outline: Outline, margin: float, y: int) -> tuple[int, int]:
    """
    Return the pixels of row ``y``, first and one past the last, less than ``margin`` outside the smooth outline.

    With a negative margin: those that are surely more than that inside.
    """
    dy = y - outline.y
    if outline.corners:
        low, high = _polygon_span(outline, dy, margin)
    else:
        low, high = _ellipse_span(outline, dy, 1.0 + margin / outline.half_width)
    return int(np.ceil(outline.x + low)), int(np.floor(outline.x + high)) + 1


@kernel
def _polygon_span(outline: Outline, dy: float, margin: float) -> tuple[float, float]:
    low, high = -outline.reach - margin, outline.reach + margin
    for side in range(outline.corners):
        across, room = outline.sides[side, 0], outline.sides[side, 2] + margin - outline.sides[side, 1] * dy
        if across > 1e-9:
            high = min(high, room / across)
        elif across < -1e-9:
            low = max(low, room / across)
        elif room < 0.0:
            return 1.0, 0.0
    return (low, high) if low <= high else (1.0, 0.0)


@kernel
def _ellipse_span(outline: Outline, dy: float, grown: float) -> tuple[float, float]:
    """Solve the quadratic equation of the ellipse ``grown`` times as large."""
    length, width = 1.0 / outline.half_length**2, 1.0 / outline.half_width**2
    a = outline.cos * outline.cos * length + outline.sin * outline.sin * width
    b = outline.cos * outline.sin * (length - width) * dy
    c = (outline.sin * outline.sin * length + outline.cos * outline.cos * width) * dy * dy - grown * grown
    square = b * b - a * c
    if square < 0.0 or grown <= 0.0:
        return 1.0, 0.0
    root = np.sqrt(square)
    return (-b - root) / a, (root - b) / a


@kernel
def cover(outline: Outline, lattice: Lattice, edge: float, x: int, y: int) -> float:
    """Return the share of a pixel that the leaf covers, when its outline is ``edge`` pixels wide."""
    dx, dy = x - outline.x, y - outline.y
    if outline.corners:
        distance = -1e9
        for side in range(outline.corners):
            here = dx * outline.sides[side, 0] + dy * outline.sides[side, 1] - outline.sides[side, 2]
            distance = max(distance, here)
    else:
        distance = _ellipse_distance(outline, dx, dy)
    if outline.ragged > 0.0:
        cell = 0.6 / outline.half_width
        noise = smooth_noise(lattice, dx * cell + outline.phase, dy * cell + outline.phase)
        distance += outline.ragged / STRONGEST * noise
    return min(max(0.5 - distance / edge, 0.0), 1.0)


@kernel
def _ellipse_distance(outline: Outline, dx: float, dy: float) -> float:
    """First-order distance: the level function over the length of its gradient."""
    u = (dx * outline.cos + dy * outline.sin) / outline.half_length
    v = (dy * outline.cos - dx * outline.sin) / outline.half_width
    level = np.sqrt(u * u + v * v)
    slope = np.sqrt((u / outline.half_length) ** 2 + (v / outline.half_width) ** 2)
    return (level - 1.0) * level / slope if slope > 1e-9 else -outline.half_width
