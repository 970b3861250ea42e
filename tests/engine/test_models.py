"""Network files: ours say everything, others' are read whatever they call things, bad ones are refused."""

from __future__ import annotations

import json
import os
import pickle
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from srtui.config.network import EDSR, RRDB, Compact, Network, Span, SRResNet
from srtui.config.profile import Profile, Stage
from srtui.config.requests import TrainRequest
from srtui.engine import networks
from srtui.engine.inference import restore_tiled
from srtui.engine.model_card import card_of
from srtui.engine.models import load_model, read_metadata, save_model
from srtui.engine.networks import SRNetwork
from srtui.engine.networks.rrdb import RRDBNet
from srtui.engine.torch_files import PICKLE
from srtui.errors import SrtuiError, UsageError
from srtui.project.cards import ModelCard, request_of

SMALL: list[Network] = [
    Compact(features=8, convs=2),
    SRResNet(features=8, blocks=2),
    RRDB(features=8, blocks=2, growth=4),
    EDSR(features=8, blocks=2),
    Span(features=4),
    Span(features=4, norm=True),
]
EVERY = [(options, scale) for options in SMALL for scale in (1, 2, 3, 4)]
IDS = [f"{options.type}-x{scale}" for options, scale in EVERY]
LQ = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (1, 3, 17, 14), dtype=np.uint8))


def network(options: Network, scale: int, seed: int = 1) -> SRNetwork:
    torch.manual_seed(seed)
    return networks.build(options, scale).eval()


def request(options: Network, scale: int = 4) -> TrainRequest:
    profile = Profile(name="мой профиль", network=options, stages=(Stage(iterations=10),))
    return TrainRequest(dataset="/d", scale=scale, profile=profile, model="/m.safetensors")


def assert_restores_like(path: Path, net: SRNetwork) -> None:
    loaded = load_model(path)
    assert loaded.scale == loaded.net.scale == net.scale
    assert type(loaded.net) is type(net)
    found = loaded.net.state_dict()
    for name, weight in net.state_dict().items():
        assert torch.equal(found[name], weight), name
    expected, restored = (restore_tiled(n, LQ, tile=64) for n in (net, loaded.net))
    assert (expected.int() - restored.int()).abs().max() <= 1
    assert not loaded.net.training
    assert not any(weight.requires_grad for weight in loaded.net.parameters())


# Ours


@pytest.mark.parametrize(("options", "scale"), EVERY, ids=IDS)
def test_what_is_saved_is_what_is_loaded(tmp_path: Path, options: Network, scale: int) -> None:
    net = network(options, scale).to(memory_format=torch.channels_last)
    path = tmp_path / "моя сеть.safetensors"
    save_model(path, net.state_dict(), card_of(net, request(options, scale)))
    assert_restores_like(path, net)


def test_the_file_carries_everything_to_train_again(tmp_path: Path) -> None:
    path, asked = tmp_path / "net.safetensors", request(SMALL[0])
    net = network(SMALL[0], 4)
    save_model(path, net.state_dict(), card_of(net, asked))
    card = read_metadata(path)
    assert card is not None
    assert (card.network, card.scale, card.overlap) == (SMALL[0], 4, net.radius)
    assert request_of(card, path) == asked
    assert load_model(path).recipe == card.recipe


def test_the_stored_overlap_is_used(tmp_path: Path) -> None:
    path, net = tmp_path / "net.safetensors", network(SMALL[2], 4)
    save_model(path, net.state_dict(), ModelCard(network=SMALL[2], scale=4, overlap=21))
    loaded = load_model(path)
    assert loaded.overlap == loaded.net.overlap == 21
    assert loaded.recipe is None


def test_equal_networks_are_equal_files(tmp_path: Path) -> None:
    contents = set()
    for number in range(8):
        path, net = tmp_path / f"{number}.safetensors", network(SMALL[1], 2)
        if number % 2:
            net = net.to(memory_format=torch.channels_last)
        save_model(path, net.state_dict(), card_of(net, request(SMALL[1], 2)))
        contents.add(path.read_bytes())
    assert len(contents) == 1


