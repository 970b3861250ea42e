"""VGG-style discriminator of ESRGAN (Wang et al., 2018), with BasicSR's names: one verdict per crop of a fixed size."""

from __future__ import annotations

from torch import Tensor, nn

from srtui.config.network import Vgg
from srtui.errors import UsageError

SMALLEST = 32
"""Side of a crop from which there is enough to judge: three halvings."""


class VGGStyleDiscriminator(nn.Module):
    """
    A crop → one number, high for real pictures.

    Parameters
    ----------
    options
        Sizes.
    gt_size
        Side of the crops, from 32. They are halved until 4 to 7 pixels are left (5 times from 128, as upstream; 6 from
        256), and two linear layers judge what is there: a discriminator serves the one size that it was made for.
    """

    def __init__(self, options: Vgg, gt_size: int) -> None:
        super().__init__()
        if gt_size < SMALLEST:
            hint = "choose a larger gt_size, or the discriminator unet, which takes any"
            raise UsageError("discriminator vgg", f"crops of {gt_size} pixels; it needs at least {SMALLEST}", hint=hint)
        self.gt_size = gt_size
        self.halvings = (gt_size // 4).bit_length() - 1
        inputs = 3
        for stage in range(self.halvings):
            outputs = options.features * min(2**stage, 8)
            self.add_module(f"conv{stage}_0", nn.Conv2d(inputs, outputs, 3, 1, 1, bias=stage == 0))
            if stage:
                self.add_module(f"bn{stage}_0", nn.BatchNorm2d(outputs))
            self.add_module(f"conv{stage}_1", nn.Conv2d(outputs, outputs, 4, 2, 1, bias=False))
            self.add_module(f"bn{stage}_1", nn.BatchNorm2d(outputs))
            inputs = outputs
        side = gt_size >> self.halvings
        self.linear1 = nn.Linear(inputs * side**2, 100)
        self.linear2 = nn.Linear(100, 1)
        self.lrelu = nn.LeakyReLU(0.2, inplace=True)

    def forward(self, x_bchw: Tensor) -> Tensor:
        """Judge crops: (B, 3, gt_size, gt_size) → logits (B, 1)."""
        for stage in range(self.halvings):
            x_bchw = self.get_submodule(f"conv{stage}_0")(x_bchw)
            if stage:
                x_bchw = self.get_submodule(f"bn{stage}_0")(x_bchw)
            x_bchw = self.lrelu(x_bchw)
            x_bchw = self.get_submodule(f"bn{stage}_1")(self.get_submodule(f"conv{stage}_1")(x_bchw))
            x_bchw = self.lrelu(x_bchw)
        logits: Tensor = self.linear2(self.lrelu(self.linear1(x_bchw.flatten(1))))
        return logits
