"""
JPEG without the file: what a picture looks like after being saved and opened again.

The same bytes as Pillow's ``save(qtables=..., subsampling=...)`` and load, that is libjpeg-turbo with its defaults: the
accurate integer DCT both ways, triangular ("fancy") chroma upsampling. Entropy coding loses nothing, so it is left out.

Sources: ITU-T T.81 (JPEG), JFIF 1.02 (colours); the IJG library's jccolor.c, jcsample.c, jdsample.c, jdcolor.c.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from srtui_kernels._borders import aligned
from srtui_kernels._checks import Bytes, channels_of, rows_of
from srtui_kernels._dct import GROUP, Steps, quantisation, quantise_rows
from srtui_kernels._jit import kernel, part
from srtui_kernels._vectors import BYTES, Vector, load, store_narrow, u8
from srtui_kernels._ycc import PIXELS, WIDE, centred, enlarged, store_halved, store_rgb, sum_rows, to_ycc
from srtui_kernels.jpeg_tables import Subsampling

LARGEST_SIDE = 65500  # libjpeg's limit
_SUBSAMPLING = {"4:2:0": (2, 2), "4:2:2": (2, 1), "4:4:4": (1, 1)}  # how much narrower and lower chroma is


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
        "4:2:0" (chroma at half size), "4:2:2" (at half width) or "4:4:4".

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
    if subsampling not in _SUBSAMPLING:
        raise ValueError(f"subsampling is {subsampling!r}; pass {', '.join(map(repr, _SUBSAMPLING))}")
    luma_steps, chroma_steps = _steps(luma, "luma"), _steps(chroma, "chroma")
    rows = rows_of(src_hwc)
    out = np.empty_like(rows)
    if channels == 1:
        _round_trip_grey(rows, out, luma_steps)
    else:
        _round_trip_rgb(rows, out, luma_steps, chroma_steps, *_SUBSAMPLING[subsampling])
    return out.reshape(src_hwc.shape)


def _steps(steps: Sequence[int], name: str) -> Steps:
    """Prepare a table; those of a degradation are tuples, and looked up in a microsecond."""
    return _prepared(steps if isinstance(steps, tuple) else tuple(np.asarray(steps).tolist()), name)


@lru_cache(maxsize=64)
def _prepared(steps: tuple[int, ...], name: str) -> Steps:
    table = np.asarray(steps)
    if table.shape != (64,) or table.dtype.kind not in "iu":
        raise ValueError(f"{name} table has shape {table.shape} of {table.dtype}; pass 64 whole numbers, row by row")
    if table.min() < 1 or table.max() > 255:
        raise ValueError(f"{name} table goes from {table.min()} to {table.max()}; pass steps from 1 to 255")
    return quantisation(table.astype(np.int32))


Room = tuple[NDArray[np.int16], NDArray[np.int16], Bytes, Bytes, Bytes]  # of `_decode_colours`


@kernel
def _round_trip_grey(src: Bytes, out: Bytes, luma: Steps) -> None:
    height, width = src.shape
    pitch, rows = _up_to(width, GROUP), _up_to(height, 8)
    plane = aligned(rows * pitch)
    for y in range(height):
        row = plane[y * pitch : (y + 1) * pitch]
        for x in range(width):
            row[x] = src[y, x]
        for x in range(width, pitch):
            row[x] = src[y, width - 1]
    _repeat_last_row(plane, pitch, height, rows)
    quantise_rows(plane, pitch, 0, rows, luma)
    for y in range(height):
        row = plane[y * pitch : (y + 1) * pitch]
        for x in range(width):
            out[y, x] = row[x]


@kernel
def _round_trip_rgb(src: Bytes, out: Bytes, luma: Steps, chroma: Steps, across: int, down: int) -> None:
    """
    Encode and decode; chroma is ``across`` times narrower and ``down`` times lower.

    Band by band, so that the planes are still in the cache when they are read again: a tenth faster.
    """
    height, width = src.shape[0], src.shape[1] // 3
    unit = 8 * down
    pitch, rows = _up_to(width, WIDE), _up_to(height, unit)
    small = pitch // across
    y_plane = aligned(rows * pitch)
    blue, red = aligned(rows // down * small), aligned(rows // down * small)
    b_sums, r_sums = np.zeros(small + BYTES, np.int16), np.zeros(small + BYTES, np.int16)
    room = b_sums, r_sums, aligned(pitch), aligned(pitch), aligned(3 * WIDE)
    edge = aligned(3 * WIDE)
    done = 0
    for top in range(0, rows, unit):
        end = top + unit
        last = end == rows
        _encode_colours(src, top, min(end, height), y_plane, pitch, blue, red, small, across, down, edge)
        if last:
            _repeat_last_row(y_plane, pitch, height, rows)
            _repeat_last_row(blue, small, (height + down - 1) // down, rows // down)
            _repeat_last_row(red, small, (height + down - 1) // down, rows // down)
        quantise_rows(y_plane, pitch, top, end, luma)
        quantise_rows(blue, small, top // down, end // down, chroma)
        quantise_rows(red, small, top // down, end // down, chroma)
        ready = height if last else end - down + 1  # a halved row is smoothed with the next
        _decode_colours(y_plane, pitch, blue, red, small, across, down, done, ready, out, room)
        done = ready


@kernel
def _up_to(size: int, unit: int) -> int:
    return (size + unit - 1) // unit * unit


@kernel
def _repeat_last_row(plane: Bytes, pitch: int, height: int, rows: int) -> None:
    last = plane[(height - 1) * pitch : height * pitch]
    for y in range(height, rows):
        row = plane[y * pitch : (y + 1) * pitch]
        for x in range(pitch):
            row[x] = last[x]


@kernel
def _encode_colours(
    src: Bytes,
    begin: int,
    end: int,
    y_plane: Bytes,
    pitch: int,
    blue: Bytes,
    red: Bytes,
    small: int,
    across: int,
    down: int,
    edge: Bytes,
) -> None:
    """Fill some rows of the planes; beyond the right border the last pixel is repeated."""
    height, width = src.shape[0], src.shape[1] // 3
    flat = src.reshape(-1)
    for top in range(begin, end, down):
        for x in range(0, width, PIXELS):
            upper = _pixels(flat, top * 3 * width, x, width, edge)
            store_narrow(y_plane, top * pitch + x, upper[0])
            b, r = upper[1], upper[2]
            if down == 2:
                lower = _pixels(flat, min(top + 1, height - 1) * 3 * width, x, width, edge)
                store_narrow(y_plane, (top + 1) * pitch + x, lower[0])
                b, r = b + lower[1], r + lower[2]
            at = top // down * small + x // across
            if across == 1:
                store_narrow(blue, at, b)
                store_narrow(red, at, r)
            else:
                bias = np.int64(2 << 32 | 1) if down == 2 else np.int64(1 << 32)
                store_halved(blue, at, b, bias, down)
                store_halved(red, at, r, bias, down)


@part
def _pixels(flat: Bytes, row: int, x: int, width: int, edge: Bytes) -> tuple[Vector, Vector, Vector]:
    if x + PIXELS <= width:
        return to_ycc(flat, row + 3 * x)
    for k in range(PIXELS):
        for c in range(3):
            edge[3 * k + c] = flat[row + 3 * min(x + k, width - 1) + c]
    return to_ycc(edge, 0)


@kernel
def _decode_colours(
    y_plane: Bytes,
    pitch: int,
    blue: Bytes,
    red: Bytes,
    small: int,
    across: int,
    down: int,
    begin: int,
    end: int,
    out: Bytes,
    room: Room,
) -> None:
    """Turn some rows of the planes back into pixels."""
    height, width = out.shape[0], out.shape[1] // 3
    columns, rows = (width + across - 1) // across, (height + down - 1) // down
    smooth = across == 2 and columns > 2  # up to four pixels of width, libjpeg does not interpolate
    b_sums, r_sums, b_row, r_row, tail = room
    shift = 4 if down == 2 else 2
    before, after = (8, 7) if down == 2 else (1, 2)
    for y in range(begin, end):
        near = y // down
        far = min(max(near + (1 if y % 2 else -1), 0), rows - 1) if down == 2 else near
        if smooth:
            sum_rows(blue, near * small, far * small, down == 2, b_sums, columns)
            sum_rows(red, near * small, far * small, down == 2, r_sums, columns)
        elif across == 2:
            for x in range(width):
                b_row[x], r_row[x] = blue[near * small + x // 2], red[near * small + x // 2]
        row = out[y]
        for x in range(0, width, WIDE):
            if smooth:
                b_low, b_high = enlarged(b_sums, x // 2, before, after, shift)
                r_low, r_high = enlarged(r_sums, x // 2, before, after, shift)
            elif across == 2:
                b_low, b_high = centred(b_row, x)
                r_low, r_high = centred(r_row, x)
            else:
                b_low, b_high = centred(blue, near * small + x)
                r_low, r_high = centred(red, near * small + x)
            luma = load(u8, y_plane, y * pitch + x)
            if x + WIDE <= width:
                store_rgb(row, 3 * x, luma, b_low, b_high, r_low, r_high)
            else:
                store_rgb(tail, 0, luma, b_low, b_high, r_low, r_high)
                for at in range(3 * (width - x)):
                    row[3 * x + at] = tail[at]
