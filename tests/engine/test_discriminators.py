"""The discriminators: upstream's names and counts, any size that they promise, spectral norm as torch computes it."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from srtui.config.network import DiscriminatorNetwork, UNet, Vgg
from srtui.engine import networks
from srtui.engine.networks.unet import SpectralConv
from srtui.errors import UsageError


def count(options: DiscriminatorNetwork, gt_size: int) -> int:
    return sum(weight.numel() for weight in networks.build_discriminator(options, gt_size).parameters())


def test_has_as_many_parameters_as_upstream() -> None:
    assert count(Vgg(), 128) == 14_499_401
    assert count(UNet(), 256) == 4_376_897


@pytest.mark.parametrize(("gt_size", "stages"), [(128, 5), (256, 6)])
def test_the_vgg_style_one_has_the_names_of_basicsr(gt_size: int, stages: int) -> None:
    found = {
        name: tuple(value.shape) for name, value in networks.build_discriminator(Vgg(), gt_size).state_dict().items()
    }
    norms = [f"bn{stage}_{part}" for stage in range(stages) for part in (0, 1) if (stage, part) != (0, 0)]
    names = {f"conv{stage}_{part}.weight" for stage in range(stages) for part in (0, 1)}
    names |= {f"{norm}.{kind}" for norm in norms for kind in ("weight", "bias", "running_mean", "running_var")}
    names |= {f"{norm}.num_batches_tracked" for norm in norms}
    names |= {f"linear{number}.{kind}" for number in (1, 2) for kind in ("weight", "bias")} | {"conv0_0.bias"}
    assert found.keys() == names
    assert found["linear1.weight"] == (100, 512 * 4 * 4)
    assert found["conv3_1.weight"] == (512, 512, 4, 4)


def test_the_unet_has_the_names_of_real_esrgan() -> None:
    names = {f"conv{layer}.{kind}" for layer in (0, 9) for kind in ("weight", "bias")}
    names |= {f"conv{layer}.weight_{kind}" for layer in range(1, 9) for kind in ("orig", "u", "v")}
    assert set(networks.build_discriminator(UNet(features=4), 128).state_dict()) == names


@pytest.mark.parametrize("gt_size", [32, 40, 64, 96, 100, 127, 128, 192])
def test_the_vgg_style_one_judges_crops_of_any_size_from_32(gt_size: int) -> None:
    net = networks.build_discriminator(Vgg(features=4), gt_size)
    logits = net(torch.rand(2, 3, gt_size, gt_size))
    assert logits.shape == (2, 1)
    logits.sum().backward()
    assert all(weight.grad is not None for weight in net.parameters())


@pytest.mark.parametrize("gt_size", [8, 31])
def test_smaller_crops_are_refused_with_the_way_out(gt_size: int) -> None:
    with pytest.raises(UsageError, match=f"crops of {gt_size} pixels; it needs at least 32") as caught:
        networks.build_discriminator(Vgg(), gt_size)
    assert "unet" in caught.value.hint


@pytest.mark.parametrize("size", [(8, 8), (64, 64), (31, 50), (9, 12)])
def test_the_unet_judges_every_pixel_of_any_size(size: tuple[int, int]) -> None:
    net = networks.build_discriminator(UNet(features=4), 128)
    logits = net(torch.rand(2, 3, *size))
    assert logits.shape == (2, 1, *size)
    logits.sum().backward()
    assert all(weight.grad is not None for weight in net.parameters())


def both() -> tuple[SpectralConv, nn.Module]:
    """Ours, and torch's own with the same numbers."""
    torch.manual_seed(1)
    ours = SpectralConv(5, 7, 3, 1)
    theirs = nn.utils.spectral_norm(nn.Conv2d(5, 7, 3, padding=1, bias=False))
    assert theirs.state_dict().keys() == ours.state_dict().keys()
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


def test_spectral_norm_is_torchs_in_value_gradient_and_state() -> None:
    ours, theirs = both()
    for _ in range(3):
        x_bchw = torch.rand(2, 5, 6, 6)
        results = [net(x_bchw) for net in (ours, theirs)]
        torch.testing.assert_close(*results)
        # Real and fake before one step backward, as in a discriminator's update.
        for net, result in zip((ours, theirs), results, strict=True):
            (result.square().sum() + net(-x_bchw).square().sum()).backward()
        torch.testing.assert_close(ours.weight_orig.grad, theirs.weight_orig.grad)
        for name, value in theirs.state_dict().items():
            torch.testing.assert_close(ours.state_dict()[name], value)


def test_the_spectral_norm_stands_still_in_evaluation() -> None:
    ours, theirs = both()
    before = {name: value.clone() for name, value in ours.state_dict().items()}
    x_bchw = torch.rand(1, 5, 6, 6)
    torch.testing.assert_close(ours.eval()(x_bchw), theirs.eval()(x_bchw))
    assert all(torch.equal(value, before[name]) for name, value in ours.state_dict().items())


def test_under_autocast_the_norm_stays_exact() -> None:
    ours, theirs = both()
    x_bchw = torch.rand(1, 5, 6, 6)
    theirs(x_bchw)
    with torch.autocast("cpu", torch.bfloat16):
        ours(x_bchw)
    torch.testing.assert_close(ours.weight_u, theirs.get_buffer("weight_u"))
