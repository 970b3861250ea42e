"""The processes that train one network together: one per GPU. With one GPU there is one, and nothing is exchanged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor


class Ranks(Protocol):
    """What the trainer asks of its fellow processes; every rank makes the same calls in the same order.

    Attributes
    ----------
    rank
        This process, from 0. Only rank 0 writes files and events.
    count
        How many there are.
    """

    rank: int
    count: int

    def average(self, gradients: Sequence[Tensor]) -> None:
        """Replace each tensor by its mean over the ranks, on the device."""

    def worst(self, flag: Tensor) -> None:
        """Replace a tensor by its maximum over the ranks, on the device: one rank's trouble is everybody's."""

    def agree(self, wish: bool) -> bool:
        """Whether rank 0 says so (stop, save, validate): all ranks do the same, at the same iteration."""

    def any(self, wish: bool) -> bool:
        """Whether any rank says so; waits for all."""

    def close(self) -> None:
        """Leave the group."""


class Alone:
    """One process."""

    rank, count = 0, 1

    def average(self, gradients: Sequence[Tensor]) -> None:
        """Nothing to average."""

    def worst(self, flag: Tensor) -> None:
        """Nothing to compare."""

    def agree(self, wish: bool) -> bool:
        """As wished."""
        return wish

    def any(self, wish: bool) -> bool:
        """As wished."""
        return wish

    def close(self) -> None:
        """Nothing to leave."""
