"""Twin of the JPEG round trip: the IJG library's whole-number arithmetic on arrays of blocks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Whole = NDArray[np.int64]


def jpeg_round_trip(src: Picture, luma: Sequence[int], chroma: Sequence[int], subsampling: str) -> Picture:
    """See srtui_kernels.jpeg_round_trip."""
    if src.ndim == 2 or src.shape[2] == 1:
        return _coded(src.reshape(src.shape[:2]).astype(np.int64), luma).reshape(src.shape).astype(np.uint8)
    y, cb, cr = _to_ycc(src.astype(np.int64))
    y = _coded(y, luma)
    if subsampling == "4:4:4":
        cb, cr = _coded(cb, chroma), _coded(cr, chroma)
    elif subsampling == "4:2:2":
        cb, cr = (_widened(_coded(_narrowed(plane), chroma), plane.shape) for plane in (cb, cr))
    else:
        cb, cr = (_enlarged(_coded(_halved(plane), chroma), plane.shape) for plane in (cb, cr))
    return _to_rgb(y, cb - 128, cr - 128)


def _to_ycc(rgb: Whole) -> tuple[Whole, Whole, Whole]:
    r, g, b = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    y = (19595 * r + 38470 * g + 7471 * b + 32768) >> 16
    cb = (-11059 * r - 21709 * g + 32768 * b + (128 << 16) + 32767) >> 16
    cr = (32768 * r - 27439 * g - 5329 * b + (128 << 16) + 32767) >> 16
    return y, cb, cr


def _to_rgb(y: Whole, cb: Whole, cr: Whole) -> Picture:
    r = y + ((91881 * cr + 32768) >> 16)
    g = y + ((-22554 * cb - 46802 * cr + 32768) >> 16)
    b = y + ((116130 * cb + 32768) >> 16)
    return np.clip(np.stack([r, g, b], axis=-1), 0, 255).astype(np.uint8)


def _halved(plane: Whole) -> Whole:
    """Mean of 2×2 with a rounding of 1/4, 2/4, 1/4 …; padded to sides of 16 columns first, as libjpeg does."""
    height, width = plane.shape
    even = np.pad(plane, ((0, height % 2), (0, -width % 16)), mode="edge")
    total = even[::2, ::2] + even[::2, 1::2] + even[1::2, ::2] + even[1::2, 1::2]
    return (total + 1 + np.arange(total.shape[1]) % 2) >> 2


def _narrowed(plane: Whole) -> Whole:
    """Mean of 1×2 with a rounding of 0, 1/2, 0 …; padded to 16 columns first."""
    even = np.pad(plane, ((0, 0), (0, -plane.shape[1] % 16)), mode="edge")
    total = even[:, ::2] + even[:, 1::2]
    return (total + np.arange(total.shape[1]) % 2) >> 1


def _widened(small: Whole, shape: tuple[int, ...]) -> Whole:
    """Back to full width: 3/4 of the nearer and 1/4 of the farther; plain repetition when tiny."""
    small = small[:, : (shape[1] + 1) // 2]
    if small.shape[1] <= 2:
        return small.repeat(2, axis=1)[:, : shape[1]]
    columns = np.pad(small, ((0, 0), (1, 1)), mode="edge")
    full = np.empty((small.shape[0], 2 * small.shape[1]), np.int64)
    full[:, ::2], full[:, 1::2] = (3 * small + columns[:, :-2] + 1) >> 2, (3 * small + columns[:, 2:] + 2) >> 2
    return full[:, : shape[1]]


def _enlarged(small: Whole, shape: tuple[int, ...]) -> Whole:
    """Back to full size: 3/4 of the nearer and 1/4 of the farther, down and across; plain repetition when tiny."""
    small = small[:, : (shape[1] + 1) // 2]
    if small.shape[1] <= 2:
        return small.repeat(2, axis=0).repeat(2, axis=1)[: shape[0], : shape[1]]
    rows = np.pad(small, ((1, 1), (0, 0)), mode="edge")
    tall = np.empty((2 * small.shape[0], small.shape[1]), np.int64)
    tall[::2], tall[1::2] = 3 * small + rows[:-2], 3 * small + rows[2:]
    columns = np.pad(tall, ((0, 0), (1, 1)), mode="edge")
    full = np.empty((tall.shape[0], 2 * tall.shape[1]), np.int64)
    full[:, ::2], full[:, 1::2] = (3 * tall + columns[:, :-2] + 8) >> 4, (3 * tall + columns[:, 2:] + 7) >> 4
    return full[: shape[0], : shape[1]]


def _coded(plane: Whole, table: Sequence[int]) -> Whole:
    """A plane through DCT, quantisation and back."""
    height, width = plane.shape
    padded = np.pad(plane, ((0, -height % 8), (0, -width % 8)), mode="edge")
    blocks = padded.reshape(padded.shape[0] // 8, 8, padded.shape[1] // 8, 8).swapaxes(1, 2) - 128
    steps = np.array(table, np.int64).reshape(8, 8)
    frequencies = _forward(_forward(blocks, 3, 11), 2, 15)
    levels = np.sign(frequencies) * ((np.abs(frequencies) + 4 * steps) // (8 * steps))
    pixels = np.clip(_inverse(_inverse(levels * steps, 2, 11), 3, 18) + 128, 0, 255)
    return pixels.swapaxes(1, 2).reshape(padded.shape)[:height, :width]


def _forward(blocks: Whole, axis: int, shift: int) -> Whole:
    d = np.moveaxis(blocks, axis, 0)
    even, odd = d[:4] + d[:3:-1], d[:4] - d[:3:-1]
    s, t = even[:2] + even[:1:-1], even[:2] - even[:1:-1]
    z = (t[1] + t[0]) * 4433
    o7, o5, o3, o1 = _odd(odd[3], odd[2], odd[1], odd[0])
    out = [(s[0] + s[1]) << 13, o1, z + t[0] * 6270, o3, (s[0] - s[1]) << 13, o5, z - t[1] * 15137, o7]
    return np.moveaxis((np.stack(out) + (1 << shift >> 1)) >> shift, 0, axis)


def _inverse(blocks: Whole, axis: int, shift: int) -> Whole:
    i = np.moveaxis(blocks, axis, 0)
    z = (i[2] + i[6]) * 4433
    wide, narrow = z + i[2] * 6270, z - i[6] * 15137
    plus, minus = (i[0] + i[4]) << 13, (i[0] - i[4]) << 13
    even = np.stack([plus + wide, minus + narrow, minus - narrow, plus - wide])
    odd = np.stack(_odd(i[7], i[5], i[3], i[1])[::-1])
    out = np.concatenate([even + odd, (even - odd)[::-1]])
    return np.moveaxis((out + (1 << shift >> 1)) >> shift, 0, axis)


def _odd(a: Whole, b: Whole, c: Whole, d: Whole) -> tuple[Whole, Whole, Whole, Whole]:
    z1, z2, z3, z4, z5 = (a + d) * -7373, (b + c) * -20995, (a + c) * -16069, (b + d) * -3196, (a + b + c + d) * 9633
    return a * 2446 + z1 + z3 + z5, b * 16819 + z2 + z4 + z5, c * 25172 + z2 + z3 + z5, d * 12299 + z1 + z4 + z5
