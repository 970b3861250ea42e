"""Smooth noise in the plane: random values on a lattice, interpolated; and the sum of its octaves, which looks 1/f."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from srtui_kernels._jit import kernel
from srtui_kernels._random import State, draw

Lattice = NDArray[np.float64]  # (_SIDE * _SIDE,), repeated over the plane

STRONGEST = 2.1  # the lattice's values are between ±2.1, which gives the interpolated noise a deviation of about 1

_SIDE = 64


@kernel
def draw_lattice(state: State) -> Lattice:
    """Draw the values of the lattice's points."""
    lattice = np.empty(_SIDE * _SIDE, np.float64)
    for point in range(lattice.size):
        lattice[point] = draw(state, -STRONGEST, STRONGEST)
    return lattice


@kernel
def smooth_noise(lattice: Lattice, u: float, v: float) -> float:
    """Interpolate the lattice at (u, v); the blend has no slope at the lattice's points."""
    left, top = np.floor(u), np.floor(v)
    right_share, bottom_share = _blend(u - left), _blend(v - top)
    column, row = np.int64(left), np.int64(top)
    x0, x1 = column & (_SIDE - 1), (column + 1) & (_SIDE - 1)
    y0, y1 = (row & (_SIDE - 1)) * _SIDE, ((row + 1) & (_SIDE - 1)) * _SIDE
    upper: float = lattice[y0 + x0] + right_share * (lattice[y0 + x1] - lattice[y0 + x0])
    lower: float = lattice[y1 + x0] + right_share * (lattice[y1 + x1] - lattice[y1 + x0])
    return upper + bottom_share * (lower - upper)


@kernel
def _blend(share: float) -> float:
    return share * share * (3.0 - 2.0 * share)


@kernel
def octaves(lattice: Lattice, u: float, v: float, count: int, persistence: float) -> float:
    """Add up ``count`` octaves, each half as large and ``persistence`` times as strong as the last."""
    total, strength, energy = 0.0, 1.0, 0.0
    for _ in range(count):
        total += strength * smooth_noise(lattice, u, v)
        energy += strength * strength
        strength *= persistence
        # Turned by the 3-4-5 triangle's angle, so that the lattices of the octaves do not show.
        u, v = 1.6 * u - 1.2 * v + 17.3, 1.2 * u + 1.6 * v + 5.7
    return total / np.sqrt(energy) if count else 0.0