def test_a_header_whose_length_looks_like_a_pickle_is_read(tmp_path: Path) -> None:
    path, net = tmp_path / "net.safetensors", network(SMALL[0], 4)
    for letters in range(300):
        card = ModelCard(network=SMALL[0], scale=4, overlap=4, recipe={"note": "x" * letters})
        save_model(path, net.state_dict(), card)
        if path.read_bytes().startswith(PICKLE):
            break
    assert path.read_bytes().startswith(PICKLE)
    assert read_metadata(path) == card
    assert load_model(path).card == card


def test_loading_leaves_the_random_state_alone(tmp_path: Path) -> None:
    path, net = tmp_path / "net.safetensors", network(SMALL[1], 2)
    save_model(path, net.state_dict(), card_of(net, request(SMALL[1], 2)))
    before = torch.get_rng_state()
    load_model(path)
    assert torch.equal(before, torch.get_rng_state())


def test_the_metadata_is_read_without_the_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, net = tmp_path / "net.safetensors", network(SMALL[0], 4)
    save_model(path, net.state_dict(), card_of(net, request(SMALL[0])))
    raw = path.read_bytes()
    header = int.from_bytes(raw[:8], "little") + 8
    path.write_bytes(raw[:header] + b"\xff" * (len(raw) - header))
    assert read_metadata(path) is not None
    with pytest.raises(SrtuiError, match="not finite"):
        load_model(path)


def test_others_have_no_metadata(tmp_path: Path) -> None:
    torch.save(network(SMALL[0], 4).state_dict(), tmp_path / "net.pth")
    save_file(network(SMALL[0], 4).state_dict(), tmp_path / "net.safetensors", {"format": "pt"})
    assert read_metadata(tmp_path / "net.pth") is None
    assert read_metadata(tmp_path / "net.safetensors") is None


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        ({"version": 3, "srtui": "9.9"}, r"format 3 of srtui 9\.9"),
        ({"scale": 7}, "scale 7"),
        ({"overlap": -1}, "overlap -1"),
        ({"overlap": "many"}, "overlap 'many'"),
        ({"network": {"type": "swin"}}, "swin"),
        ({"network": {"type": "compact", "features": 10**9}}, "out of range"),
        ({"network": {"type": "compact", "features": 9, "convs": 2}}, "does not fit SRVGGNetCompact 9/2 ×4"),
        ({"network": {"type": "rrdb", "growth": 10**18}}, "damaged|does not fit"),
        ({"network": None}, "damaged"),
        ({"recipe": 5}, "damaged"),
    ],
)
def test_metadata_that_lies_is_refused(tmp_path: Path, change: dict[str, Any], fact: str) -> None:
    path, net = tmp_path / "net.safetensors", network(SMALL[0], 4)
    plain = {"version": 1, "srtui": "0.1", "scale": 4, "overlap": 4, "network": {"type": "compact"}, "recipe": None}
    plain["network"] = {"type": "compact", "features": 8, "convs": 2}
    save_file(net.state_dict(), path, {"srtui": json.dumps(plain)})
    load_model(path)
    save_file(net.state_dict(), path, {"srtui": json.dumps(plain | change)})
    with pytest.raises(SrtuiError, match=fact):
        load_model(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000, '{"version": "1"}'])
def test_metadata_that_is_no_metadata_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "net.safetensors"
    save_file(network(SMALL[0], 4).state_dict(), path, {"srtui": text})
    with pytest.raises(SrtuiError, match="damaged"):
        load_model(path)


# Others'


FOREIGN = [(options, scale, "params") for options, scale in EVERY if (options, scale) != (SMALL[2], 3)]
FOREIGN += [(SMALL[1], 4, wrap) for wrap in ("params_ema", "flat", "safetensors", "module", "nested")]


