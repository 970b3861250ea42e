"""Our network files tell what they are without torch, and lies are refused."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from srtui.config.network import RRDB, Compact
from srtui.errors import SrtuiError, UsageError
from srtui.project.cards import KEY, VERSION, ModelCard, Parent, metadata_of, read_card
from srtui.project.model_facts import own_card, own_facts

CARD = ModelCard(network=Compact(features=8, convs=2), scale=2, overlap=4, recipe={"seed": 3}, torch="2.15")
VALUES = struct.pack("<6f", *range(6))
TENSORS: dict[str, Any] = {
    "a.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
    "b.eval_conv.weight": {"dtype": "F32", "shape": [1], "data_offsets": [16, 20]},
    "c.bias": {"dtype": "F32", "shape": [1], "data_offsets": [20, 24]},
}


def written(path: Path, tensors: Any = None, card: ModelCard | None = CARD, values: bytes = VALUES) -> Path:
    """A safetensors file, byte by byte: the terminal side knows no torch."""
    header = dict(TENSORS if tensors is None else tensors)
    if card is not None:
        header["__metadata__"] = metadata_of(card)
    text = json.dumps(header, ensure_ascii=False).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + values)
    return path


def test_a_file_tells_what_it_is(tmp_path: Path) -> None:
    path = written(tmp_path / "моя сеть.safetensors")
    facts = own_facts(path)
    assert facts is not None
    assert facts.card == CARD
    assert (facts.parameters, facts.numbers, facts.size) == (5, "float32", path.stat().st_size)
    plain = json.loads(json.dumps(facts.plain()))
    assert plain["network"] == {"type": "compact", "features": 8, "convs": 2, "activation": "prelu"}
    assert (plain["scale"], plain["overlap"], plain["torch"]) == (2, 4, "2.15")


def test_the_digest_is_of_names_shapes_and_values_alone(tmp_path: Path) -> None:
    def digest(**changes: Any) -> str:
        facts = own_facts(written(tmp_path / "net", **changes))
        assert facts is not None
        return facts.digest

    first = digest()
    assert digest(card=ModelCard(network=Compact(), scale=4, overlap=9)) == first
    assert digest(tensors=dict(reversed(TENSORS.items()))) == first
    assert digest(values=VALUES[:16] + b"\0\0\0\1" + VALUES[20:]) == first  # what SPAN computes from the rest
    assert digest(values=VALUES[:20] + b"\0\0\0\1") != first
    assert digest(tensors=TENSORS | {"a.weight": TENSORS["a.weight"] | {"shape": [4]}}) != first


def test_others_files_are_left_to_torch(tmp_path: Path) -> None:
    assert own_facts(written(tmp_path / "net", card=None)) is None
    half = {name: value | {"dtype": "F16"} for name, value in TENSORS.items()}
    path = written(tmp_path / "net", tensors=half)
    assert own_facts(path) is None
    assert own_card(path) == CARD
    (tmp_path / "net.pth").write_bytes(b"PK\x03\x04 and more")
    assert own_facts(tmp_path / "net.pth") is None


@pytest.mark.parametrize(
    ("name", "change", "fact"),
    [
        ("a.weight", {"shape": [3, 2]}, "bytes 0 to 16 of 24 for 24"),
        ("a.weight", {"data_offsets": [0, 2**60], "shape": [2**58]}, "of 24 for"),
        ("a.weight", {"data_offsets": [-8, 8]}, "bytes -8"),
        ("a.weight", {"data_offsets": 5}, "damaged"),
        ("a.weight", {"shape": "many"}, "damaged"),
        ("a.weight", {"shape": None}, "damaged"),
    ],
)
def test_headers_that_lie_are_refused(tmp_path: Path, name: str, change: dict[str, Any], fact: str) -> None:
    path = written(tmp_path / "net", tensors=TENSORS | {name: TENSORS[name] | change})
    with pytest.raises(SrtuiError, match=fact):
        own_facts(path)


@pytest.mark.parametrize("raw", [b'{"a": ', b'{"__metadata__": 5}', b"{" * 100_000, b'{"a": 5, "__metadata__": {}}'])
def test_headers_that_are_none_are_refused(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "net"
    path.write_bytes(struct.pack("<Q", len(raw)) + raw)
    try:
        assert own_facts(path) is None
    except SrtuiError as error:
        assert "damaged" in error.fact  # noqa: PT017 - either is right: it must only not be believed


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        own_card(tmp_path / "nothing")


# Cards


def test_a_card_comes_back_as_it_was() -> None:
    start, dataset = {"name": "начало.pth", "digest": "ab"}, {"digest": "d", "content": "c", "pictures": {"train": 3}}
    parent = Parent(name="a", digest="b", share=0.3, card=CARD)
    grandchild = Parent(
        name="c", digest="d", share=0.7, card=ModelCard(network=RRDB(), scale=4, overlap=1, parents=(parent,))
    )
    for card in (
        CARD,
        ModelCard(network=RRDB(), scale=1, overlap=0, plain=True, start=start, dataset=dataset),
        ModelCard(network=RRDB(), scale=4, overlap=20, parents=(parent, grandchild)),
    ):
        assert read_card(metadata_of(card), Path("x")) == card


def test_cards_of_the_first_format_are_read() -> None:
    network = {"type": "compact", "features": 8, "convs": 2, "activation": "prelu"}
    plain = {"version": 1, "srtui": "0.1.0", "scale": 2, "overlap": 4, "network": network, "recipe": None}
    card = read_card({KEY: json.dumps(plain)}, Path("x"))
    assert card == ModelCard(network=Compact(features=8, convs=2), scale=2, overlap=4, srtui="0.1.0")


def test_newer_cards_are_refused_by_name() -> None:
    plain = json.loads(metadata_of(CARD)[KEY]) | {"version": VERSION + 1, "srtui": "9.9"}
    with pytest.raises(UsageError, match=rf"format {VERSION + 1} of srtui 9\.9"):
        read_card({KEY: json.dumps(plain)}, Path("x"))


@pytest.mark.parametrize(
    "change",
    [{"parents": 5}, {"parents": [5]}, {"parents": [{"name": "a"}]}, {"dataset": 5}, {"start": []}, {"recipe": "x"}],
)
def test_cards_that_lie_are_refused(change: dict[str, Any]) -> None:
    plain = json.loads(metadata_of(CARD)[KEY]) | change
    with pytest.raises(SrtuiError, match="damaged"):
        read_card({KEY: json.dumps(plain)}, Path("x"))
