"""What training makes small: each loss against a plain formula, and gradients that stay finite."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from srtui.config.losses import Losses
from srtui.engine import losses
from srtui.engine.losses.artefacts import artefact_map, ldl
from srtui.engine.losses.frequency import frequency
from srtui.engine.losses.ms_ssim import SHARES, ms_ssim, scales
from srtui.errors import UsageError

CPU = torch.device("cpu")
ALL_PLAIN = dict.fromkeys(losses.LOSSES, 1.0)


def build(**weights: float) -> losses.Objective:
    return losses.build(Losses(**{"l1": 0.0, **weights}), device=CPU)  # type: ignore[arg-type] # weights are floats


def pictures(size: tuple[int, ...] = (2, 3, 32, 32), seed: int = 0) -> tuple[Tensor, Tensor]:
    draws = torch.Generator().manual_seed(seed)
    return torch.rand(size, generator=draws), torch.rand(size, generator=draws)


def smooth(height: int, width: int) -> Tensor:
    y, x = torch.meshgrid(torch.arange(height) / height, torch.arange(width) / width, indexing="ij")
    return torch.stack([0.5 + 0.4 * torch.sin(5 * x), 0.2 + 0.6 * y, x * y])[None]


def test_each_pixel_loss_is_its_formula_times_its_weight() -> None:
    restored, gt = torch.tensor([[[[0.25, 1.0]]]]), torch.tensor([[[[0.5, 0.5]]]])
    assert build(l1=2.0)(restored, gt) == pytest.approx(2 * (0.25 + 0.5) / 2)
    assert build(mse=3.0)(restored, gt) == pytest.approx(3 * (0.0625 + 0.25) / 2)
    assert build(charbonnier=1.0)(restored, gt) == pytest.approx((0.25 + 0.5) / 2, abs=1e-6)
    assert build(charbonnier=1.0)(gt, gt) == pytest.approx(1e-6)


@pytest.mark.parametrize("width", [16, 17])
def test_frequency_is_the_mean_over_the_whole_spectrum(width: int) -> None:
    restored, gt = pictures((2, 3, 12, width))
    spectra = [np.fft.fft2(each.double().numpy(), norm="ortho") for each in (restored, gt)]
    difference = spectra[0] - spectra[1]
    expected = (np.abs(difference.real).mean() + np.abs(difference.imag).mean()) / 2
    assert float(frequency(restored, gt)) == pytest.approx(expected, rel=1e-5)


def naive_ms_ssim(x_hw: np.ndarray, y_hw: np.ndarray, count: int) -> float:
    """One channel, window by window, in float64."""
    at = np.arange(11) - 5
    taps = np.exp(-(at**2) / (2 * 1.5**2))
    window = np.outer(taps, taps) / taps.sum() ** 2
    shares = np.array(SHARES[:count]) / sum(SHARES[:count])
    value = 1.0
    for scale in range(count):
        views = [np.lib.stride_tricks.sliding_window_view(each, (11, 11)) for each in (x_hw, y_hw)]
        mean_x, mean_y = ((view * window).sum((2, 3)) for view in views)
        centred = [view - mean[..., None, None] for view, mean in zip(views, (mean_x, mean_y), strict=True)]
        var_x, var_y = ((each**2 * window).sum((2, 3)) for each in centred)
        both = (centred[0] * centred[1] * window).sum((2, 3))
        structure = (2 * both + 0.03**2) / (var_x + var_y + 0.03**2)
        luminance = (2 * mean_x * mean_y + 0.01**2) / (mean_x**2 + mean_y**2 + 0.01**2)
        value *= float((structure * (luminance if scale == count - 1 else 1)).mean() ** shares[scale])
        height, width = (side // 2 * 2 for side in x_hw.shape)
        x_hw, y_hw = (
            each[:height, :width].reshape(height // 2, 2, width // 2, 2).mean((1, 3)) for each in (x_hw, y_hw)
        )
    return value


@pytest.mark.parametrize(("side", "count"), [(11, 1), (47, 3), (128, 4), (176, 5)])
def test_ms_ssim_is_its_formula_at_as_many_scales_as_fit(side: int, count: int) -> None:
    assert scales(side) == count
    gt = smooth(side, side + 3)
    restored = (gt + 0.2 * (pictures(gt.shape)[0] - 0.5)).clamp(0, 1)
    channels = zip(restored[0].double().numpy(), gt[0].double().numpy(), strict=True)
    expected = 1 - np.mean([naive_ms_ssim(x, y, count) for x, y in channels])
    assert float(ms_ssim(restored, gt)) == pytest.approx(expected, abs=2e-5)


def test_ms_ssim_shrinks_its_window_for_the_smallest_crops() -> None:
    gt = smooth(8, 8)
    assert float(ms_ssim(gt, gt)) == pytest.approx(0, abs=1e-6)
    assert float(ms_ssim(1 - gt, gt)) > 0.1


def naive_map(restored_chw: Tensor, gt_chw: Tensor, averaged_chw: Tensor) -> Tensor:
    """Equations 2 to 6 of Liang et al., pixel by pixel."""
    error, average = (gt_chw - restored_chw).abs().sum(0), (gt_chw - averaged_chw).abs().sum(0)
    padded = torch.nn.functional.pad(error[None, None], (3, 3, 3, 3), mode="reflect")[0, 0]
    result = torch.zeros_like(error)
    for y in range(error.shape[0]):
        for x in range(error.shape[1]):
            if error[y, x] >= average[y, x]:
                result[y, x] = error.var() ** 0.2 * padded[y : y + 7, x : x + 7].var()
    return result


def test_ldl_weighs_errors_where_artefacts_are_likely() -> None:
    restored, gt = pictures((2, 3, 12, 10))
    averaged = pictures((2, 3, 12, 10), seed=5)[0]
    got = artefact_map(restored, gt, averaged)
    expected = torch.stack([naive_map(*each) for each in zip(restored, gt, averaged, strict=True)])[:, None]
    torch.testing.assert_close(got, expected)
    assert 0 < (got == 0).float().mean() < 1
    assert float(ldl(restored, gt, averaged)) == pytest.approx(float((expected * (restored - gt).abs()).mean()))


def test_ldl_asks_for_the_averaged_network_and_others_do_not() -> None:
    restored, gt = pictures()
    with_ldl, without = build(l1=1.0, ldl=2.0), build(l1=1.0)
    assert with_ldl.needs_average
    assert not without.needs_average
    with pytest.raises(ValueError, match="averaged_bchw"):
        with_ldl(restored, gt)
    worse = gt + 10  # the averaged network errs more everywhere, so no error counts as an artefact
    assert with_ldl(restored, gt, worse) == without(restored, gt)


EQUAL: list[tuple[str, Callable[[Tensor], Tensor]]] = [
    ("equal", lambda gt: gt),
    ("inverted", lambda gt: 1 - gt),
    ("flat", torch.zeros_like),
    ("far out of range", lambda gt: 100 * gt - 50),
]


@pytest.mark.parametrize("change", [change for _, change in EQUAL], ids=[name for name, _ in EQUAL])
@pytest.mark.parametrize("name", [*losses.LOSSES, "ldl"])
@pytest.mark.parametrize("side", [8, 64])
def test_gradients_stay_finite(name: str, change: Callable[[Tensor], Tensor], side: int) -> None:
    gt = smooth(side, side)
    restored = change(gt).clone().requires_grad_()
    value = build(**{name: 1.0})(restored, gt, gt)
    value.backward()
    assert torch.isfinite(value)
    assert restored.grad is not None
    assert torch.isfinite(restored.grad).all()


@pytest.mark.parametrize("name", losses.LOSSES)
def test_the_slope_is_the_one_of_the_values(name: str) -> None:
    loss = losses.LOSSES[name]
    gt = smooth(24, 24).double()
    restored = (gt + 0.2 * (pictures(gt.shape)[0] - 0.5)).requires_grad_()
    direction = pictures(gt.shape, seed=3)[0].double() - 0.5
    (slope,) = torch.autograd.grad(loss(restored, gt), restored)
    step = 1e-7
    ahead, behind = (float(loss(restored.detach() + sign * step * direction, gt)) for sign in (1, -1))
    assert float((slope * direction).sum()) == pytest.approx((ahead - behind) / (2 * step), rel=1e-4)


def test_no_gradient_goes_through_the_map_of_ldl() -> None:
    restored, gt = pictures()
    restored.requires_grad_()
    (slope,) = torch.autograd.grad(ldl(restored, gt, gt), restored)
    weight = artefact_map(restored.detach(), gt, gt)
    torch.testing.assert_close(slope, weight * (restored - gt).detach().sign() / gt.numel())


def test_sums_are_computed_in_float32_inside_autocast() -> None:
    objective = build(**ALL_PLAIN, ldl=1.0)
    restored, gt = pictures()
    averaged = (restored + gt) / 2
    expected = objective(restored.bfloat16().float(), gt, averaged)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        got = objective(restored.bfloat16(), gt, averaged)
    assert got.dtype == torch.float32
    assert torch.equal(got, expected)


def test_memory_format_changes_nothing() -> None:
    objective = build(**ALL_PLAIN)
    restored, gt = pictures()
    last = [each.contiguous(memory_format=torch.channels_last) for each in (restored, gt)]
    torch.testing.assert_close(objective(*last), objective(restored, gt))


def test_no_loss_waits_for_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        msg = "a value was read while training"
        raise AssertionError(msg)

    objective = build(**ALL_PLAIN, ldl=1.0)
    restored, gt = pictures()
    restored.requires_grad_()
    for name in ("item", "__float__", "__bool__", "__int__", "numpy", "cpu"):
        monkeypatch.setattr(Tensor, name, refuse)
    objective(restored, gt, gt).backward()


def test_nothing_to_learn_is_an_error() -> None:
    with pytest.raises(UsageError, match="every weight is 0"):
        build()


def test_every_loss_of_a_profile_exists() -> None:
    assert {*losses.LOSSES, "ldl", "perceptual"} == set(Losses.__dataclass_fields__)


def test_a_gpu_is_never_waited_for() -> None:
    if not torch.cuda.is_available():
        pytest.skip("no GPU here")
    objective = build(**ALL_PLAIN, ldl=1.0)
    game = losses.adversarial("relativistic")
    restored, gt = (each.cuda() for each in pictures())
    restored.requires_grad_()
    objective(restored, gt, gt).backward()  # the first use of a kernel may wait
    before = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode("error")
    try:
        objective(restored, gt, gt).backward()
        logits = restored.mean((1, 2, 3))[:, None]
        (game.generator(logits, logits) + game.discriminator(logits, logits)).backward()
    finally:
        torch.cuda.set_sync_debug_mode(before)
