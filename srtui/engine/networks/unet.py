"""U-Net discriminator of Real-ESRGAN (Wang et al., 2021), with its names: one verdict per pixel, spectral norm."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from srtui.config.network import UNet

_EPSILON = 1e-12


class SpectralConv(nn.Module):
    """
    A convolution without bias whose weight, as a matrix, has a largest singular value of 1.

    Notes
    -----
    Miyato et al. (2018): one step of power iteration in each training pass. The numbers and names are those of
    ``torch.nn.utils.spectral_norm`` (``weight_orig``, ``weight_u``, ``weight_v``), which under autocast would iterate
    in half precision.
    """

    weight_u: Tensor
    weight_v: Tensor

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__()
        plain = nn.Conv2d(inputs, outputs, kernel, bias=False)
        self.weight_orig = nn.Parameter(plain.weight.detach())
        self.stride = stride
        self.register_buffer("weight_u", _unit(torch.randn(outputs)))
        self.register_buffer("weight_v", _unit(torch.randn(inputs * kernel**2)))

    def forward(self, x_bchw: Tensor) -> Tensor:
        """Keep the height and width, or halve them."""
        with torch.autocast(self.weight_orig.device.type, enabled=False):
            weight = self._normalised()
        return functional.conv2d(x_bchw, weight, stride=self.stride, padding=1)

    def _normalised(self) -> Tensor:
        matrix = self.weight_orig.flatten(1)
        if self.training:
            with torch.no_grad():
                self.weight_v.copy_(_unit(matrix.T @ self.weight_u))
                self.weight_u.copy_(_unit(matrix @ self.weight_v))
        # Copies: the next pass changes the vectors before this one's backward pass has read them.
        largest = torch.dot(self.weight_u.clone(), matrix @ self.weight_v.clone())
        return self.weight_orig / largest


def _unit(vector: Tensor) -> Tensor:
    return functional.normalize(vector, dim=0, eps=_EPSILON)


class UNetDiscriminatorSN(nn.Module):
    """Pictures of any size from 8 × 8 → one number per pixel, high where it looks real."""

    def __init__(self, options: UNet) -> None:
        super().__init__()
        features = options.features
        self.conv0 = nn.Conv2d(3, features, 3, 1, 1)
        self.conv1 = SpectralConv(features, features * 2, 4, 2)
        self.conv2 = SpectralConv(features * 2, features * 4, 4, 2)
        self.conv3 = SpectralConv(features * 4, features * 8, 4, 2)
        self.conv4 = SpectralConv(features * 8, features * 4, 3, 1)
        self.conv5 = SpectralConv(features * 4, features * 2, 3, 1)
        self.conv6 = SpectralConv(features * 2, features, 3, 1)
        self.conv7 = SpectralConv(features, features, 3, 1)
        self.conv8 = SpectralConv(features, features, 3, 1)
        self.conv9 = nn.Conv2d(features, 1, 3, 1, 1)
        self.lrelu = nn.LeakyReLU(0.2, inplace=True)

    def forward(self, x_bchw: Tensor) -> Tensor:
        """Judge pictures: (B, 3, H, W) → logits (B, 1, H, W)."""
        lrelu = self.lrelu
        whole = lrelu(self.conv0(x_bchw))
        half = lrelu(self.conv1(whole))
        quarter = lrelu(self.conv2(half))
        eighth = lrelu(self.conv3(quarter))
        x_bchw = lrelu(self.conv4(_enlarged(eighth, quarter))) + quarter
        x_bchw = lrelu(self.conv5(_enlarged(x_bchw, half))) + half
        x_bchw = lrelu(self.conv6(_enlarged(x_bchw, whole))) + whole
        logits: Tensor = self.conv9(lrelu(self.conv8(lrelu(self.conv7(x_bchw)))))
        return logits


def _enlarged(x_bchw: Tensor, like_bchw: Tensor) -> Tensor:
    """Bilinear, to the other's size: twice, except where an odd size was halved."""
    return functional.interpolate(x_bchw, like_bchw.shape[-2:], mode="bilinear", align_corners=False)
