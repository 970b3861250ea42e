"""What the public wrappers ask of their arguments, and how they hand pictures to the kernels."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

CHANNELS = (1, 3, 4)


def channels_of(src_hwc: Bytes, allowed: Collection[int] = CHANNELS) -> int:
    """
    Check that ``src_hwc`` is a picture and return its number of channels.

    Raises
    ------
    TypeError
        When it is not a uint8 array.
    ValueError
        When its shape is not (H, W) or (H, W, channels), or when it is empty.
    """
    if not isinstance(src_hwc, np.ndarray):
        raise TypeError(f"the picture is a {type(src_hwc).__name__}; pass a NumPy array (np.asarray)")
    if src_hwc.dtype != np.uint8:
        raise TypeError(f"the picture is {src_hwc.dtype}; convert it to uint8 (0 to 255) first")
    if src_hwc.ndim not in (2, 3):
        raise ValueError(f"the picture has shape {src_hwc.shape}; pass (height, width) or (height, width, channels)")
    channels = src_hwc.shape[2] if src_hwc.ndim == 3 else 1
    if channels not in allowed:
        wanted = " or ".join(str(number) for number in sorted(allowed))
        raise ValueError(f"the picture has {channels} channels (shape {src_hwc.shape}); pass {wanted}, channels last")
    if src_hwc.size == 0:
        raise ValueError(f"the picture is empty (shape {src_hwc.shape}); pass at least one pixel")
    return channels


def rows_of(src_hwc: Bytes) -> Bytes:
    """
    Return the picture as flat rows (H, W * channels), contiguous and read-only; copied only when it must be.

    Flat rows are what the loops vectorise over. Numba compiles once more for read-only arrays (pictures in mapped
    files), so sources are always handed over as read-only.
    """
    rows: Bytes = np.ascontiguousarray(src_hwc).reshape(src_hwc.shape[0], -1).view()
    rows.flags.writeable = False
    return rows


def whole_number(value: int, name: str, low: int, high: int) -> int:
    """Check a whole number between ``low`` and ``high``, both allowed."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} is {value!r}; pass a whole number from {low} to {high}")
    if not low <= value <= high:
        raise ValueError(f"{name} is {value}; pass a whole number from {low} to {high}")
    return int(value)


def number(value: float, name: str, low: float, high: float) -> float:
    """Check a finite number between ``low`` and ``high``, both allowed."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{name} is {value!r}; pass a number from {low:g} to {high:g}")
    if not (math.isfinite(value) and low <= value <= high):
        raise ValueError(f"{name} is {value}; pass a number from {low:g} to {high:g}")
    return float(value)