@pytest.mark.parametrize(("options", "scale", "wrap"), FOREIGN)
def test_foreign_files_are_recognised_by_names_and_shapes(
    tmp_path: Path, options: Network, scale: int, wrap: str
) -> None:
    net = network(options, scale)
    weights = net.state_dict()
    path = tmp_path / "чужая.pth"
    if wrap == "safetensors":
        save_file(weights, path)
    elif wrap == "module":
        torch.save({"params": {f"module.{name}": value for name, value in weights.items()}}, path)
    elif wrap == "nested":
        torch.save({"iteration": 5, "state_dict": {"net": weights}}, path)
    else:
        torch.save(weights if wrap == "flat" else {wrap: weights}, path)
    assert_restores_like(path, net)
    assert load_model(path).recipe is None


def test_averaged_weights_are_preferred(tmp_path: Path) -> None:
    average, last = network(SMALL[0], 2, seed=1), network(SMALL[0], 2, seed=2)
    torch.save({"params": last.state_dict(), "params_ema": average.state_dict()}, tmp_path / "net.pth")
    assert_restores_like(tmp_path / "net.pth", average)


def test_the_old_file_format_and_half_precision_are_read(tmp_path: Path) -> None:
    net = network(SMALL[1], 4).half().float()
    path = tmp_path / "net.pth"
    torch.save(net.half().state_dict(), path, _use_new_zipfile_serialization=False)
    assert_restores_like(path, net.float())


def of_2020_rrdb(name: str) -> str:
    changes = {
        "conv_body": "trunk_conv",
        "body.": "RRDB_trunk.",
        ".rdb": ".RDB",
        "conv_up": "upconv",
        "conv_hr": "HRconv",
    }
    for new, old in changes.items():
        name = name.replace(new, old)
    return name


def of_2020_srresnet(name: str) -> str:
    return name.replace("body.", "recon_trunk.").replace("conv_hr", "HRconv")


def of_first_esrgan(ups: int, blocks: int) -> Callable[[str], str]:
    tail = {f"conv_up{number}": 3 * number for number in range(1, ups + 1)}
    tail |= {"conv_hr": 3 * ups + 2, "conv_last": 3 * ups + 4, "conv_first": 0}

    def rename(name: str) -> str:
        layer, _, kind = name.rpartition(".")
        if layer.startswith("body."):
            return f"model.1.sub.{layer[5:].replace('rdb', 'RDB')}.0.{kind}"
        return f"model.1.sub.{blocks}.{kind}" if layer == "conv_body" else f"model.{tail[layer]}.{kind}"

    return rename


def test_the_three_dialects_say_the_same(tmp_path: Path) -> None:
    path = tmp_path / "net.pth"
    rrdb, srresnet = network(SMALL[2], 4), network(SMALL[1], 4)
    for net, rename in (
        (rrdb, of_2020_rrdb),
        (rrdb, of_first_esrgan(2, 2)),
        (srresnet, of_2020_srresnet),
        (network(SMALL[1], 2), of_2020_srresnet),
    ):
        renamed = {rename(name): value for name, value in net.state_dict().items()}
        assert not renamed.keys() & {"conv_hr.weight", "conv_body.weight"}
        torch.save(renamed, path)
        assert_restores_like(path, net)


def test_the_first_esrgan_has_the_names_of_the_table() -> None:
    rename = of_first_esrgan(2, 23)
    table = {"conv_first": 0, "conv_up1": 3, "conv_up2": 6, "conv_hr": 8, "conv_last": 10}
    assert {layer: int(rename(f"{layer}.bias").split(".")[1]) for layer in table} == table
    assert rename("conv_body.bias") == "model.1.sub.23.bias"
    assert rename("body.4.rdb2.conv3.weight") == "model.1.sub.4.RDB2.conv3.0.weight"


