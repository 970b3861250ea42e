"""Where the extra spandrel is not installed: what is missing, and how to get it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from srtui.config.network import Compact, Spandrel
from srtui.config.reader import from_plain, to_plain
from srtui.engine import networks
from srtui.engine.models import load_model
from srtui.engine.networks import foreign
from srtui.errors import ConfigurationError, UsageError


@pytest.fixture(autouse=True)
def _absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign.importlib.util, "find_spec", lambda _name: None)


def test_a_profile_that_needs_it_says_what_to_install() -> None:
    with pytest.raises(UsageError, match="needs the package spandrel") as caught:
        networks.build(Spandrel(architecture="DAT"), 4)
    assert "srtui[spandrel]" in caught.value.hint


def test_a_file_that_needs_it_is_named_with_what_to_install(tmp_path: Path) -> None:
    weights = {"layers.0.residual_group.blocks.0.attn.relative_position_bias_table": torch.zeros(3)}
    torch.save(weights, tmp_path / "net.pth")
    with pytest.raises(UsageError, match="another architecture: SwinIR") as caught:
        load_model(tmp_path / "net.pth")
    assert "RRDBNet" in caught.value.hint
    assert "srtui[spandrel]" in caught.value.hint


def test_nothing_else_needs_it(tmp_path: Path) -> None:
    net = networks.build(Compact(features=4, convs=1), 2)
    torch.save(net.state_dict(), tmp_path / "net.pth")
    assert load_model(tmp_path / "net.pth").scale == 2


def test_a_profile_says_its_options_as_plain_values() -> None:
    options = {
        "depth": [6, 6],
        "expansion_factor": 2.0,
        "use_chk": False,
        "upsampler": "pixelshuffle",
        "qk_scale": None,
    }
    plain = {"type": "spandrel", "architecture": "DAT", "options": options}
    network = from_plain(Spandrel, plain, where="profile.yml")
    assert network.options == options | {"depth": (6, 6)}
    assert from_plain(Spandrel, to_plain(network), where="profile.yml") == network
    with pytest.raises(ConfigurationError):
        from_plain(Spandrel, plain | {"options": {"depth": {"a": 1}}}, where="profile.yml")
