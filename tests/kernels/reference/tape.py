"""Twins of what a camcorder does besides blurring: sharpening, chroma by field, light that adds up."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from tests.kernels.reference.windows import gaussian, gaussian_weights, shifted

Picture = NDArray[np.uint8]
Ints = NDArray[np.int64]

FACTORS = {"cb": (-9714, -19070, 28784), "cr": (28784, -24103, -4681)}
COLUMNS = {"4:2:0": 2, "4:1:1": 4, "4:4:4": 1}


def sharpen(src: Picture, amount: float, sigma_x: float, sigma_y: float, by_field: bool = False) -> Picture:
    """See srtui_kernels.sharpen, in whole numbers."""
    if by_field and len(src) > 1:
        out = np.empty_like(src)
        for field in (0, 1):
            out[field::2] = sharpen(src[field::2], amount, sigma_x, sigma_y)
        return out
    wide = src.astype(int)
    difference = wide - gaussian(src, sigma_x, sigma_y)
    return np.clip((wide * 256 + difference * round(amount * 256) + 128) >> 8, 0, 255).astype(np.uint8)


def to_planes(rgb: Picture, sampling: str) -> tuple[Picture, Picture, Picture]:
    """See srtui_kernels.chroma.to_planes."""
    wide = rgb.astype(np.int64)
    y = (wide @ [16829, 33039, 6416] + 32768 >> 16) + 16
    cb, cr = (sampled(wide @ FACTORS[name], name, sampling) for name in ("cb", "cr"))
    return y.astype(np.uint8), cb, cr


def sampled(chroma: Ints, name: str, sampling: str) -> Picture:
    """Low-pass and sample one colour difference."""
    columns = COLUMNS[sampling]
    triangle = [columns - abs(step) for step in range(1 - columns, columns)]
    padded = np.pad(chroma, ((0, 0), (columns, columns)), "edge")
    across = sum(
        weight * padded[:, columns + step : columns + step + chroma.shape[1]][:, ::columns]
        for weight, step in zip(triangle, range(1 - columns, columns), strict=True)
    )
    if sampling != "4:2:0":
        whole = columns**2 * 65536
        return (128 + (across + whole // 2) // whole).astype(np.uint8)
    second = int(name == "cb")
    out = np.empty((len(chroma) // 2, chroma.shape[1] // 2), np.uint8)
    for field in (0, 1):
        lines = np.pad(across[field::2], ((1, 1), (0, 0)), "edge")
        smooth = lines[:-2] + 2 * lines[1:-1] + lines[2:]
        out[field::2] = 128 + (smooth[second::2] + (1 << 19) >> 20)
    return out


def from_planes(y: Picture, cb: Picture, cr: Picture, sampling: str, interlaced: bool = True) -> Picture:
    """See srtui_kernels.chroma.from_planes."""
    blue, red = (spread(plane, name, len(y), sampling, interlaced) for plane, name in ((cb, "cb"), (cr, "cr")))
    light = 16 * 76309 * (y.astype(np.int64) - 16) + (1 << 19)
    rgb = light + 104597 * red, light - 25675 * blue - 53279 * red, light + 132201 * blue
    return np.clip(np.stack(rgb, axis=-1) >> 20, 0, 255).astype(np.uint8)


def full_planes(y: Picture, cb: Picture, cr: Picture, sampling: str) -> tuple[Picture, Picture, Picture]:
    """See srtui_kernels.chroma.full_planes."""
    blue, red = (spread(plane, name, len(y), sampling, True) for plane, name in ((cb, "cb"), (cr, "cr")))
    return y, (128 + (blue + 8 >> 4)).astype(np.uint8), (128 + (red + 8 >> 4)).astype(np.uint8)


def spread(plane: Picture, name: str, height: int, sampling: str, interlaced: bool) -> Ints:
    """Interpolate one colour difference: 16 times its value, about 0."""
    columns = COLUMNS[sampling]
    chroma = plane.astype(np.int64) - 128
    lines = np.empty((height, plane.shape[1]), np.int64)
    if sampling != "4:2:0":
        lines[:] = 4 * chroma
    elif interlaced:
        for field in (0, 1):
            places = np.arange(height // 2) - int(name == "cb")
            lines[field::2] = interpolated(chroma[field::2], places / 2)
    else:
        lines[:] = interpolated(chroma, (np.arange(height) - 0.5) / 2)
    places = np.arange(plane.shape[1] * columns) / columns
    return interpolated(lines.T, places).T


def interpolated(values: Ints, places: NDArray[np.float64]) -> Ints:
    """4 times the rows at ``places``, in straight lines; places are multiples of 1/4."""
    low = np.floor(places).astype(int)
    part = ((places - low) * 4).astype(int)[:, None]
    last = len(values) - 1
    return (4 - part) * values[np.clip(low, 0, last)] + part * values[np.clip(low + 1, 0, last)]


def sum_of_light(src: Picture, taps: Iterable[tuple[int, int, int]]) -> Picture:
    """See srtui_kernels.motion_in_light; weights in 65536ths."""
    light = light_of_values()[src]
    total = sum(weight * shifted(light, dy, dx) for dy, dx, weight in taps)
    return nearest_value(total + 32768 >> 16)


def gaussian_in_light(src: Picture, sigma_x: float, sigma_y: float) -> Picture:
    """See srtui_kernels.gaussian_in_light; weights in 32768ths."""
    light = light_of_values()[src]
    for sigma, down in ((sigma_x, 0), (sigma_y, 1)):
        weights = gaussian_weights(sigma, 32768)
        places = range(-(len(weights) // 2), len(weights) // 2 + 1)
        taps = zip(places, weights, strict=True)
        light = sum(weight * shifted(light, k * down, k * (1 - down)) for k, weight in taps) + 16384 >> 15
    return nearest_value(light)


def light_of_values() -> Ints:
    """Whole 65535ths of white's light, for each value."""
    values = np.arange(256) / 255
    light = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return np.rint(light * 65535).astype(np.int64)


def nearest_value(light: Ints) -> Picture:
    """Value whose light is nearest; of two, the darker one."""
    return np.abs(light[..., None] - light_of_values()).argmin(axis=-1).astype(np.uint8)