@pytest.mark.parametrize("scale", [1, 2])
def test_the_first_esrgan_at_x1_and_x2_has_no_unshuffle(tmp_path: Path, scale: int) -> None:
    torch.manual_seed(3)
    net = RRDBNet(RRDB(features=8, blocks=2, growth=4), scale, plain=True).eval()
    rename = of_first_esrgan(scale - 1, 2)
    torch.save({rename(name): value for name, value in net.state_dict().items()}, tmp_path / "net.pth")
    assert_restores_like(tmp_path / "net.pth", net)


def test_the_overlap_of_a_deep_foreign_network_is_measured(tmp_path: Path) -> None:
    net = network(RRDB(features=4, blocks=4, growth=2), 4)
    torch.save(net.state_dict(), tmp_path / "net.pth")
    loaded = load_model(tmp_path / "net.pth")
    assert loaded.overlap == loaded.net.overlap < 32  # fresh weights hardly look around
    assert loaded.description == f"RRDBNet 4/4 ×4, {sum(w.numel() for w in net.parameters()):,} parameters"


# Bad ones


def discriminator() -> Mapping[str, Tensor]:
    return nn.ModuleDict({"conv0_0": nn.Conv2d(3, 4, 3)}).state_dict()


@pytest.mark.parametrize(
    ("weights", "fact"),
    [
        (discriminator(), "VGG-style discriminator"),
        ({"layers.0.residual_group.blocks.0.attn.relative_position_bias_table": torch.zeros(3)}, "SwinIR"),
        ({"fc.weight": torch.zeros(2, 2)}, "1 entries: fc.weight"),
        ({"body.0.weight": torch.zeros(8, 3, 3, 3), "body.2.weight": torch.zeros(8, 8, 3, 3)}, "too few"),
        ({"body.0.rdb1.conv1.weight": torch.zeros(4, 8, 3, 3)}, "conv_first.weight is missing"),
        ({"body.0.rdb1.conv1.weight": torch.zeros(4)}, "impossible shapes"),
    ],
)
def test_another_architecture_is_named(tmp_path: Path, weights: dict[str, Tensor], fact: str) -> None:
    torch.save(weights, tmp_path / "net.pth")
    with pytest.raises(UsageError, match=fact) as caught:
        load_model(tmp_path / "net.pth")
    assert "MSRResNet" in caught.value.hint


def test_weights_that_lack_a_layer_or_have_another_shape_are_named(tmp_path: Path) -> None:
    weights = network(SMALL[1], 4).state_dict()
    path = tmp_path / "net.pth"
    torch.save({name: value for name, value in weights.items() if name != "upconv1.bias"}, path)
    with pytest.raises(UsageError, match=r"upconv1\.bias is missing"):
        load_model(path)
    torch.save(weights | {"upconv1.bias": torch.zeros(3)}, path)
    with pytest.raises(UsageError, match=r"upconv1.bias has shape \(3,\), not \(32,\)"):
        load_model(path)
    torch.save(weights | {"more": torch.zeros(3)}, path)
    with pytest.raises(UsageError, match="more is unknown"):
        load_model(path)


def test_a_pickle_that_would_run_code_is_refused_and_does_not_run(tmp_path: Path) -> None:
    trace = tmp_path / "it ran"

    class Evil:
        def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
            return os.system, (f"touch '{trace}'",)

    zipped, bare = tmp_path / "zipped.pth", tmp_path / "bare.pth"
    torch.save({"params": Evil()}, zipped)
    bare.write_bytes(pickle.dumps(Evil(), protocol=2))
    for path in (zipped, bare):
        with pytest.raises(UsageError, match=r"wants to run \w+\.system .*refused"):
            load_model(path)
    newer = tmp_path / "newer.pth"
    newer.write_bytes(pickle.dumps(Evil(), protocol=4))
    with pytest.raises(SrtuiError, match="no checkpoint: Unsupported operand"):
        load_model(newer)
    assert not trace.exists()
    pickle.loads(bare.read_bytes())
    assert trace.exists(), "the trap itself works"


