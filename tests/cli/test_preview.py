"""``srtui preview`` launches the job and prints where the pictures are."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import pytest

from srtui.cli import run


@pytest.fixture
def picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A grey PNG of 64×48, written byte by byte: the terminal side knows no pictures."""
    monkeypatch.chdir(tmp_path)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + bytes((x * y) % 256 for x in range(64)) for y in range(48))
    head = struct.pack(">IIBBBBB", 64, 48, 8, 0, 0, 0, 0)
    path = tmp_path / "снимок один.png"
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return path


def test_pictures_are_written_and_named(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["preview", str(picture), "--degradation", "minidv", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["scale"] == 2
    assert list(made["pictures"]) == ["still", "moving", "dim"]
    for file in made["pictures"].values():
        assert Path(file).parent == Path.cwd() / "снимок один-minidv"
        assert Path(file).read_bytes().startswith(b"\x89PNG")


def test_a_degradation_must_be_chosen_and_know_the_scale(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["preview", str(picture)]) == 2
    assert "--degradation bicubic | minidv" in capsys.readouterr().err
    assert run(["preview", str(picture), "--degradation", "minidv", "--scale", "3"]) == 2
    assert "written for scales 4, 2, 1, not for 3" in capsys.readouterr().err
