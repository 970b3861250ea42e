"""Schedules against their closed forms, against torch's schedulers, and against BasicSR's rule, step by step."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from torch.optim import SGD
from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts, LRScheduler, MultiStepLR

from srtui.config.optimization import Adam, Constant, Cosine, MultiStep, Schedule
from srtui.config.profile import Stage
from srtui.engine.schedules import learning_rate


def rates(schedule: Schedule, iterations: int, peak: float = 1e-3, until: int | None = None) -> list[float]:
    stage = Stage(iterations=iterations, optimizer=Adam(lr=peak), schedule=schedule)
    return [learning_rate(stage, iteration) for iteration in range(until or iterations)]


def test_cosine_falls_along_half_a_cosine() -> None:
    got = rates(Cosine(min_lr=1e-5), 100)
    expected = [1e-5 + (1e-3 - 1e-5) * math.cos(math.pi * i / 200) ** 2 for i in range(100)]
    assert got == pytest.approx(expected)


def test_cosine_restarts_at_the_peak_in_every_period() -> None:
    got = rates(Cosine(periods=4), 100)
    assert [got[i] for i in (0, 25, 50, 75)] == pytest.approx([1e-3] * 4)
    assert got[:25] == pytest.approx(got[75:])
    assert all(after < before for before, after in pairwise(got[:25]))


def test_cosine_never_runs_past_its_periods() -> None:
    got = rates(Cosine(min_lr=1e-6, periods=3), 90, until=200)
    assert got[90:] == [1e-6] * 110


def test_multistep_drops_at_shares_of_the_stage() -> None:
    got = rates(MultiStep(type="multistep", milestones=(0.5, 0.75), gamma=0.1), 40)
    assert got == pytest.approx([1e-3] * 20 + [1e-4] * 10 + [1e-5] * 10)


def test_constant_stays() -> None:
    assert rates(Constant(type="constant"), 10, until=30) == [1e-3] * 30


def torchs(scheduler: LRScheduler, steps: int) -> list[float]:
    """Rates of the updates, as torch gives them."""
    found = []
    for _ in range(steps):
        found.append(float(scheduler.optimizer.param_groups[0]["lr"]))
        scheduler.optimizer.step()
        scheduler.step()
    return found


def an_optimizer(peak: float = 1e-3) -> SGD:
    return SGD([torch.zeros(1, requires_grad=True)], lr=peak)


def test_multistep_is_torchs() -> None:
    got = rates(MultiStep(type="multistep", milestones=(0.125, 0.25, 0.5, 0.5), gamma=0.5), 80)
    assert got == pytest.approx(torchs(MultiStepLR(an_optimizer(), [10, 20, 40, 40], gamma=0.5), 80))


def test_cosine_is_torchs() -> None:
    got = rates(Cosine(min_lr=1e-7, periods=4), 100)
    expected = torchs(CosineAnnealingWarmRestarts(an_optimizer(), T_0=25, eta_min=1e-7), 100)
    assert got == pytest.approx(expected)


def basicsr_cosine(peak: float, periods: list[int], weights: list[float], least: float) -> list[float]:
    """BasicSR's rule: the period whose end is not passed yet, so that the update at the end has the least rate."""
    ends = [sum(periods[: index + 1]) for index in range(len(periods))]
    found = []
    for iteration in range(ends[-1]):
        index = next(i for i, end in enumerate(ends) if iteration <= end)
        phase = (iteration - (ends[index - 1] if index else 0)) / periods[index]
        found.append(least + weights[index] * 0.5 * (peak - least) * (1 + math.cos(math.pi * phase)))
    return found


def test_cosine_is_basicsrs_but_for_the_update_at_a_restart() -> None:
    schedule = Cosine(min_lr=1e-7, restarts=(0.1, 0.4), peaks=(1.0, 0.5, 0.25))
    got, theirs = rates(schedule, 100), basicsr_cosine(1e-3, [10, 30, 60], [1, 0.5, 0.25], 1e-7)
    assert [got[i] for i in (10, 40)] == pytest.approx([0.5e-3, 0.25e-3], rel=1e-3)  # theirs is 1e-7 there
    assert [theirs[i] for i in (10, 40)] == pytest.approx([1e-7, 1e-7])
    rest = [i for i in range(100) if i not in {10, 40}]
    assert [got[i] for i in rest] == pytest.approx([theirs[i] for i in rest])


def test_periods_need_not_divide_the_stage() -> None:
    got = rates(Cosine(min_lr=0, periods=3), 100)
    falls = [i for i, (before, after) in enumerate(pairwise(got), start=1) if after > before]
    assert falls == [34, 67]
    assert max(got) == 1e-3


def test_restarts_that_stretching_brought_together_still_have_a_rate() -> None:
    got = rates(Cosine(restarts=(0.1, 0.2, 0.3)), 3)
    assert all(1e-7 <= rate <= 1e-3 for rate in got)


@pytest.mark.parametrize(
    ("options", "fact"),
    [
        ({"restarts": (0.5,), "periods": 2}, "give one of them"),
        ({"restarts": (0.5, 0.2)}, "do not rise"),
        ({"periods": 2, "peaks": (1.0,)}, "2 periods, but 1 peaks"),
        ({"restarts": (0.5,), "peaks": (1.0,)}, "2 periods, but 1 peaks"),
    ],
)
def test_periods_that_contradict_each_other_are_refused(options: dict[str, tuple[float, ...]], fact: str) -> None:
    with pytest.raises(ValueError, match=fact):
        Cosine(**options)  # type: ignore[arg-type] # the wrong values are the point


@pytest.mark.parametrize(
    "schedule",
    [
        Cosine(periods=3, warmup=7),
        Cosine(restarts=(0.3, 0.7), peaks=(1.0, 0.5, 0.1)),
        MultiStep(type="multistep", milestones=(0.5, 0.9), warmup=3),
        Constant(type="constant", warmup=5),
    ],
)
def test_a_rate_depends_on_its_iteration_alone(schedule: Schedule) -> None:
    stage = Stage(iterations=50, schedule=schedule)
    forward = [learning_rate(stage, iteration) for iteration in range(60)]
    backward = [learning_rate(stage, iteration) for iteration in reversed(range(60))]
    assert forward == backward[::-1]
    assert min(forward) > 0


def test_warmup_is_basicsrs() -> None:
    got = rates(MultiStep(type="multistep", milestones=(0.5,)), 40)
    theirs = [update / 10 * 1e-3 if update < 10 else got[update - 1] for update in range(1, 41)]
    assert rates(MultiStep(type="multistep", milestones=(0.5,), warmup=10), 40) == pytest.approx(theirs)


def test_warmup_climbs_in_equal_steps_and_then_lets_go() -> None:
    got = rates(MultiStep(type="multistep", milestones=(), warmup=10), 20)
    assert got == pytest.approx([1e-4 * (i + 1) for i in range(10)] + [1e-3] * 10)


def test_warmup_multiplies_what_it_covers() -> None:
    with_warmup, without = rates(Cosine(warmup=10), 100), rates(Cosine(), 100)
    assert with_warmup[4] == pytest.approx(without[4] / 2)
    assert with_warmup[10:] == without[10:]