@pytest.mark.parametrize("found", [[1, 2], {"epoch": 3}, {}, "text", {"params": {"a": 1}}, {"params": torch.zeros(2)}])
def test_a_checkpoint_without_weights_says_what_it_holds(tmp_path: Path, found: object) -> None:
    torch.save(found, tmp_path / "net.pth")
    with pytest.raises(UsageError, match="holds no network's weights but"):
        load_model(tmp_path / "net.pth")


def test_a_checkpoint_that_holds_itself_is_refused(tmp_path: Path) -> None:
    loop: dict[str, Any] = {}
    loop["params"] = loop
    torch.save(loop, tmp_path / "net.pth")
    with pytest.raises(UsageError, match="no network's weights"):
        load_model(tmp_path / "net.pth")


def test_a_tensor_that_claims_more_than_the_file_has_is_refused(tmp_path: Path) -> None:
    huge = torch.zeros(1).expand(10**9, 3, 3, 3)
    torch.save({"conv_first.weight": huge, "conv_hr.weight": huge, "body.0.conv1.weight": huge}, tmp_path / "net.pth")
    with pytest.raises(SrtuiError, match="fits in the file"):
        load_model(tmp_path / "net.pth")


def test_a_compressed_record_is_refused(tmp_path: Path) -> None:
    path, bomb = tmp_path / "net.pth", tmp_path / "bomb.pth"
    torch.save(network(SMALL[0], 4).state_dict(), path)
    with zipfile.ZipFile(path) as records, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed:
        for record in records.infolist():
            packed.writestr(record.filename, records.read(record))
    with pytest.raises(SrtuiError, match="is compressed"):
        load_model(bomb)


def test_nan_weights_are_refused_by_name(tmp_path: Path) -> None:
    weights = network(SMALL[0], 4).state_dict()
    weights["body.2.bias"][0] = float("nan")
    torch.save(weights, tmp_path / "net.pth")
    with pytest.raises(SrtuiError, match=r"body\.2\.bias holds numbers that are not finite"):
        load_model(tmp_path / "net.pth")


def test_what_is_no_file_is_a_usage_error(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.pth", tmp_path):
        with pytest.raises(UsageError):
            load_model(path)
        with pytest.raises(UsageError):
            read_metadata(path)


@pytest.mark.parametrize("content", [b"", b"x", b"hello, I am a text file", b"\x80", b"PK\x03\x04", b"\x80\x02}q\x00."])
def test_what_is_no_network_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "net.pth"
    path.write_bytes(content)
    with pytest.raises(SrtuiError, match=r"net\.pth"):
        load_model(path)


@pytest.mark.parametrize("kind", ["zip", "pickle", "safetensors"])
def test_a_truncated_file_is_refused_wherever_it_ends(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "net"
    raw = bytes_of(kind, path)
    for end in {*range(0, len(raw), len(raw) // 40), len(raw) - 1}:
        path.write_bytes(raw[:end])
        with pytest.raises(SrtuiError):
            load_model(path)


@pytest.mark.parametrize("kind", ["zip", "pickle", "safetensors"])
def test_an_altered_file_is_refused_or_loads_but_never_breaks_anything(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "net"
    raw = bytes_of(kind, path)
    rng = np.random.default_rng(6)
    refused = 0
    for _ in range(150):
        altered = bytearray(raw)
        for place in rng.integers(0, min(len(raw), 1500), 4):
            altered[place] = rng.integers(256)
        path.write_bytes(bytes(altered))
        try:
            load_model(path)
        except SrtuiError:
            refused += 1
    assert refused > 50


def bytes_of(kind: str, path: Path) -> bytes:
    net = network(SMALL[0], 2)
    if kind == "safetensors":
        save_model(path, net.state_dict(), ModelCard(network=SMALL[0], scale=2, overlap=4))
    else:
        torch.save(net.state_dict(), path, _use_new_zipfile_serialization=kind == "zip")
    return path.read_bytes()
