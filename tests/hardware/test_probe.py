"""Looking at the installed PyTorch: by its files, and by a child that computes with it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from srtui.hardware import devices, gpus, probe
from srtui.hardware.report import Driver, Gpu, MigInstance, Torch

VERSION_PY = """\
from typing import Optional
__all__ = ['__version__', 'debug', 'cuda', 'hip']
__version__ = '2.14.1+cu126'
debug = False
cuda: Optional[str] = '12.6'
hip: Optional[str] = None
raise SystemExit("nobody may execute this file")
"""


def test_the_build_is_read_without_executing_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "torch"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('nobody may import this')")
    (package / "version.py").write_text(VERSION_PY)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    found = probe.installed_torch()
    assert (found.version, found.cuda, found.rocm) == ("2.14.1+cu126", "12.6", None)


def child(script: str) -> tuple[str, ...]:
    return (sys.executable, "-c", script)


def test_the_verdict_is_the_childs_last_json_line() -> None:
    answer = {
        "ok": True,
        "error": None,
        "devices": [{"index": 0, "name": "A", "ok": False, "error": "no"}],
        "seconds": 1.5,
    }
    found = probe.run_check(child(f"print('a warning of torch'); print({json.dumps(answer)!r})"))
    assert found.ok
    assert found.devices[0].error == "no"


def test_a_child_that_dies_is_a_verdict_too() -> None:
    found = probe.run_check(child("import os, sys; sys.stderr.write('Illegal instruction'); os.abort()"))
    assert not found.ok
    assert "-6" in (found.error or "")
    assert "Illegal instruction" in (found.error or "")


def test_the_installed_pair_works_together() -> None:
    found = probe.run_check()
    assert found.ok, found.error


def test_a_probe_looks_at_everything_and_says_at_what(tmp_path: Path) -> None:
    said: list[str] = []
    report = probe.probe(tmp_path, check_torch=False, progress=said.append)
    assert report.check is None
    assert report.disk.path == str(tmp_path.resolve())
    assert report.cpu.usable >= 1
    assert len(said) >= 3


CARDS = (
    Gpu(index=0, name="A100", uuid="GPU-a", mig=True, instances=(MigInstance(uuid="MIG-1", name="1g.5gb"),)),
    Gpu(index=1, name="A100", uuid="GPU-b"),
)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (None, ("MIG-1", "GPU-b")),
        ("1,0", ("GPU-b", "MIG-1")),
        ("GPU-b", ("GPU-b",)),
        ("MIG-1", ("MIG-1",)),
        ("1,7,0", ("GPU-b",)),
        ("-1", ()),
        ("", ()),
    ],
)
def test_visible_devices_are_cudas(
    monkeypatch: pytest.MonkeyPatch, asked: str | None, expected: tuple[str, ...]
) -> None:
    monkeypatch.setattr(gpus, "read", lambda container: (CARDS, Driver()))
    monkeypatch.setattr(probe, "installed_torch", lambda: Torch(version="2.15.0", cuda="13.2"))
    env = {} if asked is None else {"CUDA_VISIBLE_DEVICES": asked}
    assert devices.visible_device_ids(env) == expected
    assert devices.training_device_id(env) == (expected[0] if expected else None)


def test_a_cpu_build_trains_on_no_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpus, "read", lambda container: (CARDS, Driver()))
    monkeypatch.setattr(probe, "installed_torch", lambda: Torch(version="2.15.0+cpu"))
    assert devices.training_device_id({}) is None


def test_the_device_can_be_injected() -> None:
    assert devices.training_device_id({"SRTUI_DEVICE_ID": "GPU-test"}) == "GPU-test"
    assert devices.training_device_id({"SRTUI_DEVICE_ID": ""}) is None
