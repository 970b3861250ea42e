"""What is trained in the benchmark of training: networks, losses, and crops that suit a CPU or a GPU."""

from __future__ import annotations

from dataclasses import dataclass

from srtui.config.losses import Gan, Losses
from srtui.config.network import RRDB, Compact, Network, Span, SRResNet, Vgg
from srtui.config.optimization import Adam
from srtui.config.profile import Stage

SCALE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One network and how it is trained."""

    network: Network
    cpu: tuple[int, int]
    """Batch and side of the gt crops on a CPU: few enough for minutes,"""
    gpu: tuple[int, int]
    """and on a GPU, as its profile says."""
    gan: bool = False
    published: bool = True
    """Whether the plain loop computes the network as its published code does, and not as srtui does."""

    def stage(self, device: str) -> Stage:
        """Stage with the crops of a device."""
        batch, gt_size = self.gpu if device.startswith("cuda") else self.cpu
        losses = Losses(l1=0.01) if self.gan else Losses()
        gan = Gan(weight=0.005, kind="relativistic", discriminator=Vgg(), optimizer=Adam(lr=1e-4)) if self.gan else None
        # A rate so low that nothing grows over: speed, not learning, is looked at, on noise.
        return Stage(iterations=1000, batch=batch, gt_size=gt_size, losses=losses, gan=gan, optimizer=Adam(lr=1e-6))


CASES = {
    "MSRResNet": Case(network=SRResNet(), cpu=(16, 128), gpu=(16, 128)),
    "Compact": Case(network=Compact(), cpu=(16, 128), gpu=(16, 128)),
    "SPAN": Case(network=Span(), cpu=(16, 128), gpu=(16, 192)),
    "SPAN, merged on both sides": Case(network=Span(), cpu=(16, 128), gpu=(16, 192), published=False),
    "RRDBNet": Case(network=RRDB(), cpu=(4, 128), gpu=(16, 128)),
    "RRDBNet with GAN": Case(network=RRDB(), cpu=(4, 128), gpu=(16, 128), gan=True),
}
"""By the names of their rows."""
MERGED = "SPAN, merged on both sides"
"""Takes SPAN's place in the second geometric mean: what the engine does apart from SPAN's merging."""
