"""
Colour as DV keeps it: BT.601 planes, 16 to 235, with chroma sampled less often, and field by field.

- 4:2:0 (PAL): half of the columns and, in each field, half of the lines. Samples lie on luma samples: Cr on the first
  line of each pair of a field's lines, Cb on the second.
- 4:1:1 (NTSC): a quarter of the columns, every line.
- 4:4:4: every sample, which is what deinterlacers get.

Sampling low-passes first (1 2 1 in each halved direction, 1 2 3 4 3 2 1 for the quarter); the way back interpolates in
straight lines. All in whole numbers, each value rounded once, borders repeated.

Sources: ITU-R BT.601 (matrix, levels); IEC 61834-2 and SMPTE 314M (DV's sampling structures), whose alternating siting
CoreVideo names DV420 ("Cr and Cb samples are alternatingly co-sited with the left luma samples of the same field") and
Media Foundation MFVideoChromaSubsampling_DV_PAL (co-sited both ways, planes not aligned).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from srtui_kernels._checks import Bytes, channels_of, rows_of
from srtui_kernels._jit import kernel

Sampling = Literal["4:2:0", "4:1:1", "4:4:4"]
Ints = NDArray[np.int32]

STEPS: dict[str, tuple[int, int]] = {"4:2:0": (2, 2), "4:1:1": (4, 1), "4:4:4": (1, 1)}
"""Luma columns and lines for each chroma sample."""


class Planes(NamedTuple):
    """One frame, or one picture, in DV's colours."""

    y: Bytes  # (H, W)
    cb: Bytes  # (H / lines, W / columns)
    cr: Bytes  # as cb


