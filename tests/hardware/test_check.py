"""The verdict on torch and torchvision, with stand-ins for both that fail as the real ones do."""

from __future__ import annotations

import json
import sys
from types import ModuleType, SimpleNamespace

import pytest

from srtui.hardware import check


def stand_ins(monkeypatch: pytest.MonkeyPatch, kept: list[int]) -> None:
    torch, torchvision = ModuleType("torch"), ModuleType("torchvision")
    answer = SimpleNamespace(tolist=lambda: kept)
    torch.__dict__.update(
        __version__="2.15.0", tensor=lambda values: values, cuda=SimpleNamespace(device_count=lambda: 0)
    )
    torchvision.__dict__.update(__version__="0.29.2", ops=SimpleNamespace(nms=lambda *_: answer))
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torchvision", torchvision)


def test_a_pair_that_computes_rightly_passes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stand_ins(monkeypatch, [0, 2])
    assert check.main() == 0
    assert json.loads(capsys.readouterr().out)["ok"] is True


def test_a_pair_that_computes_wrongly_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stand_ins(monkeypatch, [0, 1, 2])
    assert check.main() == 1
    assert "[0, 1, 2]" in json.loads(capsys.readouterr().out)["error"]


def test_a_missing_operator_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    stand_ins(monkeypatch, [0, 2])

    def refuse(*_: object) -> None:
        raise RuntimeError("operator torchvision::nms does not exist\nand a long trace")

    monkeypatch.setattr(sys.modules["torchvision"].ops, "nms", refuse)
    assert check.main() == 1
    assert json.loads(capsys.readouterr().out)["error"] == "RuntimeError: operator torchvision::nms does not exist"
