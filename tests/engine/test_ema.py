"""The average of the weights."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from srtui.engine.ema import Ema


def set_weight(net: nn.Linear, value: float) -> None:
    with torch.no_grad():
        net.weight.fill_(value)


def test_it_is_the_exponential_mean_of_the_weights() -> None:
    net = nn.Linear(2, 2)
    set_weight(net, 1.0)
    ema = Ema(net, 0.5)
    expected = 1.0
    for iteration, value in enumerate((3.0, -1.0, 7.0), start=100):
        set_weight(net, value)
        ema.update(iteration)
        expected = 0.5 * expected + 0.5 * value
    torch.testing.assert_close(ema.net.weight, torch.full((2, 2), expected))


def test_a_young_average_forgets_the_random_weights_sooner() -> None:
    net = nn.Linear(1, 1)
    set_weight(net, 0.0)
    ema = Ema(net, 0.999)
    set_weight(net, 1.0)
    ema.update(1)
    assert float(ema.net.weight) == pytest.approx(1 - 2 / 11)


def test_without_decay_it_is_the_net_itself() -> None:
    net = nn.Linear(3, 3)
    ema = Ema(net, 0.0)
    set_weight(net, 0.3)
    ema.update(1)
    assert torch.equal(ema.net.weight, net.weight)


def test_it_is_no_part_of_training() -> None:
    ema = Ema(nn.Linear(1, 1), 0.9)
    assert not ema.net.training
    assert not any(parameter.requires_grad for parameter in ema.net.parameters())
