"""
Normally distributed numbers for kernels: number n of a key is the same on every machine, whoever asks for it, and when.

A block of numbers is made from a counter: each pair (p and p + PAIRS) from one hash of the key, the block and p, by
Box and Muller's transform. Its logarithm, sine and cosine are polynomials, in float32, each step rounded: no libm, no
fused multiply-add. There are 2^32 pairs, up to 4.8 deviations; the deviation is 0.03 % too large.

Sources: G. E. P. Box, M. E. Muller, "A note on the generation of random normal deviates", 1958; the 32-bit mixer is
C. Wellons' lowbias32 (github.com/skeeto/hash-prospector); keys are spread by SplitMix64 (see `_random`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from srtui_kernels._jit import kernel

Floats = NDArray[np.float32]

PAIRS = 512
BLOCK = 2 * PAIRS
"""Numbers made at once: 4 KB, which stay in the first-level cache until they are used (with 16 KB, 14 % slower)."""

f32 = np.float32
# -2 ln x from the bits of x: they grow with log2 x, straight between powers of two; a polynomial of the mantissa mends
# it. Its constant is raised by its error, so that the root below never sees a negative number.
_SLOPE = f32(-1.6525919e-07)  # -2 ln 2 / 2^23
_L0, _L1, _L2, _L3 = f32(177.6597), f32(-2.8389324), f32(1.4581823), f32(-0.21937343)
# sin and cos of -90° to 90° in 2^16 steps: minimax in powers of the step's square.
_S0, _S1, _S2 = (f32(c * 2.0 ** (-16 * (2 * k + 1))) for k, c in enumerate((3.1406400, -5.1369052, 2.2995469)))
_C0, _C1, _C2, _C3 = (f32(c * 2.0 ** (-32 * k)) for k, c in enumerate((0.9999933, -4.9339380, 4.0412838, -1.2221269)))
_TWO_LESS_HALF_A_STEP = f32(2.0 - 2.0**-17)
_COUNTERS = np.arange(PAIRS, dtype=np.uint32)  # a loop's own counter would be hashed with 64 bits: 12 % slower


@kernel
def key_of_block(key: np.uint64, block: int) -> np.uint64:
    """Spread a key over its blocks: output number ``block`` of SplitMix64."""
    z = key + np.uint64(block + 1) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: np.uint64 = z ^ (z >> np.uint64(31))
    return mixed


@kernel
def hash_counter(counter: np.uint32, low: np.uint32, high: np.uint32) -> np.uint32:
    """32 random bits: one for each counter and each of the key's 2^64 values."""
    h = counter ^ low
    h = np.uint32((h ^ (h >> np.uint32(16))) * np.uint32(0x7FEB352D))
    h = np.uint32((h ^ (h >> np.uint32(15)) ^ high) * np.uint32(0x846CA68B))
    bits: np.uint32 = np.uint32(h ^ (h >> np.uint32(16)))
    return bits


@kernel
def fill_normals(normals: Floats, key: np.uint64, block: int, sigma: np.float32) -> None:
    """Make a block: (BLOCK,), mean 0 and standard deviation ``sigma``."""
    spread = key_of_block(key, block)
    low, high = np.uint32(spread & np.uint64(0xFFFFFFFF)), np.uint32(spread >> np.uint64(32))
    square = sigma * sigma
    l0, l1, l2, l3, slope = _L0 * square, _L1 * square, _L2 * square, _L3 * square, _SLOPE * square
    first, second = normals[:PAIRS], normals[PAIRS:]
    for p in range(PAIRS):
        h = hash_counter(_COUNTERS[p], low, high)
        low_half = np.uint32(np.uint32(h & np.uint32(0xFFFF)) << np.uint32(7))
        share = _TWO_LESS_HALF_A_STEP - np.uint32(low_half | np.uint32(0x3F800000)).view(np.float32)
        bits = np.float32(share).view(np.int32)
        m = np.int32(np.int32(bits & np.int32(0x7FFFFF)) | np.int32(0x3F800000)).view(np.float32)
        size = np.float32(np.sqrt(((l3 * m + l2) * m + l1) * m + (l0 + f32(bits) * slope))).view(np.uint32)
        radius = np.uint32(size ^ np.uint32(h << np.uint32(31))).view(np.float32)
        turn = f32(np.int32(np.int32(h) >> np.int32(16)))
        q = turn * turn
        cosine = ((_C3 * q + _C2) * q + _C1) * q + _C0
        sine = ((_S2 * q + _S1) * q + _S0) * turn
        first[p] = radius * cosine
        second[p] = radius * sine
