"""One optimiser update, whole on the device: loss scaling for fp16, and a step that is skipped when it is not finite.

Reading a flag back in every iteration (``isfinite(loss).item()``) makes a GPU wait for Python; here the host learns
what happened only when it asks, every ``log_every`` iterations.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.adam import adam
from torch.optim.adamw import adamw

from srtui.config.optimization import Adam
from srtui.engine.ranks import Alone, Ranks

FIRST_SCALE = 2.0**16
"""Where fp16's loss scale begins, and every how many good steps it doubles: the values of ``torch.amp.GradScaler``."""
GROWTH_INTERVAL = 2000
EPSILON = 1e-8
"""Added to the root of the mean square: Adam's own (Kingma and Ba, 2015)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What happened since the last reading."""

    loss: float
    """Mean over the finite losses, NaN if there was none."""
    bad_losses: int
    """Updates skipped because the loss was not finite."""
    bad_gradients: int
    """Updates skipped because a gradient was not finite although the loss was."""
    in_a_row: int
    """Skipped updates in a row, up to now."""

    @property
    def skipped(self) -> int:
        """Updates that were skipped."""
        return self.bad_losses + self.bad_gradients


class Stepper:
    """Adam over the parameters of a network, with all its counters on the device.

    An update is any number of `add`, each with its share of the batch, then `step`.
    """

    def __init__(
        self, parameters: Iterable[nn.Parameter], options: Adam, *, scale_loss: bool, ranks: Ranks | None = None
    ) -> None:
        self._parameters, self._options = list(parameters), options
        self._ranks = Alone() if ranks is None else ranks
        device = self._parameters[0].device
        # Made now: made in the first step, it could be half-made when the GPU has no more room.
        self._memory = [_nothing_remembered(weight) for weight in self._parameters]
        self._scale_loss = scale_loss
        self._scale = torch.full((), FIRST_SCALE if scale_loss else 1.0, device=device)
        self._good_in_a_row = torch.zeros((), dtype=torch.int32, device=device)
        self._bad = torch.zeros((), device=device)
        self._loss = torch.zeros((), device=device)
        # loss sum, finite losses, losses that were not finite, skipped updates, skipped in a row
        self._tally = torch.zeros(5, dtype=torch.float64, device=device)

    def add(self, loss: Tensor, share: float = 1.0) -> None:
        """Add the gradient of ``share`` of ``loss``, which is the mean over that share of the batch."""
        self._loss += loss.detach() * share
        (loss * (self._scale * share)).backward()  # type: ignore[no-untyped-call] # torch's annotations leave it out

    @property
    def gradients(self) -> Sequence[Tensor | None]:
        """What was added since the last step, for each weight; None where no loss reached it."""
        return [weight.grad for weight in self._parameters]

    @gradients.setter
    def gradients(self, gradients: Sequence[Tensor | None]) -> None:
        for weight, gradient in zip(self._parameters, gradients, strict=True):
            weight.grad = gradient

    def drop(self) -> None:
        """Forget what was added since the last step."""
        self._loss.zero_()
        self.gradients = [None] * len(self._parameters)

    def step(self, rate: float) -> None:
        """Make one update from what was added, with learning rate ``rate``; nothing is read back from the device."""
        self._check()
        self._move(rate)
        if self._scale_loss:
            torch._amp_update_scale_(self._scale, self._good_in_a_row, self._bad, 2.0, 0.5, GROWTH_INTERVAL)
        self.drop()

    def _check(self) -> None:
        """Unscale the gradients and find out whether to skip, on all ranks alike.

        The loss is looked at too: L1's gradient at NaN is 0, so gradients alone can look healthy.
        """
        gradients = [gradient for gradient in self.gradients if gradient is not None]
        self._ranks.average([*gradients, self._loss])  # one rank's NaN becomes everybody's here
        bad_loss = (~torch.isfinite(self._loss)).float()
        self._bad = bad_loss.clone()
        torch._amp_foreach_non_finite_check_and_unscale_(gradients, self._bad, self._scale.reciprocal())
        news = torch.stack([torch.where(bad_loss > 0, 0.0, self._loss), 1 - bad_loss, bad_loss, self._bad, self._bad])
        self._tally += news
        self._tally[4] *= self._bad

    @torch.no_grad()
    def _move(self, rate: float) -> None:
        """Let Adam move the weights, unless the update is bad.

        By the functions below torch.optim's classes, whose first step loads torch's compiler. Fused: 0.37 ms for 20
        tensors on a CPU, against 0.73 (foreach) and 1.08 (plain), and it can leave everything as it is.
        """
        options, update = self._options, adamw if self._options.type == "adamw" else adam
        rows = [
            (weight, weight.grad, memory)
            for weight, memory in zip(self._parameters, self._memory, strict=True)
            if weight.grad is not None
        ]
        update(
            [weight for weight, _, _ in rows],
            [gradient for _, gradient, _ in rows],
            [memory["exp_avg"] for _, _, memory in rows],
            [memory["exp_avg_sq"] for _, _, memory in rows],
            [],
            [memory["step"] for _, _, memory in rows],
            fused=True,
            found_inf=self._bad,
            lr=rate,
            beta1=options.betas[0],
            beta2=options.betas[1],
            weight_decay=options.weight_decay,
            eps=EPSILON,
            amsgrad=False,
            maximize=False,
        )

    def read(self) -> Tally:
        """Wait for the device, tell what happened since the last reading (the same on all ranks), and count anew."""
        total, finite, bad_losses, skipped, in_a_row = self._tally.tolist()
        self._tally[:4] = 0
        return Tally(
            loss=total / finite if finite else float("nan"),
            bad_losses=round(bad_losses),
            bad_gradients=round(skipped - bad_losses),
            in_a_row=round(in_a_row),
        )

    def in_a_row(self) -> int:
        """Wait for the device: skipped updates in a row, up to now; they are counted on."""
        return round(self._tally[4].item())

    def state_dict(self) -> dict[str, Any]:
        """Tensors and plain values: everything that later updates depend on."""
        return {
            "optimizer": {"state": dict(enumerate(self._memory))},  # as torch.optim lays it out
            "scale": self._scale,
            "good_in_a_row": self._good_in_a_row,
            "tally": self._tally,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from ``state_dict``'s result, on this device."""
        for number, memory in enumerate(self._memory):
            for name, value in memory.items():
                value.copy_(state["optimizer"]["state"][number][name])
        for name in ("scale", "good_in_a_row", "tally"):
            getattr(self, f"_{name}").copy_(state[name])


def _nothing_remembered(weight: nn.Parameter) -> dict[str, Tensor]:
    """What Adam remembers of a weight, by torch.optim's names."""
    return {
        "step": torch.zeros((), device=weight.device),
        "exp_avg": torch.zeros_like(weight, memory_format=torch.preserve_format),
        "exp_avg_sq": torch.zeros_like(weight, memory_format=torch.preserve_format),
    }
