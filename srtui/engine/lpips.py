"""
LPIPS: how different two pictures look, as people judged it (Zhang et al., 2018), version 0.1; lower is better.

Features of a network that was trained to recognise things are normalised at every place, subtracted, squared, weighted
channel by channel and averaged; five layers of AlexNet or VGG16 are added. The weights are other people's files, which
whoever wants the figure gives: nothing is downloaded here, and nothing in the files is run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from srtui.config.validation import Lpips as Files
from srtui.engine.inference import cuts
from srtui.engine.torch_files import read_torch_file
from srtui.errors import SrtuiError, UsageError

SMALLEST = 32
"""Sides below which AlexNet's last layers have no pixel left."""
PART = 1024
"""Larger pictures are measured in equal parts of at most this side, weighted by area: VGG's features of 2048 × 2048
pixels are 1 GB a layer. The figure is then near that of the whole, but not the same: parts have edges."""

_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)  # of RGB from -1 to 1, as the authors normalise
_TINY = 1e-10  # theirs too


@dataclass(frozen=True, slots=True)
class _Layer:
    """A convolution: its place in torchvision's ``features``, and what comes before and after it."""

    index: int
    stride: int = 1
    padding: int = 1
    pool: int = 0
    """Side of the max pooling (step 2) before it, 0 for none."""
    compared: bool = False
    """Whether its features, behind the ReLU, are one of the five."""


_ALEX = (
    _Layer(0, stride=4, padding=2, compared=True),
    _Layer(3, padding=2, pool=3, compared=True),
    _Layer(6, pool=3, compared=True),
    _Layer(8, compared=True),
    _Layer(10, compared=True),
)
_VGG = (
    *(_Layer(0), _Layer(2, compared=True)),
    *(_Layer(5, pool=2), _Layer(7, compared=True)),
    *(_Layer(10, pool=2), _Layer(12), _Layer(14, compared=True)),
    *(_Layer(17, pool=2), _Layer(19), _Layer(21, compared=True)),
    *(_Layer(24, pool=2), _Layer(26), _Layer(28, compared=True)),
)
_NETWORKS: dict[tuple[int, ...], tuple[str, tuple[_Layer, ...]]] = {
    (64, 192, 384, 256, 256): ("AlexNet", _ALEX),
    (64, 128, 256, 512, 512): ("VGG16", _VGG),
}
"""By the channels of the five layers, which is how the authors' file tells what it is for."""
_SIDES = {("AlexNet", 0): 11, ("AlexNet", 3): 5}  # of the other kernels: 3


class Lpips:
    """Measures, on one device.

    Attributes
    ----------
    network
        ``AlexNet`` or ``VGG16``: figures of the two are not comparable.
    """

    def __init__(self, files: Files, device: torch.device) -> None:
        """Load both files.

        Raises
        ------
        UsageError
            If one is missing, does not fit, or would have to run code.
        SrtuiError
            If one is damaged.
        """
        self._device = device
        self._weights = _layer_weights(Path(files.weights).expanduser(), device)
        self.network, self._layers = _NETWORKS[_channels(self._weights)]
        self._convolutions = _convolutions(Path(files.backbone).expanduser(), self.network, self._layers, device)
        self._shift, self._scale = (torch.tensor(each, device=device).view(1, 3, 1, 1) for each in (_SHIFT, _SCALE))

    def __call__(self, restored_hwc: NDArray[np.uint8], gt_hwc: NDArray[np.uint8], border: int = 0) -> float | None:
        """
        Measure the distance of two pictures, RGB uint8 of one size, without ``border`` pixels on every side.

        Returns
        -------
        0 for equal pictures, usually below 1; None if less than `SMALLEST` pixels are left of a side.
        """
        height: int = gt_hwc.shape[0] - 2 * border
        width: int = gt_hwc.shape[1] - 2 * border
        if min(height, width) < SMALLEST:
            return None
        total = 0.0
        for y in cuts(height, PART, 0):
            for x in cuts(width, PART, 0):
                rows, columns = slice(border + y.first, border + y.last), slice(border + x.first, border + x.last)
                part = self._distance(restored_hwc[rows, columns], gt_hwc[rows, columns])
                total += part * (y.last - y.first) * (x.last - x.first)
        return total / (height * width)

    @torch.inference_mode()
    def _distance(self, a_hwc: NDArray[np.uint8], b_hwc: NDArray[np.uint8]) -> float:
        both_bchw = torch.from_numpy(np.stack([a_hwc, b_hwc])).permute(0, 3, 1, 2).to(self._device).float()
        both_bchw = (both_bchw / 127.5 - 1 - self._shift) / self._scale
        distance = torch.zeros((), device=self._device)
        # Without TF32: 10 bits of the features would show in the third digit of the figure.
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            for features_bchw, weights in zip(self._features(both_bchw), self._weights, strict=True):
                norm = features_bchw.square().sum(1, keepdim=True).sqrt()
                first, second = features_bchw / (norm + _TINY)
                distance += ((first - second).square() * weights).sum(0).mean()
        return float(distance)

    def _features(self, x_bchw: Tensor) -> Iterator[Tensor]:
        for layer, (weight, bias) in zip(self._layers, self._convolutions, strict=True):
            if layer.pool:
                x_bchw = functional.max_pool2d(x_bchw, layer.pool, 2)
            x_bchw = functional.conv2d(x_bchw, weight, bias, layer.stride, layer.padding).relu_()
            if layer.compared:
                yield x_bchw


