"""
The blurs of Real-ESRGAN: bells of many shapes, turned any way, and the ringing of an ideal low-pass, as lists of taps.

With d² the squared distance from the middle, in standard deviations of a turned ellipse:
gaussian exp(-d²/2), generalized exp(-(d²)^beta / 2), plateau 1 / ((d²)^beta + 1); sinc is J1(cutoff · r) / r.

Source: X. Wang, L. Xie, C. Dong, Y. Shan, "Real-ESRGAN: Training real-world blind super-resolution with pure synthetic
data", 2021, section 3.1, and BasicSR's degradations.py, whose kernels these are.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Literal

from srtui_kernels._checks import Bytes, channels_of, number, whole_number
from srtui_kernels.motion import Taps
from srtui_kernels.motion_paths import as_taps, motion_along

Shape = Literal["gaussian", "generalized", "plateau"]
LARGEST_WINDOW = 63


def blur(
    src_hwc: Bytes,
    window: int,
    sigma_x: float,
    sigma_y: float,
    *,
    angle: float = 0.0,
    shape: Shape = "gaussian",
    beta: float = 1.0,
) -> Bytes:
    """
    Blur with a bell of any shape; borders, sum and rounding as in `motion`.

    Parameters
    ----------
    src_hwc
        uint8, (H, W) or (H, W, 1, 3 or 4).
    window
        Side of the square that the bell is cut to, odd, 1 to 63.
    sigma_x, sigma_y
        Standard deviations along the bell's own axes in pixels, 0.05 to 50.
    angle
        How far the first axis is turned from the horizontal, in degrees counter-clockwise.
    shape, beta
        See above; beta from 0.1 to 16 says how box-like it is.

    Returns
    -------
    uint8, the shape of ``src_hwc``.

    Raises
    ------
    TypeError, ValueError
        When the picture or a number is not one of these.
    """
    channels_of(src_hwc)
    return motion_along(src_hwc, bell(window, sigma_x, sigma_y, angle, shape, beta))


def ring(src_hwc: Bytes, window: int, cutoff: float) -> Bytes:
    """
    Cut off high frequencies at once, which rings; borders, sum and rounding as in `motion`.

    Parameters
    ----------
    src_hwc
        uint8, (H, W) or (H, W, 1, 3 or 4).
    window
        Side of the square that the filter is cut to, odd, 3 to 63.
    cutoff
        In radians a pixel, 0.1 to π.

    Returns
    -------
    uint8, the shape of ``src_hwc``.

    Raises
    ------
    TypeError, ValueError
        When the picture or a number is not one of these.
    """
    channels_of(src_hwc)
    return motion_along(src_hwc, sinc(window, cutoff))


@lru_cache(maxsize=64)
def bell(window: int, sigma_x: float, sigma_y: float, angle: float, shape: Shape, beta: float) -> Taps:
    """Draw a bell; see `blur` for the units."""
    half = _half(window)
    sigma_x, sigma_y = number(sigma_x, "sigma_x", 0.05, 50.0), number(sigma_y, "sigma_y", 0.05, 50.0)
    beta = number(beta, "beta", 0.1, 16.0)
    turn = math.radians(number(angle, "angle", -360.0, 360.0))
    if shape not in {"gaussian", "generalized", "plateau"}:
        raise ValueError(f"shape is {shape!r}; pass 'gaussian', 'generalized' or 'plateau'")
    weights = {}
    for y in range(-half, half + 1):
        for x in range(-half, half + 1):
            along = (x * math.cos(turn) - y * math.sin(turn)) / sigma_x
            beside = (x * math.sin(turn) + y * math.cos(turn)) / sigma_y
            weights[y, x] = _height(along * along + beside * beside, shape, beta)
    return as_taps(weights)


def _height(square: float, shape: str, beta: float) -> float:
    power = math.pow(square, beta)
    if shape == "plateau":
        return 1.0 / (power + 1.0)
    return math.exp(-0.5 * (power if shape == "generalized" else square))


@lru_cache(maxsize=64)
def sinc(window: int, cutoff: float) -> Taps:
    """Draw a circular low-pass; see `ring` for the units."""
    half = _half(window)
    cutoff = number(cutoff, "cutoff", 0.1, math.pi)
    heights = {0: cutoff * cutoff / (4.0 * math.pi)}
    weights = {}
    for y in range(-half, half + 1):
        for x in range(-half, half + 1):
            square = x * x + y * y
            if square not in heights:
                r = math.sqrt(square)
                heights[square] = cutoff * bessel_j1(cutoff * r) / (2.0 * math.pi * r)
            weights[y, x] = heights[square]
    return as_taps(weights)


def bessel_j1(x: float) -> float:
    """
    Bessel function of the first kind and order 1.

    The mean of cos(t - x sin t) over a turn (Abramowitz and Stegun 9.1.21). It is periodic and smooth: with 40 points
    more than x the rule of rectangles is exact to rounding. It is even: half of them do.
    """
    half = math.ceil(abs(x) / 2.0) + 20
    turns = [math.pi * k / half for k in range(half + 1)]
    values = [math.cos(t - x * math.sin(t)) for t in turns]
    return (math.fsum(values[1:-1]) + (values[0] + values[-1]) / 2.0) / half


def _half(window: int) -> int:
    if whole_number(window, "window", 1, LARGEST_WINDOW) % 2 == 0:
        raise ValueError(f"window is {window}; pass an odd number from 1 to {LARGEST_WINDOW}")
    return window // 2
