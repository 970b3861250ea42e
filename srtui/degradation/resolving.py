"""Steps of a file → steps that can be run: every number drawn, from the picture's key and the step's place."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TypeVar

import srtui_kernels.scenarios as kernels
from srtui_kernels.gaussian import LARGEST_SIGMA
from srtui_kernels.jpeg_tables import ijg, preset
from srtui_kernels.motion import LONGEST

from srtui.config import degradation as config
from srtui.degradation import clip
from srtui.degradation.draws import Name, generator

T = TypeVar("T")


class Draws:
    """What one step draws: each number under its own name, so that none depends on the others."""

    def __init__(self, key: int, path: tuple[Name, ...]) -> None:
        self._key, self._path = key, path

    def number(self, limits: float | tuple[float, float], name: str) -> float:
        """Draw evenly between two limits; a number is itself."""
        if not isinstance(limits, tuple):
            return limits
        return float(generator(self._key, *self._path, name).uniform(*limits))

    def whole(self, limits: int | tuple[int, int], name: str) -> int:
        """Draw a whole number, both limits allowed."""
        if not isinstance(limits, tuple):
            return limits
        return int(generator(self._key, *self._path, name).integers(limits[0], limits[1] + 1))

    def one(self, options: Sequence[T], name: str) -> T:
        """Draw one of several, all equally likely."""
        return options[int(generator(self._key, *self._path, name).integers(len(options)))]

    def one_by_share(self, shares: Sequence[float], name: str) -> int:
        """Draw an index, as often as its share says."""
        mark = float(generator(self._key, *self._path, name).random()) * sum(shares)
        for index, share in enumerate(shares):
            mark -= share
            if mark < 0:
                return index
        return len(shares) - 1

    def happens(self, probability: float, name: str) -> bool:
        """Draw yes or no."""
        return probability >= 1 or bool(generator(self._key, *self._path, name).random() < probability)


def drawn_steps(
    steps: Sequence[config.Step], key: int, path: tuple[Name, ...] = ("step",)
) -> Iterator[tuple[tuple[Name, ...], config.Step]]:
    """Yield the steps that happen, choices made, each with the path of names that its draws have."""
    for index, step in enumerate(steps):
        here = (*path, index)
        draws = Draws(key, here)
        if not draws.happens(getattr(step, "probability", 1.0), "probability"):
            continue
        if isinstance(step, config.OneOf):
            chosen = draws.one_by_share([choice.share for choice in step.choices], "choice")
            yield from drawn_steps(step.choices[chosen].steps, key, (*here, chosen))
        else:
            yield here, step


def resolved(step: config.Step, size: tuple[int, int], enlarged: tuple[float, float], draws: Draws) -> clip.Step:
    """Resolve a step of a file.

    Parameters
    ----------
    size
        Width and height of the picture after the step, in pixels.
    enlarged
        How much larger than the scenario's result the picture is, across and down.
    """
    match step:
        case config.Resize() | config.Fit():
            filters = (step.filter,) if isinstance(step.filter, str) else step.filter
            return kernels.Resize(width=size[0], height=size[1], filter=draws.one(filters, "filter"))
        case config.Dv():
            return clip.Dv(standard=step.standard, dead_zone=draws.whole(step.dead_zone, "dead_zone"))
        case config.Deinterlace():
            return clip.Deinterlace(method=step.method, first=step.first)
        case config.Median():
            return kernels.Median(radius=step.radius)
        case config.Chroma():
            return kernels.Chroma(sampling=step.sampling)
        case config.Jpeg():
            quality = step.quality if isinstance(step.quality, str) else draws.whole(step.quality, "quality")
            tables = ijg(quality) if isinstance(quality, int) else preset(quality)
            return kernels.Jpeg(luma=tables.luma, chroma=tables.chroma, subsampling=step.subsampling)
        case config.Noise() | config.Photons() | config.Fields():
            return _sensed(step, draws)
        case config.OneOf():
            raise TypeError("a choice is made before its steps are resolved")
        case config.Gaussian() | config.Motion():
            return _smeared(step, enlarged if step.pixels == "result" else (1.0, 1.0), draws)
        case config.Blur() | config.Ring() | config.Sharpen():
            return _filtered(step, draws)


def _sensed(step: config.Noise | config.Photons | config.Fields, draws: Draws) -> clip.Step:
    match step:
        case config.Noise():
            sigma, gain = draws.number(step.sigma, "sigma"), draws.number(step.gain, "gain")
            return kernels.Noise(sigma=sigma, gain=gain, grey=_grey(step.grey, draws))
        case config.Photons():
            strength = draws.number(step.strength, "strength")
            return kernels.ShotNoise(strength=strength, photons=step.photons, grey=_grey(step.grey, draws))
        case config.Fields():
            moving = step.moving > 0 and draws.happens(step.moving, "moving")
            dx, dy = draws.number(step.dx, "dx"), draws.number(step.dy, "dy")
            return kernels.Interlace(dx=dx * moving, dy=dy * moving, first=step.first)


def _smeared(step: config.Gaussian | config.Motion, unit: tuple[float, float], draws: Draws) -> kernels.Step:
    """``unit``: pixels for each pixel that the step speaks of, across and down."""
    if isinstance(step, config.Gaussian):
        sigma = draws.number(step.sigma, "sigma")
        sigma_y = _second(step.sigma_y, sigma, draws)
        sigma_x, sigma_y = min(sigma * unit[0], LARGEST_SIGMA), min(sigma_y * unit[1], LARGEST_SIGMA)
        return kernels.Gaussian(sigma_x=sigma_x, sigma_y=sigma_y, linear_light=step.linear_light)
    length, bend = draws.number(step.length, "length"), draws.number(step.bend, "bend")
    longest = min(length * math.sqrt(unit[0] * unit[1]), LONGEST)
    return kernels.Motion(angle=_angle(step, draws), length=longest, bend=bend, linear_light=step.linear_light)


def _filtered(step: config.Blur | config.Ring | config.Sharpen, draws: Draws) -> kernels.Step:
    match step:
        case config.Blur():
            sigma = draws.number(step.sigma, "sigma")
            return kernels.Blur(
                window=draws.one(step.windows, "window"),
                sigma_x=sigma,
                sigma_y=_second(step.sigma_y, sigma, draws),
                angle=draws.number(step.angle, "angle"),
                shape=step.shape,
                beta=draws.number(step.beta, "beta"),
            )
        case config.Ring():
            cutoff = min(draws.number(step.cutoff, "cutoff"), math.pi)
            return kernels.Ring(window=draws.one(step.windows, "window"), cutoff=cutoff)
        case config.Sharpen():
            sigma = draws.number(step.sigma, "sigma")
            amount, sigma_y = draws.number(step.amount, "amount"), _second(step.sigma_y, sigma, draws)
            return kernels.Sharpen(amount=amount, sigma_x=sigma, sigma_y=sigma_y, by_field=step.by_field)


def _angle(step: config.Motion, draws: Draws) -> float:
    return draws.number((-180.0, 180.0), "angle") if step.angles == "any" else draws.one(step.angles, "angle")


def _second(limits: float | tuple[float, float] | None, first: float, draws: Draws) -> float:
    return first if limits is None else draws.number(limits, "sigma_y")


def _grey(share: float, draws: Draws) -> bool:
    return share > 0 and draws.happens(share, "grey")
