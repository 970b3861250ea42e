"""Skins of dead leaves: colour, shading, texture and pattern at every point of a leaf."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from srtui_kernels._jit import kernel
from srtui_kernels._leaf_noise import Lattice, octaves, smooth_noise
from srtui_kernels._random import State, draw, draw_bell, draw_below, draw_direction, draw_scale

Colour = tuple[float, float, float]  # red, green, blue, 0 to 255
Palette = NDArray[np.float64]  # (colours, 3)

_PLAIN, _WAVES, _STRIPES, _CHECKS = 0, 1, 2, 3
_UNSEEN = 0.004  # a texture of less than a level
_FINEST = 1.0  # smallest cell of a texture in pixels: finer ones would alias


class Skin(NamedTuple):
    """One leaf's look; lengths in pixels, strengths as shares of the colour."""

    red: float
    green: float
    blue: float
    slope_x: float  # shading per pixel
    slope_y: float
    cos: float
    sin: float
    phase: float  # which part of the noise and of the pattern is at the centre
    cell: float  # of the coarsest texture octave, across
    stretch: float  # how much longer than wide the texture's cells are
    octaves: int
    persistence: float
    texture: float
    tint: float  # how much of the texture is colour
    pattern: int
    period: float
    contrast: float
    warp: float  # how far the noise bends the pattern
    crisp: float


@kernel
def draw_palette(state: State, count: int) -> Palette:
    """
    Draw a picture's colours: brightness spread widely, colour narrowly, as in photographs.

    The three directions (red + green + blue, red - blue, red - 2 green + blue) are uncorrelated in natural pictures and
    their deviations fall steeply (D. Ruderman, T. Cronin, C.-C. Chiao, JOSA A 15, 1998).
    """
    palette = np.empty((count, 3), np.float64)
    brightness, spread = 118.0 + 32.0 * draw_bell(state), draw(state, 30.0, 62.0)
    cast, colourful = 7.0 * draw_bell(state), draw_scale(state, 7.0, 36.0)
    for colour in range(count):
        light = min(max(brightness + spread * draw_bell(state), 6.0), 250.0)
        vivid = colourful * (3.0 if draw(state, 0.0, 1.0) < 0.12 else 1.0) * np.sqrt(light / 110.0)
        warm, pink = cast + vivid * draw_bell(state), 0.28 * vivid * draw_bell(state)
        palette[colour, 0] = light + warm + 0.67 * pink
        palette[colour, 1] = light - 1.33 * pink
        palette[colour, 2] = light - warm + 0.67 * pink
    return palette


@kernel
def draw_skin(state: State, palette: Palette, home: float, radius: float, blur: float, rough: float) -> Skin:
    """Draw a leaf's look; ``blur`` is how far its details are out of focus, ``rough`` the picture's love of texture."""
    place = home if draw(state, 0.0, 1.0) < 0.75 else draw(state, -1.0, 1.0)
    colour = palette[int(np.floor((0.5 + 0.5 * place) * palette.shape[0])) % palette.shape[0]]
    shade = 1.0 + 0.1 * draw_bell(state)
    shift = 3.0 * draw_bell(state)
    cos, sin = draw_direction(state)
    shade_x, shade_y = draw_direction(state)
    slope = abs(draw_bell(state)) * 0.22 / (radius + 4.0)
    finest = _FINEST + 2.0 * blur
    cell = draw_scale(state, finest, max(2.0 * finest, min(radius, 60.0)))
    count = 0
    while cell / 2.0**count >= finest and count < 7:
        count += 1
    stretch = 1.0 if draw(state, 0.0, 1.0) < 0.6 else draw_scale(state, 1.5, 12.0)
    pattern = draw_below(state, 12)  # a quarter of the larger leaves have one
    if pattern not in (_WAVES, _STRIPES, _CHECKS) or radius < 8.0:
        pattern = _PLAIN
    return Skin(
        red=max(colour[0] * shade + shift, 1.0),
        green=max(colour[1] * shade, 1.0),
        blue=max(colour[2] * shade - shift, 1.0),
        slope_x=shade_x * slope,
        slope_y=shade_y * slope,
        cos=cos,
        sin=sin,
        phase=draw(state, 0.0, 64.0),
        cell=cell,
        stretch=stretch,
        octaves=count,
        persistence=draw(state, 0.5, 1.0),
        texture=min(rough * draw_scale(state, 0.02, 1.0), 0.5),
        tint=draw(state, 0.0, 0.3),
        pattern=pattern,
        period=max(draw_scale(state, 3.0, max(6.0, radius * 0.7)), 3.0 * finest),
        contrast=draw(state, 0.05, 0.5),
        warp=draw(state, 0.0, 0.5),
        crisp=1.0 / (1.0 + blur),
    )


@kernel
def skin_colour(skin: Skin, lattice: Lattice, dx: float, dy: float) -> Colour:
    """Colour of a leaf at a point relative to its centre, before the picture's own light and shadow."""
    along, across = dx * skin.cos + dy * skin.sin, dy * skin.cos - dx * skin.sin
    light, noise = 1.0 + dx * skin.slope_x + dy * skin.slope_y, 0.0
    if skin.texture > _UNSEEN:
        u, v = along / (skin.cell * skin.stretch) + skin.phase, across / skin.cell + skin.phase
        noise = skin.texture * octaves(lattice, u, v, skin.octaves, skin.persistence)
        light *= max(1.0 + noise, 0.05)
    if skin.pattern != _PLAIN:
        bend = skin.warp * smooth_noise(lattice, dx * 0.5 / skin.period, dy * 0.5 / skin.period)
        height = _pattern(skin, along / skin.period + skin.phase + bend, across / skin.period + skin.phase)
        light *= 1.0 - skin.contrast * (0.5 + 0.5 * height)
    light, tint = max(light, 0.0), 76.0 * skin.tint * noise
    return skin.red * light + tint, skin.green * light, skin.blue * light - tint


@kernel
def _pattern(skin: Skin, u: float, v: float) -> float:
    """A repeated pattern between -1 and 1; its edges are a pixel wide."""
    wave = _triangle(u)
    if skin.pattern == _WAVES:
        return wave * (1.5 - 0.5 * wave * wave)
    steep = skin.crisp * skin.period * 0.5
    if skin.pattern == _CHECKS:
        return _clamped(wave * steep) * _clamped(_triangle(v) * steep)
    return _clamped(wave * steep)


@kernel
def _triangle(u: float) -> float:
    """A wave of straight lines between -1 and 1, of period 1."""
    share: float = u - np.floor(u)
    return 4.0 * abs(share - 0.5) - 1.0


@kernel
def _clamped(value: float) -> float:
    return min(max(value, -1.0), 1.0)
