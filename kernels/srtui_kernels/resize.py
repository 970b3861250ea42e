"""
Resizing with antialiasing: the same bytes as Pillow's ``Image.resize``, and Photoshop's filters on the same machinery.

Every output value is a weighted sum of source values, first across, then down. The weights are whole numbers with 22
bits after the point, the sum is rounded and clipped to a byte after each pass (`_resampling`). The horizontal pass
always comes first (Pillow 13 turns them round where the height shrinks more than the width).

Sources: Pillow, src/libImaging/Resample.c and Geometry.c. Photoshop: J. Summers, "Notes on Photoshop's image resize
algorithms" (measured on CS5.1 with ResampleScope); its extra box step below 25 % is left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from srtui_kernels._any_ratio import FRACTION_BITS, Windows
from srtui_kernels._by_fours import Steps, find_steps
from srtui_kernels._checks import Bytes, channels_of, rows_of, whole_number
from srtui_kernels._resampling import resample_rows

Filter = Literal[
    "bicubic", "bilinear", "lanczos", "area", "nearest", "photoshop", "photoshop-sharper", "photoshop-smoother"
]
FILTERS: tuple[Filter, ...] = get_args(Filter)

LARGEST_SIDE = 1 << 20


def resize(src_hwc: Bytes, width: int, height: int, filter: Filter = "bicubic") -> Bytes:  # noqa: A002 (Pillow's word)
    """
    Resize a picture.

    Parameters
    ----------
    src_hwc
        uint8, (H, W) or (H, W, 1, 3 or 4); channels are independent (alpha is not premultiplied).
    width, height
        Size of the result in pixels.
    filter
        One of `FILTERS`. "area" is Pillow's box; the antialiased filters widen on reduction.

    Returns
    -------
    uint8, (height, width) or (height, width, channels); never the source itself.

    Raises
    ------
    TypeError, ValueError
        When the picture, the size or the filter is not one of these.
    """
    channels = channels_of(src_hwc)
    width = whole_number(width, "width", 1, LARGEST_SIDE)
    height = whole_number(height, "height", 1, LARGEST_SIDE)
    if filter not in FILTERS:
        raise ValueError(f"filter is {filter!r}; pass one of {', '.join(FILTERS)}")
    if filter == "nearest":
        return _nearest(src_hwc, width, height)
    if (height, width) == src_hwc.shape[:2]:
        return np.array(src_hwc)
    out = np.empty((height, width * channels), np.uint8)
    across, down = _pass(src_hwc.shape[1], width, filter), _pass(src_hwc.shape[0], height, filter)
    resample_rows(rows_of(src_hwc), out, channels, across, down)
    return out.reshape(height, width, *src_hwc.shape[2:])


@lru_cache(maxsize=256)
def _pass(size: int, outputs: int, filter: Filter) -> tuple[Windows, Steps]:  # noqa: A002 (Pillow's word)
    windows = _weights(size, outputs, filter) if size != outputs else _copies(size)
    return windows, find_steps(windows, size)


def _copies(size: int) -> Windows:
    """Each output is its source value: Pillow leaves a side alone that keeps its length."""
    ones = np.ones(size, np.int32)
    return Windows(np.arange(size, dtype=np.int32), ones, (ones << FRACTION_BITS)[:, None])


def _nearest(src_hwc: Bytes, width: int, height: int) -> Bytes:
    rows = _nearest_positions(src_hwc.shape[0], height)
    columns = _nearest_positions(src_hwc.shape[1], width)
    return np.ascontiguousarray(src_hwc[rows[:, None], columns[None, :]])


def _nearest_positions(size: int, outputs: int) -> NDArray[np.intp]:
    """Pillow adds the step up, output by output: np.cumsum sums in the same order, so with the same rounding."""
    step = np.full(outputs, size / outputs)
    step[0] *= 0.5
    return np.minimum(np.cumsum(step).astype(np.intp), size - 1)


def _weights(size: int, outputs: int, filter: Filter) -> Windows:  # noqa: A002 (Pillow's word)
    """Compute the windows as Pillow's precompute_coeffs does, in float64, and round the weights to fixed point."""
    scale = size / outputs
    support, shape = _shape(filter, outputs / size)
    stretch = max(scale, 1.0)
    reach = support * stretch
    centre = (np.arange(outputs) + 0.5) * scale
    first = np.maximum((centre - reach + 0.5).astype(np.int64), 0)
    length = np.minimum((centre + reach + 0.5).astype(np.int64), size) - first
    weight = np.zeros((outputs, int(length.max())))
    total = np.zeros(outputs)
    for k in range(weight.shape[1]):  # one by one: the last bit of a sum depends on its order
        weight[:, k] = np.where(k < length, shape((k + first - centre + 0.5) * (1.0 / stretch)), 0.0)
        total += weight[:, k]
    weight /= np.where(total == 0.0, 1.0, total)[:, None]
    fixed = np.trunc(weight * (1 << FRACTION_BITS) + np.copysign(0.5, weight))
    return Windows(first.astype(np.int32), length.astype(np.int32), fixed.astype(np.int32))


Positions = NDArray[np.float64]


def _shape(filter: Filter, scale: float) -> tuple[float, Callable[[Positions], Positions]]:  # noqa: A002 (Pillow's word)
    """Return the filter's reach in pixels and its height at a position; Photoshop's depend on output / source size."""
    within = min(max(scale, 0.25), 1.0)
    shapes: dict[str, tuple[float, Callable[[Positions], Positions]]] = {
        "bicubic": (2.0, partial(_cubic, a=-0.5)),
        "bilinear": (1.0, lambda x: np.maximum(1.0 - np.abs(x), 0.0)),
        "lanczos": (3.0, lambda x: np.where((x >= -3.0) & (x < 3.0), _sinc(x) * _sinc(x / 3.0), 0.0)),
        "area": (0.5, lambda x: np.where((x > -0.5) & (x <= 0.5), 1.0, 0.0)),
        "photoshop": (2.0, partial(_cubic, a=-0.75)),
        "photoshop-sharper": (2.0 * 1.05, partial(_cubic, a=1.6 * within - 2.6, blur=1.05)),
        "photoshop-smoother": (2.0 * 1.15, partial(_cubic, a=0.5 * within - 1.125, blur=1.15)),
    }
    return shapes[filter]


def _cubic(x: Positions, a: float, blur: float = 1.0) -> Positions:
    """Keys' cubic; a = -C of the Mitchell-Netravali family with B = 0."""
    x = np.abs(x) / blur
    near = ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
    far = (((x - 5.0) * x + 8.0) * x - 4.0) * a
    return np.where(x < 1.0, near, np.where(x < 2.0, far, 0.0))


def _sinc(x: Positions) -> Positions:
    """Use libm's sine, as Pillow does: NumPy's own differs in the last bit between machines."""
    angle = x * math.pi
    sine = np.array([math.sin(each) for each in angle.tolist()])
    ratio: Positions = np.divide(sine, angle, out=np.ones_like(x), where=x != 0.0)
    return ratio
