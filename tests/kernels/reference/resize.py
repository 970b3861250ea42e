"""Twin of the resize kernel: one output row after the other, weights from the filters' textbook formulas."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


def resize(src: Picture, width: int, height: int, filter: str) -> Picture:
    """See srtui_kernels.resize; the horizontal pass comes first and is rounded to bytes."""
    if filter == "nearest":
        return src[_nearest(src.shape[0], height)][:, _nearest(src.shape[1], width)]
    if width != src.shape[1]:
        src = _resize_rows(src.swapaxes(0, 1), width, filter).swapaxes(0, 1)
    if height != src.shape[0]:
        src = _resize_rows(src, height, filter)
    return src


def _nearest(size: int, outputs: int) -> list[int]:
    """Pillow adds the step up instead of multiplying, and keeps the rounding errors."""
    places, at = [], size / outputs * 0.5
    for _ in range(outputs):
        places.append(int(at))
        at += size / outputs
    return places


def _resize_rows(src: Picture, outputs: int, filter: str) -> Picture:
    rows = [_output_row(src, out, outputs, filter) for out in range(outputs)]
    return np.stack(rows)


def _output_row(src: Picture, out: int, outputs: int, filter: str) -> Picture:
    size = src.shape[0]
    scale = size / outputs
    stretch = max(scale, 1.0)
    reach = _support(filter) * stretch
    centre = (out + 0.5) * scale
    first = max(int(centre - reach + 0.5), 0)
    end = min(int(centre + reach + 0.5), size)
    weights = [_height(filter, (at - centre + 0.5) * (1.0 / stretch), outputs / size) for at in range(first, end)]
    total = sum(weights)
    fixed = [int(w / total * (1 << 22) + math.copysign(0.5, w / total)) for w in weights]
    value = np.tensordot(np.array(fixed, np.int64), src[first:end].astype(np.int64), axes=1)
    return np.clip((value + (1 << 21)) >> 22, 0, 255).astype(np.uint8)


def _support(filter: str) -> float:
    return {"area": 0.5, "bilinear": 1.0, "lanczos": 3.0, "photoshop-sharper": 2.1, "photoshop-smoother": 2.3}.get(
        filter, 2.0
    )


def _height(filter: str, x: float, scale: float) -> float:
    """Height of the filter at x; ``scale`` is output size over source size."""
    within = min(max(scale, 0.25), 1.0)
    if filter == "area":
        return 1.0 if -0.5 < x <= 0.5 else 0.0
    if filter == "bilinear":
        return max(1.0 - abs(x), 0.0)
    if filter == "lanczos":
        return _sinc(x) * _sinc(x / 3.0) if -3.0 <= x < 3.0 else 0.0
    if filter == "bicubic":
        return _mitchell_netravali(x, 0.0, 0.5)
    if filter == "photoshop":
        return _mitchell_netravali(x, 0.0, 0.75)
    if filter == "photoshop-sharper":
        return _mitchell_netravali(x / 1.05, 0.0, 2.6 - 1.6 * within)
    return _mitchell_netravali(x / 1.15, 0.0, 1.125 - 0.5 * within)


def _mitchell_netravali(x: float, b: float, c: float) -> float:
    """D. Mitchell, A. Netravali, "Reconstruction filters in computer graphics", SIGGRAPH 1988, equation 8."""
    x = abs(x)
    if x < 1.0:
        return ((12 - 9 * b - 6 * c) * x**3 + (-18 + 12 * b + 6 * c) * x**2 + (6 - 2 * b)) / 6
    if x < 2.0:
        return ((-b - 6 * c) * x**3 + (6 * b + 30 * c) * x**2 + (-12 * b - 48 * c) * x + (8 * b + 24 * c)) / 6
    return 0.0


def _sinc(x: float) -> float:
    return math.sin(math.pi * x) / (math.pi * x) if x else 1.0
