"""SRVGGNetCompact of Real-ESRGAN (Wang et al., 2021): plain convolutions at lq size, one pixel shuffle."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from srtui.config.network import Compact
from srtui.engine.networks.base import SRNetwork, conv


class SRVGGNetCompact(SRNetwork):
    """Learns what to add to the nearest-neighbour enlargement. Layers are ``body.0`` … as upstream numbers them."""

    def __init__(self, options: Compact, scale: int) -> None:
        super().__init__(scale=scale, radius=options.convs + 2, floats=3 * options.features + 12 * scale**2)
        features = options.features
        layers: list[nn.Module] = [conv(3, features), _activation(options)]
        for _ in range(options.convs):
            layers += [conv(features, features), _activation(options)]
        layers.append(conv(features, 3 * scale**2))
        self.body = nn.Sequential(*layers)
        self.upsampler = nn.PixelShuffle(scale)

    def forward(self, lq_bchw: Tensor) -> Tensor:
        """Restore a batch."""
        detail: Tensor = self.upsampler(self.body(lq_bchw))
        return detail + functional.interpolate(lq_bchw, scale_factor=float(self.scale), mode="nearest")


def _activation(options: Compact) -> nn.Module:
    if options.activation == "prelu":
        return nn.PReLU(num_parameters=options.features)
    if options.activation == "relu":
        return nn.ReLU(inplace=True)
    return nn.LeakyReLU(0.1, inplace=True)
