"""Distance of VGG19's features; that network is plain tensors and functions, with nothing that could be trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from srtui.config.losses import Perceptual
from srtui.engine.losses import vgg_file
from srtui.engine.losses.pixels import l1, mse
from srtui.errors import UsageError

CONVOLUTIONS = ((1, 2, 64), (2, 2, 128), (3, 4, 256), (4, 4, 512), (5, 4, 512))
"""Block, its convolutions, their channels (Simonyan and Zisserman, 2015, configuration E)."""
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's RGB, which VGG was trained with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One convolution."""

    name: str
    weight: Tensor
    bias: Tensor
    begins_block: bool
    """Whether the pictures are halved before it."""


def layout() -> list[tuple[str, str, int, int]]:
    """(name, key in torchvision's state dict, channels in, channels out) of every convolution, in order."""
    rows, index, channels = [], 0, 3
    for block, count, width in CONVOLUTIONS:
        for number in range(1, count + 1):
            rows.append((f"conv{block}_{number}", f"features.{index}", channels, width))
            index, channels = index + 2, width  # each is followed by its ReLU
        index += 1  # and each block by its pooling
    return rows


class PerceptualLoss:
    """Weighted sum of the distances of features, taken before the ReLU.

    Parameters
    ----------
    options
        Layers, their weights, and how features are compared.
    layers
        VGG19's convolutions, down to the last one that is compared.
    """

    def __init__(self, options: Perceptual, layers: Sequence[Layer]) -> None:
        self._weights = {name: float(weight) for name, weight in options.layers.items() if weight > 0}
        self._layers = tuple(layers)
        self._compare = {"l1": l1, "mse": mse}[options.criterion]
        shape, device = (1, 3, 1, 1), self._layers[0].weight.device
        self._mean = torch.tensor(MEAN, device=device).view(shape)
        self._spread = torch.tensor(SPREAD, device=device).view(shape)

    def __call__(self, restored_bchw: Tensor, gt_bchw: Tensor) -> Tensor:
        """Give the loss of float32 RGB in [0, 1]."""
        with torch.no_grad():
            wanted = self.features(gt_bchw)
        found = self.features(restored_bchw)
        first, *others = [weight * self._compare(found[name], wanted[name]) for name, weight in self._weights.items()]
        total = first
        for value in others:
            total = total + value
        return total

    def features(self, pictures_bchw: Tensor) -> dict[str, Tensor]:
        """Features of the layers that are compared, before their ReLU."""
        found: dict[str, Tensor] = {}
        x = ((pictures_bchw - self._mean) / self._spread).contiguous(memory_format=torch.channels_last)
        for index, layer in enumerate(self._layers):
            if index:
                # A ReLU in place, as in torchvision's network, would change the features that were just taken.
                x = functional.relu(x)
            if layer.begins_block and min(x.shape[-2:]) > 1:  # crops under 16 pixels cannot be halved four times
                x = functional.max_pool2d(x, 2)
            x = functional.conv2d(x, layer.weight, layer.bias, padding=1)
            if layer.name in self._weights:
                found[layer.name] = x
        return found


def build(options: Perceptual, device: torch.device) -> PerceptualLoss:
    """Load VGG19 as deep as the layers ask for; nothing is downloaded (`vgg_file.fetch` does).

    Raises
    ------
    UsageError
        If no layer has a weight, or the named file is missing or of another network.
    MachineError
        If there are no weights on this machine.
    SrtuiError
        If the file is damaged.
    """
    wanted: set[str] = {name for name, weight in options.layers.items() if weight > 0}
    if not wanted:
        raise UsageError("losses.perceptual.layers", "every weight is 0", hint="set layers: {conv5_4: 1.0}")
    path = vgg_file.find(options.weights)
    return PerceptualLoss(options, load_layers(path, wanted, device))


def load_layers(path: Path, wanted: set[str], device: torch.device) -> list[Layer]:
    """Read VGG19's convolutions, down to the last one that is wanted, onto a device."""
    state = vgg_file.read(path)
    rows = layout()
    last = max(index for index, (name, *_) in enumerate(rows) if name in wanted)
    return [
        _layer(path, state, row, first=row[0].endswith("_1") and index > 0, device=device)
        for index, row in enumerate(rows[: last + 1])
    ]


def _layer(
    path: Path, state: Mapping[str, Tensor], row: tuple[str, str, int, int], *, first: bool, device: torch.device
) -> Layer:
    name, key, channels, width = row
    weight, bias = (_tensor(path, state, f"{key}.{part}", name) for part in ("weight", "bias"))
    if weight.shape != (width, channels, 3, 3) or bias.shape != (width,):
        fact = f"{key}.weight is {tuple(weight.shape)}, VGG19's {name} is {(width, channels, 3, 3)}"
        raise UsageError(str(path), fact, hint="this is another network's file")
    # Copied, as a .pth file is mapped: it may be replaced while a run goes on.
    weight = weight.detach().to(device, torch.float32, copy=True).contiguous(memory_format=torch.channels_last)
    bias = bias.detach().to(device, torch.float32, copy=True)
    return Layer(name=name, weight=weight, bias=bias, begins_block=first)


def _tensor(path: Path, state: Mapping[str, Tensor], key: str, name: str) -> Tensor:
    if key not in state:
        fact = f"holds no {key} ({name}), but {', '.join(list(state)[:3]) or 'nothing'}, …"
        raise UsageError(str(path), fact, hint="torchvision's VGG19 is wanted, whole or its features alone")
    return state[key]
