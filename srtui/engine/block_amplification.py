"""
Whether a network takes the blocks of a codec for objects: how strong their edges are, beside bicubic's enlargement.

JPEG and DV code 8×8 pixels at a time (their chroma, and the macroblocks of MPEG, 16×16), so what is restored shows a
lattice of 8 · scale and 16 · scale pixels. Measured as Minami and Zakhor (1995) do, by how far the step over a block's
edge exceeds the slopes beside it, squared (on Y, Cb and Cr, in levels of 255). Taken away are the energy off the
lattice, as what a picture shows has no period, and what gt has of all this, as its objects may lie on the lattice.
Steps count for less where gt is busy (Wu and Yuen, 1997: texture hides blocks, and its chance hides them from us).

Steps are those between means of ``scale`` × ``scale`` pixels, so that an edge counts as high as it is, whether it is
sharp or was smeared by enlarging. On photographs halved and JPEG-coded at quality 85 bicubic's edges are 2.5 levels
high; a network that kept every pixel of lq comes to 1.35 to 1.45 times bicubic's, unsharp masking of bicubic to 1.8;
without JPEG all stay below 0.8 levels, which is chance.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

BLOCKS = (8, 16)
"""Sides of a codec's blocks in lq pixels."""
AMPLIFIED = 1.5
"""Times bicubic's edges from which on there is reason for alarm; keeping lq as it is comes to 1.45."""
VISIBLE = 1.5
"""Levels below which edges are no reason for alarm; in pictures without blocks chance reaches 0.8."""

_CHANCE = 1.0  # levels²: added to both energies, so that the ratio of two nothings is 1
_CALM = 4.0  # levels: where gt's own steps are as high as this, a step counts for a quarter
_NEAR = 9  # pixels around, whose steps in gt are looked at
_HIGHEST = 32.0  # levels: higher steps count as this, else a few contours would outweigh all blocks
_YCC = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32)


class Lattice(NamedTuple):
    """Energy in levels², above gt's and above that off the lattice; below 0 by chance where there are no blocks."""

    of_8: float
    of_16: float


def lattice_energy(
    restored_hwc: NDArray[np.uint8], gt_hwc: NDArray[np.uint8], scale: int, corner: tuple[int, int] = (0, 0)
) -> Lattice | None:
    """
    Measure how much stronger steps are on the lattice of blocks than beside it, apart from gt's own.

    Parameters
    ----------
    restored_hwc, gt_hwc
        RGB uint8 (H, W, 3) of one size, a multiple of ``scale``.
    corner
        Row and column of lq at which a block begins; degradations begin with the picture.

    Returns
    -------
    None where the picture is too small to have steps on both lattices and beside them.
    """
    height, width = gt_hwc.shape[0] // scale, gt_hwc.shape[1] // scale
    if min(height, width) < 4:
        return None
    restored_hwy, gt_hwy = _small(restored_hwc, height, width), _small(gt_hwc, height, width)
    energy, weight = np.zeros(BLOCKS[-1]), np.zeros(BLOCKS[-1])
    for axis in (0, 1):
        squares, gt_squares = (_squares(np.moveaxis(picture, axis, 0)) for picture in (restored_hwy, gt_hwy))
        weights = _calm(gt_squares[..., 0])
        lines = np.sum(squares - gt_squares, axis=2) * weights
        phases = (np.arange(len(lines)) + 2 - corner[axis]) % BLOCKS[-1]
        np.add.at(energy, phases, lines.sum(axis=1, dtype=np.float64))
        np.add.at(weight, phases, weights.sum(axis=1, dtype=np.float64))
    return _above(energy, weight)


def _small(rgb_hwc: NDArray[np.uint8], height: int, width: int) -> NDArray[np.float32]:
    """Means of ``scale`` × ``scale`` pixels, as Y, Cb and Cr."""
    small_hwc = cv2.resize(rgb_hwc.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    small_hwy: NDArray[np.float32] = cv2.transform(small_hwc, _YCC)
    return small_hwy


def _squares(lines: NDArray[np.float32]) -> NDArray[np.float32]:
    """Step from each line to the next, less the mean of the slopes on both sides, squared; the first is to line 2."""
    steps = 1.5 * (lines[2:-1] - lines[1:-2]) - 0.5 * (lines[3:] - lines[:-3])
    squares: NDArray[np.float32] = np.square(np.clip(steps, -_HIGHEST, _HIGHEST))
    return squares


def _calm(gt_squares: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weight of each place, from 1 where gt is flat down to 0."""
    busy = cv2.blur(gt_squares, (_NEAR, _NEAR)).reshape(gt_squares.shape)
    calm: NDArray[np.float32] = np.square(1 / (1 + busy / _CALM**2))
    return calm


def _above(energy: NDArray[np.float64], weight: NDArray[np.float64]) -> Lattice | None:
    """Energies of both lattices above that of all other lines."""
    phases = np.arange(BLOCKS[-1])
    off, on_8, on_16 = phases % BLOCKS[0] != 0, phases % BLOCKS[0] == 0, phases == 0
    if not all(weight[lines].sum() > 0 for lines in (off, on_16)):
        return None
    means = [float(energy[lines].sum() / weight[lines].sum()) for lines in (off, on_8, on_16)]
    return Lattice(means[1] - means[0], means[2] - means[0])


def height_of(energy: float | None) -> float | None:
    """Height of the edges in levels, 0 where there are none."""
    return None if energy is None else math.sqrt(max(energy, 0.0))


def amplification(network: float | None, bicubic: float | None) -> float | None:
    """How many times as high edges are in what the network restored: 1 is as bicubic, also where neither has any."""
    if network is None or bicubic is None:
        return None
    return math.sqrt((max(network, 0.0) + _CHANCE) / (max(bicubic, 0.0) + _CHANCE))


def is_amplified(network: float | None, bicubic: float | None) -> bool:
    """Whether edges of blocks came out both visible and much higher than bicubic's."""
    times, height = amplification(network, bicubic), height_of(network)
    return times is not None and height is not None and times >= AMPLIFIED and height >= VISIBLE
