"""Networks exchanged with spandrel, both ways; and spandrel's own networks built, trained, saved and loaded here."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from srtui.config.network import RRDB, Compact, Network, Span, Spandrel
from srtui.engine import models, networks
from srtui.engine.ema import Ema
from srtui.engine.inference import measure_overlap, restore_tiled
from srtui.engine.models import load_model, save_model
from srtui.engine.networks import SRNetwork
from srtui.engine.starting import begin_from
from srtui.errors import SrtuiError, UsageError
from srtui.project.cards import ModelCard

spandrel = pytest.importorskip("spandrel", reason="the extra spandrel is not installed")

LQ = torch.rand(1, 3, 16, 20, generator=torch.Generator().manual_seed(1))
TINY = {
    "RealPLKSR": Spandrel(architecture="RealPLKSR", options={"dim": 8, "n_blocks": 2, "kernel_size": 5}),
    "DAT": Spandrel(
        architecture="DAT",
        options={"embed_dim": 16, "depth": (2,), "num_heads": (2,), "split_size": (2, 4), "expansion_factor": 2.0},
    ),
    "SwinIR": Spandrel(
        architecture="SwinIR",
        options={
            "embed_dim": 8,
            "depths": (2,),
            "num_heads": (2,),
            "window_size": 8,
            "mlp_ratio": 2.0,
            "img_size": 16,
            "upsampler": "pixelshuffledirect",
        },
    ),
}


def network(options: Network, scale: int, seed: int = 1) -> SRNetwork:
    torch.manual_seed(seed)
    net = networks.build(options, scale)
    with torch.no_grad():  # nothing is left at a start that many functions share
        for weight in net.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.02)
    return net.eval()


@torch.no_grad()
def loaded_by_spandrel(path: Path) -> tuple[Any, Tensor]:
    """What spandrel makes of a file, and of LQ in double precision: rounding must not hide behind tolerance."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = spandrel.ModelLoader().load_from_file(path).eval()
    restored: Tensor = found.model.double()(LQ.double())
    return found, restored


# Ours there, theirs here

EXCHANGED = [
    pytest.param(options, scale, name, id=f"{name}-x{scale}{'-norm' * getattr(options, 'norm', False)}")
    for options, scales, name in (
        (Compact(features=8, convs=3), (1, 2, 3, 4), "Compact"),
        (RRDB(features=8, blocks=2, growth=32), (1, 2, 4), "ESRGAN"),  # spandrel's grows by 32 only
        (Span(features=8), (1, 2, 3, 4), "SPAN"),
        (Span(features=8, norm=True), (2, 4), "SPAN"),
    )
    for scale in scales
]


@pytest.mark.parametrize(("options", "scale", "name"), EXCHANGED)
@pytest.mark.parametrize("kind", ["safetensors", "pth"])
def test_what_we_save_spandrel_loads_and_restores_alike(
    tmp_path: Path, options: Network, scale: int, name: str, kind: str
) -> None:
    net = network(options, scale)
    path = tmp_path / f"сеть.{kind}"
    if kind == "pth":
        torch.save({"params": net.state_dict()}, path)
    else:
        save_model(path, net.state_dict(), ModelCard(network=options, scale=scale, overlap=8))
    found, restored = loaded_by_spandrel(path)
    assert (found.architecture.id, found.scale) == (name, scale)
    torch.testing.assert_close(restored, net.double()(LQ.double()).detach(), rtol=1e-5, atol=1e-6)


def their_rrdb(scale: int) -> nn.Module:
    from spandrel.architectures.ESRGAN import ESRGAN

    unshuffle = {1: 4, 2: 2, 4: None}[scale]
    inputs = 3 * (unshuffle or 1) ** 2
    return ESRGAN(in_nc=inputs, num_filters=8, num_blocks=1, scale=4, shuffle_factor=unshuffle)


def their_compact(scale: int) -> nn.Module:
    from spandrel.architectures.Compact import Compact as Theirs

    return Theirs(num_feat=8, num_conv=3, upscale=scale)


def their_span(scale: int) -> nn.Module:
    from spandrel.architectures.SPAN import SPAN

    return SPAN(num_in_ch=3, num_out_ch=3, feature_channels=8, upscale=scale)


