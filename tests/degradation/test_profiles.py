"""The shipped degradations work at all their scales, draw what they say, and give the same bytes to any thread."""

from __future__ import annotations

import dataclasses
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import srtui_kernels.scenarios as kernels
from srtui_kernels import dead_leaves

from srtui.config import shipped
from srtui.config.degradation import Degradation, Dv
from srtui.degradation import clip
from srtui.degradation.scenarios import check, degrade, resolve

NAMES = shipped.names("degradation")


def degradation(name: str) -> Degradation:
    return shipped.degradation(name, Path())


@pytest.mark.parametrize("name", NAMES)
def test_every_scale_comes_out_even(name: str) -> None:
    found = degradation(name)
    for scenario in found.scenarios:
        for scale in found.scales:
            width, height = (96, 144) if scale == 3 else (160, 112)
            check(scenario, scale, width, height)
            lq_hwc = degrade(dead_leaves(height, width, 1), scenario, scale, key=3)
            assert lq_hwc.shape == (height // scale, width // scale, 3)


@pytest.mark.parametrize("name", ["minidv", "real-esrgan"])
def test_a_key_decides_everything(name: str) -> None:
    gt_hwc = dead_leaves(96, 128, 2)
    jobs = [(scenario, key) for scenario in degradation(name).scenarios for key in (1, 2, 3)]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda job: degrade(gt_hwc, job[0], 2, job[1]), jobs))
    for (scenario, key), result in zip(jobs, together, strict=True):
        assert np.array_equal(degrade(gt_hwc, scenario, 2, key), result), (scenario.name, key)
    assert len({result.tobytes() for result in together}) == len(jobs)


def test_a_tape_is_recorded_in_the_order_of_its_parts() -> None:
    moving = degradation("minidv").scenarios[1]
    steps = resolve(moving, 2, 320, 240, key=5)
    kinds = [type(step) for step in steps]
    order = [kernels.Motion, kernels.Gaussian, kernels.Resize, kernels.Resize, kernels.Interlace]
    order += [kernels.Noise, kernels.Gaussian, kernels.Sharpen, clip.Dv, clip.Deinterlace]
    assert kinds == order
    blurs = [step for step in steps if isinstance(step, kernels.Motion | kernels.Gaussian)]
    assert [blur.linear_light for blur in blurs] == [True, True, False], "the lens spreads light, the wire its signal"


def test_for_an_ntsc_tape_only_the_dv_steps_change() -> None:
    gt_hwc = dead_leaves(96, 128, 4)
    for scenario in degradation("minidv").scenarios:
        steps = [
            dataclasses.replace(step, standard="ntsc") if isinstance(step, Dv) else step for step in scenario.steps
        ]
        ntsc = dataclasses.replace(scenario, steps=tuple(steps))
        lq_hwc = degrade(gt_hwc, ntsc, 2, key=9)
        assert lq_hwc.shape == (48, 64, 3)
        assert not np.array_equal(lq_hwc, degrade(gt_hwc, scenario, 2, key=9))


def kinds_of(steps: tuple[clip.Step, ...]) -> list[str]:
    return [f"{step.shape}" if isinstance(step, kernels.Blur) else type(step).__name__ for step in steps]


def test_real_esrgan_draws_with_its_published_probabilities() -> None:
    (scenario,) = degradation("real-esrgan").scenarios
    drawn = [resolve(scenario, 4, 256, 256, key) for key in range(3000)]
    firsts = Counter(kinds_of(steps)[0] for steps in drawn)
    shares = {name: count / len(drawn) for name, count in firsts.items()}
    expected = {"gaussian": 0.63, "generalized": 0.135, "plateau": 0.135, "Ring": 0.1}
    assert shares == pytest.approx(expected, abs=0.035)
    noises = [step for steps in drawn for step in steps if isinstance(step, kernels.Noise | kernels.ShotNoise)]
    assert len(noises) == 2 * len(drawn)
    gaussian = [step for step in noises if isinstance(step, kernels.Noise)]
    assert len(gaussian) / len(noises) == pytest.approx(0.5, abs=0.03)
    assert sum(step.grey for step in noises) / len(noises) == pytest.approx(0.4, abs=0.03)
    assert 1 <= min(step.sigma for step in gaussian) < max(step.sigma for step in gaussian) <= 30
    second = [step for step in noises if isinstance(step, kernels.ShotNoise)]
    assert 0.05 <= min(step.strength for step in second) < max(step.strength for step in second) <= 3
    last = Counter(type(steps[-1]).__name__ == "Jpeg" for steps in drawn)
    assert last[True] / len(drawn) == pytest.approx(0.5, abs=0.04)
    jpegs = [sum(isinstance(step, kernels.Jpeg) for step in steps) for steps in drawn]
    assert set(jpegs) == {2}


def test_real_esrgans_first_resize_goes_up_down_or_nowhere() -> None:
    (scenario,) = degradation("real-esrgan").scenarios
    factors = []
    for key in range(1000):
        steps = resolve(scenario, 4, 1000, 1000, key)
        before_jpeg = steps[: next(place for place, step in enumerate(steps) if isinstance(step, kernels.Jpeg))]
        sizes = [step.width for step in before_jpeg if isinstance(step, kernels.Resize)]
        factors.append(sizes[0] / 1000 if sizes else 1.0)
    found = np.array(factors)
    assert [(found > 1).mean(), (found < 1).mean(), (found == 1).mean()] == pytest.approx([0.2, 0.7, 0.1], abs=0.05)
    assert 0.15 <= found.min() < 0.2
    assert 1.45 < found.max() <= 1.5
