"""What a discriminator and the network that it judges make small."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torch import Tensor
from torch.nn import functional

Kind = Literal["vanilla", "lsgan", "hinge", "relativistic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Adversarial:
    """Two losses of one game.

    Notes
    -----
    ``generator`` must be given logits of restored pictures whose graph reaches the network: computed under
    ``no_grad`` or ``inference_mode`` they would teach it nothing, so that is an error.
    """

    needs_real: bool
    """Whether the generator's loss looks at the logits of real pictures."""
    _generator: Callable[[Tensor, Tensor | None], Tensor]
    _discriminator: Callable[[Tensor, Tensor], Tensor]

    def generator(self, fake_logits: Tensor, real_logits: Tensor | None = None) -> Tensor:
        """Loss of the network: small when its pictures pass for real.

        Parameters
        ----------
        fake_logits
            The discriminator's verdict on restored pictures, any shape; positive means real.
        real_logits
            Its verdict on gt, if `needs_real`; no gradient goes through it.

        Raises
        ------
        ValueError
            If no gradient could reach the network, or real logits are missing.
        """
        if not fake_logits.requires_grad:
            msg = "the discriminator's verdict carries no gradient: it must not be computed under no_grad"
            raise ValueError(msg)
        if self.needs_real and real_logits is None:
            msg = "a relativistic loss compares with the verdict on real pictures: give real_logits"
            raise ValueError(msg)
        return self._generator(fake_logits.float(), None if real_logits is None else real_logits.detach().float())

    def discriminator(self, fake_logits: Tensor, real_logits: Tensor) -> Tensor:
        """Loss of the discriminator: small when it tells restored pictures (detached) from real ones."""
        return self._discriminator(fake_logits.float(), real_logits.float())


def adversarial(kind: Kind) -> Adversarial:
    """Losses of one kind: vanilla (Goodfellow et al., 2014), lsgan (Mao et al., 2017), hinge (Lim and Ye, 2017).

    Notes
    -----
    ``relativistic`` is the relativistic average of Jolicoeur-Martineau (2018) as ESRGAN uses it: half the sum of both
    directions. The others add the discriminator's two terms without halving them, as Real-ESRGAN's training does.
    """
    return _KINDS[kind]


def _real(logits: Tensor) -> Tensor:
    """-log σ(x), mean: small when the verdict is real."""
    return functional.softplus(-logits).mean()


def _fake(logits: Tensor) -> Tensor:
    """-log(1 - σ(x)), mean: small when the verdict is fake."""
    return functional.softplus(logits).mean()


def _relativistic(more_real: Tensor, less_real: Tensor | None) -> Tensor:
    """Small when ``more_real`` seems more real than the other does on average, and the other less."""
    assert less_real is not None
    return (_real(more_real - less_real.mean()) + _fake(less_real - more_real.mean())) / 2


_KINDS: dict[Kind, Adversarial] = {
    "vanilla": Adversarial(
        needs_real=False,
        _generator=lambda fake, _: _real(fake),
        _discriminator=lambda fake, real: _real(real) + _fake(fake),
    ),
    "lsgan": Adversarial(
        needs_real=False,
        _generator=lambda fake, _: (fake - 1).square().mean(),
        _discriminator=lambda fake, real: (real - 1).square().mean() + fake.square().mean(),
    ),
    "hinge": Adversarial(
        needs_real=False,
        _generator=lambda fake, _: -fake.mean(),
        _discriminator=lambda fake, real: functional.relu(1 - real).mean() + functional.relu(1 + fake).mean(),
    ),
    "relativistic": Adversarial(
        needs_real=True,
        _generator=_relativistic,
        _discriminator=lambda fake, real: _relativistic(real, fake),
    ),
}
