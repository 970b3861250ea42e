"""Means of figures: over all ranks, by shares, and without what is not finite."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from srtui.engine.means import Means
from srtui.engine.ranks import Alone

CPU = torch.device("cpu")


class BesideAnother(Alone):
    """One rank of two; the other one has measured a twice, 4.0 each, and b never."""

    count = 2

    def average(self, tensors: Sequence[Tensor]) -> None:
        (sums,) = tensors
        sums += torch.tensor([[8.0, 0.0], [2.0, 0.0]])
        sums /= 2


def add(means: Means, share: float, a: float, b: float) -> None:
    means.add(share, a=torch.tensor(a), b=torch.tensor(b))


def test_a_mean_is_over_what_all_ranks_have_measured() -> None:
    """Others divided sums of all ranks by one rank's count, or gave the sum of all for a mean."""
    means = Means(("a", "b"), CPU, BesideAnother())
    for b in (1.0, math.nan, 4.0):
        add(means, 1.0, 1.0, b)
    assert means.read() == pytest.approx({"a": (3 * 1 + 2 * 4) / 5, "b": (1 + 4) / 2})


def test_parts_of_a_batch_count_by_their_share_and_once() -> None:
    means = Means(("a", "b"), CPU, Alone())
    add(means, 0.75, 1.0, 2.0)
    add(means, 0.25, 5.0, 2.0)
    assert means.read() == pytest.approx({"a": 2.0, "b": 2.0})
    assert all(math.isnan(value) for value in means.read().values())
