"""Learning rate as a pure function of the iteration: nothing to save, nothing that could run past its end."""

from __future__ import annotations

import math
from bisect import bisect_right

from srtui.config.optimization import Constant, Cosine, MultiStep
from srtui.config.profile import Stage


def learning_rate(stage: Stage, iteration: int) -> float:
    """Rate of the update that follows ``iteration`` finished updates of the stage.

    Parameters
    ----------
    stage
        Peak rate, schedule and number of iterations.
    iteration
        Updates done in this stage, from 0; beyond the stage's end the last rate stays.
    """
    peak, schedule = stage.optimizer.lr, stage.schedule
    if isinstance(schedule, Cosine):
        rate = _cosine(peak, schedule, iteration, stage.iterations)
    elif isinstance(schedule, Constant):
        rate = peak
    else:
        rate = _multistep(peak, schedule, iteration, stage.iterations)
    return rate * _warmup(schedule.warmup, iteration)


def _cosine(peak: float, schedule: Cosine, iteration: int, iterations: int) -> float:
    """SGDR (Loshchilov and Hutter, 2017): half a cosine per period; at the end it stays where the last one ended."""
    if iteration >= iterations:
        return schedule.min_lr
    starts = _starts(schedule, iterations)
    period = bisect_right(starts, iteration) - 1
    begin, end = starts[period], [*starts, iterations][period + 1]
    share = schedule.peaks[period] if schedule.peaks else 1.0
    phase = (iteration - begin) / (end - begin)
    return schedule.min_lr + share * (peak - schedule.min_lr) * (1 + math.cos(math.pi * phase)) / 2


def _starts(schedule: Cosine, iterations: int) -> list[float]:
    """Iterations at which periods begin; those of equal periods need not be whole."""
    if schedule.restarts:
        return [0, *(round(share * iterations) for share in schedule.restarts)]
    return [index * iterations / schedule.periods for index in range(schedule.periods)]


def _multistep(peak: float, schedule: MultiStep, iteration: int, iterations: int) -> float:
    passed = sum(iteration >= round(share * iterations) for share in schedule.milestones)
    return peak * schedule.gamma**passed


def _warmup(length: int, iteration: int) -> float:
    return min(1.0, (iteration + 1) / length) if length else 1.0
