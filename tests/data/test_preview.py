"""A preview shows every scenario of a degradation beside the picture, and says what is wrong with it otherwise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from srtui_kernels import dead_leaves

from srtui.config import shipped
from srtui.config.requests import PreviewRequest
from srtui.data import preview
from srtui.data.pictures import read_picture, write_png
from srtui.degradation.draws import key
from srtui.degradation.scenarios import degrade
from srtui.errors import UsageError
from srtui.jobs.context import JobContext
from srtui.jobs.events import read_events
from srtui.jobs.folder import create


def request(tmp_path: Path, picture: Path, name: str = "minidv", scale: int = 2, seed: int = 1) -> PreviewRequest:
    found = shipped.degradation(name, Path())
    return PreviewRequest(
        picture=str(picture), degradation=found, scale=scale, output=str(tmp_path / "вид сбоку"), seed=seed
    )


def shown(tmp_path: Path, wanted: PreviewRequest) -> dict[str, str]:
    folder = create(tmp_path / "jobs", "preview", {})
    preview.run(JobContext(folder, resumed=False), wanted)
    return [event for event in read_events(folder.events) if event["kind"] == "result"][-1]["pictures"]


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture 1.png"
    write_png(path, dead_leaves(101, 163, 1))
    return path


@pytest.mark.parametrize("name", shipped.names("degradation"))
def test_every_scenario_is_shown_beside_the_picture(tmp_path: Path, picture: Path, name: str) -> None:
    wanted = request(tmp_path, picture, name)
    files = shown(tmp_path, wanted)
    assert list(files) == [scenario.name for scenario in wanted.degradation.scenarios]
    gt_hwc = read_picture(picture)[2:98, 1:161]
    for scenario in wanted.degradation.scenarios:
        both = read_picture(Path(files[scenario.name]))
        assert both.shape == (96, 2 * 160 + 16, 3)
        assert np.array_equal(both[:, -160:], gt_hwc)
        lq_hwc = degrade(np.ascontiguousarray(gt_hwc), scenario, 2, key(1, "preview", scenario.name))
        assert np.array_equal(both[::2, :160:2], lq_hwc)
        assert np.array_equal(both[1::2, 1:160:2], lq_hwc)


def test_another_seed_draws_anew(tmp_path: Path, picture: Path) -> None:
    first = read_picture(Path(shown(tmp_path, request(tmp_path, picture))["dim"]))
    again = read_picture(Path(shown(tmp_path, request(tmp_path, picture))["dim"]))
    other = read_picture(Path(shown(tmp_path, request(tmp_path, picture, seed=2))["dim"]))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_of_a_large_picture_the_middle_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    large = np.random.default_rng(1).integers(0, 256, (1008, 1616, 3), np.uint8)
    write_png(path, large)
    both = read_picture(Path(shown(tmp_path, request(tmp_path, path, "bicubic", 4))["bicubic"]))
    assert both.shape == (720, 2 * 960 + 16, 3)
    assert np.array_equal(both[:, -960:], large[144:864, 328:1288])


def test_what_is_no_picture_is_said(tmp_path: Path) -> None:
    path = tmp_path / "text.png"
    path.write_text("no picture")
    with pytest.raises(UsageError, match=r"text\.png"):
        shown(tmp_path, request(tmp_path, path))
    write_png(path, np.zeros((12, 40, 3), np.uint8))
    with pytest.raises(UsageError, match="is 40×12; at least 16×16"):
        shown(tmp_path, request(tmp_path, path))
