"""Tiled restoration: the same picture as untiled, for every network, of any size."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from srtui.config.network import RRDB, Compact, Network, SRResNet
from srtui.engine import inference, networks
from srtui.engine.device import Arithmetic
from srtui.engine.inference import Cut, cuts, measure_overlap, restore_tiled
from srtui.engine.networks import SRNetwork
from srtui.engine.networks.rrdb import RRDBNet
from srtui.errors import SrtuiError

NETWORKS: list[tuple[Network, int]] = [
    (Compact(features=12, convs=3), 1),
    (Compact(features=12, convs=3), 4),
    (SRResNet(features=12, blocks=2), 2),
    (SRResNet(features=12, blocks=2), 3),
    (SRResNet(features=12, blocks=2), 4),
    (RRDB(features=12, blocks=1, growth=6), 1),
    (RRDB(features=12, blocks=1, growth=6), 2),
    (RRDB(features=12, blocks=1, growth=6), 4),
]
IDS = [f"{options.type}-x{scale}" for options, scale in NETWORKS]


def lively(options: Network, scale: int, seed: int = 0) -> SRNetwork:
    """A network whose random weights all matter, and whose results lie around the middle of the range."""
    torch.manual_seed(seed)
    net = networks.build(options, scale).eval().to(memory_format=torch.channels_last)
    for name, weight in net.named_parameters():
        if name.endswith("weight") and weight.ndim == 4:
            nn.init.kaiming_normal_(weight)
    lq_bchw = torch.rand(1, 3, 32, 32)
    last = [layer for layer in net.modules() if isinstance(layer, nn.Conv2d)][-1]
    assert last.bias is not None
    with torch.no_grad():
        restored = net(lq_bchw)
        flat = restored - (0 if isinstance(net, RRDBNet) else nn.functional.interpolate(lq_bchw, scale_factor=scale))
        last.weight.mul_(0.3 / flat.std())
        if isinstance(net, RRDBNet):
            last.bias.fill_(0.5 - 0.3 * float(flat.mean() / flat.std()))
    return net


def picture(height: int, width: int, batch: int = 1) -> Tensor:
    return torch.from_numpy(np.random.default_rng(2).integers(0, 256, (batch, 3, height, width), dtype=np.uint8))


def levels_apart(net: SRNetwork, lq_bchw: Tensor, tile: int) -> int:
    whole = restore_tiled(net, lq_bchw, tile=10_000)
    tiled = restore_tiled(net, lq_bchw, tile=tile)
    assert whole.shape == tiled.shape == (*lq_bchw.shape[:2], *(side * net.scale for side in lq_bchw.shape[-2:]))
    assert whole.float().std() > 20, "a flat result would prove nothing"
    return int((whole.int() - tiled.int()).abs().max())


@pytest.mark.parametrize(("options", "scale"), NETWORKS, ids=IDS)
@pytest.mark.parametrize(("height", "width", "tile"), [(67, 91, 16), (50, 33, 23), (31, 64, 64)])
def test_tiles_are_at_most_one_level_from_the_whole(
    options: Network, scale: int, height: int, width: int, tile: int
) -> None:
    assert levels_apart(lively(options, scale), picture(height, width), tile) <= 1


@pytest.mark.parametrize(("options", "scale"), NETWORKS, ids=IDS)
def test_too_small_an_overlap_shows(options: Network, scale: int) -> None:
    """The test above could fail."""
    net = lively(options, scale)
    net.overlap = 2
    assert levels_apart(net, picture(67, 91), 16) > 1


@pytest.mark.parametrize(("options", "scale"), NETWORKS, ids=IDS)
@pytest.mark.parametrize("size", [(1, 1), (1, 40), (5, 3)])
def test_tiny_pictures_are_restored(options: Network, scale: int, size: tuple[int, int]) -> None:
    lq_bchw = picture(*size)
    restored = restore_tiled(lively(options, scale), lq_bchw, tile=8)
    assert restored.shape[-2:] == (size[0] * scale, size[1] * scale)


def test_the_result_is_that_of_the_network_rounded_once() -> None:
    net = lively(*NETWORKS[1])
    lq_bchw = picture(20, 21, batch=2)
    with torch.inference_mode():
        expected = (net(lq_bchw.float() / 255).clamp(0, 1) * 255).round().to(torch.uint8)
    restored = restore_tiled(net, lq_bchw, tile=64)
    assert restored.dtype == torch.uint8
    assert (restored.int() - expected.int()).abs().max() <= 1
    assert (restored == expected).float().mean() > 0.999


def test_every_tile_is_told_of_and_may_end_the_work() -> None:
    told: list[tuple[int, int]] = []
    restore_tiled(
        lively(*NETWORKS[0]), picture(20, 30), tile=10, progress=lambda done, total: told.append((done, total))
    )
    assert told == [(n, 6) for n in range(1, 7)]

    class Enough(Exception):  # noqa: N818 - no error is meant
        pass

    def stop(_done: int, _total: int) -> None:
        raise Enough

    with pytest.raises(Enough):
        restore_tiled(lively(*NETWORKS[0]), picture(20, 30), tile=10, progress=stop)


def test_bf16_is_near_fp32() -> None:
    net = lively(*NETWORKS[1])
    lq_bchw = picture(24, 24)
    full = restore_tiled(net, lq_bchw, tile=64).int()
    half = restore_tiled(net, lq_bchw, tile=64, precision="bf16").int()
    assert 0 < (full - half).abs().float().mean() < 4


class Overflowing(SRNetwork):
    """Gives inf in half precision, like a network that saturates fp16."""

    def __init__(self) -> None:
        super().__init__(scale=1, radius=0, floats=3)
        self.weight = nn.Parameter(torch.ones(1))
        self.broken = False

    def forward(self, lq_bchw: Tensor) -> Tensor:
        bad = self.broken or torch.is_autocast_enabled("cpu")
        return lq_bchw * (self.weight * float("inf") if bad else self.weight)


def test_what_overflows_in_half_precision_is_computed_again() -> None:
    lq_bchw = picture(9, 9)
    assert torch.equal(restore_tiled(Overflowing(), lq_bchw, tile=4, precision="bf16"), lq_bchw)


def test_a_network_that_gives_nan_is_an_error() -> None:
    net = Overflowing()
    net.broken = True
    with pytest.raises(SrtuiError, match="not finite"):
        restore_tiled(net, picture(9, 9), tile=4)


def test_cuts_cover_a_side_once_with_windows_on_the_grid() -> None:
    for length in (1, 7, 64, 65, 100):
        for tile in (1, 5, 16, 64, 1000):
            for overlap in (0, 3, 18):
                for multiple in (1, 2, 4):
                    found = cuts(length, tile, overlap, multiple)
                    assert [cut.first for cut in found[1:]] == [cut.last for cut in found[:-1]]
                    assert (found[0].first, found[-1].last) == (0, length)
                    assert all(cut.begin % multiple == 0 for cut in found)
                    assert all(cut.end % multiple == 0 or cut.end == length for cut in found)
                    assert all(cut.last - cut.first <= max(tile, multiple) for cut in found)
                    assert all(cut.begin <= max(cut.first - overlap, 0) for cut in found)
                    assert all(cut.end >= min(cut.last + overlap, length) for cut in found)


def test_a_side_that_fits_is_one_cut() -> None:
    assert cuts(30, 30, 8) == [Cut(0, 30, 0, 30)]
    assert cuts(31, 30, 8) == [Cut(0, 16, 0, 24), Cut(16, 31, 8, 31)]


@pytest.mark.parametrize("scale", [2, 4])
def test_a_measured_overlap_hides_the_seams_of_a_deep_network(scale: int) -> None:
    net = lively(RRDB(features=8, blocks=4, growth=4), scale)
    assert net.radius > inference.DEEPEST_WHOLE
    net.overlap = measure_overlap(net)
    assert 4 * net.multiple <= net.overlap < net.radius
    assert levels_apart(net, picture(70, 150), 40) <= 1


def test_a_shallow_network_needs_no_measuring() -> None:
    net = lively(*NETWORKS[4])
    assert measure_overlap(net) == net.radius


def test_the_measured_overlap_grows_with_how_far_weights_look() -> None:
    net = lively(RRDB(features=8, blocks=4, growth=4), 4)
    near = measure_overlap(net)
    with torch.no_grad():
        for name, weight in net.named_parameters():
            if name.endswith("weight"):
                weight.mul_(1.25)
    assert measure_overlap(net) > near


@pytest.mark.parametrize(("precision", "tf32"), [("fp32", False), ("bf16", True)])
def test_a_training_restores_as_every_job_does_and_goes_on_as_before(
    monkeypatch: pytest.MonkeyPatch, precision: Arithmetic, tf32: bool
) -> None:
    for setting in ("benchmark", "allow_tf32"):  # as when torch begins, whatever other tests' threads have left
        monkeypatch.setattr(torch.backends.cudnn, setting, True)
    net = networks.build(Compact(features=4, convs=1), 2).eval()
    seen = []
    net.register_forward_pre_hook(
        lambda _net, _inputs: seen.append((torch.backends.cudnn.benchmark, torch.backends.cudnn.allow_tf32))
    )
    restore_tiled(net, torch.zeros((1, 3, 8, 8), dtype=torch.uint8), tile=8, precision=precision)
    assert seen == [(False, tf32)]
    assert torch.backends.cudnn.benchmark
    assert torch.backends.cudnn.allow_tf32
