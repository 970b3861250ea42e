"""What training makes small."""

from __future__ import annotations

import pytest
import torch

from srtui.config.losses import Losses
from srtui.engine import losses
from srtui.errors import UsageError


def test_l1_is_the_mean_distance_times_its_weight() -> None:
    restored, gt = torch.tensor([[0.25, 1.0]]), torch.tensor([[0.5, 0.5]])
    assert losses.build(Losses(l1=2.0))(restored, gt) == pytest.approx(2 * (0.25 + 0.5) / 2)


def test_nothing_to_learn_is_an_error() -> None:
    with pytest.raises(UsageError, match="every weight is 0"):
        losses.build(Losses(l1=0))


def test_every_loss_of_a_profile_exists() -> None:
    assert set(losses.LOSSES) == set(Losses.__dataclass_fields__)
