"""The game of a network and its discriminator."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from srtui.engine import losses
from srtui.engine.losses.gan import Kind

KINDS: tuple[Kind, ...] = ("vanilla", "lsgan", "hinge", "relativistic")
FAKE, REAL = torch.tensor([[0.5], [-2.0]]), torch.tensor([[1.5], [0.25]])


def log_sigmoid(value: float) -> float:
    return math.log(1 / (1 + math.exp(-value)))


def mean_of(function: object, values: Tensor) -> float:
    assert callable(function)
    return sum(function(value) for value in values.flatten().tolist()) / values.numel()


def expected(kind: Kind) -> tuple[float, float]:
    """(generator, discriminator), formula by formula."""
    if kind == "vanilla":
        generator = -mean_of(log_sigmoid, FAKE)
        return generator, -mean_of(log_sigmoid, REAL) - mean_of(lambda x: log_sigmoid(-x), FAKE)
    if kind == "lsgan":
        both = mean_of(lambda x: (x - 1) ** 2, REAL) + mean_of(lambda x: x**2, FAKE)
        return mean_of(lambda x: (x - 1) ** 2, FAKE), both
    if kind == "hinge":
        both = mean_of(lambda x: max(0, 1 - x), REAL) + mean_of(lambda x: max(0, 1 + x), FAKE)
        return -mean_of(lambda x: x, FAKE), both
    fake, real = FAKE - float(REAL.mean()), REAL - float(FAKE.mean())
    generator = -(mean_of(log_sigmoid, fake) + mean_of(lambda x: log_sigmoid(-x), real)) / 2
    return generator, -(mean_of(log_sigmoid, real) + mean_of(lambda x: log_sigmoid(-x), fake)) / 2


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_its_formula(kind: Kind) -> None:
    game = losses.adversarial(kind)
    generator, discriminator = expected(kind)
    fake = FAKE.clone().requires_grad_()
    assert float(game.generator(fake, REAL).detach()) == pytest.approx(generator, rel=1e-5)
    assert float(game.discriminator(FAKE, REAL)) == pytest.approx(discriminator, rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(4, 1), (4, 1, 8, 8)])
def test_verdicts_per_picture_and_per_pixel_are_judged_alike(kind: Kind, size: tuple[int, ...]) -> None:
    game = losses.adversarial(kind)
    fake, real = torch.full(size, 0.3, requires_grad=True), torch.full(size, -0.7)
    one = game.generator(torch.tensor([[0.3]], requires_grad=True), torch.tensor([[-0.7]]))
    torch.testing.assert_close(game.generator(fake, real), one)


@pytest.mark.parametrize("kind", KINDS)
def test_the_network_learns_from_the_verdict(kind: Kind) -> None:
    torch.manual_seed(0)
    net, judge = nn.Conv2d(3, 3, 3, padding=1), nn.Conv2d(3, 1, 3)
    game = losses.adversarial(kind)
    lq, gt = torch.rand(2, 3, 8, 8), torch.rand(2, 3, 8, 8)
    game.generator(judge(net(lq)), judge(gt)).backward()
    assert net.weight.grad is not None
    assert net.weight.grad.abs().max() > 0
    before = net.weight.grad.clone()
    judge.zero_grad()
    game.discriminator(judge(net(lq).detach()), judge(gt)).backward()
    assert judge.weight.grad is not None
    assert judge.weight.grad.abs().max() > 0
    assert torch.equal(net.weight.grad, before)


@pytest.mark.parametrize("guard", [torch.no_grad, torch.inference_mode])
def test_a_verdict_without_a_gradient_is_refused(guard: type[torch.no_grad | torch.inference_mode]) -> None:
    judge = nn.Conv2d(3, 1, 3)
    with guard():
        verdict = judge(torch.rand(1, 3, 8, 8))
    with pytest.raises(ValueError, match="carries no gradient"):
        losses.adversarial("vanilla").generator(verdict)


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_relativistic_generator_looks_at_real_pictures(kind: Kind) -> None:
    game = losses.adversarial(kind)
    assert game.needs_real == (kind == "relativistic")
    real = REAL.clone().requires_grad_()
    value = game.generator(FAKE.clone().requires_grad_(), real)
    value.backward()
    assert real.grad is None
    if game.needs_real:
        with pytest.raises(ValueError, match="give real_logits"):
            game.generator(FAKE.clone().requires_grad_())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [1e4, -1e4])
def test_the_surest_verdicts_stay_finite_in_half_precision(kind: Kind, size: float) -> None:
    game = losses.adversarial(kind)
    fake = torch.full((2, 1), size, dtype=torch.float16, requires_grad=True)
    real = torch.full((2, 1), -size, dtype=torch.float16)
    value = game.generator(fake, real) + game.discriminator(fake, real)
    value.backward()
    assert value.dtype == torch.float32
    assert torch.isfinite(value)
    assert fake.grad is not None
    assert torch.isfinite(fake.grad).all()