def _layer_weights(path: Path, device: torch.device) -> list[Tensor]:
    """Weights of the five layers, each (C, 1, 1); keys are ``lin0.model.1.weight``, as the authors save them."""
    state = _read(path)
    weights = [state[key] for layer in range(5) if (key := f"lin{layer}.model.1.weight") in state]
    shapes = [tuple(each.shape) for each in weights]
    if _channels(weights) not in _NETWORKS or any(shape != (1, shape[1], 1, 1) for shape in shapes):
        fact = f"holds no weights of LPIPS for AlexNet or VGG16: {', '.join(map(str, shapes)) or _keys(state)}"
        raise UsageError(
            str(path), fact, hint="lpips/weights/v0.1/alex.pth or vgg.pth of PerceptualSimilarity is meant"
        )
    return [each.to(device, torch.float32).view(-1, 1, 1) for each in weights]


def _channels(weights: list[Tensor]) -> tuple[int, ...]:
    return tuple(each.numel() for each in weights)


def _convolutions(
    path: Path, network: str, layers: tuple[_Layer, ...], device: torch.device
) -> list[tuple[Tensor, Tensor]]:
    """Weight and bias of each; keys are ``features.0.weight``, or ``0.weight`` of the features alone."""
    state = _read(path)
    prefix = "features." if "features.0.weight" in state else ""
    found, channels = [], 3
    for layer in layers:
        key = f"{prefix}{layer.index}"
        weight, bias = state.get(f"{key}.weight"), state.get(f"{key}.bias")
        side = _SIDES.get((network, layer.index), 3)
        if weight is None or bias is None or weight.shape[1:] != (channels, side, side) or len(bias) != len(weight):
            shape = "not there" if weight is None or bias is None else str(tuple(weight.shape))
            fact = f"is not torchvision's {network}, which the weights of LPIPS are for: {key}.weight is {shape}"
            raise UsageError(str(path), fact, hint=f"torchvision.models.{network.lower()} for ImageNet is meant")
        found.append((weight.to(device, torch.float32), bias.to(device, torch.float32)))
        channels = len(weight)
    return found


def _read(path: Path) -> Mapping[str, Tensor]:
    if not path.is_file():
        raise UsageError(str(path), "no such file", where="validate.lpips", hint="check the path")
    try:
        state: Any = load_file(path) if path.suffix == ".safetensors" else read_torch_file(path)
    except (SafetensorError, OSError) as error:
        raise SrtuiError(str(path), f"damaged: {error}", hint="copy or download it again") from None
    if not isinstance(state, Mapping) or not all(isinstance(each, Tensor) for each in state.values()):
        raise UsageError(str(path), "holds no state dict of tensors", where="validate.lpips")
    return state


def _keys(state: Mapping[str, Tensor]) -> str:
    return f"its keys begin with {next(iter(state), 'nothing')!r}"
