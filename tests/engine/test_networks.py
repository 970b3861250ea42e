"""The networks: upstream's names and counts, exact receptive radii, any size of picture."""

import copy
import functools

import pytest
import torch
from torch import Tensor, nn

from srtui.config.network import EDSR, RRDB, Compact, Network, Span, SRResNet
from srtui.engine import networks
from srtui.engine.ema import Ema
from srtui.engine.networks.base import SRNetwork
from srtui.engine.networks.compact import SRVGGNetCompact
from srtui.engine.networks.rrdb import RRDBNet
from srtui.engine.networks.span import Conv3XC

SMALL: list[Network] = [
    Compact(features=8, convs=2),
    SRResNet(features=8, blocks=2),
    RRDB(features=8, blocks=1, growth=4),
    EDSR(features=8, blocks=2),
    Span(features=8),
    Span(features=8, norm=True),
]
EVERY = [(options, scale) for options in SMALL for scale in (1, 2, 3, 4)]
IDS = [f"{options.type}{'-norm' * getattr(options, 'norm', False)}-x{scale}" for options, scale in EVERY]


def count(options: Network, scale: int) -> int:
    with torch.device("meta"):
        return sum(weight.numel() for weight in networks.build(options, scale).parameters())


@pytest.mark.parametrize(
    ("options", "scale", "parameters"),
    [
        (SRResNet(), 4, 1_517_571),
        (RRDB(), 4, 16_697_987),
        (RRDB(), 2, 16_703_171),
        (RRDB(), 1, 16_723_907),
        (Compact(), 4, 621_424),
        (Compact(convs=32), 4, 1_213_296),
        (EDSR(), 4, 1_517_571),
        (EDSR(features=256, blocks=32, residual=0.1), 4, 43_089_923),
    ],
)
def test_has_as_many_parameters_as_upstream(options: Network, scale: int, parameters: int) -> None:
    assert count(options, scale) == parameters


@pytest.mark.parametrize(("features", "deployed"), [(48, 426_288), (52, 498_208)])  # 52: the paper's 498 K
def test_span_has_as_many_parameters_as_published_once_it_is_fused(features: int, deployed: int) -> None:
    with torch.device("meta"):
        weights = networks.build(Span(features=features), 4).state_dict()
    assert deployed == sum(
        value.numel()
        for name, value in weights.items()
        if "eval_conv" in name or name.startswith(("conv_cat", "upsam"))
    )


def test_names_are_those_of_basicsr() -> None:
    names = set(networks.build(SRResNet(features=8, blocks=2), 4).state_dict())
    layers = ["conv_first", "upconv1", "upconv2", "conv_hr", "conv_last"]
    layers += [f"body.{i}.conv{j}" for i in (0, 1) for j in (1, 2)]
    assert names == {f"{layer}.{part}" for layer in layers for part in ("weight", "bias")}

    names = set(networks.build(RRDB(features=8, blocks=1, growth=4), 4).state_dict())
    layers = ["conv_first", "conv_body", "conv_up1", "conv_up2", "conv_hr", "conv_last"]
    layers += [f"body.0.rdb{i}.conv{j}" for i in (1, 2, 3) for j in (1, 2, 3, 4, 5)]
    assert names == {f"{layer}.{part}" for layer in layers for part in ("weight", "bias")}

    for scale, ups in ((1, []), (2, [0]), (3, [0]), (4, [0, 2])):
        names = set(networks.build(EDSR(features=8, blocks=1), scale).state_dict())
        layers = ["conv_first", "conv_after_body", "conv_last", "body.0.conv1", "body.0.conv2"]
        layers += [f"upsample.{number}" for number in ups]
        assert names == {f"{layer}.{part}" for layer in layers for part in ("weight", "bias")}

    names = set(networks.build(Compact(features=8, convs=1), 4).state_dict())
    assert names == {f"body.{i}.{part}" for i in (0, 2, 4) for part in ("weight", "bias")} | {
        "body.1.weight",
        "body.3.weight",
    }


