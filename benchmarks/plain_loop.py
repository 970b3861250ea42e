"""
The loop that everybody writes, as BasicSR 1.4's models do it: what our training is compared with.

Contiguous float32, ``torch.optim.Adam`` as it comes, losses read with ``.item()`` after every update, the average of
the weights tensor by tensor, and a GAN turn that judges restored pictures once for the network and again for the
discriminator, each side with a backward pass of its own. The networks have the same modules, and compute as published.

``autocast`` and ``channels_last`` are what the fastest peers add.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from srtui.config.profile import Stage
from srtui.engine import networks
from srtui.engine.networks import quick
from srtui.engine.networks.span import Conv3XC


class PlainLoop:
    """
    One network in training, with a discriminator if the stage has one (relativistic, as ESRGAN's).

    Parameters
    ----------
    stage
        Loss weights, optimisers and crop size; the learning rate stays at its peak.
    autocast
        Type of the forward passes; None: float32 throughout, as BasicSR.
    """

    def __init__(
        self,
        net: nn.Module,
        stage: Stage,
        device: torch.device,
        *,
        ema: float = 0.999,
        autocast: torch.dtype | None = None,
        channels_last: bool = False,
    ) -> None:
        self._format = torch.channels_last if channels_last else torch.contiguous_format
        self._device, self._autocast, self._decay, self._stage = device, autocast, ema, stage
        self.net = net.to(device).to(memory_format=self._format).train()
        self.averaged = copy.deepcopy(self.net).eval()
        self._optimizer = _adam(self.net, stage.optimizer.lr, stage.optimizer.betas)
        self._discriminator: nn.Module | None = None
        self.log: dict[str, float] = {}
        if stage.gan is not None:
            judge = networks.build_discriminator(stage.gan.discriminator, stage.gt_size)
            self._discriminator = judge.to(device).to(memory_format=self._format).train()
            self._optimizer_d = _adam(self._discriminator, stage.gan.optimizer.lr, stage.gan.optimizer.betas)

    def update(self, lq_bchw: Tensor, gt_bchw: Tensor) -> None:
        """Make one update; ``log`` holds its losses afterwards."""
        lq, gt = (each.to(self._device).contiguous(memory_format=self._format) for each in (lq_bchw, gt_bchw))
        found: OrderedDict[str, Tensor] = OrderedDict()
        if self._discriminator is not None:
            self._discriminator.requires_grad_(requires_grad=False)
        self._optimizer.zero_grad()
        with self._casting():
            output = self.net(lq)
        found["l_g_pix"] = self._stage.losses.l1 * functional.l1_loss(output.float(), gt)
        total = found["l_g_pix"]
        if self._discriminator is not None:
            found["l_g_gan"] = self._fool(self._discriminator, output, gt)
            total = total + found["l_g_gan"]
        total.backward()  # type: ignore[no-untyped-call] # torch's annotations leave it out
        self._optimizer.step()
        if self._discriminator is not None:
            self._teach(self._discriminator, output, gt, found)
        self.log = {name: value.mean().item() for name, value in found.items()}
        self._average()

    def _fool(self, judge: nn.Module, output: Tensor, gt: Tensor) -> Tensor:
        assert self._stage.gan is not None
        real, fake = self._verdict(judge, gt).detach(), self._verdict(judge, output)
        missed = _bce(real - fake.mean(), real=False) + _bce(fake - real.mean(), real=True)
        return self._stage.gan.weight * missed / 2

    def _teach(self, judge: nn.Module, output: Tensor, gt: Tensor, found: dict[str, Tensor]) -> None:
        """Give each side a backward pass, so that no two graphs of batch norm are alive at once."""
        judge.requires_grad_(requires_grad=True)
        self._optimizer_d.zero_grad()
        fake = self._verdict(judge, output.detach()).detach()
        real = self._verdict(judge, gt)
        found["l_d_real"] = _bce(real - fake.mean(), real=True) * 0.5
        found["l_d_real"].backward()  # type: ignore[no-untyped-call] # as above
        fake = self._verdict(judge, output.detach())
        found["l_d_fake"] = _bce(fake - real.detach().mean(), real=False) * 0.5
        found["l_d_fake"].backward()  # type: ignore[no-untyped-call] # as above
        self._optimizer_d.step()
        found["out_d_real"], found["out_d_fake"] = real.detach(), fake.detach()

    def _verdict(self, judge: nn.Module, picture: Tensor) -> Tensor:
        with self._casting():
            logits: Tensor = judge(picture)
        return logits.float()

    def _casting(self) -> torch.autocast:
        return torch.autocast(self._device.type, dtype=self._autocast, enabled=self._autocast is not None)

    def _average(self) -> None:
        live, mean = dict(self.net.named_parameters()), dict(self.averaged.named_parameters())
        for name, value in mean.items():
            value.data.mul_(self._decay).add_(live[name].data, alpha=1 - self._decay)


def _adam(net: nn.Module, lr: float, betas: tuple[float, float]) -> torch.optim.Optimizer:
    return torch.optim.Adam([weight for weight in net.parameters() if weight.requires_grad], lr=lr, betas=betas)


def _bce(logits: Tensor, *, real: bool) -> Tensor:
    target = logits.new_ones(logits.size()) if real else logits.new_zeros(logits.size())
    return functional.binary_cross_entropy_with_logits(logits, target)


def as_published(net: nn.Module) -> nn.Module:
    """Let the network compute what its published code computes: torch's PReLU, and the chains that SPAN trains."""
    for layer in net.modules():
        if isinstance(layer, quick.PReLU):
            layer.forward = partial(functional.prelu, weight=layer.weight)  # type: ignore[method-assign] # for this copy
        elif isinstance(layer, Conv3XC):
            layer.forward = partial(_wide, layer)  # type: ignore[method-assign] # for this copy
    return net


def _wide(layer: Conv3XC, x_bchw: Tensor) -> Tensor:
    """1×1, 3×3 and 1×1 one after the other on the padded picture, and the shortcut beside them."""
    wide: Tensor = layer.conv(functional.pad(x_bchw, (1, 1, 1, 1)))
    shortcut: Tensor = layer.sk(x_bchw)
    return wide + shortcut