def to_planes(rgb_hwc: Bytes, sampling: Sampling) -> Planes:
    """
    Turn an RGB frame into planes, chroma sampled field by field.

    Parameters
    ----------
    rgb_hwc
        uint8 (H, W, 3); 4:2:0: H a multiple of 4, W of 2; 4:1:1: W a multiple of 4.
    sampling
        4:2:0 (PAL DV), 4:1:1 (NTSC DV) or 4:4:4.

    Returns
    -------
    Planes.

    Raises
    ------
    TypeError, ValueError
        When the picture or the sampling is not one of these.
    """
    channels_of(rgb_hwc, (3,))
    height, width = rgb_hwc.shape[:2]
    columns, lines = _steps(sampling, height, width)
    rows = rows_of(rgb_hwc)
    y = np.empty((height, width), np.uint8)
    cb, cr = (np.empty((height // lines, width // columns), np.uint8) for _ in range(2))
    _to_luma(rows, y)
    _to_chroma(rows, cb, columns, lines, 1, _CB)
    _to_chroma(rows, cr, columns, lines, 0, _CR)
    return Planes(y, cb, cr)


def from_planes(planes: Planes, sampling: Sampling, *, interlaced: bool = True) -> Bytes:
    """
    Turn planes into RGB.

    Parameters
    ----------
    planes
        As `to_planes` gives them.
    interlaced
        Interpolate chroma within each field, where DV samples it. False: a deinterlaced picture, whose chroma lines are
        taken to lie midway between two lines, as players and FFmpeg do.

    Returns
    -------
    uint8 (H, W, 3).

    Raises
    ------
    TypeError, ValueError
        When a plane is no uint8 array, or the shapes do not fit each other.
    """
    columns, lines = _check_planes(planes, sampling)
    height, width = planes.y.shape
    out = np.empty((height, width * 3), np.uint8)
    y, cb, cr = (rows_of(plane) for plane in planes)
    _from_planes(y, cb, cr, out, columns, lines, interlaced)
    return out.reshape(height, width, 3)


def full_planes(planes: Planes, sampling: Sampling) -> Planes:
    """
    Interpolate chroma to every sample of luma, within each field; `from_planes` knows the result as 4:4:4.

    Raises
    ------
    TypeError, ValueError
        As `from_planes`.
    """
    columns, lines = _check_planes(planes, sampling)
    cb, cr = np.empty_like(planes.y), np.empty_like(planes.y)
    _full_plane(rows_of(planes.cb), cb, columns, lines, 1)
    _full_plane(rows_of(planes.cr), cr, columns, lines, 0)
    return Planes(planes.y, cb, cr)


def field_chroma(rgb_hwc: Bytes, sampling: Sampling) -> Bytes:
    """
    Do to a frame's colours what DV does before it compresses: `to_planes` and back, for any size.

    Raises
    ------
    TypeError, ValueError
        When the picture is not uint8 RGB, or the sampling is unknown.
    """
    channels_of(rgb_hwc, (3,))
    height, width = rgb_hwc.shape[:2]
    whole = np.pad(rgb_hwc, ((0, -height % 4), (0, -width % 4), (0, 0)), "edge")
    return np.ascontiguousarray(from_planes(to_planes(whole, sampling), sampling)[:height, :width])


def _steps(sampling: str, height: int, width: int) -> tuple[int, int]:
    if sampling not in STEPS:
        raise ValueError(f"sampling is {sampling!r}; pass 4:2:0, 4:1:1 or 4:4:4")
    columns, lines = STEPS[sampling]
    if width % columns or height % (4 if lines == 2 else 1):
        raise ValueError(f"the picture is {width}×{height}; pad it to a width and height that are multiples of 4")
    return columns, lines


def _check_planes(planes: Planes, sampling: str) -> tuple[int, int]:
    for plane in planes:
        channels_of(plane, (1,))
    height, width = planes.y.shape
    columns, lines = _steps(sampling, height, width)
    if planes.cb.shape != (height // lines, width // columns) or planes.cr.shape != planes.cb.shape:
        shapes = ", ".join(str(plane.shape) for plane in planes)
        raise ValueError(f"the planes have shapes {shapes}; pass chroma of ({height // lines}, {width // columns})")
    return columns, lines


# BT.601 in 65536ths for 0..255; each row of chroma adds up to 0, so that greys are grey.
_CB = (-9714, -19070, 28784)
_CR = (28784, -24103, -4681)


@kernel
def _to_luma(src: Bytes, out: Bytes) -> None:
    for y in range(out.shape[0]):
        row, luma = src[y], out[y]
        for x in range(luma.size):
            total = np.int32(16829) * row[3 * x] + np.int32(33039) * row[3 * x + 1] + np.int32(6416) * row[3 * x + 2]
            luma[x] = np.uint8(np.int32(total + 32768) >> np.int32(16)) + np.uint8(16)


@kernel
def _to_chroma(src: Bytes, out: Bytes, columns: int, lines: int, second: int, factors: tuple[int, int, int]) -> None:
    """``second``: whether the samples lie on the second line of a pair."""
    height, width = src.shape[0], src.shape[1] // 3
    total = np.empty(width + 2 * columns, np.int32)
    for row in range(out.shape[0]):
        if lines == 1:
            total[:] = 0
            _add_chroma(src[row], total[columns : columns + width], factors, 4)
        else:
            field, line = row % 2, row // 2 * 2 + second
            total[:] = 0
            for step in range(-1, 2):
                within = min(max(line + step, 0), height // 2 - 1)
                _add_chroma(src[2 * within + field], total[columns : columns + width], factors, 2 - abs(step))
        for x in range(columns):
            total[x], total[columns + width + x] = total[columns], total[columns + width - 1]
        _sample(total, out[row], columns)


@kernel
def _add_chroma(row: Bytes, total: Ints, factors: tuple[int, int, int], weight: int) -> None:
    r, g, b = np.int32(factors[0] * weight), np.int32(factors[1] * weight), np.int32(factors[2] * weight)
    for x in range(total.size):
        total[x] += np.int32(r * row[3 * x] + g * row[3 * x + 1] + b * row[3 * x + 2])


@kernel
def _sample(total: Ints, out: Bytes, columns: int) -> None:
    """A triangle over the columns, columns² in all; the lines' weights are 4 in all, the matrix has 65536ths."""
    shift = 18 + 2 * (columns // 2)
    for x in range(out.size):
        middle = (x + 1) * columns
        value = 0
        for step in range(1 - columns, columns):
            value += (columns - abs(step)) * total[middle + step]
        out[x] = np.uint8(128 + ((value + (1 << (shift - 1))) >> shift))


@kernel
def _from_planes(y: Bytes, cb: Bytes, cr: Bytes, out: Bytes, columns: int, lines: int, interlaced: bool) -> None:
    width = y.shape[1]
    blue, red = np.empty(width, np.int32), np.empty(width, np.int32)
    for row in range(y.shape[0]):
        _chroma_line(cb, blue, row, columns, lines, 1, interlaced)
        _chroma_line(cr, red, row, columns, lines, 0, interlaced)
        _to_rgb(y[row], blue, red, out[row])


@kernel
def _full_plane(plane: Bytes, out: Bytes, columns: int, lines: int, second: int) -> None:
    line = np.empty(out.shape[1], np.int32)
    for row in range(out.shape[0]):
        _chroma_line(plane, line, row, columns, lines, second, True)
        for x in range(line.size):
            out[row, x] = np.uint8(128 + ((line[x] + 8) >> 4))


@kernel
def _chroma_line(plane: Bytes, out: Ints, row: int, columns: int, lines: int, second: int, interlaced: bool) -> None:
    """16 times the chroma of one line of luma, about 0."""
    last = plane.shape[0] - 1
    near, far, share = row, row, 4
    if lines == 2 and interlaced:
        field, line = row % 2, row // 2
        near = 2 * ((line - second) >> 1) + field
        far, share = (near, 4) if (line - second) % 2 == 0 else (near + 2, 2)
        near, far = _within_field(near, field, last), _within_field(far, field, last)
    elif lines == 2:
        near, share = row // 2, 3
        far = min(max(near - 1 if row % 2 == 0 else near + 1, 0), last)
    a, b = plane[near], plane[far]
    scale = 4 // columns
    for i in range(a.size):
        after = min(i + 1, a.size - 1)
        left = share * np.int32(a[i]) + (4 - share) * np.int32(b[i]) - 512
        right = share * np.int32(a[after]) + (4 - share) * np.int32(b[after]) - 512
        for step in range(columns):
            out[i * columns + step] = ((columns - step) * left + step * right) * scale


@kernel
def _within_field(row: int, field: int, last: int) -> int:
    """The nearest row of a field that exists; ``last`` is a row of the bottom field."""
    return min(max(row, field), last - 1 + field)


@kernel
def _to_rgb(y: Bytes, blue: Ints, red: Ints, out: Bytes) -> None:
    """BT.601 in 65536ths, times 16: below 2^30."""
    for x in range(y.size):
        light = np.int32(1220944) * (np.int32(y[x]) - np.int32(16)) + np.int32(1 << 19)
        cb, cr = blue[x], red[x]
        out[3 * x] = min(max((light + 104597 * cr) >> 20, 0), 255)
        out[3 * x + 1] = min(max((light - 25675 * cb - 53279 * cr) >> 20, 0), 255)
        out[3 * x + 2] = min(max((light + 132201 * cb) >> 20, 0), 255)