@pytest.mark.parametrize(
    ("make", "scale", "name"),
    [
        *((their_rrdb, scale, "RRDBNet") for scale in (1, 2, 4)),
        *((their_compact, scale, "SRVGGNetCompact") for scale in (1, 2, 3, 4)),
        *((their_span, scale, "SPAN") for scale in (1, 2, 3, 4)),
    ],
)
def test_what_spandrel_saves_loads_here_and_restores_alike(
    tmp_path: Path, make: Callable[[int], nn.Module], scale: int, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "measure_overlap", lambda _net: 8)
    torch.manual_seed(1)
    theirs = make(scale).eval()
    save_file(theirs.state_dict(), tmp_path / "theirs.safetensors")
    ours = load_model(tmp_path / "theirs.safetensors")
    assert (ours.net.architecture, ours.scale) == (name, scale)
    with torch.no_grad():
        torch.testing.assert_close(ours.net.double()(LQ.double()), theirs.double()(LQ.double()), rtol=1e-5, atol=1e-6)


def test_stale_copies_in_a_file_do_not_matter(tmp_path: Path) -> None:
    net = network(Span(features=4), 2)
    expected = net(LQ).detach()
    weights = {
        name: torch.zeros_like(value) if "eval_conv" in name else value for name, value in net.state_dict().items()
    }
    save_file(weights, tmp_path / "net.safetensors")
    torch.testing.assert_close(load_model(tmp_path / "net.safetensors").net(LQ), expected, rtol=1e-4, atol=1e-5)


# Theirs, trained here


@pytest.mark.parametrize("options", TINY.values(), ids=TINY)
@pytest.mark.parametrize("scale", [3])
def test_is_built_with_the_names_of_upstream(options: Spandrel, scale: int) -> None:
    net = networks.build(options, scale)
    assert net.eval()(LQ).shape == (1, 3, 16 * scale, 20 * scale)
    assert {"RealPLKSR": "feats.0.weight"}.get(options.architecture, "conv_first.weight") in net.state_dict()
    assert net.multiple == {"RealPLKSR": 1, "DAT": 4, "SwinIR": 8}[options.architecture]
    assert 3 * scale**2 < net.floats < 10_000
    assert networks.title(options, scale) == f"{options.architecture} ×{scale}"


@pytest.mark.parametrize("options", TINY.values(), ids=TINY)
@pytest.mark.parametrize("size", [(1, 1), (17, 9)])
def test_takes_any_size(options: Spandrel, size: tuple[int, int]) -> None:
    with torch.no_grad():
        assert network(options, 2)(torch.rand(1, 3, *size)).shape[-2:] == (2 * size[0], 2 * size[1])


@pytest.mark.parametrize("options", TINY.values(), ids=TINY)
def test_is_trained_averaged_saved_and_loaded(tmp_path: Path, options: Spandrel) -> None:
    torch.manual_seed(1)
    net = networks.build(options, 2).train()
    ema = Ema(net, 0.5)
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3, fused=True)
    gt_bchw = nn.functional.interpolate(torch.rand(2, 3, 8, 8), scale_factor=4, mode="bicubic").clamp(0, 1)
    lq_bchw = nn.functional.avg_pool2d(gt_bchw, 2)
    losses = []
    for iteration in range(1, 13):
        loss = (net(lq_bchw) - gt_bchw).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        assert [name for name, weight in net.named_parameters() if weight.grad is None] == []
        optimizer.step()
        ema.update(iteration)
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]

    path = tmp_path / "обученная.safetensors"
    save_model(path, ema.net.state_dict(), ModelCard(network=options, scale=2, overlap=16))
    ours = load_model(path)
    found, restored = loaded_by_spandrel(path)
    expected = ema.net(LQ).detach()
    assert ours.card.network == options
    assert ours.overlap == 16
    torch.testing.assert_close(ours.net(LQ), expected)
    torch.testing.assert_close(restored.float(), expected, rtol=1e-4, atol=1e-5)
    assert found.scale == 2


