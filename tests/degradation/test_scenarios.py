"""Scenarios become steps of the right sizes, and are dealt exactly by their shares."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import srtui_kernels.scenarios as kernels
from hypothesis import given
from hypothesis import strategies as st
from srtui_kernels.jpeg import jpeg_round_trip
from srtui_kernels.jpeg_tables import preset
from srtui_kernels.resize import resize

from srtui.config import shipped
from srtui.config.degradation import ByScale, Choice, Fit, Gaussian, Jpeg, Median, Motion, OneOf, Resize, Scenario
from srtui.degradation.scenarios import check, choose, deal, degrade, resolve
from srtui.errors import UsageError

SIX = shipped.degradation("photoshop-six", Path())
MULTIPLES = st.integers(4, 250).map(lambda count: 16 * count)


def scenario(*steps: object, name: str = "test", share: float = 1.0) -> Scenario:
    return Scenario(name=name, share=share, steps=steps)


HALF = scenario(Resize(percent=ByScale(x2=50)))


def by_name(name: str) -> Scenario:
    return next(each for each in SIX.scenarios if each.name == name)


@given(width=MULTIPLES, height=MULTIPLES, scale=st.sampled_from(SIX.scales))
def test_the_six_scenarios_fit_every_multiple_of_16(width: int, height: int, scale: int) -> None:
    for each in SIX.scenarios:
        check(each, scale, width, height)


@pytest.mark.parametrize(("scale", "sizes"), [(4, [(64, 32), (48, 24), (64, 32)]), (1, [(192, 96), (256, 128)])])
def test_sizes_follow_the_percentages_of_the_scale(scale: int, sizes: list[tuple[int, int]]) -> None:
    steps = resolve(by_name("interpolation"), scale, 256, 128, key=1)
    assert [(step.width, step.height) for step in steps if isinstance(step, kernels.Resize)] == sizes


def test_a_scenario_does_what_its_steps_do() -> None:
    gt_hwc = np.random.default_rng(1).integers(0, 256, (64, 96, 3), np.uint8)
    tables = preset("photoshop-3")
    expected = jpeg_round_trip(resize(gt_hwc, 24, 16, "photoshop"), tables.luma, tables.chroma, "4:2:0")
    assert np.array_equal(degrade(gt_hwc, by_name("plain"), 4, key=1), expected)


def test_a_wrong_reduction_is_named_with_its_sizes() -> None:
    with pytest.raises(UsageError) as caught:
        check(HALF, 4, 256, 128)
    assert "scenario test" in str(caught.value)
    assert "256×128" in caught.value.fact
    assert "64×32" in caught.value.fact
    assert "25 %" in caught.value.hint


def test_a_size_that_rounds_wrongly_asks_for_another_multiple() -> None:
    with pytest.raises(UsageError, match="24×24 → 6×6 → 5×5 → 7×7") as caught:
        check(by_name("interpolation"), 4, 24, 24)
    assert "prepare.multiple" in caught.value.hint


def test_ranges_are_drawn_from_their_key() -> None:
    blur = scenario(Gaussian(sigma=(0.5, 2.0)))
    sigmas = [resolve(blur, 1, 64, 64, key)[0].sigma_x for key in range(200)]
    assert sigmas == [resolve(blur, 1, 64, 64, key)[0].sigma_x for key in range(200)]
    assert 0.5 <= min(sigmas) < 0.6
    assert 1.9 < max(sigmas) <= 2.0


def test_each_picture_is_smeared_along_one_of_the_angles() -> None:
    smear = scenario(Motion(angles=(0.0, 90.0, 45.0, -45.0)))
    angles = Counter(resolve(smear, 1, 64, 64, key)[0].angle for key in range(400))
    assert set(angles) == {0.0, 90.0, 45.0, -45.0}
    assert min(angles.values()) > 60


def test_two_steps_of_a_kind_draw_apart() -> None:
    twice = scenario(Gaussian(sigma=(0.5, 2.0)), Gaussian(sigma=(0.5, 2.0)))
    first, second = resolve(twice, 1, 64, 64, key=5)
    assert first != second


def test_qualities_of_both_scales_are_known() -> None:
    steps = resolve(scenario(Jpeg(quality=50, subsampling="4:4:4")), 1, 64, 64, key=1)
    assert steps[0].luma[:4] == (16, 11, 10, 16)
    assert steps[0].subsampling == "4:4:4"


SHARES = st.lists(st.floats(0.01, 100), min_size=1, max_size=8)


@given(shares=SHARES, pictures=st.integers(0, 300), seed=st.integers(0, 99))
def test_dealing_is_exact(shares: list[float], pictures: int, seed: int) -> None:
    scenarios = [scenario(*HALF.steps, share=share) for share in shares]
    keys = np.random.default_rng(seed).integers(0, 2**63, pictures).astype(np.uint64)
    counts = np.bincount(deal(keys, scenarios), minlength=len(shares))
    assert counts.sum() == pictures
    exact = pictures * np.asarray(shares) / np.sum(shares)
    assert (np.abs(counts - exact) < 1 + 1e-6).all()


def test_equal_shares_differ_by_one_at_most() -> None:
    keys = np.random.default_rng(1).integers(0, 2**63, 800).astype(np.uint64)
    counts = np.bincount(deal(keys, SIX.scenarios))
    assert sorted(counts) == [133, 133, 133, 133, 134, 134]


def test_dealing_does_not_follow_the_order_of_the_pictures() -> None:
    keys = np.random.default_rng(1).integers(0, 2**63, 600).astype(np.uint64)
    dealt = deal(keys, SIX.scenarios)
    assert abs(np.corrcoef(dealt, np.arange(600))[0, 1]) < 0.1
    assert np.array_equal(deal(keys[::-1], SIX.scenarios), dealt[::-1])


def test_choosing_follows_the_shares() -> None:
    scenarios = [scenario(*HALF.steps, share=share) for share in (1, 3)]
    assert [choose(scenarios, word) for word in (0, 2**62 - 1, 2**62, 2**64 - 1)] == [0, 0, 1, 1]


RANDOM = Resize(percent=ByScale(x4=(15.0, 150.0), x2=(15.0, 150.0)), filter=("area", "bilinear"))


def test_drawn_sizes_end_where_they_must() -> None:
    anyhow = scenario(RANDOM, Fit(filter="area"))
    for scale in (4, 2):
        check(anyhow, scale, 256, 128)
        for key in range(20):
            first, last = resolve(anyhow, scale, 256, 128, key)
            assert 0.15 <= first.width / 256 <= 1.5
            assert (last.width, last.height) == (256 // scale, 128 // scale)
    assert {resolve(anyhow, 4, 256, 128, key)[0].filter for key in range(20)} == {"area", "bilinear"}


@pytest.mark.parametrize(
    "steps",
    [
        (RANDOM,),
        (Fit(), Resize(percent=ByScale(x4=50), probability=0.5)),
        (OneOf(choices=(Choice(steps=(Fit(),)), Choice(steps=()))),),
        (OneOf(choices=(Choice(steps=(Fit(),)), Choice(steps=(Fit(),))), probability=0.5),),
    ],
)
def test_an_end_that_is_drawn_is_refused(steps: tuple[object, ...]) -> None:
    with pytest.raises(UsageError, match="the size that it ends with is drawn") as caught:
        check(scenario(*steps), 4, 256, 128)
    assert "fit" in caught.value.hint


def test_choices_that_all_end_right_are_right() -> None:
    order = OneOf(choices=(Choice(steps=(Fit(), Jpeg(quality=50))), Choice(steps=(Jpeg(quality=50), Fit()))))
    check(scenario(RANDOM, order), 4, 256, 128)


def test_a_width_may_have_percentages_of_its_own() -> None:
    squeezed = scenario(Resize(percent=ByScale(x4=25), width=ByScale(x4=20)), Fit())
    first, last = resolve(squeezed, 4, 320, 160, key=1)
    assert [(step.width, step.height) for step in (first, last)] == [(64, 40), (80, 40)]


def test_percentages_may_be_of_the_result() -> None:
    again = scenario(RANDOM, Resize(percent=ByScale(x4=120), of="result"), Fit())
    assert [(step.width, step.height) for step in resolve(again, 4, 320, 160, key=1)[1:]] == [(96, 48), (80, 40)]


def test_steps_happen_as_often_as_their_probability_says() -> None:
    some = scenario(Median(probability=0.3))
    happened = sum(len(resolve(some, 1, 64, 64, key)) for key in range(1000))
    assert 250 < happened < 350


def test_choices_are_drawn_by_their_shares() -> None:
    either = OneOf(choices=(Choice(share=1, steps=(Median(),)), Choice(share=3, steps=())))
    happened = sum(len(resolve(scenario(either), 1, 64, 64, key)) for key in range(1000))
    assert 200 < happened < 300


def test_pixels_of_the_result_grow_with_the_scale() -> None:
    steps = (Gaussian(sigma=1.0, sigma_y=0.5, pixels="result"), Motion(angles=(0.0,), length=5.0, pixels="result"))
    blurred = scenario(*steps, Fit(), *steps)
    for scale in (4, 2, 1):
        before, smear, *_, after, short = resolve(blurred, scale, 64, 64, key=1)
        assert (before.sigma_x, before.sigma_y, smear.length) == (scale, 0.5 * scale, 5 * scale)
        assert (after.sigma_x, after.sigma_y, short.length) == (1.0, 0.5, 5.0)


def test_any_angle_is_any() -> None:
    smear = scenario(Motion(angles="any", bend=(-30.0, 30.0)))
    drawn = [resolve(smear, 1, 64, 64, key)[0] for key in range(200)]
    assert min(step.angle for step in drawn) < -150
    assert max(step.angle for step in drawn) > 150
    assert all(-30 <= step.bend <= 30 for step in drawn)
