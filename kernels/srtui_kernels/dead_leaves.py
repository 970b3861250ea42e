"""
Dead leaves: pictures made from a seed that have the statistics of photographs, to train on without any.

Leaves of all sizes fall on each other, as much area of each size (a density of r^-3); what they hide of each other
gives the pictures the scale invariance and the sharp edges of photographs. Networks trained to restore such pictures
come close to those trained on photographs. Textures, shading and depth of field help, so they are here too.

Sources: R. Achddou, Y. Gousseau, S. Ladjal, "Synthetic images as a regularity prior for image restoration neural
networks", SSVM 2021; R. Achddou, Y. Gousseau, S. Ladjal, S. Süsstrunk, "VibrantLeaves", arXiv 2504.10201.

The leaves are drawn from the front to the back, each only where it can still be seen, until nothing shows through.
Pixels are computed with +, ×, ÷ and √ alone, so that a seed gives the same bytes on every machine.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from srtui_kernels._checks import Bytes, whole_number
from srtui_kernels._jit import kernel
from srtui_kernels._leaf_noise import Lattice, draw_lattice, smooth_noise
from srtui_kernels._leaf_outline import draw_outline, moved
from srtui_kernels._leaf_paint import Canvas, blank_canvas, cast_shadow, paint_leaf
from srtui_kernels._leaf_skin import Palette, draw_palette, draw_skin
from srtui_kernels._random import State, draw, draw_bell, draw_below, draw_direction, draw_scale

VERSION = 1  # goes up when a seed begins to give another picture
LARGEST_SIDE = 1 << 14

_BACKDROP = 0.005  # share of the picture that no leaf need hide: the last gaps would take as many leaves again
_MOST_LEAVES = 200_000


def dead_leaves(height: int, width: int, seed: int) -> Bytes:
    """
    Draw a dead-leaves picture.

    Parameters
    ----------
    height, width
        Size in pixels, 1 to 16384.
    seed
        64-bit whole number; the same picture for the same size and seed, on every machine.

    Returns
    -------
    uint8 RGB (height, width, 3).

    Raises
    ------
    TypeError, ValueError
        When the size or the seed is not one of these.
    """
    height = whole_number(height, "height", 1, LARGEST_SIDE)
    width = whole_number(width, "width", 1, LARGEST_SIDE)
    seed = whole_number(seed, "seed", 0, (1 << 64) - 1)
    out_hwc = np.empty((height, width, 3), np.uint8)
    _draw_picture(np.array([seed], np.uint64), out_hwc)
    return out_hwc


class Scene(NamedTuple):
    """What the leaves of one picture have in common; lengths in pixels."""

    smallest: float  # radius of the smallest leaves
    largest: float
    calm: float  # how much larger the smallest leaves are in calm regions
    region: float  # size of calm and busy regions
    edge: float  # width of a sharp edge
    blur: float  # how much softer edges get away from the focus
    focus: float  # depth that is sharp, 0 in front, 1 at the back
    rough: float  # strength of textures
    sun_x: float
    sun_y: float
    shadow: float  # strength of cast shadows
    glow: float  # strength of the uneven light
    grain: float  # levels


@kernel
def _draw_scene(state: State, height: int, width: int) -> Scene:
    side = float(min(height, width))
    sun_x, sun_y = draw_direction(state)
    return Scene(
        smallest=draw_scale(state, 1.5, 4.0),
        largest=max(side * draw(state, 0.25, 0.8), 8.0),
        calm=draw_scale(state, 2.0, 60.0),
        region=side * draw(state, 0.2, 0.6),
        edge=draw(state, 0.8, 1.2),
        blur=0.0 if draw(state, 0.0, 1.0) < 0.6 else draw_scale(state, 0.5, 8.0),
        focus=draw(state, 0.0, 1.0),
        rough=draw_scale(state, 0.06, 0.5),
        sun_x=sun_x,
        sun_y=sun_y,
        shadow=draw(state, 0.0, 0.6),
        glow=draw(state, 0.0, 0.3),
        grain=draw(state, 0.0, 1.5),
    )


@kernel
def _draw_picture(state: State, out_hwc: Bytes) -> None:
    height, width, _ = out_hwc.shape
    lattice = draw_lattice(state)
    palette = draw_palette(state, 6 + draw_below(state, 14))
    scene = _draw_scene(state, height, width)
    canvas = blank_canvas(height, width)
    hidden, pixels = 0.0, float(height * width)
    for _ in range(_MOST_LEAVES):
        if hidden >= (1.0 - _BACKDROP) * pixels:
            break
        radius = _draw_radius(state, scene)
        x, y = draw(state, -radius, width + radius), draw(state, -radius, height + radius)
        if radius < _smallest_at(scene, lattice, x, y):
            continue
        blur = scene.blur * abs(hidden / pixels - scene.focus)
        outline = draw_outline(state, x, y, radius)
        skin = draw_skin(state, palette, _region_noise(scene, lattice, x, y, 8.5), radius, blur, scene.rough)
        hidden += paint_leaf(canvas, outline, skin, lattice, scene.edge + 2.0 * blur)
        if radius > 4.0 and scene.shadow > 0.1:
            away = 0.15 * min(radius, 60.0) + 1.0
            shadow = moved(outline, scene.sun_x * away, scene.sun_y * away)
            cast_shadow(canvas, shadow, lattice, 2.0 * away, scene.shadow)
    _develop(state, scene, lattice, palette, canvas, out_hwc)


@kernel
def _draw_radius(state: State, scene: Scene) -> float:
    """Draw with a density of r^-3, so that leaves of every size cover the same area."""
    radius: float = 1.0 / np.sqrt(draw(state, 1.0 / scene.largest**2, 1.0 / scene.smallest**2))
    return radius


@kernel
def _smallest_at(scene: Scene, lattice: Lattice, x: float, y: float) -> float:
    """Return the radius below which no leaf falls here: some regions are busy, others calm."""
    share = min(max(0.5 + 0.5 * _region_noise(scene, lattice, x, y, 31.7), 0.0), 1.0)
    return scene.smallest * (1.0 + (scene.calm - 1.0) * share * share)


@kernel
def _region_noise(scene: Scene, lattice: Lattice, x: float, y: float, place: float) -> float:
    """Noise as wide as the regions, turned so that the lattice does not lie along the picture's sides."""
    u, v = x * scene.sun_x + y * scene.sun_y, y * scene.sun_x - x * scene.sun_y
    return smooth_noise(lattice, u / scene.region + place, v / scene.region + place)


@kernel
def _develop(state: State, scene: Scene, lattice: Lattice, palette: Palette, canvas: Canvas, out_hwc: Bytes) -> None:
    """Fill the last gaps with a backdrop, light the picture unevenly, add grain, and round to bytes."""
    cell = 0.7 / max(out_hwc.shape[0], out_hwc.shape[1])
    for y in range(out_hwc.shape[0]):
        for x in range(out_hwc.shape[1]):
            glow = 1.0 + scene.glow * smooth_noise(lattice, x * cell + 41.3, y * cell + 23.9)
            grain = scene.grain * draw_bell(state)
            rest = canvas.clear[y, x] * canvas.bright[y, x]
            for c in range(3):
                value = (canvas.light[y, x, c] + rest * palette[0, c]) * glow + grain
                out_hwc[y, x, c] = np.uint8(min(max(np.rint(value), 0.0), 255.0))
