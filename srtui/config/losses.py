"""What training makes small: weights of the losses, and the discriminator of a GAN."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Gt, Len
from pydantic import Discriminator

from srtui.config.network import DiscriminatorNetwork, UNet
from srtui.config.optimization import Adam
from srtui.config.section import Positive, Section, Weight

Layer = Literal[
    "conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1", "conv3_2", "conv3_3", "conv3_4",
    "conv4_1", "conv4_2", "conv4_3", "conv4_4", "conv5_1", "conv5_2", "conv5_3", "conv5_4",
]  # fmt: skip
"""Convolutions of VGG19, before their ReLU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Perceptual(Section):
    """Distance of VGG19's features (Johnson et al., 2016), taken before the ReLU as ESRGAN does."""

    weight: Annotated[float, Gt(0)] = 1.0
    """Weight of the whole loss."""
    layers: Annotated[Mapping[Layer, Weight], Len(1)] = field(default_factory=lambda: {"conv5_4": 1.0})
    """Weight per layer."""
    criterion: Literal["l1", "mse"] = "l1"
    """How features are compared."""
    weights: Annotated[str, Len(0, 4096)] = ""
    """A file with VGG19's weights (.pth or .safetensors); empty: torch's cache, else a download before the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses(Section):
    """What training makes small: weight per loss, 0 switches one off."""

    l1: Weight = 1.0
    """Mean absolute difference between restored and gt, pixels in 0 to 1."""
    mse: Weight = 0.0
    """Mean squared difference."""
    charbonnier: Weight = 0.0
    """Smooth absolute difference √(d² + 10⁻¹²) (Charbonnier et al., 1994)."""
    frequency: Weight = 0.0
    """Mean absolute difference of the spectra's real and imaginary parts (orthonormal FFT)."""
    ms_ssim: Weight = 0.0
    """1 - MS-SSIM (Wang et al., 2003)."""
    ldl: Weight = 0.0
    """Locally discriminative loss (Liang et al., 2022): l1 where artefacts of a GAN are likely."""
    perceptual: Perceptual | None = None
    """Distance of VGG19's features."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gan(Section):
    """A discriminator that is trained beside the network and tells restored pictures from gt."""

    weight: Annotated[float, Gt(0)] = 0.1
    """Weight of the generator's adversarial loss."""
    kind: Literal["vanilla", "lsgan", "hinge", "relativistic"] = "vanilla"
    """Adversarial loss; relativistic is ESRGAN's, vanilla Real-ESRGAN's."""
    discriminator: Annotated[DiscriminatorNetwork, Discriminator("type")] = field(default_factory=UNet)
    """The network that tells them apart."""
    optimizer: Adam = field(default_factory=lambda: Adam(lr=1e-4))
    """Of the discriminator; its rate follows the stage's schedule."""
    every: Positive = 1
    """The network itself is updated at every so many updates of the discriminator."""