@pytest.mark.parametrize(("options", "scale"), EVERY, ids=IDS)
@pytest.mark.parametrize("size", [(1, 1), (3, 2), (7, 10)])
def test_takes_any_size(options: Network, scale: int, size: tuple[int, int]) -> None:
    height, width = size
    restored = networks.build(options, scale)(torch.rand(2, 3, height, width))
    assert restored.shape == (2, 3, height * scale, width * scale)


@pytest.mark.parametrize(("options", "scale"), EVERY, ids=IDS)
def test_the_declared_radius_is_how_far_a_pixel_reaches(options: Network, scale: int) -> None:
    net = networks.build(options, scale)
    assert reach(net) == net.radius


def test_the_first_release_of_esrgan_enlarges_without_unshuffle() -> None:
    for scale, names in ((1, set()), (2, {"conv_up1"}), (4, {"conv_up1", "conv_up2"})):
        net = RRDBNet(RRDB(features=8, blocks=1, growth=4), scale, plain=True)
        assert {name for name, _ in net.named_children() if name.startswith("conv_up")} == names
        assert net(torch.rand(1, 3, 5, 6)).shape[-2:] == (5 * scale, 6 * scale)
        assert reach(net) == net.radius


def test_a_shallow_network_overlaps_by_its_radius_and_a_deep_one_does_not() -> None:
    assert networks.build(Compact(), 4).overlap == networks.build(Compact(), 4).radius == 18
    assert networks.build(SRResNet(), 4).overlap == networks.build(SRResNet(), 4).radius == 35
    deep = networks.build(RRDB(features=8, growth=4), 4)
    assert deep.radius == 349
    assert deep.overlap < 64


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
@pytest.mark.parametrize(
    "options",
    [
        SRResNet(features=16, blocks=4),
        Compact(features=32, convs=8),
        Span(),
        Span(norm=True),
        EDSR(features=16, blocks=4),
    ],
)
def test_training_begins_near_the_bilinear_enlargement(options: Network, scale: int) -> None:
    torch.manual_seed(1)
    lq_bchw = torch.rand(1, 3, 12, 12)
    base = lq_bchw
    for factor in (2, 2) if isinstance(options, EDSR) and scale == 4 else (scale,):
        base = nn.functional.interpolate(base, scale_factor=factor, mode="bilinear")
    difference = networks.build(options, scale)(lq_bchw) - base
    inside = slice(scale, -scale)  # zeros lie beyond the border
    assert 0 < difference[..., inside, inside].abs().max() < 0.1


@pytest.mark.parametrize("activation", ["prelu", "relu", "leakyrelu"])
def test_the_signal_of_a_compact_network_does_not_fade(activation: str) -> None:
    torch.manual_seed(1)
    net = networks.build(Compact(features=64, convs=32, activation=activation), 4)
    assert isinstance(net, SRVGGNetCompact)
    assert 0.1 < net.body[:-1](torch.rand(1, 3, 16, 16)).std() < 2


def test_the_same_generator_gives_the_same_weights() -> None:
    made = []
    for _ in range(2):
        torch.manual_seed(5)
        made.append(networks.build(SMALL[0], 2).state_dict())
    assert all(torch.equal(made[0][name], made[1][name]) for name in made[0])


