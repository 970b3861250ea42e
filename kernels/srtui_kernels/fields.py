"""
Fields: the even rows (top field) and the odd rows (bottom field) of an interlaced frame, two moments in one picture.

Rows are copied whole, which NumPy does at the speed of memory.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Literal

import numpy as np

from srtui_kernels._checks import Bytes, channels_of, number, whole_number
from srtui_kernels.motion import Taps
from srtui_kernels.motion_paths import as_taps, motion_along

Field = Literal["top", "bottom"]
FURTHEST = 20.0
"""Pixels between two fields: 2000 pixels a second."""


def split_fields(src_hwc: Bytes) -> tuple[Bytes, Bytes]:
    """
    Take a frame apart.

    Parameters
    ----------
    src_hwc
        uint8, (H, W) or (H, W, 1, 3 or 4), at least two rows.

    Returns
    -------
    Top field (rows 0, 2, …) and bottom field (rows 1, 3, …), each contiguous; the top one has a row more if H is odd.

    Raises
    ------
    TypeError, ValueError
        When the picture is not one of these.
    """
    _two_rows(src_hwc)
    return src_hwc[0::2].copy(), src_hwc[1::2].copy()


def join_fields(top_hwc: Bytes, bottom_hwc: Bytes) -> Bytes:
    """
    Put the two fields of a frame together: `split_fields` undone.

    Raises
    ------
    TypeError, ValueError
        When they are no pictures of one width, or their heights are not those of one frame's fields.
    """
    for field in (top_hwc, bottom_hwc):
        channels_of(field)
    rows = top_hwc.shape[0] + bottom_hwc.shape[0]
    if top_hwc.shape[1:] != bottom_hwc.shape[1:] or top_hwc.shape[0] != (rows + 1) // 2:
        raise ValueError(f"the fields have shapes {top_hwc.shape} and {bottom_hwc.shape}; pass both of one frame")
    frame = np.empty((rows, *top_hwc.shape[1:]), np.uint8)
    frame[0::2], frame[1::2] = top_hwc, bottom_hwc
    return frame


def weave(first_hwc: Bytes, second_hwc: Bytes, first: Field = "bottom") -> Bytes:
    """
    Make the frame that an interlaced camera records of two moments.

    Parameters
    ----------
    first_hwc, second_hwc
        uint8 pictures of one shape, at least two rows: what was there at the first field's moment, and at the second's.
    first
        The field that is recorded first; DV: bottom (the odd rows).

    Returns
    -------
    uint8 frame: odd rows of one and even rows of the other.

    Raises
    ------
    TypeError, ValueError
        When the pictures or the field is not one of these.
    """
    _two_rows(first_hwc)
    _two_rows(second_hwc)
    if first_hwc.shape != second_hwc.shape:
        raise ValueError(f"the pictures have shapes {first_hwc.shape} and {second_hwc.shape}; pass two of one shape")
    if first not in {"top", "bottom"}:
        raise ValueError(f"first is {first!r}; pass 'top' or 'bottom'")
    frame: Bytes = first_hwc.copy()
    start = 1 if first == "top" else 0
    frame[start::2] = second_hwc[start::2]
    return frame


def interlace(src_hwc: Bytes, dx: float, dy: float, first: Field = "bottom", *, frame: int = 0) -> Bytes:
    """
    Record a picture that moves evenly, as an interlaced camera does.

    Parameters
    ----------
    src_hwc
        uint8, (H, W) or (H, W, 1, 3 or 4), at least two rows.
    dx, dy
        How far it moves from one field to the next, in pixels to the right and downwards, -20 to 20.
    first
        The field that is recorded first.
    frame
        Which frame, -2 to 2. In frame 0 the first field is where ``src_hwc`` has it; the others are its neighbours in
        time, which deinterlacers look at.

    Returns
    -------
    uint8 frame, the shape of ``src_hwc``.

    Raises
    ------
    TypeError, ValueError
        When the picture, the movement, the field or the frame is not one of these.
    """
    _two_rows(src_hwc)
    dx, dy = number(dx, "dx", -FURTHEST, FURTHEST), number(dy, "dy", -FURTHEST, FURTHEST)
    moment = 2 * whole_number(frame, "frame", -2, 2)
    moments = [motion_along(src_hwc, shift(dx * when, dy * when)) for when in (moment, moment + 1)]
    return weave(moments[0], moments[1], first)


@lru_cache(maxsize=64)
def shift(dx: float, dy: float) -> Taps:
    """
    Make the taps that move a picture to the right and downwards: cubic interpolation between pixels.

    Source: R. Keys, "Cubic convolution interpolation for digital image processing", 1981 (a = -1/2).
    """
    return as_taps({(y, x): wy * wx for y, wy in _cubic(dy) for x, wx in _cubic(dx)})


def _cubic(by: float) -> list[tuple[int, float]]:
    """Taps of one direction: where to read, and how much of it."""
    before = math.floor(-by)
    part = -by - before
    near = [(1.5 * abs(d) - 2.5) * d * d + 1.0 for d in (part, 1.0 - part)]
    far = [((-0.5 * d + 2.5) * d - 4.0) * d + 2.0 for d in (1.0 + part, 2.0 - part)]
    weights = {before - 1: far[0], before: near[0], before + 1: near[1], before + 2: far[1]}
    return [(place, weight) for place, weight in weights.items() if weight != 0.0]


def _two_rows(src_hwc: Bytes) -> None:
    channels_of(src_hwc)
    if src_hwc.shape[0] < 2:
        raise ValueError(f"the picture has one row (shape {src_hwc.shape}); a frame has at least two")
