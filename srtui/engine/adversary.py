"""The discriminator that is trained beside the network, its optimiser, and what it says about itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from srtui.config.losses import Gan
from srtui.engine import losses, networks
from srtui.engine.device import Arithmetic, autocast
from srtui.engine.means import Means
from srtui.engine.ranks import Ranks
from srtui.engine.stepper import Stepper

_FIGURES = ("disc", "disc_real", "disc_fake", "disc_right")


class Adversary:
    """Judges pictures of the network, and learns to.

    Parameters
    ----------
    gan
        What the stage says of it.
    gt_size
        Side of the crops in gt pixels.
    seed
        Of its first weights: drawn from a generator of their own, so that they are the same however a run came here.

    Attributes
    ----------
    means
        Its loss (``disc``), its mean logits for gt and restored pictures, and the share of its verdicts that are right.
    """

    def __init__(
        self, gan: Gan, gt_size: int, *, seed: int, device: torch.device, precision: Arithmetic, ranks: Ranks
    ) -> None:
        self._device, self._precision = device, precision
        torch.default_generator.manual_seed(seed)
        net = networks.build_discriminator(gan.discriminator, gt_size)
        self.net = net.to(device).to(memory_format=torch.channels_last)
        self.stepper = Stepper(self.net.parameters(), gan.optimizer, scale_loss=precision == "fp16", ranks=ranks)
        self.means = Means(_FIGURES, device, ranks)
        self._buffers = list(self.net.buffers())
        self._at_turn = [buffer.clone() for buffer in self._buffers]
        self._losses = losses.adversarial(gan.kind)
        self._middle = 0.5 if gan.kind == "lsgan" else 0.0  # between what it gives restored pictures and gt

    def begin_turn(self) -> None:
        """Remember how it is before a turn, whose parts shall all meet it like this.

        Each pass moves its spectral norms and running means: more and smaller passes would make another network of it.
        """
        torch._foreach_copy_(self._at_turn, self._buffers)

    def begin_part(self) -> None:
        """Be as at the beginning of the turn."""
        torch._foreach_copy_(self._buffers, self._at_turn)

    def fool(self, restored_bchw: Tensor, gt_bchw: Tensor) -> Tensor:
        """Loss of the network: small when its pictures pass for real. The discriminator stays as it is."""
        self.net.requires_grad_(requires_grad=False)
        real_logits = None
        if self._losses.needs_real:
            with torch.no_grad():
                real_logits = self._judge(gt_bchw)
        return self._losses.generator(self._judge(restored_bchw), real_logits)

    def learn(self, restored_bchw: Tensor, gt_bchw: Tensor, share: float) -> Tensor:
        """Add the gradient of ``share`` of a batch, and give the loss; ``restored_bchw`` is detached."""
        self.net.requires_grad_(requires_grad=True)
        real, fake = self._judge(gt_bchw), self._judge(restored_bchw)
        loss = self._losses.discriminator(fake, real)
        self.stepper.add(loss, share)
        right = self._right(real.detach(), fake.detach())
        self.means.add(share, disc=loss, disc_real=real.mean(), disc_fake=fake.mean(), disc_right=right)
        return loss.detach()

    def _judge(self, picture_bchw: Tensor) -> Tensor:
        with autocast(self._device, self._precision):
            logits: Tensor = self.net(picture_bchw)
        return logits.float()

    def _right(self, real: Tensor, fake: Tensor) -> Tensor:
        """Share of right verdicts; a relativistic one compares with the other's mean."""
        if self._losses.needs_real:
            real, fake = real - fake.mean(), fake - real.mean()
        right = (real > self._middle).float().mean() + (fake < self._middle).float().mean()
        return right / 2

    def state_dict(self) -> dict[str, Any]:
        """Everything that later updates depend on."""
        return {"net": self.net.state_dict(), "stepper": self.stepper.state_dict(), "means": self.means.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from ``state_dict``'s result, on this device."""
        self.net.load_state_dict(state["net"])
        self.stepper.load_state_dict(state["stepper"])
        self.means.load_state_dict(state["means"])
