"""
SPAN (Wan et al., 2024): six blocks whose attention has no weights, at lq size, and one pixel shuffle.

Every 3×3 convolution is trained as a chain of three with a shortcut beside them (the wide form), which is linear and
so equals one plain 3×3 convolution. Upstream computes the wide form while it trains, and keeps a plain copy among the
parameters, ``eval_conv``, where optimisers meet 40 tensors that never get a gradient. Here the plain convolution is
made of the wide weights in each pass, in training too, with gradients to all of them: the same function for a quarter
of the arithmetic. ``eval_conv`` is a buffer, made anew whenever weights are read out, so that files are upstream's.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from srtui.config.network import Span
from srtui.engine.networks.base import MeanShift, SRNetwork, bilinear, conv, draw, numbered

_GAIN = 2  # how much wider the chain is than its ends


class Fused(nn.Module):
    """The plain convolution that a wide one equals: buffers, for nothing trains them."""

    weight: Tensor
    bias: Tensor

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(outputs, inputs, 3, 3))
        self.register_buffer("bias", torch.zeros(outputs))

    def forward(self, x_bchw: Tensor) -> Tensor:
        """Keep the height and width."""
        return functional.conv2d(x_bchw, self.weight, self.bias, padding=1)


class Conv3XC(nn.Module):
    """A 3×3 convolution, parametrised as 1×1, 3×3, 1×1 with a 1×1 shortcut."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.sk = nn.Conv2d(inputs, outputs, 1)
        self.conv = nn.Sequential(
            nn.Conv2d(inputs, _GAIN * inputs, 1),
            nn.Conv2d(_GAIN * inputs, _GAIN * outputs, 3),
            nn.Conv2d(_GAIN * outputs, outputs, 1),
        )
        self.eval_conv = Fused(inputs, outputs)
        self.fused = False
        self.register_state_dict_pre_hook(_refresh)  # type: ignore[no-untyped-call] # torch's annotations leave it out
        self.register_load_state_dict_post_hook(_forget)  # type: ignore[no-untyped-call] # the same

    def forward(self, x_bchw: Tensor) -> Tensor:
        """Keep the height and width."""
        if self.fused:
            plain: Tensor = self.eval_conv(x_bchw)
            return plain
        return functional.conv2d(x_bchw, *self.merged(), padding=1)

    def merged(self) -> tuple[Tensor, Tensor]:
        """Weight (outputs, inputs, 3, 3) and bias of the equal plain convolution, with gradients to the wide weights.

        The bias of the first layer goes through the second's window at the border too: upstream pads before it.
        """
        (first, first_bias), (middle, middle_bias), (last, last_bias) = map(_parts, self.conv)
        shortcut, shortcut_bias = _parts(self.sk)
        outputs, inputs = self.sk.weight.shape[:2]
        # In full precision: the products of three bf16 roundings would be seen, and the work is next to nothing.
        with torch.autocast(self.sk.weight.device.type, enabled=False):
            wide = (last @ middle).view(outputs, _GAIN * inputs, 9)
            taps = (wide.transpose(1, 2) @ first).view(outputs, 3, 3, inputs)
            taps = taps + functional.pad(shortcut[:, None, None], (0, 0, 1, 1, 1, 1))
            bias = wide.sum(2) @ first_bias + last @ middle_bias + last_bias + shortcut_bias
        return taps.permute(0, 3, 1, 2), bias

    def train(self, mode: bool = True) -> Conv3XC:
        """Training changes weights, so it ends the fused state."""
        self.fused = self.fused and not mode
        return super().train(mode)


def _parts(layer: nn.Module) -> tuple[Tensor, Tensor]:
    """Weight as a matrix, and bias."""
    assert isinstance(layer, nn.Conv2d)
    assert layer.bias is not None
    return layer.weight.flatten(1), layer.bias


@torch.no_grad()
def _refresh(layer: nn.Module, *_: Any) -> None:
    """Let ``eval_conv`` say what the wide weights say now."""
    assert isinstance(layer, Conv3XC)
    if not layer.sk.weight.is_meta:
        weight, bias = layer.merged()
        layer.eval_conv.weight.copy_(weight)
        layer.eval_conv.bias.copy_(bias)


def _forget(layer: nn.Module, _incompatible: Any) -> None:
    assert isinstance(layer, Conv3XC)
    layer.fused = False


