"""
JPEG without the file: what a picture looks like after being saved and opened again.

The same bytes as Pillow's ``save(qtables=..., subsampling=...)`` and load, that is libjpeg-turbo with its defaults: the
accurate integer DCT both ways, triangular ("fancy") chroma upsampling. Entropy coding loses nothing, so it is left out.

Sources: ITU-T T.81 (JPEG), JFIF 1.02 (colours); the IJG library's jccolor.c, jcsample.c, jdsample.c, jdcolor.c.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from srtui_kernels._checks import Bytes, channels_of, rows_of
from srtui_kernels._dct import quantise_plane
from srtui_kernels._jit import kernel
from srtui_kernels.jpeg_tables import Subsampling

LARGEST_SIDE = 65500  # libjpeg's limit


def jpeg_round_trip(
    src_hwc: Bytes, luma: Sequence[int], chroma: Sequence[int], subsampling: Subsampling = "4:2:0"
) -> Bytes:
    """
    Save a picture as JPEG and open it again.

    Parameters
    ----------
    src_hwc
        uint8 RGB (H, W, 3), or grey (H, W) or (H, W, 1); sides up to 65500.
    luma, chroma
        Quantisation tables in natural order, 64 whole numbers from 1 to 255 (`jpeg_tables.preset` knows some). Grey
        pictures use ``luma`` only.
    subsampling
        "4:2:0" (chroma at half size) or "4:4:4".

    Returns
    -------
    uint8, the shape of ``src_hwc``.

    Raises
    ------
    TypeError, ValueError
        When the picture, a table or the subsampling is not one of these.
    """
    channels = channels_of(src_hwc, (1, 3))
    height, width = src_hwc.shape[:2]
    if max(height, width) > LARGEST_SIDE:
        raise ValueError(f"the picture is {width}×{height}; JPEG sides end at {LARGEST_SIDE}: resize it first")
    if subsampling not in ("4:2:0", "4:4:4"):
        raise ValueError(f"subsampling is {subsampling!r}; pass '4:2:0' or '4:4:4'")
    luma_table, chroma_table = _table(luma, "luma"), _table(chroma, "chroma")
    rows = rows_of(src_hwc)
    out = np.empty_like(rows)
    if channels == 1:
        _round_trip_grey(rows, out, luma_table)
    else:
        _round_trip_rgb(rows, out, luma_table, chroma_table, subsampling == "4:2:0")
    return out.reshape(src_hwc.shape)


def _table(steps: Sequence[int], name: str) -> NDArray[np.int32]:
    table = np.asarray(steps)
    if table.shape != (64,) or table.dtype.kind not in "iu":
        raise ValueError(f"{name} table has shape {table.shape} of {table.dtype}; pass 64 whole numbers, row by row")
    if table.min() < 1 or table.max() > 255:
        raise ValueError(f"{name} table goes from {table.min()} to {table.max()}; pass steps from 1 to 255")
    return table.astype(np.int32)


@kernel
def _round_trip_grey(src: Bytes, out: Bytes, luma: NDArray[np.int32]) -> None:
    height, width = src.shape
    plane = np.empty(((height + 7) // 8 * 8, (width + 7) // 8 * 8), np.uint8)
    for y in range(height):
        for x in range(width):
            plane[y, x] = src[y, x]
    _fill_out(plane, height, width)
    quantise_plane(plane, luma)
    for y in range(height):
        for x in range(width):
            out[y, x] = plane[y, x]


@kernel
def _round_trip_rgb(src: Bytes, out: Bytes, luma: NDArray[np.int32], chroma: NDArray[np.int32], halved: bool) -> None:
    height, width = src.shape[0], src.shape[1] // 3
    unit = 16 if halved else 8
    shape = ((height + unit - 1) // unit * unit, (width + unit - 1) // unit * unit)
    y_plane, cb_plane, cr_plane = np.empty(shape, np.uint8), np.empty(shape, np.uint8), np.empty(shape, np.uint8)
    for y in range(height):
        _to_ycc(src[y], y_plane[y], cb_plane[y], cr_plane[y])
    _fill_out(y_plane, height, width)
    quantise_plane(y_plane, luma)
    for plane in (cb_plane, cr_plane):
        _fill_out(plane, height, width)
        if halved:
            _round_trip_halved(plane, height, width, chroma)
        else:
            quantise_plane(plane, chroma)
    for y in range(height):
        _to_rgb(y_plane[y], cb_plane[y], cr_plane[y], out[y])


@kernel
def _fill_out(plane: Bytes, height: int, width: int) -> None:
    """Repeat the last column and the last row of the picture up to the plane's borders."""
    for y in range(height):
        for x in range(width, plane.shape[1]):
            plane[y, x] = plane[y, width - 1]
    for y in range(height, plane.shape[0]):
        for x in range(plane.shape[1]):
            plane[y, x] = plane[height - 1, x]


