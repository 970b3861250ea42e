"""`srtui scan` and `srtui frames`, as people type them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from srtui.cli import run
from tests.footage.tapes import DV, Scene, Tape, conceal, make_tape

pytestmark = pytest.mark.usefixtures("own_folder")


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    scenes = (Scene(frames=30, smeared=(5, 6)), Scene(frames=25, seed=2))
    (tmp_path / "мои ленты").mkdir()
    return make_tape(tmp_path / "мои ленты" / "отпуск 1.mkv", Tape(scenes=scenes, fields="bff", flags="progressive"))


def test_a_scan_says_what_the_tape_is_and_what_to_do(tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scan", str(tape)]) == 0
    text = capsys.readouterr().out
    assert "interlaced, bottom field first" in text
    assert "although the file says progressive: srtui treats it as interlaced, bottom field first" in text
    assert "there is simply nothing to hold on to" in text
    assert f"srtui frames '{tape}' --out FOLDER: the best as PNG, fields made whole" in text


def test_scans_are_data_too_and_folders_are_searched(tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scan", str(tape.parent), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["scans"]
    assert found["interlacing"]["order"] == "bff"
    assert found["scenes_found"] == 2
    assert (Path(found["folder"]) / "frames.csv").is_file()


def test_the_footage_of_a_project_is_scanned_into_the_project(
    tmp_path: Path, tape: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "project.yml").write_text(f"footage:\n  - video: {tape.relative_to(tmp_path)}\n", encoding="utf-8")
    assert run(["scan", "--out", "elsewhere"]) == 0
    assert run(["scan"]) == 0
    assert len(list((tmp_path / "elsewhere").glob("*/scan.json"))) == 1
    assert len(list((tmp_path / "scans").glob("*/scan.json"))) == 1
    assert len(list((tmp_path / "jobs").iterdir())) == 2


def test_a_scan_of_nothing_asks_which_tape(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scan"]) == 2
    assert "which tape?" in capsys.readouterr().err


def test_what_is_no_video_ends_with_its_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.avi").write_bytes(b"nothing")
    assert run(["scan", "a.avi"]) == 3
    assert "cannot be read as video" in capsys.readouterr().err


def test_dropouts_of_dv_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = make_tape(tmp_path / "a.avi", Tape(scenes=(Scene(frames=20),), **DV))
    conceal(path, 5, range(30))
    assert run(["scan", str(path)]) == 0
    assert "1 frame, told by the player; the worst at 0:00.2 (30 blocks)" in capsys.readouterr().out


def test_frames_are_extracted_and_counted(tmp_path: Path, tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["frames", str(tape), "--out", "лучшие кадры", "--count", "3"]) == 0
    assert "6 pictures of 3 frames" in capsys.readouterr().out
    assert len(list((tmp_path / "лучшие кадры").glob("*.png"))) == 6
    assert run(["frames", str(tape), "--out", "single", "--share", "0.1", "--rate", "25p", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pictures"] == 5


def test_count_and_share_exclude_each_other(tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["frames", str(tape), "--out", "out", "--share", "0.1", "--count", "2"]) == 2
    assert "exclude each other" in capsys.readouterr().err


def test_frames_made_whole_otherwise_than_the_network_learned_are_told(
    tmp_path: Path, tape: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for degradation, told in (("photoshop-six", True), ("minidv", False)):
        (tmp_path / "project.yml").write_text(f"degradation: {degradation}\n", encoding="utf-8")
        assert run(["frames", str(tape), "--out", degradation, "--count", "1"]) == 0
        said = capsys.readouterr().err
        assert (f"! degradation {degradation} deinterlaces nothing, and this tape is interlaced" in said) == told