@pytest.mark.parametrize("options", [TINY["RealPLKSR"], TINY["DAT"]], ids=["RealPLKSR", "DAT"])
def test_weights_of_others_are_recognised_by_spandrel(
    tmp_path: Path, options: Spandrel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "measure_overlap", lambda _net: 8)
    net = network(options, 2)
    torch.save({"params_ema": net.state_dict()}, tmp_path / "net.pth")
    found = load_model(tmp_path / "net.pth")
    assert found.description.startswith(f"{options.architecture} ×2, ")
    torch.testing.assert_close(found.net(LQ), net(LQ).detach(), rtol=1e-4, atol=1e-5)
    again = tmp_path / "ours.safetensors"
    save_model(again, found.net.state_dict(), found.card)
    torch.testing.assert_close(load_model(again).net(LQ), net(LQ).detach(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["RealPLKSR", "DAT"])
def test_from_x2_to_x4_the_trunk_is_taken(tmp_path: Path, name: str) -> None:
    torch.save(network(TINY[name], 2).state_dict(), tmp_path / "x2.pth")
    taken = begin_from(network(TINY[name], 4), tmp_path / "x2.pth")
    assert {left.partition(".")[0] for left in taken.left} == {"RealPLKSR": {"feats"}, "DAT": {"upsample"}}[name]
    assert len(taken.left) == 2


def test_tiles_agree_with_the_whole() -> None:
    net = network(Spandrel(options={"dim": 8, "n_blocks": 1, "kernel_size": 3, "layer_norm": True}), 2)
    net.overlap = measure_overlap(net)
    assert 4 <= net.overlap <= 16
    lq_bchw = torch.randint(0, 256, (1, 3, 40, 70), dtype=torch.uint8)
    whole, tiled = (restore_tiled(net, lq_bchw, tile=tile) for tile in (128, 24))
    assert (whole.int() - tiled.int()).abs().max() <= 1


# Mistakes


@pytest.mark.parametrize(
    ("options", "scale", "fact", "hint"),
    [
        (Spandrel(architecture="RealPLSKR"), 4, "unknown to spandrel", "RealPLKSR"),
        (Spandrel(architecture="os.system"), 4, "unknown to spandrel", "DAT"),
        (Spandrel(options={"dims": 8}), 4, "has no 'dims'", "did you mean 'dim'"),
        (Spandrel(options={"upscaling_factor": 2}), 4, "upscaling_factor is 2, and the scale is 4", ""),
        (Spandrel(options={"dim": "many"}), 4, "cannot be built: ", ""),
        (Spandrel(options={"dim": 7}), 4, "cannot be built: ", ""),
        (Spandrel(architecture="NAFNet"), 2, "does not enlarge, and the scale is 2", ""),
        (Spandrel(architecture="SPAN"), 4, "srtui builds this one itself", "write type: span"),
    ],
)
def test_what_cannot_be_built_is_a_usage_error(options: Spandrel, scale: int, fact: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        networks.build(options, scale)
    assert fact in caught.value.fact
    assert hint in caught.value.hint


def test_a_scale_beyond_four_is_refused(tmp_path: Path) -> None:
    from spandrel.architectures.PLKSR import RealPLKSR

    torch.save(RealPLKSR(dim=8, n_blocks=1, upscaling_factor=8).state_dict(), tmp_path / "x8.pth")
    with pytest.raises(UsageError, match="RealPLKSR ×8"):
        load_model(tmp_path / "x8.pth")


def test_a_card_that_describes_more_than_the_file_has_allocates_nothing(tmp_path: Path) -> None:
    net = network(TINY["RealPLKSR"], 2)
    big = Spandrel(options={"dim": 2048, "n_blocks": 4000})
    save_model(tmp_path / "net.safetensors", net.state_dict(), ModelCard(network=big, scale=2, overlap=8))
    with pytest.raises(SrtuiError, match="more weights than it has"):
        load_model(tmp_path / "net.safetensors")


def test_masks_of_windows_are_made_once_in_training_and_anew_where_sizes_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calm = Spandrel(architecture="SwinIR", options={**TINY["SwinIR"].options, "drop_path_rate": 0.0})
    layers = [layer for layer in network(calm, 2).modules() if hasattr(layer, "calculate_mask")]
    made: list[Any] = []
    make = type(layers[0]).calculate_mask
    monkeypatch.setattr(type(layers[0]), "calculate_mask", lambda self, size: made.append(self) or make(self, size))
    net = network(calm, 2)
    pictures = [torch.rand(1, 3, side, side) for side in (24, 24, 32, 24)]
    made.clear()
    expected = [net(lq_bchw) for lq_bchw in pictures]
    assert len(made) == 4 * len(layers)
    net.train()
    made.clear()
    found = [net(lq_bchw) for lq_bchw in pictures]
    assert len(made) == 3 * len(layers)
    assert all(torch.equal(left, right) for left, right in zip(expected, found, strict=True))
    mean = Ema(net, 0.9).net.train()
    made.clear()
    mean(torch.rand(1, 3, 40, 40))
    assert {id(layer) for layer in made} <= {id(layer) for layer in mean.modules()}
    assert made
