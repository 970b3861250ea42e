"""Twins of the noise kernels: one float32 rounding after each step, in the kernels' order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Floats = NDArray[np.float32]

PAIRS = 512
WORD = (1 << 64) - 1
f32 = np.float32


def noise(src: Picture, key: int, sigma: float, gain: float = 0.0, grey: bool = False) -> Picture:
    """See srtui_kernels.noise."""
    together = src.shape[2] if grey and src.ndim == 3 else 1
    light = src.reshape(-1).astype(f32)
    drawn = np.repeat(normals(-(-light.size // together), key, f32(1) if f32(gain) else f32(sigma)), together)
    if f32(gain):
        drawn *= np.sqrt(f32(sigma) * f32(sigma) + f32(gain) * light)
    return rounded(light, drawn).reshape(src.shape)


def rounded(light: Floats, added: Floats) -> Picture:
    """The exact sum, rounded half to even and clipped."""
    return np.clip(np.rint(light.astype(np.float64) + added), 0, 255).astype(np.uint8)


def normals(count: int, key: int, sigma: np.float32) -> Floats:
    """The first numbers of a key."""
    blocks = [block_of_normals(key, block, sigma) for block in range(-(-count // (2 * PAIRS)))]
    return np.concatenate(blocks)[:count]


def block_of_normals(key: int, block: int, sigma: np.float32) -> Floats:
    """See srtui_kernels._normals.fill_normals."""
    h = random_words(PAIRS, key, block)
    radius, angle = radii(h & 0xFFFF, sigma), (h >> 16).astype(np.int16).astype(f32)
    radius = np.where(h & 1, -radius, radius)
    q = angle * angle
    cosine = poly(q, [c * 2.0 ** (-32 * k) for k, c in enumerate((0.9999933, -4.9339380, 4.0412838, -1.2221269))])
    sine = poly(q, [c * 2.0 ** (-32 * k - 16) for k, c in enumerate((3.1406400, -5.1369052, 2.2995469))]) * angle
    return np.concatenate([radius * cosine, radius * sine])


def radii(low: NDArray[np.uint32], sigma: np.float32) -> Floats:
    """The root of -2 sigma² ln x, for x from just below 1 (0) down to 2^-17 (65535)."""
    x = f32(2 - 2**-17) - (f32(1) + low.astype(f32) * f32(2**-16))
    mantissa = np.frexp(x)[0] * f32(2)
    square = sigma * sigma
    curve = poly(mantissa, [f32(c) * square for c in (0.0, -2.8389324, 1.4581823, -0.21937343)], start=1)
    line = f32(177.6597) * square + x.view(np.int32).astype(f32) * (f32(-1.6525919e-07) * square)
    return np.sqrt(curve * mantissa + line)


def poly(x: Floats, coefficients: list[float], start: int = 0) -> Floats:
    """Horner's rule, down to the coefficient ``start``."""
    total = np.full_like(x, f32(coefficients[-1]))
    for coefficient in coefficients[-2 : start - 1 if start else None : -1]:
        total = total * x + f32(coefficient)
    return total


def random_words(count: int, key: int, block: int) -> NDArray[np.uint32]:
    """Hash 0, 1, 2 … with a block's 64 bits."""
    z = splitmix(key, block)
    low, high = np.uint64(z & 0xFFFFFFFF), np.uint64(z >> 32)
    mask = np.uint64(0xFFFFFFFF)
    h = np.arange(count, dtype=np.uint64) ^ low
    h = (h ^ (h >> np.uint64(16))) * np.uint64(0x7FEB352D) & mask
    h = (h ^ (h >> np.uint64(15)) ^ high) * np.uint64(0x846CA68B) & mask
    return (h ^ (h >> np.uint64(16))).astype(np.uint32)


def splitmix(key: int, index: int) -> int:
    """Output number ``index`` of SplitMix64."""
    z = (key + (index + 1) * 0x9E3779B97F4A7C15) & WORD
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & WORD
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & WORD
    return z ^ (z >> 31)


def shot_noise(src: Picture, key: int, strength: float, photons: int = 256, grey: bool = False) -> Picture:
    """See srtui_kernels.shot_noise."""
    together = 3 if grey else 1
    values = src.reshape(-1).astype(int)
    light = (values.reshape(-1, 3) @ [77, 150, 29] + 128) >> 8 if grey else values
    words = np.concatenate([random_words(4096, key, block) for block in range(-(-light.size // 4096))])[: light.size]
    counts = np.empty(light.size, f32)
    for value in np.unique(light):
        here = light == value
        mean = int(value) * photons / 255
        first, above = cumulative(mean)
        counts[here] = first + np.searchsorted(above, words[here], side="left")
    added = (counts - light.astype(f32) * f32(photons / 255)) * f32(strength * 255 / photons)
    return rounded(src.reshape(-1).astype(f32), np.repeat(added, together)).reshape(src.shape)


def cumulative(mean: float) -> tuple[int, NDArray[np.uint32]]:
    """The smallest of 256 counts, and the cumulative probabilities in 2^-32."""
    first = max(0, int(mean) - 128)
    share = {int(mean): 1.0}
    for count in range(int(mean) - 1, first - 1, -1):
        share[count] = share[count + 1] * (count + 1) / mean
    for count in range(int(mean) + 1, first + 256):
        share[count] = share[count - 1] * mean / count
    running = np.cumsum([share[count] for count in range(first, first + 256)])
    above = np.minimum(running / running[-1] * 2.0**32, 2.0**32 - 1).astype(np.uint32)
    above[-1] = 0xFFFFFFFF
    return first, above
