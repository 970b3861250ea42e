"""What validation measures with, where it needs files of others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le, Len

from srtui.config.section import Section

Path = Annotated[str, Len(1, 4096)]
Room = Annotated[float, Ge(0), Le(1000)]
"""Gigabytes of disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lpips(Section):
    """Learned perceptual distance (Zhang et al., 2018); measured only where both files are given."""

    weights: Path
    """Weights of the layers: ``alex.pth`` or ``vgg.pth`` of the authors' version 0.1; they decide the network."""
    backbone: Path
    """torchvision's AlexNet or VGG16 for ImageNet (.pth or .safetensors)."""
