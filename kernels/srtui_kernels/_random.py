"""
Random numbers for kernels: the same from the same key on every machine, with whole numbers, +, ×, ÷ and √ only.

Source: SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from srtui_kernels._jit import kernel

State = NDArray[np.uint64]  # (1,): the generator's position, changed by every draw


@kernel
def draw_bits(state: State) -> np.uint64:
    """Draw 64 random bits."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    bits: np.uint64 = z ^ (z >> np.uint64(31))
    return bits


@kernel
def draw(state: State, low: float, high: float) -> float:
    """Draw a number evenly from low up to, but not including, high; 53 random bits."""
    share: float = np.float64(draw_bits(state) >> np.uint64(11)) * 2.0**-53
    return low + (high - low) * share


@kernel
def draw_below(state: State, count: int) -> int:
    """Draw a whole number from 0 to count - 1."""
    return int(draw(state, 0.0, float(count)))


@kernel
def draw_bell(state: State) -> float:
    """Draw from a bell of mean 0 and deviation 1: the sum of six even draws, nothing beyond ±4.3."""
    total = 0.0
    for _ in range(6):
        total += draw(state, -0.5, 0.5)
    return total * 1.4142135623730951


@kernel
def draw_direction(state: State) -> tuple[float, float]:
    """Draw a point of the unit circle: even points of the square, those outside the disc rejected, no sine needed."""
    while True:
        x, y = draw(state, -1.0, 1.0), draw(state, -1.0, 1.0)
        square = x * x + y * y
        if 0.01 < square < 1.0:
            length = np.sqrt(square)
            return x / length, y / length


@kernel
def draw_scale(state: State, low: float, high: float) -> float:
    """
    Draw a size that is as likely in each octave as in the next, from low to high.

    The logarithm's inverse comes from repeated square roots: high / low to the power of a 16-bit fraction.
    """
    fraction, root, result = draw(state, 0.0, 1.0), high / low, low
    for _ in range(16):
        root = np.sqrt(root)
        fraction *= 2.0
        if fraction >= 1.0:
            fraction -= 1.0
            result *= root
    return result
