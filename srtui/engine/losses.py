"""What training makes small. Adding a loss is one function here and one field of ``srtui.config.profile.Losses``."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional

from srtui.config.losses import Losses
from srtui.errors import UsageError

Loss = Callable[[Tensor, Tensor], Tensor]
"""(restored_bchw, gt_bchw), both float32 → mean over everything, a scalar."""

LOSSES: dict[str, Loss] = {"l1": functional.l1_loss}


def build(weights: Losses) -> Loss:
    """Weighted sum of the losses that are switched on.

    Raises
    ------
    UsageError
        If all are off: nothing would be learned.
    """
    terms = [(float(getattr(weights, name)), loss) for name, loss in LOSSES.items() if getattr(weights, name) > 0]
    if not terms:
        raise UsageError("losses", "every weight is 0, so nothing would be learned", hint="set losses: {l1: 1.0}")

    def total(restored_bchw: Tensor, gt_bchw: Tensor) -> Tensor:
        (weight, loss), *others = terms
        value = weight * loss(restored_bchw, gt_bchw)
        for weight, loss in others:
            value = value + weight * loss(restored_bchw, gt_bchw)
        return value

    return total
