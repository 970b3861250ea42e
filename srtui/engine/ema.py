"""Averaged weights: what is validated and shipped, for the last step alone is noisy."""

from __future__ import annotations

import copy

import torch

from srtui.engine.networks import SRNetwork


class Ema:
    """Exponential moving average of a network's weights (Polyak and Juditsky, 1992).

    Attributes
    ----------
    net
        A network like the trained one, holding the average. Nothing trains it.
    """

    def __init__(self, net: SRNetwork, decay: float) -> None:
        self.net = copy.deepcopy(net).eval().requires_grad_(requires_grad=False)
        self._decay = decay
        live, mean = net.state_dict(), self.net.state_dict()
        # Whole numbers (window indices, batch norm's counter) have no average; upstream's are as they were made.
        numbers = [name for name, value in live.items() if value.is_floating_point()]
        self._live, self._mean = ([weights[name].detach() for name in numbers] for weights in (live, mean))

    def begin_anew(self) -> None:
        """Forget what was averaged: the mean is what the network holds now."""
        torch._foreach_copy_(self._mean, self._live)

    def update(self, iteration: int) -> None:
        """Take in the weights after update number ``iteration`` (from 1), in one kernel for all tensors.

        The decay climbs to its value as in TensorFlow's ``ExponentialMovingAverage(num_updates=…)``, so a short run
        does not ship the random weights that it began with.
        """
        decay = min(self._decay, (1 + iteration) / (10 + iteration))
        torch._foreach_lerp_(self._mean, self._live, 1 - decay)
