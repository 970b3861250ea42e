"""What the processes that train one network together ask of each other; and what it is where there is one process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor


class Ranks(Protocol):
    """What the trainer asks of its fellow processes; every rank makes the same calls in the same order.

    Attributes
    ----------
    rank
        This process, from 0. Only rank 0 writes files and events.
    count
        How many there are.
    device
        Where this one computes.
    threads
        CPU threads for this one.
    """

    rank: int
    count: int
    device: torch.device
    threads: int

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its mean over the ranks, on the device; equal to the last bit on all of them.

        What is not finite on one of them is so on all.
        """

    def follow(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by rank 0's, on the device."""

    def agree(self, wish: bool) -> bool:
        """Whether rank 0 says so (stop, save, validate): all ranks do the same, at the same iteration."""

    def any(self, wish: bool) -> bool:
        """Whether any rank says so; waits for all."""

    def share(self, content: bytes) -> bytes:
        """What rank 0 gives; what the others give is not looked at."""

    def gather(self, content: bytes) -> list[bytes]:
        """What every rank gives, in the order of ranks; only rank 0 gets it, the others get nothing."""


class Alone:
    """One process."""

    rank, count = 0, 1

    def __init__(self, device: torch.device | None = None, threads: int = 1) -> None:
        self.device = torch.device("cpu") if device is None else device
        self.threads = threads

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Nothing to average."""

    def follow(self, tensors: Sequence[Tensor]) -> None:
        """Nobody to follow."""

    def agree(self, wish: bool) -> bool:
        """As wished."""
        return wish

    def any(self, wish: bool) -> bool:
        """As wished."""
        return wish

    def share(self, content: bytes) -> bytes:
        """What is given."""
        return content

    def gather(self, content: bytes) -> list[bytes]:
        """What is given."""
        return [content]
