"""A network that repeats pixels and validation pictures in memory, for tests of what is measured."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from srtui.engine.networks import SRNetwork


class Nearest(SRNetwork):
    """Enlarges by repeating pixels."""

    def __init__(self, scale: int) -> None:
        super().__init__(scale=scale, radius=0, floats=3)
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, lq_bchw: Tensor) -> Tensor:
        return nn.functional.interpolate(lq_bchw * self.weight, scale_factor=self.scale, mode="nearest")


class Store:
    """Pictures in memory, as StoreReader gives them; blocks suit `Nearest`, ramps suit bicubic."""

    def __init__(self, scenarios: dict[str, str], scale: int = 2, side: int = 48) -> None:
        self.scenarios, self.scale, self.side = scenarios, scale, side
        self.names = sorted(scenarios)

    def lq(self, name: str) -> np.ndarray:
        return self.gt(name)[:: self.scale, :: self.scale]

    def gt(self, name: str) -> np.ndarray:
        rng = np.random.default_rng(int(name))
        if self.scenarios[name] == "blocks":
            small = rng.integers(0, 256, (self.side // self.scale, self.side // self.scale, 3), dtype=np.uint8)
            return small.repeat(self.scale, 0).repeat(self.scale, 1)
        ramp = np.add.outer(np.arange(self.side), np.arange(self.side)) * 2 + rng.integers(0, 40)
        return np.repeat(ramp[..., None], 3, 2).astype(np.uint8)

    def scenario(self, name: str) -> str:
        return self.scenarios[name]
