"""Scenarios of a degradation: dealt to pictures by their shares, resolved to steps with every number drawn, and run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from srtui.config import degradation as config
from srtui.degradation import clip, sizes
from srtui.degradation.resolving import Draws, drawn_steps, resolved

Picture = NDArray[np.uint8]


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
    return clip.run(gt_hwc, resolve(scenario, scale, width, height, key), key)


def resolve(scenario: config.Scenario, scale: int, width: int, height: int, key: int) -> tuple[clip.Step, ...]:
    """Steps for one picture of ``width`` × ``height`` pixels, with everything that ``key`` draws.

    Raises
    ------
    UsageError
        If the scenario does not end at exactly 1 / ``scale`` of the size.
    """
    trail, steps = [(width, height)], []
    for path, step in drawn_steps(scenario.steps, key):
        draws = Draws(key, path)
        if isinstance(step, (config.Resize, config.Fit)):
            now = sizes.after(step, scale, trail[0], trail[-1], draws.number)
            if now == trail[-1]:
                continue
            trail.append(now)
        steps.append(resolved(step, trail[-1], sizes.enlarged(trail, scale), draws))
    sizes.check_trail(scenario.name, scale, trail)
    return tuple(steps)


def check(scenario: config.Scenario, scale: int, width: int, height: int) -> None:
    """Raise the UsageError that ``resolve`` would raise for a picture of this size, whatever is drawn."""
    sizes.check(scenario, scale, (width, height))


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
