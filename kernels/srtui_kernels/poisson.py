"""
Shot noise: true Poisson counts of photons, as many as the picture is bright.

A count is drawn by looking where 32 random bits fall among the cumulative probabilities of the value's 256 possible
counts; the top 8 bits say where to begin to look. The table is made with +, ×, ÷ only, and is the same everywhere.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from srtui_kernels._checks import Bytes, channels_of, number, rows_of, whole_number
from srtui_kernels._jit import kernel
from srtui_kernels._normals import hash_counter, key_of_block
from srtui_kernels.noise import LARGEST_KEY, rounded_sum

BLOCK = 4096
MOST_PHOTONS = 256
_COUNTS = 256  # 256 ± 8 deviations fit


class Table(NamedTuple):
    """What is drawn for each of the 256 values of a picture."""

    above: NDArray[np.uint32]  # (256, counts): a draw above this one is a larger count; the last is 2^32 - 1
    begin: NDArray[np.uint8]  # (256, 256): where to begin for the top 8 bits of a draw
    first: NDArray[np.int32]  # (256,): the smallest count


def shot_noise(src_hwc: Bytes, key: int, strength: float, *, photons: int = 256, grey: bool = False) -> Bytes:
    """
    Replace every value by a Poisson count of that mean; results are rounded half to even and clipped to 0..255.

    Parameters
    ----------
    src_hwc
        uint8, (H, W) or (H, W, 1, 3 or 4).
    key
        64-bit number: the same key gives the same noise on every machine and with any number of threads.
    strength
        Factor of the noise (count minus mean), 0 to 20; 1 is what a sensor gives.
    photons
        Mean count of white, 1 to 256: fewer are noisier.
    grey
        Draw once for all channels of a pixel, with the pixel's luma as the mean (needs 3 channels).

    Returns
    -------
    uint8, the shape of ``src_hwc``.

    Raises
    ------
    TypeError, ValueError
        When the picture or a number is not one of these.
    """
    channels = channels_of(src_hwc, (3,) if grey else (1, 3, 4))
    bits = np.uint64(whole_number(key, "key", 0, LARGEST_KEY))
    strength = number(strength, "strength", 0.0, 20.0)
    photons = whole_number(photons, "photons", 1, MOST_PHOTONS)
    src = rows_of(src_hwc).reshape(-1)
    out = np.empty_like(src)
    light = _luma(src) if grey else src
    factor = np.float32(strength * 255.0 / photons), np.float32(photons / 255.0)
    _shot_noise(src, light, out, bits, factor[0], factor[1], channels if grey else 1, *poisson_table(photons))
    return out.reshape(src_hwc.shape)


@lru_cache(maxsize=8)
def poisson_table(photons: int) -> Table:
    """Make the table for a mean count of white; 0.3 MB."""
    above = np.empty((256, _COUNTS), np.uint32)
    begin = np.empty((256, 256), np.uint8)
    first = np.empty(256, np.int32)
    _fill_table(above, begin, first, photons)
    return Table(above, begin, first)


@kernel
def _fill_table(above: NDArray[np.uint32], begin: NDArray[np.uint8], first: NDArray[np.int32], photons: int) -> None:
    share = np.empty(_COUNTS, np.float64)
    for value in range(256):
        mean = value * photons / 255.0
        first[value] = max(0, int(mean) - _COUNTS // 2)
        _probabilities(share, mean, first[value])
        total = 0.0
        for each in share:
            total += each
        running = 0.0
        for j in range(_COUNTS):
            running += share[j]
            above[value, j] = np.uint32(min(running / total * 4294967296.0, 4294967295.0))
        above[value, _COUNTS - 1] = np.uint32(0xFFFFFFFF)
        j = 0
        for top in range(256):
            while above[value, j] < np.uint32(top << 24):
                j += 1
            begin[value, top] = j


@kernel
def _probabilities(share: NDArray[np.float64], mean: float, first: int) -> None:
    """Poisson's weights, 1 at the mean's whole part, from there each from its neighbour: p(k) = p(k - 1) mean / k."""
    mode = int(mean) - first
    share[mode] = 1.0
    for j in range(mode - 1, -1, -1):
        share[j] = share[j + 1] * (first + j + 1) / mean
    for j in range(mode + 1, share.size):
        share[j] = share[j - 1] * mean / (first + j)


@kernel
def _luma(src: Bytes) -> Bytes:
    """BT.601, in 256ths, rounded."""
    luma = np.empty(src.size // 3, np.uint8)
    for p in range(luma.size):
        luma[p] = (77 * src[3 * p] + 150 * src[3 * p + 1] + 29 * src[3 * p + 2] + 128) >> 8
    return luma


@kernel
def _shot_noise(
    src: Bytes,
    light: Bytes,
    out: Bytes,
    key: np.uint64,
    level: np.float32,
    photons: np.float32,
    together: int,
    above: NDArray[np.uint32],
    begin: NDArray[np.uint8],
    first: NDArray[np.int32],
) -> None:
    """``level``: what one photon adds to a value; ``photons``: mean count of a value of 1."""
    for block in range((light.size + BLOCK - 1) // BLOCK):
        spread = key_of_block(key, block)
        low, high = np.uint32(spread & np.uint64(0xFFFFFFFF)), np.uint32(spread >> np.uint64(32))
        for p in range(block * BLOCK, min((block + 1) * BLOCK, light.size)):
            value = light[p]
            draw = hash_counter(np.uint32(p - block * BLOCK), low, high)
            j = int(begin[value, draw >> np.uint32(24)])
            while above[value, j] < draw:
                j += 1
            added = (np.float32(first[value] + j) - np.float32(value) * photons) * level
            for x in range(p * together, (p + 1) * together):
                out[x] = rounded_sum(np.uint32(src[x]), added)
