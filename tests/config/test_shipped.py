"""The profiles that come with srtui are valid, and travel in the wheel."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from srtui.config import shipped
from srtui.errors import UsageError

REPOSITORY = Path(__file__).resolve().parents[2]


def test_every_profile_is_valid_and_named_as_its_file() -> None:
    here = Path()
    for name in shipped.names("training"):
        profile = shipped.training_profile(name, here)
        assert profile.name == name
        assert profile.about
    for name in shipped.names("degradation"):
        degradation = shipped.degradation(name, here)
        assert degradation.name == name
        assert degradation.about


def test_the_stage_has_its_profiles() -> None:
    everyones = {"tiny", "fast", "balanced", "quality", "classic-srresnet", "classic-esrgan", "finetune"}
    assert everyones == set(shipped.names("training"))
    assert {"photoshop-six", "bicubic"} <= set(shipped.names("degradation"))


def test_an_unknown_profile_names_the_shipped_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such training profile") as caught:
        shipped.training_profile("fsat", tmp_path)
    assert "balanced, classic-esrgan, classic-srresnet, fast, finetune, quality, tiny" in str(caught.value)


def test_a_profile_is_found_by_path(tmp_path: Path) -> None:
    text = (shipped.folder() / "training" / "tiny.yml").read_text()
    (tmp_path / "моя сеть.yml").write_text(text.replace("name: tiny", "name: mine"))
    assert shipped.training_profile("моя сеть.yml", tmp_path).name == "mine"


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheel of this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


def test_the_wheel_installed_elsewhere_reads_every_profile(wheel: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "с пробелом"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(elsewhere)
    script = (
        "import srtui, pathlib; from srtui.config import shipped; here = pathlib.Path();"
        "print(srtui.__file__);"
        "print(*(shipped.training_profile(n, here).name for n in shipped.names('training')));"
        "print(*(shipped.degradation(n, here).name for n in shipped.names('degradation')))"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(elsewhere)}, capture_output=True, text=True, check=True
    )
    place, training, degradation = done.stdout.splitlines()
    assert Path(place).is_relative_to(elsewhere)
    assert training.split() == shipped.names("training")
    assert degradation.split() == shipped.names("degradation")
