"""A blend lies between its parents, and says who they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from srtui.config.network import RRDB, Compact, Network, Span, SRResNet
from srtui.engine import blending, models
from srtui.engine.models import digest_of, load_model, save_model
from srtui.engine.networks.rrdb import RRDBNet
from srtui.errors import UsageError
from srtui.project.cards import ModelCard
from srtui.project.model_facts import own_facts
from tests.engine.exchanging import SMALL, blend, convert, inspect, result, saved, shaken


@pytest.fixture(autouse=True)
def _overlap_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (models, blending):
        monkeypatch.setattr(module, "measure_overlap", lambda net: 5)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    return tmp_path / "мягкая.safetensors", tmp_path / "резкая.safetensors", tmp_path / "между ними.safetensors"


@pytest.mark.parametrize("share", [0.3, 0.5, -0.5, 1.5])
@pytest.mark.parametrize("options", SMALL, ids=[options.type for options in SMALL])
def test_weights_are_sums_in_double_precision(files: tuple[Path, Path, Path], options: Network, share: float) -> None:
    first, second = saved(files[0], options, 2, seed=1), saved(files[1], options, 2, seed=2)
    blend(files[0], files[1], share, files[2])
    found = load_model(files[2]).net
    for name, value in found.named_parameters():
        mine, theirs = (net.get_parameter(name).numpy().astype(np.float64) for net in (first, second))
        assert np.array_equal(value.numpy(), ((1 - share) * mine + share * theirs).astype(np.float32)), name


@pytest.mark.parametrize("options", SMALL, ids=[options.type for options in SMALL])
@pytest.mark.parametrize("share", [0, 1])
def test_the_ends_are_the_parents_bit_for_bit(files: tuple[Path, Path, Path], options: Network, share: int) -> None:
    nets = [saved(files[number], options, 4, seed=number) for number in (0, 1)]
    nets[share].get_parameter(next(name for name, _ in nets[0].named_parameters())).data.flatten()[:3] = -0.0
    save_model(files[share], nets[share].state_dict(), ModelCard(network=options, scale=4, overlap=5))
    blend(files[0], files[1], share, files[2])
    parent, child = (load_model(path).net.state_dict() for path in (files[share], files[2]))
    for name, value in child.items():
        assert value.numpy().tobytes() == parent[name].numpy().tobytes(), name


def test_a_blend_of_span_is_fused_from_its_own_weights(files: tuple[Path, Path, Path]) -> None:
    saved(files[0], Span(features=8), 2, seed=1)
    saved(files[1], Span(features=8), 2, seed=2)
    blend(files[0], files[1], 0.5, files[2])
    net = load_model(files[2]).net
    lq_bchw = torch.rand(1, 3, 12, 12)
    before_bchw = net(lq_bchw)
    net.fuse()
    assert torch.allclose(net(lq_bchw), before_bchw, atol=1e-5)


def test_a_blend_tells_its_parents(files: tuple[Path, Path, Path]) -> None:
    first = saved(files[0], SMALL[0], 2, seed=1)
    second = saved(files[1], SMALL[0], 2, seed=2)
    card = ModelCard(network=SMALL[0], scale=2, overlap=5, recipe={"seed": 9}, torch="2.15")
    save_model(files[1], second.state_dict(), card)
    found = result(blend(files[0], files[1], 0.3, files[2]))
    parents = load_model(files[2]).card.parents
    assert [(each.name, each.share) for each in parents] == [("мягкая.safetensors", 0.7), ("резкая.safetensors", 0.3)]
    assert [each.digest for each in parents] == [digest_of(net.state_dict()) for net in (first, second)]
    assert parents[1].card == card
    assert [each["digest"] for each in found["parents"]] == [each.digest for each in parents]


def test_a_digest_is_the_same_in_every_form(tmp_path: Path) -> None:
    for options in (SMALL[1], SMALL[4]):
        ours, there = tmp_path / f"{options.type}.safetensors", tmp_path / f"{options.type}.pth"
        net = saved(ours, options, 2)
        convert(ours, there, "pth")
        facts = own_facts(ours)
        assert facts is not None
        found = inspect(there, tmp_path)
        assert facts.digest == found["digest"] == digest_of(net.state_dict())
        assert facts.parameters == found["parameters"] == sum(weight.numel() for weight in net.parameters())
        assert (facts.numbers, found["numbers"], found["weights"]) == ("float32", "float32", "params_ema")


def test_equal_blends_are_equal_files(tmp_path: Path, files: tuple[Path, Path, Path]) -> None:
    saved(files[0], SMALL[1], 2, seed=1)
    saved(files[1], SMALL[1], 2, seed=2)
    blend(files[0], files[1], 0.25, files[2])
    blend(files[0], files[1], 0.25, tmp_path / "twin")
    assert files[2].read_bytes() == (tmp_path / "twin").read_bytes()


def test_others_networks_are_blended_too(tmp_path: Path, files: tuple[Path, Path, Path]) -> None:
    saved(files[0], SMALL[2], 4, seed=1)
    saved(files[1], SMALL[2], 4, seed=2)
    convert(files[1], tmp_path / "old.pth", "pth-old-esrgan")
    blend(files[0], tmp_path / "old.pth", 0.25, tmp_path / "a")
    blend(files[0], files[1], 0.25, tmp_path / "b")
    mine, theirs = (load_model(tmp_path / name).net.state_dict() for name in "ab")
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)


@pytest.mark.parametrize(
    ("options", "scale", "fact"),
    [
        (Compact(features=8, convs=3), 4, "the first has convs 2, the second convs 3"),
        (Compact(features=8, convs=2), 2, "the first enlarges ×4, the second ×2"),
        (SRResNet(features=8, blocks=2), 4, "the first has type compact, the second type srresnet"),
    ],
)
def test_other_networks_are_refused_with_the_difference(
    files: tuple[Path, Path, Path], options: Network, scale: int, fact: str
) -> None:
    saved(files[0], Compact(features=8, convs=2), 4)
    saved(files[1], options, scale)
    with pytest.raises(UsageError, match=fact):
        blend(files[0], files[1], 0.5, files[2])
    assert not files[2].exists()


def test_the_first_esrgans_networks_are_not_real_esrgans(files: tuple[Path, Path, Path]) -> None:
    options = RRDB(features=8, blocks=1, growth=4)
    saved(files[0], options, 2)
    weights = shaken(RRDBNet(options, 2, plain=True)).state_dict()
    save_model(files[1], weights, ModelCard(network=options, scale=2, overlap=5, plain=True))
    with pytest.raises(UsageError, match="the first has a pixel-unshuffle, the second no pixel-unshuffle"):
        blend(files[0], files[1], 0.5, files[2])


@pytest.mark.parametrize(("share", "noted"), [(0.0, False), (1.0, False), (-0.1, True), (1.1, True)])
def test_shares_outside_are_noted(files: tuple[Path, Path, Path], share: float, noted: bool) -> None:
    saved(files[0], SMALL[0], 2, seed=1)
    saved(files[1], SMALL[0], 2, seed=2)
    events = blend(files[0], files[1], share, files[2])
    assert [f"{share:g} lies outside" in event["text"] for event in events if event["kind"] == "note"] == [True] * noted


def test_files_are_not_replaced_unless_asked(files: tuple[Path, Path, Path]) -> None:
    saved(files[0], SMALL[0], 2, seed=1)
    saved(files[1], SMALL[0], 2, seed=2)
    with pytest.raises(UsageError, match="exists already"):
        blend(files[0], files[1], 0.5, files[1])
    blend(files[0], files[1], 0.5, files[1], overwrite=True)
    assert load_model(files[1]).card.parents
