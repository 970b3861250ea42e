"""
Paths that a camera's shake may take, as taps; and the sum along any list of taps, also in linear light.

A curved path is an arc, cut into short straight pieces, each with the length that it has inside every pixel's square.

Light adds up before the camera's gamma, so that a bright point smears into a bright line: the sum in linear light takes
the sRGB curve back (see `_light`), adds in 16 bits, and applies it again. It is exact: whole numbers only.
"""

from __future__ import annotations

import itertools
import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from srtui_kernels._borders import mirrored
from srtui_kernels._checks import Bytes, channels_of, number, rows_of
from srtui_kernels._jit import kernel
from srtui_kernels._light import light_tables
from srtui_kernels._tap_sums import sum_of_taps
from srtui_kernels.motion import LONGEST, Taps, line

Point = tuple[float, float]

MOST_BEND = 180.0
_PIECE = 0.5  # pixels: an arc of radius 10 leaves its chord by 0.003 pixels
_SLIVER = 1e-6
_LIGHTEST = 2.0**-20  # what `motion` can multiply and add with one rounding


def motion_along(src_hwc: Bytes, taps: Taps) -> Bytes:
    """
    Add up the pixels that a list of taps names; borders, sum and rounding as in `motion`.

    Parameters
    ----------
    src_hwc
        uint8, (H, W) or (H, W, 1, 3 or 4).
    taps
        1 to 4096 taps within 200 pixels; weights may be negative.

    Returns
    -------
    uint8, the shape of ``src_hwc``.

    Raises
    ------
    TypeError, ValueError
        When the picture or the taps are not these.
    """
    channels = channels_of(src_hwc)
    check_taps(taps)
    rows = rows_of(src_hwc)
    out = np.empty_like(rows)
    sum_of_taps(rows, out, channels, *taps)
    return out.reshape(src_hwc.shape)


def motion_in_light(src_hwc: Bytes, taps: Taps) -> Bytes:
    """
    Add up the light of the pixels that a list of taps names.

    Parameters
    ----------
    src_hwc
        uint8 sRGB, (H, W) or (H, W, 1, 3 or 4).
    taps
        1 to 4096 taps within 200 pixels, no weight negative; weights are rounded to 65536ths, the largest takes what is
        left.

    Returns
    -------
    uint8, the shape of ``src_hwc``.

    Raises
    ------
    TypeError, ValueError
        When the picture or the taps are not these.
    """
    channels = channels_of(src_hwc)
    check_taps(taps)
    rows = rows_of(src_hwc)
    out = np.empty_like(rows)
    _sum_of_light(rows, out, channels, taps.dy, taps.dx, whole_weights(taps.weight), *light_tables())
    return out.reshape(src_hwc.shape)


def curve(angle: float, length: float, bend: float) -> Taps:
    """
    Draw an arc whose centre of mass is the middle of the origin's pixel: what is smeared stays where it was.

    Parameters
    ----------
    angle
        Direction at its middle in degrees, counter-clockwise from the right, -360 to 360.
    length
        Length along the arc in pixels, 0 to 200.
    bend
        How much the direction turns from one end to the other, in degrees, -180 to 180; 0 is `line`.

    Returns
    -------
    Taps, from the top left row by row, sum 1.

    Raises
    ------
    TypeError, ValueError
        When a number is not one of these.
    """
    angle = number(angle, "angle", -360.0, 360.0)
    length = number(length, "length", 0.0, LONGEST)
    bend = number(bend, "bend", -MOST_BEND, MOST_BEND)
    return line(angle, length) if abs(bend) < 1e-3 or length < _SLIVER else _arc(angle, length, bend)


@lru_cache(maxsize=256)
def _arc(angle: float, length: float, bend: float) -> Taps:
    pieces = max(math.ceil(length / _PIECE), 2)
    turn, half = math.radians(angle), math.radians(bend) / 2.0
    radius, mean = length / (2.0 * half), math.sin(half) / half
    # Points of a circle, at the directions turn ± half; their mean is `mean` times the one at `turn`.
    ends = [turn + half * (2.0 * k / pieces - 1.0) for k in range(pieces + 1)]
    middle = math.sin(turn) * mean, math.cos(turn) * mean
    points = [(radius * (math.sin(end) - middle[0]), radius * (math.cos(end) - middle[1])) for end in ends]
    return polyline(points)


