"""
Motion blur: every pixel smeared along a line (or any other list of taps).

The line is drawn as the length it has inside each pixel's square. The sum is a float32 one, in the order of the taps,
each step rounded once (a fused multiply-add), the result rounded half to even: what ``cv2.filter2D`` computes with up
to 11×11 weights. (Wider kernels cv2 sends through a Fourier transform and differs by one here and there.)
"""

from __future__ import annotations

import itertools
import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from srtui_kernels._checks import Bytes, channels_of, number, rows_of
from srtui_kernels._tap_sums import sum_of_taps

LONGEST = 200.0
_SLIVER = 1e-6  # shorter lines are points, and shorter parts of a line come from rounding, not from geometry


class Taps(NamedTuple):
    """Pixels that are added up, relative to the one that is computed, from the top left row by row."""

    dy: NDArray[np.int32]  # (taps,), downwards
    dx: NDArray[np.int32]  # (taps,)
    weight: NDArray[np.float32]  # (taps,), sum 1


def motion(src_hwc: Bytes, angle: float, length: float) -> Bytes:
    """
    Smear a picture along a straight line; the border is reflected without repeating its pixel (reflect 101).

    Parameters
    ----------
    src_hwc
        uint8, (H, W) or (H, W, 1, 3 or 4).
    angle
        Direction in degrees, counter-clockwise from the right, -360 to 360.
    length
        Length of the line in pixels, 0 to 200; up to 1 changes nothing at 0° and 90°.

    Returns
    -------
    uint8, the shape of ``src_hwc``.

    Raises
    ------
    TypeError, ValueError
        When the picture, the angle or the length is not one of these.
    """
    channels = channels_of(src_hwc)
    angle = number(angle, "angle", -360.0, 360.0)
    length = number(length, "length", 0.0, LONGEST)
    rows = rows_of(src_hwc)
    out = np.empty_like(rows)
    sum_of_taps(rows, out, channels, *line(angle, length))
    return out.reshape(src_hwc.shape)


@lru_cache(maxsize=256)
def line(angle: float, length: float) -> Taps:
    """Draw a line through the middle of the origin's pixel; see `motion` for the units."""
    across, down = _direction(angle)
    lengths = _pixel_lengths(across, down, length) if length > _SLIVER else {(0, 0): 1.0}
    kept = sorted((place, piece) for place, piece in lengths.items() if piece > _SLIVER * length)
    weight = np.array([piece for _, piece in kept])
    dy, dx = np.array([place for place, _ in kept], np.int32).T
    return Taps(np.ascontiguousarray(dy), np.ascontiguousarray(dx), (weight / weight.sum()).astype(np.float32))


def _direction(angle: float) -> tuple[float, float]:
    """Return the unit step across and down; exact for the multiples of 45°."""
    quarter = angle % 180.0
    exact = {0.0: (1.0, 0.0), 45.0: (math.sqrt(0.5), -math.sqrt(0.5)), 90.0: (0.0, -1.0)}
    exact[135.0] = (-math.sqrt(0.5), -math.sqrt(0.5))
    radians = math.radians(quarter)
    return exact.get(quarter, (math.cos(radians), -math.sin(radians)))


def _pixel_lengths(across: float, down: float, length: float) -> dict[tuple[int, int], float]:
    """Cut the line wherever it crosses from one pixel to the next: {(row, column): length inside}."""
    half = length / 2.0
    cuts = {-half, half}
    for step in (across, down):
        if step != 0.0:
            reach = int(abs(half * step) + 0.5)
            cuts.update((border + 0.5) / step for border in range(-reach - 1, reach + 1))
    ordered = sorted(cut for cut in cuts if -half <= cut <= half)
    lengths: dict[tuple[int, int], float] = {}
    for start, end in itertools.pairwise(ordered):
        middle = (start + end) / 2.0
        place = math.floor(middle * down + 0.5), math.floor(middle * across + 0.5)
        lengths[place] = lengths.get(place, 0.0) + end - start
    return lengths
