"""The benchmark of quality: its measuring, its trainings of a given time, its table and its picture."""

from __future__ import annotations

import itertools
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import __main__ as command
from benchmarks import learning, picture_sets, quality
from benchmarks.learning import MOMENTS, learn, make_dataset, recipe, with_iterations
from benchmarks.picture_sets import PictureSet
from benchmarks.quality_plot import Panel, draw
from srtui.config.network import Compact
from srtui.config.profile import Profile, Stage
from tests.cases import noise


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Profile:
    """A network of a few hundred weights under the name of a real one."""
    stage = Stage(iterations=1, gt_size=32, batch=2)
    monkeypatch.setattr(learning, "TRIAL", 20)
    monkeypatch.setitem(learning._RECIPES, "compact", (Compact(features=8, convs=1), stage))
    return recipe("compact")


def write_set(folder: Path, count: int = 2) -> Path:
    folder.mkdir()
    for number in range(count):
        Image.fromarray(noise(50, 66, 3)).save(folder / f"{number}.png")
    return folder


def test_bicubic_is_what_everybody_measures(shared_data: Path) -> None:
    for name in picture_sets.PUBLISHED:
        PictureSet.read(name, shared_data / "benchmarks" / name.lower()).check()


def test_other_pictures_end_the_benchmark(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "Пять картинок")
    with pytest.raises(SystemExit, match=r"Set5: bicubic gives .* instead of 28.43 / 0.8113: the measuring is wrong"):
        PictureSet.read("Set5", folder).check()
    with pytest.raises(SystemExit, match="no PNG files there"):
        PictureSet.read("Set5", tmp_path)


def test_sides_become_multiples_of_the_scale(tmp_path: Path) -> None:
    each = PictureSet.read("mine", write_set(tmp_path / "gt", 1))
    assert [gt.shape for gt in each.gt] == [(48, 64, 3)]
    assert [lq.shape for lq in each.lq] == [(12, 16, 3)]
    assert each.check() == each.bicubic()


def test_a_schedule_ends_with_the_training() -> None:
    profile = with_iterations(recipe("compact"), 1000)
    assert profile.iterations == 1000
    assert profile.checkpoint_every == 84
    assert with_iterations(recipe("compact"), 3).checkpoint_every == 1


def test_a_training_keeps_networks_through_time(tiny: Profile, tmp_path: Path) -> None:
    kept = learn(tiny, make_dataset(tmp_path, None), tmp_path / "run", minutes=0.001, device="cpu", threads=1)
    each = kept[1].iteration
    assert [moment.iteration for moment in kept] == [each * moment for moment in range(MOMENTS + 1)]
    assert kept[0].seconds == 0
    assert all(a.seconds < b.seconds for a, b in itertools.pairwise(kept))
    assert all(moment.path.is_file() for moment in kept)
    assert (tmp_path / "run" / "compact.safetensors").is_file()


def test_everything_is_written_and_shown(
    tiny: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(picture_sets, "PUBLISHED", {})
    folder, output = write_set(tmp_path / "set"), tmp_path / "a result"
    arguments = [
        "quality",
        "--set5",
        str(folder),
        "--minutes",
        "0.001",
        "--device",
        "cpu",
        "--threads",
        "1",
        "--output",
        str(output),
    ]
    assert command.main([*arguments, "--only", "compact"]) == 0
    printed = capsys.readouterr().out
    assert "| network | minutes | updates | Set5 Y | Set5 RGB |" in printed
    assert "| SRVGGNetCompact 8/1 ×4 | 0.0 |" in printed
    assert str(tmp_path) not in printed
    curve = json.loads((output / "compact.json").read_text(encoding="utf-8"))
    assert len(curve["curve"]) == MOMENTS + 1
    assert set(curve["curve"][0]["Set5"]) == {"psnr_y", "ssim_y", "psnr_rgb", "ssim_rgb"}
    assert quality.as_markdown({"compact": curve}) in printed
    assert ET.fromstring((output / "quality.svg").read_text(encoding="utf-8")).tag.endswith("svg")
    assert (output / "compact.safetensors").is_file()


def test_a_network_that_there_is_not_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["quality", "--only", "swinir"]) == 2
    assert "no network is called 'swinir'" in capsys.readouterr().err
    for minutes in ("0", "nan", "soon"):
        with pytest.raises(SystemExit):
            command.main(["quality", "--minutes", minutes])


def test_lines_stay_inside_their_panel() -> None:
    line = list(zip(np.linspace(1.7, 20, 12), np.linspace(26.2, 30.4, 12), strict=True))
    picture = ET.fromstring(draw([Panel(title="A & B", bicubic=28.43, lines={"compact": line, "srresnet": line[:5]})]))
    space = "{http://www.w3.org/2000/svg}"
    places = [
        tuple(map(float, place.split(",")))
        for shape in picture.iter(f"{space}polyline")
        for place in shape.attrib["points"].split()
    ]
    assert all(50 < x < 390 and 30 < y < 245 for x, y in places)
    words = [text.text for text in picture.iter(f"{space}text")]
    assert {"bicubic 28.43", "compact 30.40", "A & B: PSNR of Y in dB, after minutes of training"} <= set(words)
