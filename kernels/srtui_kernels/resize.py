"""
Resizing with antialiasing: the same bytes as Pillow's ``Image.resize``, and Photoshop's filters on the same machinery.

Every output row is a weighted sum of source rows. The weights are whole numbers with 22 bits after the point, the sum
is rounded and clipped to a byte. The horizontal pass always comes first (Pillow 13 turns them round where the height
shrinks more than the width): strips of rows are transposed, so that both passes are the one loop over whole rows that
LLVM vectorises.

Sources: Pillow, src/libImaging/Resample.c and Geometry.c. Photoshop: J. Summers, "Notes on Photoshop's image resize
algorithms" (measured on CS5.1 with ResampleScope); its extra box step below 25 % is left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from srtui_kernels._checks import Bytes, channels_of, rows_of, whole_number
from srtui_kernels._jit import kernel

Filter = Literal[
    "bicubic", "bilinear", "lanczos", "area", "nearest", "photoshop", "photoshop-sharper", "photoshop-smoother"
]
FILTERS: tuple[Filter, ...] = get_args(Filter)

LARGEST_SIDE = 1 << 20
_FRACTION_BITS = 22  # 32 bits less 8 of the pixel less 2 for overshoot, as in Pillow
_STRIP = 64  # rows transposed together; 64 × 3 columns of 2048 fit in L2


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
    rows = rows_of(src_hwc)
    if width != src_hwc.shape[1]:
        rows = _resize_columns(rows, channels, _weights(src_hwc.shape[1], width, filter))
    if height != src_hwc.shape[0]:
        rows = _resize_rows(rows_of(rows), _weights(src_hwc.shape[0], height, filter))
    out: Bytes = rows.reshape(height, width, *src_hwc.shape[2:])
    return out


class Weights(NamedTuple):
    """For each output row: where its window of source rows starts, how many they are, and their weights."""

    first: NDArray[np.int32]  # (outputs,)
    length: NDArray[np.int32]  # (outputs,)
    weight: NDArray[np.int32]  # (outputs, longest window), fixed point


def _resize_rows(rows: Bytes, weights: Weights) -> Bytes:
    out = np.empty((weights.first.size, rows.shape[1]), np.uint8)
    _weighted_rows(rows, out, *weights)
    return out


def _resize_columns(rows: Bytes, channels: int, weights: Weights) -> Bytes:
    out = np.empty((rows.shape[0], weights.first.size * channels), np.uint8)
    _weighted_columns(rows, out, channels, *weights)
    return out


@kernel
def _weighted_rows(
    src: Bytes, out: Bytes, first: NDArray[np.int32], length: NDArray[np.int32], weight: NDArray[np.int32]
) -> None:
    """Fill every row of ``out`` with its weighted sum of rows of ``src``; columns are the vector lanes."""
    half = np.int32(1 << (_FRACTION_BITS - 1))
    total = np.empty(src.shape[1], np.int32)
    for y in range(out.shape[0]):
        for x in range(total.size):
            total[x] = half
        for k in range(length[y]):
            row = src[first[y] + k]
            w = weight[y, k]
            for x in range(total.size):
                total[x] += np.int32(row[x]) * w
        result = out[y]
        for x in range(total.size):
            result[x] = np.uint8(min(max(total[x] >> np.int32(_FRACTION_BITS), np.int32(0)), np.int32(255)))


@kernel
def _weighted_columns(
    src: Bytes,
    out: Bytes,
    channels: int,
    first: NDArray[np.int32],
    length: NDArray[np.int32],
    weight: NDArray[np.int32],
) -> None:
    """Do the same for columns, a transposed strip at a time: a "row" is then one column's pixels of the strip."""
    height = src.shape[0]
    strip = np.zeros((src.shape[1] // channels, channels * _STRIP), np.uint8)
    shrunk = np.empty((first.size, channels * _STRIP), np.uint8)
    for top in range(0, height, _STRIP):
        lines = min(_STRIP, height - top)
        for y in range(lines):
            row = src[top + y]
            for x in range(strip.shape[0]):
                for c in range(channels):
                    strip[x, c * _STRIP + y] = row[x * channels + c]
        _weighted_rows(strip, shrunk, first, length, weight)
        for y in range(lines):
            result = out[top + y]
            for x in range(shrunk.shape[0]):
                for c in range(channels):
                    result[x * channels + c] = shrunk[x, c * _STRIP + y]


def _nearest(src_hwc: Bytes, width: int, height: int) -> Bytes:
    rows = _nearest_positions(src_hwc.shape[0], height)
    columns = _nearest_positions(src_hwc.shape[1], width)
    return np.ascontiguousarray(src_hwc[rows[:, None], columns[None, :]])


def _nearest_positions(size: int, outputs: int) -> NDArray[np.intp]:
    """Pillow adds the step up, output by output: np.cumsum sums in the same order, so with the same rounding."""
    step = np.full(outputs, size / outputs)
    step[0] *= 0.5
    return np.minimum(np.cumsum(step).astype(np.intp), size - 1)


@lru_cache(maxsize=256)
def _weights(size: int, outputs: int, filter: Filter) -> Weights:  # noqa: A002 (Pillow's word)
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
    fixed = np.trunc(weight * (1 << _FRACTION_BITS) + np.copysign(0.5, weight))
    return Weights(first.astype(np.int32), length.astype(np.int32), fixed.astype(np.int32))


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
