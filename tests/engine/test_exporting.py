"""Network files in other forms: what is written is what was read, for us and for other programs."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import Tensor

from srtui.config.network import EDSR, RRDB, Compact, Network
from srtui.config.requests import ModelForm
from srtui.engine import exporting, models
from srtui.engine.checkpoint_dialects import unwrap
from srtui.engine.foreign_names import DIALECTS, Dialect, renamed
from srtui.engine.models import load_model, save_model
from srtui.engine.networks import SRNetwork
from srtui.engine.networks.rrdb import RRDBNet
from srtui.errors import SrtuiError, UsageError
from srtui.project.cards import ModelCard
from tests.engine.exchanging import EVERY, IDS, SMALL, convert, result, saved, shaken, trained

RRDB_SMALL = SMALL[2]
DIALECTS_OF: dict[str, dict[Dialect, set[int]]] = {
    "compact": {"pth": {1, 2, 3, 4}},
    "srresnet": {"pth": {1, 2, 3, 4}, "pth-2020": {1, 2, 3, 4}},
    "rrdb": {"pth": {1, 2, 4}, "pth-2020": {4}, "pth-old-esrgan": {4}},
    "edsr": {"pth": {1, 2, 3, 4}},
    "span": {"pth": {1, 2, 3, 4}},
}
"""Which networks there are upstream: RRDBNet ×3 nowhere, and with the first ESRGAN's names ×1 and ×2 are other ones."""


