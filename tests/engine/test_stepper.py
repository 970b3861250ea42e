"""An update: a plain Adam step when all is well, nothing at all when it is not, and no word to the host meanwhile."""

from __future__ import annotations

import copy
import math
from typing import Literal

import pytest
import torch
from torch import nn

from srtui.config.optimization import Adam
from srtui.engine.stepper import FIRST_SCALE, GROWTH_INTERVAL, Stepper

RATE = 1e-2


def small_net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))


def loss_of(net: nn.Module, factor: float = 1.0) -> torch.Tensor:
    x = torch.linspace(-1, 1, 12).reshape(3, 4)
    return (net(x) * factor).abs().mean()


def step(stepper: Stepper, loss: torch.Tensor, rate: float) -> None:
    stepper.add(loss)
    stepper.step(rate)


def values(net: nn.Module) -> list[torch.Tensor]:
    return [value.detach().clone() for value in net.state_dict().values()]


def assert_same(left: list[torch.Tensor], right: list[torch.Tensor]) -> None:
    assert all(torch.equal(a, b) for a, b in zip(left, right, strict=True))


@pytest.mark.parametrize("kind", ["adam", "adamw"])
@pytest.mark.parametrize("scale_loss", [False, True])
def test_a_step_is_adams(scale_loss: bool, kind: Literal["adam", "adamw"]) -> None:
    net = small_net()
    twin = copy.deepcopy(net)
    stepper = Stepper(net.parameters(), Adam(type=kind, lr=RATE, weight_decay=0.1), scale_loss=scale_loss)
    torchs = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[kind]
    adam = torchs(twin.parameters(), lr=RATE, betas=(0.9, 0.99), weight_decay=0.1)
    for rate in (1e-2, 5e-3, 1e-3):
        step(stepper, loss_of(net), rate)
        adam.param_groups[0]["lr"] = rate
        adam.zero_grad()
        loss_of(twin).backward()
        adam.step()
    for mine, theirs in zip(values(net), values(twin), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-7)


def test_a_loss_that_is_not_finite_changes_nothing_even_where_the_gradient_looks_healthy() -> None:
    net = small_net()
    stepper = Stepper(net.parameters(), Adam(), scale_loss=False)
    step(stepper, loss_of(net), RATE)
    before, state = values(net), copy.deepcopy(stepper.state_dict()["optimizer"])
    step(stepper, loss_of(net) + math.inf, RATE)  # its gradient is finite
    assert_same(values(net), before)
    for mine, old in zip(stepper.state_dict()["optimizer"]["state"].values(), state["state"].values(), strict=True):
        assert all(torch.equal(mine[name], old[name]) for name in old)
    tally = stepper.read()
    assert (tally.bad_losses, tally.bad_gradients, tally.in_a_row) == (1, 0, 1)
    assert math.isfinite(tally.loss)


def test_a_gradient_that_is_not_finite_skips_the_step() -> None:
    net = small_net()
    stepper = Stepper(net.parameters(), Adam(), scale_loss=False)
    before = values(net)
    weight = next(net.parameters())
    poison = weight.sum().sub(weight.sum().detach()).sqrt()  # value 0, derivative infinite
    step(stepper, loss_of(net) + poison, RATE)
    assert_same(values(net), before)
    tally = stepper.read()
    assert (tally.bad_losses, tally.bad_gradients) == (0, 1)


def test_skips_in_a_row_are_counted_across_readings_and_end_with_a_good_step() -> None:
    net = small_net()
    stepper = Stepper(net.parameters(), Adam(), scale_loss=False)
    rows = []
    for factor in (math.nan, math.nan, math.nan, 1.0, math.nan):
        step(stepper, loss_of(net, factor), RATE)
        rows.append(stepper.read().in_a_row)
    assert rows == [1, 2, 3, 0, 1]


def test_the_mean_loss_is_taken_since_the_last_reading() -> None:
    net = small_net()
    stepper = Stepper(net.parameters(), Adam(), scale_loss=False)
    losses = []
    for factor in (1.0, 2.0, 5.0):
        losses.append(float(loss_of(net, factor).detach()))
        step(stepper, loss_of(net, factor), 1e-9)
    assert stepper.read().loss == pytest.approx(sum(losses) / 3, rel=1e-6)
    assert math.isnan(stepper.read().loss)


def test_fp16_halves_its_scale_on_overflow_and_doubles_it_after_long_good_service() -> None:
    net = small_net()
    stepper = Stepper(net.parameters(), Adam(), scale_loss=True)
    step(stepper, loss_of(net, math.inf), RATE)
    assert stepper.state_dict()["scale"] == FIRST_SCALE / 2
    for _ in range(GROWTH_INTERVAL):
        step(stepper, loss_of(net), 1e-9)
    assert stepper.state_dict()["scale"] == FIRST_SCALE


def test_a_step_never_waits_for_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    net = small_net()
    stepper = Stepper(net.parameters(), Adam(), scale_loss=True)
    step(stepper, loss_of(net), RATE)

    def forbidden(*_: object) -> None:
        raise AssertionError("the host waited for the device")

    for name in ("item", "tolist", "__bool__", "__float__", "__int__", "cpu", "numpy"):
        monkeypatch.setattr(torch.Tensor, name, forbidden)
    loss = loss_of(net)
    step(stepper, loss, RATE)


def test_loading_a_state_continues_exactly() -> None:
    net = small_net()
    stepper = Stepper(net.parameters(), Adam(), scale_loss=True)
    for _ in range(3):
        step(stepper, loss_of(net), RATE)
    saved_net, saved = copy.deepcopy(net.state_dict()), copy.deepcopy(stepper.state_dict())
    step(stepper, loss_of(net), RATE)
    other = small_net()
    other.load_state_dict(saved_net)
    resumed = Stepper(other.parameters(), Adam(), scale_loss=True)
    resumed.load_state_dict(saved)
    step(resumed, loss_of(other), RATE)
    assert_same(values(other), values(net))
    assert resumed.read() == stepper.read()


def test_weights_without_a_gradient_stay_and_are_remembered() -> None:
    net, idle = small_net(), nn.Parameter(torch.ones(3))
    stepper = Stepper([*net.parameters(), idle], Adam(weight_decay=0.1), scale_loss=False)
    step(stepper, loss_of(net), RATE)
    assert torch.equal(idle, torch.ones(3))
    memory = stepper.state_dict()["optimizer"]["state"]
    assert [int(each["step"]) for each in memory.values()] == [1, 1, 1, 1, 0]


def test_a_state_of_torchs_optimiser_is_read_too() -> None:
    """As checkpoints held it at first: with its groups of parameters."""
    net, twin = small_net(), small_net()
    stepper = Stepper(net.parameters(), Adam(lr=RATE), scale_loss=False)
    adam = torch.optim.Adam(twin.parameters(), lr=RATE, betas=(0.9, 0.99), fused=True)
    loss_of(twin).backward()  # type: ignore[no-untyped-call] # torch's annotations leave it out
    adam.step()
    stepper.load_state_dict({**stepper.state_dict(), "optimizer": adam.state_dict()})
    mine, theirs = stepper.state_dict()["optimizer"]["state"], adam.state_dict()["state"]
    assert all(torch.equal(mine[number][name], theirs[number][name]) for number in theirs for name in theirs[number])
