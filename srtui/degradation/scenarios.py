"""Scenarios of a degradation → resolved steps for the kernels: sizes for a scale, ranges drawn, one angle chosen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import srtui_kernels.scenarios as kernels
from numpy.typing import NDArray
from srtui_kernels.jpeg_tables import ijg, preset

from srtui.config import degradation as config
from srtui.degradation.draws import generator
from srtui.errors import UsageError

Picture = NDArray[np.uint8]
Size = tuple[int, int]
"""Width and height in pixels."""


def degrade(gt_hwc: Picture, scenario: config.Scenario, scale: int, key: int) -> Picture:
    """Spoil a clean picture.

    Parameters
    ----------
    gt_hwc
        uint8 RGB (H, W, 3), both sides multiples of ``scale``.
    key
        64-bit number that decides every draw.

    Returns
    -------
    lq_hwc, uint8 (H / scale, W / scale, 3).

    Raises
    ------
    UsageError
        If the scenario does not make the picture exactly ``scale`` times smaller.
    """
    height, width = gt_hwc.shape[:2]
    return kernels.run_scenario(gt_hwc, resolve(scenario, scale, width, height, key), key)


def resolve(scenario: config.Scenario, scale: int, width: int, height: int, key: int) -> tuple[kernels.Step, ...]:
    """Steps for one picture of ``width`` × ``height`` pixels, with everything that ``key`` draws.

    Raises
    ------
    UsageError
        If the scenario does not end at exactly 1 / ``scale`` of the size.
    """
    sizes = _sizes(scenario, scale, (width, height))
    return tuple(
        resolved
        for index, (step, size) in enumerate(zip(scenario.steps, sizes, strict=True))
        if (resolved := _resolve(step, scale, size, key, index)) is not None
    )


def check(scenario: config.Scenario, scale: int, width: int, height: int) -> None:
    """Raise the UsageError that ``resolve`` would raise for a picture of this size."""
    _sizes(scenario, scale, (width, height))


def choose(scenarios: Sequence[config.Scenario], word: int) -> int:
    """Index of the scenario that a 64-bit number draws, each as often as its share says."""
    shares = [Fraction(scenario.share) for scenario in scenarios]
    mark = Fraction(word, 1 << 64) * sum(shares)
    for index, share in enumerate(shares):
        mark -= share
        if mark < 0:
            return index
    return len(shares) - 1


def deal(keys: NDArray[np.uint64], scenarios: Sequence[config.Scenario]) -> NDArray[np.intp]:
    """Deal pictures to scenarios by their shares: exactly, not on average.

    Parameters
    ----------
    keys
        One drawn 64-bit number per picture; their order decides who gets what.

    Returns
    -------
    Index of each picture's scenario. Counts differ from the exact shares by less than one; with equal shares they
    differ from each other by at most one.
    """
    counts = _counts(len(keys), [Fraction(scenario.share) for scenario in scenarios])
    dealt = np.empty(len(keys), np.intp)
    dealt[np.argsort(keys, kind="stable")] = np.repeat(np.arange(len(scenarios)), counts)
    return dealt


def _counts(total: int, shares: Sequence[Fraction]) -> list[int]:
    """Whole parts of ``total`` in proportion to ``shares``: the largest remainders are rounded up."""
    exact = [total * share / sum(shares) for share in shares]
    counts = [math.floor(part) for part in exact]
    by_remainder = sorted(range(len(shares)), key=lambda index: counts[index] - exact[index])
    for index in by_remainder[: total - sum(counts)]:
        counts[index] += 1
    return counts


def _sizes(scenario: config.Scenario, scale: int, size: Size) -> list[Size]:
    """Size of the picture after each step; the last one must be exactly 1 / ``scale`` of the first."""
    sizes, trail, now = [], [size], size
    for step in scenario.steps:
        if isinstance(step, config.Resize) and (percent := _percent(step, scale)) != 100:
            now = (_share_of(now[0], percent), _share_of(now[1], percent))
            trail.append(now)
        sizes.append(now)
    if (now[0] * scale, now[1] * scale) != size:
        raise _wrong_size(scenario, scale, trail)
    return sizes


def _percent(step: config.Resize, scale: int) -> float:
    return {4: step.percent.x4, 3: step.percent.x3, 2: step.percent.x2, 1: step.percent.x1}[scale]


def _share_of(length: int, percent: float) -> int:
    return max(math.floor(length * percent / 100 + 0.5), 1)


def _wrong_size(scenario: config.Scenario, scale: int, trail: Sequence[Size]) -> UsageError:
    (width, height), (last_width, last_height) = trail[0], trail[-1]
    way = " → ".join(f"{w}×{h}" for w, h in trail)
    fact = f"at scale {scale} it goes {way}, and must end at {width / scale:g}×{height / scale:g}"
    near = max(abs(last_width * scale - width), abs(last_height * scale - height)) <= 2 * scale
    hint = f"change the x{scale} percentages of its resize steps: together they must leave {100 / scale:.6g} %"
    if near:
        hint = "bring the pictures to a multiple of 16 (prepare.multiple), or give the percentages more digits"
    return UsageError(f"scenario {scenario.name}", fact, hint=hint)


def _resolve(step: config.Step, scale: int, size: Size, key: int, index: int) -> kernels.Step | None:
    match step:
        case config.Resize():
            if _percent(step, scale) == 100:
                return None
            return kernels.Resize(width=size[0], height=size[1], filter=step.filter)
        case config.Median():
            return kernels.Median(radius=step.radius)
        case config.Gaussian():
            sigma = step.sigma if isinstance(step.sigma, float | int) else _between(step.sigma, key, index)
            return kernels.Gaussian(sigma_x=sigma, sigma_y=sigma)
        case config.Motion():
            chosen = int(generator(key, "step", index, "angle").integers(len(step.angles)))
            return kernels.Motion(angle=step.angles[chosen], length=step.length)
        case config.Jpeg():
            tables = ijg(step.quality) if isinstance(step.quality, int) else preset(step.quality)
            return kernels.Jpeg(luma=tables.luma, chroma=tables.chroma, subsampling=step.subsampling)


def _between(limits: tuple[float, float], key: int, index: int) -> float:
    return float(generator(key, "step", index, "sigma").uniform(*limits))