@pytest.fixture(autouse=True)
def _overlap_is_not_measured(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "measured_overlap" not in request.node.name:
        monkeypatch.setattr(models, "measure_overlap", lambda net: 5)  # seconds for RRDBNet ×1 and ×2


def speaks(options: Network, scale: int, dialect: Dialect) -> bool:
    return scale in DIALECTS_OF[options.type].get(dialect, set())


SPOKEN = [(*pair, dialect) for pair in EVERY for dialect in DIALECTS if speaks(*pair, dialect)]
UNKNOWN = [(*pair, dialect) for pair in EVERY for dialect in DIALECTS if not speaks(*pair, dialect)]


def assert_same_weights(path: Path, net: SRNetwork) -> None:
    loaded = load_model(path).net
    assert type(loaded) is type(net)
    assert loaded.scale == net.scale
    expected = net.state_dict()
    assert loaded.state_dict().keys() == expected.keys()
    for name, value in loaded.state_dict().items():
        assert torch.equal(value, expected[name]), name


def plain_esrgan(scale: int) -> SRNetwork:
    torch.manual_seed(3)
    assert isinstance(RRDB_SMALL, RRDB)
    return shaken(RRDBNet(RRDB_SMALL, scale, plain=True))


# Names


@pytest.mark.parametrize(("options", "scale", "dialect"), SPOKEN)
def test_renaming_is_the_inverse_of_reading(options: Network, scale: int, dialect: Dialect) -> None:
    weights = trained(options, scale).state_dict()
    there = renamed(weights, ModelCard(network=options, scale=scale, overlap=0), dialect)
    back = unwrap(there, "x")
    assert list(back) == list(weights)
    assert all(back[name] is weights[name] for name in weights)
    assert (list(there) == list(weights)) == (dialect == "pth")


@pytest.mark.parametrize(("options", "scale", "dialect"), UNKNOWN)
def test_a_dialect_without_the_network_says_so(options: Network, scale: int, dialect: Dialect) -> None:
    with pytest.raises(UsageError, match=f"×{scale} ") as caught:
        renamed({}, ModelCard(network=options, scale=scale, overlap=0), dialect)
    assert caught.value.subject == f"--as {dialect}"
    assert "--as" in caught.value.hint


def test_names_are_those_of_the_published_files() -> None:
    weights = trained(RRDB(features=4, blocks=1, growth=4), 4).state_dict()
    card = ModelCard(network=RRDB(features=4, blocks=1, growth=4), scale=4, overlap=0)
    old, newer = (list(renamed(weights, card, dialect)) for dialect in ("pth-old-esrgan", "pth-2020"))
    assert old[:2] == ["model.0.weight", "model.0.bias"]
    assert {"model.1.sub.0.RDB3.conv5.0.bias", "model.1.sub.1.weight", "model.3.weight", "model.6.bias"} <= {*old}
    assert old[-4:] == ["model.8.weight", "model.8.bias", "model.10.weight", "model.10.bias"]
    assert {"RRDB_trunk.0.RDB1.conv1.weight", "trunk_conv.bias", "upconv2.weight", "HRconv.weight"} <= {*newer}


# Files


@pytest.mark.parametrize(("options", "scale"), EVERY, ids=IDS)
def test_every_network_survives_the_way_there_and_back(tmp_path: Path, options: Network, scale: int) -> None:
    ours = tmp_path / "моя сеть.safetensors"
    net = saved(ours, options, scale)
    for dialect in DIALECTS:
        if speaks(options, scale, dialect):
            there, back = tmp_path / f"{dialect}.pth", tmp_path / f"{dialect}.safetensors"
            convert(ours, there, dialect)
            assert_same_weights(there, net)
            convert(there, back, "safetensors")
            assert_same_weights(back, net)
            assert load_model(back).card.network == options


@pytest.mark.parametrize("scale", [1, 2])
def test_the_first_esrgans_own_networks_survive_too(tmp_path: Path, scale: int) -> None:
    net, card = plain_esrgan(scale), ModelCard(network=RRDB_SMALL, scale=scale, overlap=7, plain=True)
    ours, old, back = tmp_path / "a.safetensors", tmp_path / "b.pth", tmp_path / "c.safetensors"
    save_model(ours, net.state_dict(), card)
    assert_same_weights(ours, net)
    convert(ours, old, "pth-old-esrgan")
    assert_same_weights(old, net)
    convert(old, back, "safetensors")
    assert_same_weights(back, net)
    assert load_model(back).card.plain
    for dialect in ("pth", "pth-2020"):
        with pytest.raises(UsageError):
            convert(ours, tmp_path / "no.pth", dialect)
    assert not (tmp_path / "no.pth").exists()


def test_a_pth_holds_both_names_that_programs_ask_for_and_each_tensor_once(tmp_path: Path) -> None:
    ours, there = tmp_path / "a.safetensors", tmp_path / "a.pth"
    saved(ours, Compact(features=32, convs=4), 4)
    convert(ours, there, "pth")
    found = torch.load(there, weights_only=True)
    assert list(found) == ["params", "params_ema"]
    assert found["params"].keys() == found["params_ema"].keys()
    assert there.stat().st_size < 1.2 * ours.stat().st_size
    assert load_model(there).weights == "params_ema"


def test_the_earlier_dialects_are_bare_state_dicts(tmp_path: Path) -> None:
    ours = tmp_path / "a.safetensors"
    saved(ours, RRDB_SMALL, 4)
    for dialect in ("pth-2020", "pth-old-esrgan"):
        convert(ours, tmp_path / "b.pth", dialect, overwrite=True)
        found = torch.load(tmp_path / "b.pth", weights_only=True)
        assert all(isinstance(value, Tensor) and value.is_contiguous() for value in found.values())


@pytest.mark.parametrize("form", ["safetensors", "pth"])
def test_half_precision_halves_the_file(tmp_path: Path, form: ModelForm) -> None:
    ours, there = tmp_path / "a.safetensors", tmp_path / "half"
    net = saved(ours, SMALL[1], 2)
    events = convert(ours, there, form, half=True)
    assert result(events)["numbers"] == "float16"
    loaded = load_model(there)
    assert loaded.numbers == "float16"
    for name, value in loaded.net.state_dict().items():
        assert torch.equal(value, net.state_dict()[name].half().float()), name


def test_weights_beyond_half_precision_are_refused(tmp_path: Path) -> None:
    ours, there = tmp_path / "a.safetensors", tmp_path / "half.pth"
    net = trained(SMALL[0], 2)
    net.get_parameter("body.2.bias").data[3] = -70_000
    save_model(ours, net.state_dict(), ModelCard(network=SMALL[0], scale=2, overlap=1))
    with pytest.raises(SrtuiError, match=r"body\.2\.bias reaches 7e\+04; half precision ends at 65504"):
        convert(ours, there, "pth", half=True)
    assert not there.exists()


def test_whole_numbers_stay_whole(tmp_path: Path) -> None:
    """Networks with windows carry places in them, of which half precision would make others."""
    path, places = tmp_path / "a.safetensors", torch.tensor([70_000, 2**24 + 1])
    weights = {"places": places, "weight": torch.ones(2)}
    halves = exporting.narrowed(weights, torch.float16)
    save_model(path, weights, ModelCard(network=SMALL[0], scale=2, overlap=1), dtype=torch.float16)
    with safe_open(path, framework="pt") as file:
        for found in (halves, {name: file.get_tensor(name) for name in weights}):
            assert found["weight"].dtype == torch.float16
            assert found["places"].dtype == places.dtype
            assert torch.equal(found["places"], places)


def test_our_file_of_anothers_network_carries_a_card_with_a_measured_overlap(tmp_path: Path) -> None:
    net = trained(RRDB(features=4, blocks=4, growth=2), 4)
    there, ours = tmp_path / "чужая сеть.pth", tmp_path / "наша.safetensors"
    torch.save({"params": net.state_dict(), "params_ema": net.state_dict()}, there)
    found = result(convert(there, ours, "safetensors"))
    card = load_model(ours).card
    assert (card.network, card.scale, card.recipe) == (RRDB(features=4, blocks=4, growth=2), 4, None)
    assert found["overlap"] == card.overlap == load_model(there).overlap
    assert found["weights"] == "params_ema"
    assert found["network"].startswith("RRDBNet 4/4 ×4, ")


def test_our_files_keep_their_recipe(tmp_path: Path) -> None:
    ours, copy = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    card = ModelCard(network=SMALL[0], scale=2, overlap=9, recipe={"seed": 5}, torch="2.15", dataset={"digest": "d"})
    save_model(ours, trained(SMALL[0], 2).state_dict(), card)
    convert(ours, copy, "safetensors")
    assert copy.read_bytes() == ours.read_bytes()


@pytest.mark.parametrize(
    ("options", "lost"),
    [
        (Compact(features=8, convs=2, activation="leakyrelu"), "activation"),
        (EDSR(features=8, residual=0.37), "residual"),
    ],
)
def test_what_a_checkpoint_cannot_say_is_told(tmp_path: Path, options: Network, lost: str) -> None:
    saved(tmp_path / "a.safetensors", options, 2)
    events = convert(tmp_path / "a.safetensors", tmp_path / "a.pth", "pth")
    (alarm,) = (event["text"] for event in events if event["kind"] == "alarm")
    assert f"cannot say {lost}" in alarm


def test_equal_networks_are_equal_files(tmp_path: Path) -> None:
    saved(tmp_path / "a.safetensors", SMALL[1], 2)
    for form in ("pth", "pth-2020", "safetensors"):
        convert(tmp_path / "a.safetensors", tmp_path / "one", form, overwrite=True)
        convert(tmp_path / "a.safetensors", tmp_path / "another name", form, overwrite=True)
        assert (tmp_path / "one").read_bytes() == (tmp_path / "another name").read_bytes()


def test_files_are_not_replaced_unless_asked(tmp_path: Path) -> None:
    saved(tmp_path / "a.safetensors", SMALL[0], 2)
    there = tmp_path / "a.pth"
    there.write_bytes(b"mine")
    with pytest.raises(UsageError, match="exists already"):
        convert(tmp_path / "a.safetensors", there, "pth")
    assert there.read_bytes() == b"mine"
    convert(tmp_path / "a.safetensors", there, "pth", overwrite=True)
    assert load_model(there).scale == 2


# Other programs


@pytest.mark.parametrize(("options", "scale", "dialect"), [each for each in SPOKEN if each[0].type != "srresnet"])
def test_spandrel_reads_what_we_write_and_restores_alike(
    tmp_path: Path, options: Network, scale: int, dialect: Dialect
) -> None:
    spandrel = pytest.importorskip("spandrel", reason="spandrel is not installed")
    if isinstance(options, RRDB):
        options = RRDB(features=8, blocks=2)  # spandrel knows 32 channels of growth only
    ours, there = tmp_path / "a.safetensors", tmp_path / "a.pth"
    net = saved(ours, options, scale)
    convert(ours, there, dialect)
    lq_bchw = torch.rand(1, 3, 16, 24, generator=torch.Generator().manual_seed(5))
    expected_bchw = net(lq_bchw)
    for path in (there, ours):
        try:
            theirs = spandrel.ModelLoader().load_from_file(path)
        except spandrel.UnsupportedModelError:
            pytest.skip(f"spandrel has no {options.type}")
        assert theirs.scale == scale
        found_bchw = theirs.model.eval()(lq_bchw)
        assert (found_bchw - expected_bchw).abs().max() <= 1e-5 * max(1, float(expected_bchw.abs().max()))


def test_the_card_is_in_the_header_and_nowhere_else(tmp_path: Path) -> None:
    saved(tmp_path / "a.safetensors", SMALL[0], 2)
    with safe_open(str(tmp_path / "a.safetensors"), framework="pt") as file:
        assert list(file.metadata()) == ["srtui"]
