"""Beginning from others' weights: what fits is taken at any scale, what does not is named, wrong files are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from srtui.config.network import EDSR, RRDB, Compact, Network, Span, SRResNet
from srtui.engine import networks
from srtui.engine.models import save_model
from srtui.engine.networks import SRNetwork
from srtui.engine.networks.rrdb import RRDBNet
from srtui.engine.starting import begin_from
from srtui.errors import SrtuiError, UsageError
from srtui.project.cards import ModelCard
from tests.engine.test_models import of_2020_rrdb, of_2020_srresnet, of_first_esrgan

SMALL: dict[str, Network] = {
    "compact": Compact(features=8, convs=2),
    "srresnet": SRResNet(features=8, blocks=2),
    "rrdb": RRDB(features=8, blocks=2, growth=4),
    "edsr": EDSR(features=8, blocks=2),
    "span": Span(features=4),
}


def network(options: Network, scale: int, seed: int = 1) -> SRNetwork:
    torch.manual_seed(seed)
    return networks.build(options, scale)


def kept(path: Path, weights: dict[str, Tensor]) -> Path:
    torch.save({"params": weights}, path)
    return path


@pytest.mark.parametrize("options", SMALL.values(), ids=SMALL)
def test_the_same_network_is_taken_whole(tmp_path: Path, options: Network) -> None:
    there, here = network(options, 4), network(options, 4, seed=2)
    path = tmp_path / "сеть x4.safetensors"
    save_model(path, there.state_dict(), ModelCard(network=options, scale=4, overlap=4))
    taken = begin_from(here, path)
    expected = there.state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in here.state_dict().items())
    assert str(taken) == f"taken {len(expected)} of {len(expected)} tensors"


@pytest.mark.parametrize(
    ("kind", "left"),
    [
        ("compact", {"body.6.weight", "body.6.bias"}),
        ("srresnet", {"upconv2.weight", "upconv2.bias"}),
        ("rrdb", {"conv_first.weight"}),  # x2 begins with a pixel-unshuffle, and enlarges by four like x4
        ("edsr", {"upsample.2.weight", "upsample.2.bias"}),
        ("span", {"upsampler.0.weight", "upsampler.0.bias"}),
    ],
)
def test_from_x2_to_x4_all_but_the_layers_of_the_scale_is_taken(tmp_path: Path, kind: str, left: set[str]) -> None:
    there, here = network(SMALL[kind], 2), network(SMALL[kind], 4, seed=2)
    fresh = {name: value.clone() for name, value in here.state_dict().items()}
    taken = begin_from(here, kept(tmp_path / "x2.pth", there.state_dict()))
    assert set(taken.left) == left
    expected = there.state_dict()
    for name, value in here.state_dict().items():
        assert torch.equal(value, fresh[name] if name in left else expected[name]), name


def test_the_line_says_what_was_and_was_not_taken(tmp_path: Path) -> None:
    there, here = network(SRResNet(features=8, blocks=3), 3), network(SMALL["srresnet"], 4)
    taken = begin_from(here, kept(tmp_path / "x3.pth", there.state_dict()))
    assert str(taken) == (
        "taken 14 of 18 tensors; left: upconv1 (2 tensors: 72×8×3×3 in the file, 32×8×3×3 here), "
        "upconv2 (2 tensors: not in the file); not used: body (4 tensors)"
    )


def test_what_was_taken_restores_alike(tmp_path: Path) -> None:
    there, here = network(SMALL["span"], 2).eval(), network(SMALL["span"], 2, seed=2).eval()
    here.fuse()
    begin_from(here, kept(tmp_path / "net.pth", there.state_dict()))
    lq_bchw = torch.rand(1, 3, 9, 8)
    assert torch.equal(here(lq_bchw), there(lq_bchw))


@pytest.mark.parametrize(
    ("kind", "rename"),
    [("rrdb", of_2020_rrdb), ("rrdb", of_first_esrgan(2, 2)), ("srresnet", of_2020_srresnet)],
)
def test_every_dialect_is_understood(tmp_path: Path, kind: str, rename: Callable[[str], str]) -> None:
    there, here = network(SMALL[kind], 4), network(SMALL[kind], 4, seed=2)
    renamed = {rename(name): value for name, value in there.state_dict().items()}
    taken = begin_from(here, kept(tmp_path / "old.pth", renamed))
    assert not taken.left
    assert not taken.unused
    assert all(torch.equal(value, there.state_dict()[name]) for name, value in here.state_dict().items())


def test_the_first_esrgan_at_x2_lacks_one_enlargement(tmp_path: Path) -> None:
    torch.manual_seed(1)
    there = RRDBNet(RRDB(features=8, blocks=2, growth=4), 2, plain=True)
    renamed = {of_first_esrgan(1, 2)(name): value for name, value in there.state_dict().items()}
    taken = begin_from(network(SMALL["rrdb"], 4), kept(tmp_path / "x2.pth", renamed))
    assert set(taken.left) == {"conv_up2.weight", "conv_up2.bias"}
    assert str(taken).endswith("left: conv_up2 (2 tensors: not in the file)")


def test_halves_become_floats(tmp_path: Path) -> None:
    there, here = network(SMALL["compact"], 4), network(SMALL["compact"], 4, seed=2)
    begin_from(here, kept(tmp_path / "half.pth", there.half().state_dict()))
    assert {value.dtype for value in here.state_dict().values()} == {torch.float32}
    assert torch.equal(here.state_dict()["body.0.weight"], there.float().state_dict()["body.0.weight"])


def test_a_scale_that_is_not_built_here_still_lends_its_trunk(tmp_path: Path) -> None:
    weights = network(SMALL["compact"], 4).state_dict()
    weights |= {"body.6.weight": torch.zeros(192, 8, 3, 3), "body.6.bias": torch.zeros(192)}
    taken = begin_from(network(SMALL["compact"], 4, seed=2), kept(tmp_path / "x8.pth", weights))
    assert set(taken.left) == {"body.6.weight", "body.6.bias"}


def test_another_architecture_is_refused_though_some_of_its_layers_would_fit(tmp_path: Path) -> None:
    path = kept(tmp_path / "net.pth", network(SMALL["rrdb"], 4).state_dict())
    with pytest.raises(UsageError, match="holds RRDBNet, not MSRResNet"):
        begin_from(network(SMALL["srresnet"], 4), path)
    path = kept(tmp_path / "net.pth", {"conv_first.weight": torch.zeros(8, 3, 3, 3), "spynet.a": torch.zeros(1)})
    with pytest.raises(UsageError, match="another architecture: BasicVSR"):
        begin_from(network(SMALL["srresnet"], 4), path)


def test_another_norm_is_refused(tmp_path: Path) -> None:
    path = kept(tmp_path / "net.pth", network(Span(features=4, norm=True), 4).state_dict())
    with pytest.raises(UsageError, match="was trained with norm: true") as caught:
        begin_from(network(SMALL["span"], 4), path)
    assert caught.value.hint == "set network.norm to true"


def test_sizes_of_which_nothing_fits_are_refused(tmp_path: Path) -> None:
    path = kept(tmp_path / "net.pth", network(Compact(features=4, convs=2), 4).state_dict())
    here = network(SMALL["compact"], 2)
    before = {name: value.clone() for name, value in here.state_dict().items()}
    with pytest.raises(UsageError, match=r"fits SRVGGNetCompact: body\.0\.weight is 4×3×3×3 in the file, 8×3×3×3 here"):
        begin_from(here, path)
    assert all(torch.equal(value, before[name]) for name, value in here.state_dict().items())


def test_nan_is_refused_and_nothing_is_taken(tmp_path: Path) -> None:
    weights = network(SMALL["compact"], 4).state_dict()
    weights["body.4.bias"] = torch.full((8,), torch.nan)
    here = network(SMALL["compact"], 4, seed=2)
    before = here.state_dict()["body.0.weight"].clone()
    with pytest.raises(SrtuiError, match=r"body\.4\.bias holds numbers that are not finite"):
        begin_from(here, kept(tmp_path / "net.pth", weights))
    assert torch.equal(here.state_dict()["body.0.weight"], before)


def test_what_is_no_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        begin_from(network(SMALL["compact"], 4), tmp_path / "absent.pth")