def polyline(points: list[Point]) -> Taps:
    """Draw straight lines through points (across, down) in pixels from the middle of the origin's pixel."""
    lengths: dict[tuple[int, int], float] = {}
    for (x, y), (to_x, to_y) in itertools.pairwise(points):
        whole = math.hypot(to_x - x, to_y - y)
        for start, end in itertools.pairwise(_cuts(x, y, to_x, to_y)):
            middle = (start + end) / 2.0
            place = math.floor(y + (to_y - y) * middle + 0.5), math.floor(x + (to_x - x) * middle + 0.5)
            lengths[place] = lengths.get(place, 0.0) + (end - start) * whole
    return as_taps(lengths)


def _cuts(x: float, y: float, to_x: float, to_y: float) -> list[float]:
    """Where a line crosses from one pixel to the next, as shares of its length, with both ends."""
    cuts = {0.0, 1.0}
    for start, end in ((x, to_x), (y, to_y)):
        low, high = math.floor(min(start, end) - 0.5), math.ceil(max(start, end) + 0.5)
        if start != end:
            cuts.update((border + 0.5 - start) / (end - start) for border in range(low, high + 1))
    return sorted(cut for cut in cuts if 0.0 <= cut <= 1.0)


def as_taps(weights: dict[tuple[int, int], float]) -> Taps:
    """Order {(row, column): weight} and scale the sum to 1; weights may be negative, those below 2^-20 are left out."""
    total = math.fsum(weights.values())
    kept = sorted((place, weight) for place, weight in weights.items() if abs(weight) > _LIGHTEST * abs(total))
    values = np.array([weight for _, weight in kept])
    dy, dx = np.ascontiguousarray(np.array([place for place, _ in kept], np.int32).T)
    return Taps(dy, dx, (values / values.sum()).astype(np.float32))


def check_taps(taps: Taps) -> None:
    """Raise ValueError unless the taps can be added up."""
    dy, dx, weight = taps
    if not 1 <= weight.size <= 4096 or dy.shape != weight.shape or dx.shape != weight.shape or weight.ndim != 1:
        raise ValueError(f"the taps have shapes {dy.shape}, {dx.shape} and {weight.shape}; pass 1 to 4096 of each")
    if dy.dtype != np.int32 or dx.dtype != np.int32 or weight.dtype != np.float32:
        raise ValueError(f"the taps are {dy.dtype}, {dx.dtype} and {weight.dtype}; pass int32, int32 and float32")
    if max(np.abs(dy).max(), np.abs(dx).max()) > LONGEST or not np.isfinite(weight).all():
        raise ValueError(f"a tap lies further than {LONGEST:g} pixels away, or has no finite weight; draw it shorter")


def whole_weights(weight: NDArray[np.float32]) -> NDArray[np.uint32]:
    """Round weights to 65536ths that add up to 65536."""
    if weight.min() < 0.0:
        raise ValueError(f"a tap has the weight {weight.min()}; light cannot be taken away: pass none below 0")
    whole = np.rint(weight.astype(np.float64) * 65536).astype(np.int64)
    whole[np.argmax(whole)] += 65536 - whole.sum()
    return whole.astype(np.uint32)


@kernel
def _sum_of_light(
    src: Bytes,
    out: Bytes,
    channels: int,
    dy: NDArray[np.int32],
    dx: NDArray[np.int32],
    weight: NDArray[np.uint32],
    to_light: NDArray[np.uint16],
    back: NDArray[np.uint8],
) -> None:
    height, width = src.shape
    reach = np.abs(dx).max()
    place = np.empty(width + 2 * reach * channels, np.int64)
    for x in range(place.size):
        place[x] = mirrored(x // channels - reach, width // channels) * channels + x % channels
    wide = np.empty((height, place.size), np.uint16)
    for y in range(height):
        for x in range(place.size):
            wide[y, x] = to_light[src[y, place[x]]]
    total = np.empty(width, np.uint32)
    for y in range(height):
        for x in range(width):
            total[x] = np.uint32(32768)
        for tap in range(weight.size):
            start = (reach + dx[tap]) * channels
            _add_light(total, wide[mirrored(y + dy[tap], height)][start : start + width], weight[tap])
        for x in range(width):
            out[y, x] = back[total[x] >> np.uint32(16)]


@kernel
def _add_light(total: NDArray[np.uint32], row: NDArray[np.uint16], weight: np.uint32) -> None:
    """At most 65535 · 65536 + 32768, which 32 bits hold."""
    for x in range(total.size):
        total[x] += np.uint32(np.uint32(row[x]) * weight)