@kernel
def _to_ycc(rgb: Bytes, luma: Bytes, blue: Bytes, red: Bytes) -> None:
    """JFIF's colours with 16 bits after the point; the chroma constant is a half less 1 / 65536, as in jccolor.c."""
    half, centre = np.int32(32768), np.int32((128 << 16) + 32767)
    for x in range(rgb.size // 3):
        r, g, b = np.int32(rgb[3 * x]), np.int32(rgb[3 * x + 1]), np.int32(rgb[3 * x + 2])
        luma[x] = np.int32(r * np.int32(19595) + g * np.int32(38470) + b * np.int32(7471) + half) >> np.int32(16)
        blue[x] = np.int32(b * half - r * np.int32(11059) - g * np.int32(21709) + centre) >> np.int32(16)
        red[x] = np.int32(r * half - g * np.int32(27439) - b * np.int32(5329) + centre) >> np.int32(16)


@kernel
def _to_rgb(luma: Bytes, blue: Bytes, red: Bytes, rgb: Bytes) -> None:
    half = np.int32(32768)
    for x in range(rgb.size // 3):
        y, cb, cr = np.int32(luma[x]), np.int32(blue[x]) - np.int32(128), np.int32(red[x]) - np.int32(128)
        rgb[3 * x] = _clipped(y + (np.int32(cr * np.int32(91881) + half) >> np.int32(16)))
        green = np.int32(half - cb * np.int32(22554) - cr * np.int32(46802))
        rgb[3 * x + 1] = _clipped(y + (green >> np.int32(16)))
        rgb[3 * x + 2] = _clipped(y + (np.int32(cb * np.int32(116130) + half) >> np.int32(16)))


@kernel
def _clipped(value: np.int32) -> np.uint8:
    byte: np.uint8 = np.uint8(min(max(np.int32(value), np.int32(0)), np.int32(255)))
    return byte


@kernel
def _round_trip_halved(plane: Bytes, height: int, width: int, table: NDArray[np.int32]) -> None:
    """Halve a filled-out chroma plane, quantise it, and bring the picture's part of it back to full size."""
    rows, columns = (height + 1) // 2, (width + 1) // 2
    small = np.empty((plane.shape[0] // 2, plane.shape[1] // 2), np.uint8)
    for y in range(rows):
        _halve(plane[2 * y], plane[2 * y + 1], small[y])
    _fill_out(small, rows, small.shape[1])
    quantise_plane(small, table)
    sums = np.empty(columns, np.int32)
    for y in range(height):
        near = small[y // 2, :columns]
        far = small[min(max(y // 2 + (1 if y % 2 else -1), 0), rows - 1), :columns]
        if columns > 2:
            _enlarge(near, far, sums, plane[y])
        else:
            _repeat(near, plane[y])


@kernel
def _halve(above: Bytes, below: Bytes, small: Bytes) -> None:
    """Mean of 2×2; the rounding alternates between 1/4 and 2/4, so that it adds no brightness."""
    for x in range(small.size):
        total = (
            np.int32(above[2 * x]) + np.int32(above[2 * x + 1]) + np.int32(below[2 * x]) + np.int32(below[2 * x + 1])
        )
        small[x] = np.uint8((total + 1 + x % 2) >> 2)


@kernel
def _enlarge(near: Bytes, far: Bytes, sums: NDArray[np.int32], wide: Bytes) -> None:
    """Each new pixel is 9/16 of the nearest, 3/16 of two, 1/16 of the farthest; the rounding alternates."""
    last = near.size - 1
    for x in range(near.size):
        sums[x] = np.int32(3) * np.int32(near[x]) + np.int32(far[x])
    for x in range(near.size):
        left, right = sums[max(x - 1, 0)], sums[min(x + 1, last)]
        wide[2 * x] = np.uint8((3 * sums[x] + left + 8) >> 4)
        wide[2 * x + 1] = np.uint8((3 * sums[x] + right + 7) >> 4)


@kernel
def _repeat(near: Bytes, wide: Bytes) -> None:
    """Up to four pixels of width, libjpeg does not interpolate."""
    for x in range(near.size):
        wide[2 * x] = near[x]
        wide[2 * x + 1] = near[x]
