"""The weighted sum of the losses that a stage asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from srtui.config.losses import Losses
from srtui.engine.losses import perceptual, vgg_file
from srtui.engine.losses.artefacts import ldl
from srtui.engine.losses.frequency import frequency
from srtui.engine.losses.ms_ssim import ms_ssim
from srtui.engine.losses.pixels import charbonnier, l1, mse
from srtui.engine.losses.vgg_file import Report
from srtui.errors import UsageError

Loss = Callable[[Tensor, Tensor], Tensor]
"""(restored_bchw, gt_bchw), both float32 → mean over everything, a scalar."""

LOSSES: dict[str, Loss] = {
    "l1": l1,
    "mse": mse,
    "charbonnier": charbonnier,
    "frequency": frequency,
    "ms_ssim": ms_ssim,
}


class Objective:
    """What a stage makes small; its parts are computed in float32, autocast or not.

    Parameters
    ----------
    terms
        Weight and loss.
    ldl
        Weight of the locally discriminative loss, which looks at the averaged network's pictures too.
    """

    def __init__(self, terms: Sequence[tuple[float, Loss]], ldl: float = 0.0) -> None:
        self._terms = tuple(terms)
        self._ldl = ldl

    @property
    def needs_average(self) -> bool:
        """Whether it must be given the averaged (EMA) network's pictures."""
        return self._ldl > 0

    def __call__(self, restored_bchw: Tensor, gt_bchw: Tensor, averaged_bchw: Tensor | None = None) -> Tensor:
        """Give the sum as a float32 scalar on the pictures' device, without waiting for it.

        Parameters
        ----------
        restored_bchw, gt_bchw, averaged_bchw
            RGB in [0, 1], any float type. No gradient goes to the last two.

        Raises
        ------
        ValueError
            If `needs_average` and there is none.
        """
        with torch.autocast(restored_bchw.device.type, enabled=False):
            restored, gt = restored_bchw.float(), gt_bchw.detach().float()
            values = [weight * loss(restored, gt) for weight, loss in self._terms]
            if self._ldl:
                if averaged_bchw is None:
                    msg = "ldl compares with the averaged network: give averaged_bchw"
                    raise ValueError(msg)
                values.append(self._ldl * ldl(restored, gt, averaged_bchw.detach().float()))
            total, *others = values
            for value in others:
                total = total + value
            return total


def fetch(weights: Losses, report: Report) -> None:
    """Download what `build` will need and this machine lacks: before a run, never in the middle.

    Parameters
    ----------
    weights
        Losses of a stage.
    report
        Called with (bytes that have come, bytes in all) while something is downloaded.

    Raises
    ------
    MachineError
        If it can be neither found nor downloaded.
    """
    if weights.perceptual is not None and not weights.perceptual.weights:
        vgg_file.fetch(report)


def build(weights: Losses, *, device: torch.device) -> Objective:
    """Weighted sum of the losses that are switched on; what they need is put on ``device``.

    Raises
    ------
    UsageError
        If all are off: nothing would be learned; or what a perceptual loss is told to read is not what it needs.
    MachineError
        If a perceptual loss's weights are not on this machine (`fetch` gets them).
    """
    terms: list[tuple[float, Loss]] = [
        (float(weight), loss) for name, loss in LOSSES.items() if (weight := getattr(weights, name)) > 0
    ]
    if weights.perceptual is not None:
        terms.append((weights.perceptual.weight, perceptual.build(weights.perceptual, device)))
    if not terms and not weights.ldl:
        raise UsageError("losses", "every weight is 0, so nothing would be learned", hint="set losses: {l1: 1.0}")
    return Objective(terms, weights.ldl)