def reach(net: SRNetwork) -> int:
    """How far from an lq pixel the outputs lie that it can change, in lq pixels: how far NaN spreads from there."""
    net.double()
    size = 2 * (net.radius + net.multiple) + 4
    touched = 0
    for centre in range(size // 2 - net.multiple, size // 2):
        lq_bchw = torch.ones(1, 3, 8 * net.multiple, size, dtype=torch.double)
        lq_bchw[..., centre] = torch.nan
        with torch.no_grad():
            changed = net(lq_bchw).isnan().any(dim=1).any(dim=1)[0]
        columns = torch.nonzero(changed)[:, 0] // net.scale
        touched = max(touched, int((columns - centre).abs().max()))
    return touched


@pytest.mark.parametrize(("options", "scale"), EVERY, ids=IDS)
def test_without_memory_nothing_is_drawn(options: Network, scale: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_kw: object) -> None:
        raise AssertionError("loads torch._dynamo")

    monkeypatch.setattr(nn.init, "kaiming_normal_", fail)
    with torch.device("meta"):
        networks.build(options, scale)


# SPAN's convolutions are trained wide and run fused


def wide(layer: Conv3XC, x_bchw: Tensor) -> Tensor:
    """What upstream computes while it trains."""
    return layer.conv(nn.functional.pad(x_bchw, (1, 1, 1, 1))) + layer.sk(x_bchw)


def test_the_fused_convolution_is_the_wide_one_with_its_gradients_and_at_the_border_too() -> None:
    torch.manual_seed(1)
    layer = Conv3XC(3, 5).double()
    x_bchw = torch.rand(2, 3, 4, 6, dtype=torch.double)
    gradients = []
    for result in (layer(x_bchw), wide(layer, x_bchw)):
        layer.zero_grad()
        result.square().sum().backward()
        gradients.append(
            {name: weight.grad.clone() for name, weight in layer.named_parameters() if weight.grad is not None}
        )
    torch.testing.assert_close(layer(x_bchw), wide(layer, x_bchw))
    assert gradients[0].keys() == dict(layer.named_parameters()).keys()
    torch.testing.assert_close(gradients[0], gradients[1])


@pytest.mark.parametrize("norm", [False, True])
def test_every_parameter_of_span_is_trained(norm: bool) -> None:
    torch.manual_seed(1)
    net = networks.build(Span(features=8, norm=norm), 2)
    net(torch.rand(2, 3, 12, 12)).square().mean().backward()
    assert [name for name, weight in net.named_parameters() if weight.grad is None or not weight.grad.any()] == []
    assert not [name for name, _ in net.named_parameters() if "eval_conv" in name]


def test_span_says_in_its_files_what_it_computes_whatever_was_done_to_its_weights() -> None:
    torch.manual_seed(1)
    net = networks.build(Span(features=4), 2).double()
    lq_bchw = torch.rand(1, 3, 7, 6, dtype=torch.double)
    net.fuse()
    torch.testing.assert_close(net(lq_bchw), _unfused(net)(lq_bchw))
    with torch.no_grad():
        net.train()
        for weight in net.parameters():
            weight.mul_(1.1)
    for state in (net.train(), net.eval()):
        torch.testing.assert_close(state(lq_bchw), _unfused(net)(lq_bchw))
    layer = net.get_submodule("conv_2")
    assert isinstance(layer, Conv3XC)
    torch.testing.assert_close(net.state_dict()["conv_2.eval_conv.weight"], layer.merged()[0])


def _unfused(net: SRNetwork) -> SRNetwork:
    """The same network, every convolution in its wide form."""
    copied = copy.deepcopy(net)
    for layer in copied.modules():
        if isinstance(layer, Conv3XC):
            layer.forward = functools.partial(wide, layer)  # type: ignore[method-assign] # that is the point
    return copied


def test_the_average_of_span_is_fused_from_averaged_weights() -> None:
    torch.manual_seed(1)
    net = networks.build(Span(features=4), 2)
    ema = Ema(net, 0.5)
    with torch.no_grad():
        for weight in net.parameters():
            weight.add_(torch.randn_like(weight))
    ema.update(10)
    expected = {name: weight.clone() for name, weight in ema.net.named_parameters()}
    fresh = networks.build(Span(features=4), 2).eval()
    fresh.load_state_dict(ema.net.state_dict())
    assert all(torch.equal(weight, expected[name]) for name, weight in fresh.named_parameters())
    lq_bchw = torch.rand(1, 3, 6, 6)
    torch.testing.assert_close(fresh(lq_bchw), ema.net(lq_bchw))


def test_half_precision_does_not_touch_how_span_is_fused() -> None:
    torch.manual_seed(1)
    layer = Conv3XC(8, 8)
    with torch.autocast("cpu", torch.bfloat16):
        weight, _ = layer.merged()
    assert weight.dtype == torch.float32
    assert torch.equal(weight, layer.merged()[0])
