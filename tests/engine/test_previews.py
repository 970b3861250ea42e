"""Pictures through time: which are kept, that they fit on the disk, and what a killed or damaged run leaves."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from srtui.data.pictures import read_picture
from srtui.engine import previews, strips
from srtui.engine.metrics import Figures
from srtui.engine.previews import MOMENTS, SIDES, WHOLE, Album, Entry, Shown, make_plan, superfluous
from srtui.engine.scores import PictureScore, Score, Validation
from srtui.engine.strips import LARGEST

ROOM = 10**9


def scene(seed: int = 0, height: int = 300, width: int = 400) -> np.ndarray:
    """A calm picture with one busy corner of 130 × 130 pixels at (200, 160)."""
    rng = np.random.default_rng(seed)
    picture = cv2.resize(rng.uniform(60, 200, (4, 4, 3)), (width, height), interpolation=cv2.INTER_CUBIC)
    picture[160:290, 200:330] += rng.normal(0, 40, picture[160:290, 200:330].shape)
    return np.clip(picture, 0, 255).astype(np.uint8)


def shown(gt_hwc: np.ndarray, share: float = 0.5, psnr: float = 27.0) -> Shown:
    """What a network shows that has learnt a ``share`` of what bicubic loses."""
    bicubic_hwc = cv2.blur(gt_hwc, (3, 3))
    network_hwc = cv2.addWeighted(gt_hwc, share, bicubic_hwc, 1 - share, 0)
    return Shown(bicubic_hwc, network_hwc, gt_hwc, psnr, psnr - 26.5, 26.5)


def index_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "index.json").read_text(encoding="utf-8"))


def validation_of(psnr: float) -> Validation:
    bicubic, network = (Figures(psnr_y=each, ssim_y=0, psnr_rgb=0, ssim_rgb=0) for each in (26.5, psnr))
    score = Score(name="0001", pictures=1, bicubic=bicubic, network=network)
    return Validation(pictures=(PictureScore(scenario="soft", score=score),))


ENTRY = Entry(name="0001", scenario="soft")


def test_few_moments_all_stay() -> None:
    assert superfluous([10, 20, 30], 3) == []


def test_the_first_and_the_last_stay_and_the_rest_is_spread_evenly() -> None:
    moments: list[int] = []
    for iteration in range(100, 10_001, 100):
        moments.append(iteration)
        gone = superfluous(moments, 8)
        moments = [each for each in moments if each not in gone]
    assert len(moments) == 8
    assert (moments[0], moments[-1]) == (100, 10_000)
    gaps = [after - before for before, after in pairwise(moments)]
    assert max(gaps) <= 4 * min(gaps)


def test_every_picture_is_kept_at_its_most_telling_part_without_loss(tmp_path: Path) -> None:
    gt_hwc = scene()
    album = Album(tmp_path, [ENTRY], scale=2, room=60_000_000)
    side = album.plan.side
    assert side == 512
    album = Album(tmp_path, [Entry(name=f"{n:04d}", scenario="soft") for n in range(1, 40)], scale=2, room=60_000_000)
    assert album.plan.side == 128
    album.add("0001", shown(gt_hwc), 100)
    album.write_index(100, validation_of(27.0))
    (entry,) = index_of(tmp_path)["pictures"]
    window = entry["window"]
    assert (window["width"], window["height"]) == (128, 128)
    assert abs(window["x"] - 200) <= 4
    assert abs(window["y"] - 160) <= 4
    assert window["x"] % 2 == window["y"] % 2 == 0
    rows, columns = (slice(window[k], window[k] + 128) for k in ("y", "x"))
    for key, picture_hwc in (("bicubic", shown(gt_hwc).bicubic_hwc), ("gt", gt_hwc)):
        assert np.array_equal(read_picture(tmp_path / entry[key]), picture_hwc[rows, columns])
    (moment,) = entry["moments"]
    assert moment == {"iteration": 100, "path": "moments/0001/00000100.png", "psnr_y": 27.0, "gain_y": 0.5}
    assert np.array_equal(read_picture(tmp_path / moment["path"]), shown(gt_hwc).network_hwc[rows, columns])


def test_moments_are_pruned_and_the_index_keeps_their_figures_over_a_restart(tmp_path: Path) -> None:
    gt_hwc = scene()
    for begin in (0, 6):
        album = Album(tmp_path, [ENTRY], scale=2, room=ROOM)
        for step in range(begin + 1, begin + 7):
            album.add("0001", shown(gt_hwc, step / 20), 100 * step)
            album.write_index(100 * step, validation_of(26 + step / 10))
    (entry,) = index_of(tmp_path)["pictures"]
    moments = [each["iteration"] for each in entry["moments"]]
    assert len(moments) == MOMENTS
    assert (moments[0], moments[-1]) == (100, 1200)
    assert [each["psnr_y"] for each in entry["moments"]] == pytest.approx([26 + each / 1000 for each in moments])
    assert {int(path.stem) for path in (tmp_path / "moments" / "0001").glob("0*.png")} == set(moments)


def test_moments_beyond_the_checkpoint_that_a_run_went_back_to_are_forgotten(tmp_path: Path) -> None:
    for iteration in (100, 200, 317, 400):
        Album(tmp_path, [ENTRY], scale=2, room=ROOM).add("0001", shown(scene()), iteration)
    album = Album(tmp_path, [ENTRY], scale=2, room=ROOM)
    album.add("0001", shown(scene()), 300)
    album.write_index(300)
    assert [each["iteration"] for each in index_of(tmp_path)["pictures"][0]["moments"]] == [100, 200, 300]


def test_moments_of_another_part_are_not_mixed_with_todays(tmp_path: Path) -> None:
    Album(tmp_path, [ENTRY], scale=2, room=ROOM).add("0001", shown(scene(1, 700, 700)), 100)
    smaller = Album(tmp_path, [ENTRY], scale=2, room=2 * 10 * 256 * 256 * 3)
    smaller.add("0001", shown(scene(1, 700, 700)), 200)
    smaller.write_index(200)
    (entry,) = index_of(tmp_path)["pictures"]
    assert (entry["window"]["width"], len(entry["moments"])) == (256, 1)


def test_what_a_kill_left_half_written_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "moments" / "0001"
    Album(tmp_path, [ENTRY], scale=2, room=ROOM).add("0001", shown(scene()), 100)
    (folder / ".00000200.png.0a1b2c3d.part").write_bytes(b"half")
    Album(tmp_path, [ENTRY], scale=2, room=ROOM).add("0001", shown(scene()), 200)
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize("damage", ["{", "[]", '{"pictures": [{"name": "0001"}]}', '{"pictures": 5}', "\xff"])
def test_a_damaged_index_costs_old_captions_only(tmp_path: Path, damage: str) -> None:
    Album(tmp_path, [ENTRY], scale=2, room=ROOM).add("0001", shown(scene()), 100)
    (tmp_path / "index.json").write_text(damage, encoding="latin-1")
    album = Album(tmp_path, [ENTRY], scale=2, room=ROOM)
    album.add("0001", shown(scene()), 200)
    album.write_index(200, validation_of(27.0))
    moments = index_of(tmp_path)["pictures"][0]["moments"]
    assert [each["psnr_y"] for each in moments] == [None, 27.0]


def test_a_damaged_moment_is_left_out_of_the_strip(tmp_path: Path) -> None:
    album = Album(tmp_path, [ENTRY], scale=2, room=ROOM)
    album.add("0001", shown(scene()), 100)
    album.add("0001", shown(scene()), 200)
    whole = read_picture(tmp_path / "strips" / "0001.png").shape[1]
    (tmp_path / "moments" / "0001" / "00000100.png").write_bytes(b"no picture")
    album.add("0001", shown(scene()), 300)
    assert read_picture(tmp_path / "strips" / "0001.png").shape[1] == whole


def test_the_strip_shows_bicubic_the_moments_and_gt(tmp_path: Path) -> None:
    gt_hwc = scene()
    album = Album(tmp_path, [ENTRY], scale=2, room=ROOM)
    for step in range(1, 10):
        album.add("0001", shown(gt_hwc, step / 10), 100 * step)
    strip = read_picture(tmp_path / "strips" / "0001.png")
    column = 2 * strips.DETAIL
    window = previews.telling(previews.lost(gt_hwc, shown(gt_hwc).bicubic_hwc), 2, (128, 128))[0]
    expected = [shown(gt_hwc).bicubic_hwc, shown(gt_hwc, 0.9).network_hwc, gt_hwc]
    for number, picture_hwc in zip((0, 5, 6), expected, strict=True):
        left, top = strips._MARGIN + number * (column + strips._GAP), strips._HEAD + strips._CAPTION
        cut = strip[top : top + column : 2, left : left + column : 2]
        assert np.array_equal(cut, window.of(picture_hwc)), number


def test_footage_has_no_gt_and_no_figures(tmp_path: Path) -> None:
    entry = Entry(name="отпуск-0001", kind="footage", scenario="отпуск")
    album = Album(tmp_path, [entry], scale=2, room=ROOM)
    gt_hwc = scene()
    for iteration in (10, 20):
        album.add("отпуск-0001", Shown(cv2.blur(gt_hwc, (3, 3)), gt_hwc), iteration)
    album.write_index(20)
    (found,) = index_of(tmp_path)["pictures"]
    assert (found["kind"], found["gt"], found["moments"][1]["psnr_y"]) == ("footage", None, None)
    assert read_picture(tmp_path / found["strip"]).shape[1] == 3 * 266 - 10 + 28
    assert np.array_equal(read_picture(tmp_path / found["whole"]), gt_hwc)


def test_torn_edges_of_a_tape_are_not_what_it_shows(tmp_path: Path) -> None:
    frame_hwc = scene(0, 600, 800)
    frame_hwc[-20:] = np.random.default_rng(0).integers(0, 256, (20, 800, 3), dtype=np.uint8)
    album = Album(tmp_path, [Entry(name="t", kind="footage", scenario="t")], scale=2, room=2 * 10 * 192 * 192 * 3)
    album.add("t", Shown(frame_hwc, frame_hwc), 1)
    album.write_index(1)
    window = index_of(tmp_path)["pictures"][0]["window"]
    assert abs(window["x"] + 96 - 265) < 40
    assert abs(window["y"] + 96 - 225) < 40


def test_the_room_in_the_documentation_is_what_is_planned() -> None:
    text = (Path(__file__).parents[2] / "docs" / "validation.md").read_text(encoding="utf-8")
    for most, side in ((63, 512), (113, 384), (254, 256), (452, 192), (1017, 128)):
        assert f"| up to {most} | {side}" in text
        assert make_plan([str(n) for n in range(most)], ROOM).side == side
        assert make_plan([str(n) for n in range(most + 1)], ROOM).side != side or side == 128
    assert len(make_plan([str(n) for n in range(5000)], ROOM).kept) == 1017
    assert len(make_plan([str(n) for n in range(5000)], ROOM).strips) == 158
    assert "the first 158" in text


@pytest.mark.parametrize(("height", "width"), [(15, 15), (16, 600), (130, 128), (40, 44)])
def test_small_and_long_pictures_are_kept_too(tmp_path: Path, height: int, width: int) -> None:
    gt_hwc = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    for scale in (1, 2):
        folder = tmp_path / str(scale)
        album = Album(folder, [ENTRY], scale=scale, room=ROOM)
        album.add("0001", shown(gt_hwc[: height // scale * scale, : width // scale * scale]), 1)
        assert album.write_index(1) == 1
        assert max(read_picture(folder / "strips" / "0001.png").shape) < 4000


@pytest.mark.parametrize("count", [1, 24, 100, 1000, 20_000])
@pytest.mark.parametrize("room", [0, 10_000_000, ROOM, 50 * ROOM])
def test_what_is_planned_fits_into_the_room(count: int, room: int) -> None:
    names = [f"{n:05d}" for n in range(count)]
    plan = make_plan(names, room)
    need = len(plan.kept) * (MOMENTS + 2) * 3 * plan.side**2
    need += len(plan.strips) * previews._STRIP + len(plan.whole) * WHOLE * 3
    assert need <= room
    assert plan.strips <= plan.kept
    assert plan.whole <= plan.kept
    assert plan.side in SIDES or not plan.kept
    if room == ROOM:
        assert len(plan.kept) >= min(count, 1000)
        assert names[0] in plan.strips & plan.whole
        assert plan.side == {1: 512, 24: 512, 100: 384, 1000: 128, 20_000: 128}[count]


def test_the_worst_strip_is_as_small_as_planned(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (600, 600, 3), dtype=np.uint8)
    album = Album(tmp_path, [ENTRY], scale=2, room=ROOM)
    for step in range(6):
        album.add("0001", Shown(noise, np.roll(noise, step, 0), noise, 20.0, 0.1, 19.9), step)
    assert (tmp_path / "strips" / "0001.png").stat().st_size < previews._STRIP < LARGEST


def test_without_room_nothing_is_kept(tmp_path: Path) -> None:
    album = Album(tmp_path / "previews", [ENTRY], scale=2, room=0)
    album.add("0001", shown(scene()), 1)
    assert album.write_index(1) == 0
    assert not (tmp_path / "previews").exists()


def test_a_full_disk_costs_pictures_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    album = Album(tmp_path, [ENTRY], scale=2, room=ROOM)
    album.add("0001", shown(scene()), 100)

    def full(_path: Path, _content: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(previews, "write_whole", full)
        album.add("0001", shown(scene()), 200)
    assert "No space left on device" in album.trouble
    album.add("0001", shown(scene()), 300)
    album.write_index(300)
    assert [each["iteration"] for each in index_of(tmp_path)["pictures"][0]["moments"]] == [100, 300]


def test_pictures_that_were_removed_under_way_come_again(tmp_path: Path) -> None:
    album = Album(tmp_path, [ENTRY], scale=2, room=ROOM)
    album.add("0001", shown(scene()), 100)
    shutil.rmtree(tmp_path)
    album.add("0001", shown(scene()), 200)
    album.write_index(200)
    (entry,) = index_of(tmp_path)["pictures"]
    assert None not in entry.values()
    assert not album.trouble


def test_a_folder_that_cannot_be_written_costs_pictures_too(tmp_path: Path) -> None:
    (tmp_path / "moments").write_text("in the way")
    album = Album(tmp_path, [ENTRY], scale=2, room=ROOM)
    album.add("0001", shown(scene()), 100)
    assert "moments" in album.trouble
    assert album.write_index(100) == 0
