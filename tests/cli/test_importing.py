"""`srtui import-options`: what it writes, and what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from srtui.cli import run
from srtui.config.profile import Profile
from srtui.config.reader import read_yaml
from tests.basicsr_files import ESRGAN_14, REAL_ESRGAN


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "мои options.yml"
    path.write_text(ESRGAN_14, encoding="utf-8")
    return path


def test_the_profile_is_written_under_its_name(options: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import-options", str(options)]) == 0
    name = "052_ESRGAN_x4_f64b23_DIV2K_400k_B16G1_051pretrain_wandb"
    assert read_yaml(Path(f"{name}.yml"), Profile).name == name
    said = capsys.readouterr().out
    assert f"srtui train --profile {name}.yml" in said
    assert "For project.yml:\n  scale: 4\n  training:\n    seed: 0\n    start: experiments/051" in said
    assert "a network to begin from is named in project.yml" in said


def test_json_lists_everything_that_was_left(options: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = options.with_name("мой профиль.yml")
    assert run(["import-options", str(options), "-o", str(target), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["profile"] == str(target)
    assert found["project"]["scale"] == 4
    assert {
        "key": "path.strict_load_g",
        "value": True,
        "reason": "what fits is taken from a file, and the rest is told",
    } in found["left"]
    assert read_yaml(target, Profile).stages[0].gan is not None


def test_nothing_is_replaced_unless_asked(options: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = options.with_name("p.yml")
    assert run(["import-options", str(options), "-o", str(target)]) == 0
    options.write_text(REAL_ESRGAN, encoding="utf-8")
    before = target.read_bytes()
    assert run(["import-options", str(options), "-o", str(target)]) == 2
    assert "--overwrite replaces it" in capsys.readouterr().err
    assert target.read_bytes() == before
    assert run(["import-options", str(options), "-o", str(target), "--overwrite"]) == 0
    assert target.read_bytes() != before
    assert run(["import-options", str(options), "-o", str(options), "--overwrite"]) == 2
    assert options.read_text(encoding="utf-8") == REAL_ESRGAN


def test_a_folder_that_is_not_there_is_an_error(options: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import-options", str(options), "-o", "nowhere/p.yml"]) == 1
    assert "No such file" in capsys.readouterr().err


def test_a_file_that_is_none_is_an_error(options: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options.write_text("a: !!python/name:os.system x\n", encoding="utf-8")
    assert run(["import-options", str(options)]) == 2
    assert "is not allowed" in capsys.readouterr().err
    assert run(["import-options", "nothing.yml"]) == 2


def test_json_stays_json_whatever_a_file_holds(options: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options.write_text(f"{ESRGAN_14}\nhuge: [1e999, -1e999]\n", encoding="utf-8")
    assert run(["import-options", str(options), "-o", "p.yml", "--json"]) == 0

    def refuse(word: str) -> None:
        raise AssertionError(word)

    found = json.loads(capsys.readouterr().out, parse_constant=refuse)
    assert next(each["value"] for each in found["left"] if each["key"] == "huge") == ["Infinity", "-Infinity"]