class SPAB(nn.Module):
    """Three convolutions; what they say, centred by a sigmoid, is the attention to itself and the input."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.c1_r = Conv3XC(features, features)
        self.c2_r = Conv3XC(features, features)
        self.c3_r = Conv3XC(features, features)

    def forward(self, x_bchw: Tensor) -> tuple[Tensor, Tensor]:
        """Return the result, and the first layer's after its activation (upstream's works in place)."""
        first_bchw = functional.silu(self.c1_r(x_bchw))
        out_bchw: Tensor = self.c3_r(functional.silu(self.c2_r(first_bchw)))
        return (out_bchw + x_bchw) * (torch.sigmoid(out_bchw) - 0.5), first_bchw


class SPAN(SRNetwork):
    """Names are upstream's. Weights that were trained without the shift of colours carry ``no_norm``."""

    no_norm: Tensor

    def __init__(self, options: Span, scale: int) -> None:
        features = options.features
        layers = 1 + 3 * _BLOCKS + 1 + 1  # conv_1, the blocks, conv_2, upsampler
        super().__init__(scale=scale, radius=layers, floats=9 * features + 6 * scale**2)
        self.shift = MeanShift(range=255) if options.norm else None
        if not options.norm:
            self.register_buffer("no_norm", torch.zeros(1))
        self.conv_1 = Conv3XC(3, features)
        for number in range(1, _BLOCKS + 1):
            self.add_module(f"block_{number}", SPAB(features))
        self.conv_cat = nn.Conv2d(4 * features, features, 1)
        self.conv_2 = Conv3XC(features, features)
        self.upsampler = nn.Sequential(conv(features, 3 * scale**2), nn.PixelShuffle(scale))
        if not self.conv_cat.weight.is_meta:
            self._start()

    def forward(self, lq_bchw: Tensor) -> Tensor:
        """Restore a batch."""
        first_bchw = self.conv_1(lq_bchw if self.shift is None else self.shift(lq_bchw))
        first_block, *blocks = numbered(self, "block_", _BLOCKS)
        one_bchw, _ = first_block(first_bchw)
        x_bchw = one_bchw
        for block in blocks:
            x_bchw, inner_bchw = block(x_bchw)
        seen_bchw = torch.cat((first_bchw, self.conv_2(x_bchw), one_bchw, inner_bchw), 1)
        restored: Tensor = self.upsampler(self.conv_cat(seen_bchw))
        return restored

    def fuse(self) -> None:
        """Compute the plain convolutions once; exact up to the rounding of sums."""
        super().fuse()
        for layer in self.modules():
            if isinstance(layer, Conv3XC):
                _refresh(layer)
                layer.fused = True

    @torch.no_grad()
    def _start(self) -> None:
        """
        Begin at the bilinear enlargement, with signals that neither fade nor explode.

        One channel per colour of conv_1 carries lq past the blocks to the last layer, which enlarges it and makes next
        to nothing of the others. A block squares weak signals, as its attention is next to 0 where its result is: so
        the features begin eight times as strong as lq, and each block's last layer is drawn three times as large.

        Upstream leaves torch's default. Measured (32 features, x4 bicubic, 500 updates with Adam 5e-4 on 8 crops of 96
        of 20 photographs; PSNR on 12 others, bicubic 24.84 dB): 16.93 dB with torch's default and the shift of colours,
        22.86 without the shift, 24.96 this way. Standard deviations after conv_1 and the blocks, this way: 3.7, 2.8,
        2.6, 2.2, 1.7, 1.1, 0.9; with features as strong as lq the last are 1e-16, and nothing trains them.
        """
        for name, layer in self.named_modules():
            if isinstance(layer, Conv3XC):
                factor = 3.0 if name.endswith("c3_r") else 8.0 if name == "conv_1" and self.shift is None else 1.0
                draw(layer.sk, slope=1, factor=factor / 2**0.5)
                for number, part in enumerate(layer.conv):
                    assert isinstance(part, nn.Conv2d)
                    draw(part, slope=1, factor=(factor if number == 2 else 1) / 2 ** (1 / 6))
        draw(self.conv_cat, slope=1)
        last = self.upsampler[0]
        assert isinstance(last, nn.Conv2d)
        draw(last, slope=1, factor=0.003)
        self._carry_lq(last)

    def _carry_lq(self, last: nn.Conv2d) -> None:
        """Set the weights of channels 0 to 2."""
        self.conv_1.sk.weight[:3] = 0
        end = self.conv_1.conv[2]
        assert isinstance(end, nn.Conv2d)
        end.weight[:3] = 0
        self.conv_cat.weight[:3] = 0
        assert last.bias is not None
        if self.shift is not None:
            last.weight /= self.shift.range
            last.bias.copy_(self.shift.mean.flatten().repeat_interleave(self.scale**2))
        for colour in range(3):
            self.conv_1.sk.weight[colour, colour] = 1
            self.conv_cat.weight[colour, colour] = 1
            phases = last.weight[colour * self.scale**2 : (colour + 1) * self.scale**2]
            phases[:, :3] = 0
            phases[:, colour] = bilinear(self.scale) / (1 if self.shift is None else self.shift.range)


_BLOCKS = 6
