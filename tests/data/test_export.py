"""Exports hold the dataset's pixels under BasicSR's names, and end with the same bytes whatever interrupted them."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import lmdb
import numpy as np
import pytest

from srtui import cli
from srtui.config.project import Prepare
from srtui.data import export, export_lmdb
from srtui.data.datasets import Dataset
from srtui.data.names import read_rows
from srtui.errors import MachineError, NothingUsableError, UsageError
from tests.data.exporting import Export, files_of, fill
from tests.data.many_machines import fill as fill_many
from tests.data.preparing import Preparation
from tests.data.preparing import fill as fill_alike
from tests.data.test_windows import told_again

WORKER = [sys.executable, str(Path(__file__).parents[1] / "dying_worker.py")]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("export source")
    return Preparation(folder, fill(folder / "снимки"), prepare=Prepare(validation=1)).run()


def rgb(png: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)[:, :, ::-1]


def expected_tiles(dataset: Dataset) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """gt and lq of every tile by the file that it comes from and its number, cut with BasicSR's rule told again."""
    tiles = {}
    for row in read_rows(dataset.folder):
        if row.split == "train":
            gt, lq, number = dataset.reader("train").gt(row.name), dataset.reader("train").lq(row.name), 0
            for top in told_again(row.height, 96, 48, 8):
                for left in told_again(row.width, 96, 48, 8):
                    number += 1
                    y, x = top // 2, left // 2
                    tiles[f"{row.file} {number:03d}"] = (
                        gt[top : top + 96, left : left + 96],
                        lq[y : y + 48, x : x + 48],
                    )
    return tiles


def test_tiles_are_cut_by_the_rule_and_lq_corresponds(tmp_path: Path, dataset: Dataset) -> None:
    output = Export(tmp_path, dataset.folder).run()
    found = {path.name: rgb(path.read_bytes()) for path in (output / "train" / "gt").iterdir()}
    small = {path.name: rgb(path.read_bytes()) for path in (output / "train" / "lq").iterdir()}
    expected = expected_tiles(dataset)
    assert len(found) == len(small) == len(expected)
    assert found.keys() == small.keys()
    by_content = {gt.tobytes(): lq for gt, lq in expected.values()}
    for name, gt in found.items():
        assert np.array_equal(small[name], by_content[gt.tobytes()])


def test_names_are_those_of_the_files_and_never_collide(tmp_path: Path, dataset: Dataset) -> None:
    output = Export(tmp_path, dataset.folder, form="folders", size=0).run()
    names = {path.name for split in ("train", "val") for path in (output / split / "gt").iterdir()}
    numbers = {row.file: row.name for row in read_rows(dataset.folder)}
    assert names == {
        f"photo-{numbers['a/photo.png']}.png",
        f"PHOTO-{numbers['b/PHOTO.png']}.png",
        "dots.in.name.png",
        "снимок 1.png",
        "small.png",
        "last.png",
    }
    assert {path.name for split in ("train", "val") for path in (output / split / "lq").iterdir()} == names


def test_whole_pictures_are_the_datasets(tmp_path: Path, dataset: Dataset) -> None:
    output = Export(tmp_path, dataset.folder, form="folders", size=0, names="numbers").run()
    for row in read_rows(dataset.folder):
        reader = dataset.reader(row.split)
        assert np.array_equal(rgb((output / row.split / "gt" / f"{row.name}.png").read_bytes()), reader.gt(row.name))
        assert np.array_equal(rgb((output / row.split / "lq" / f"{row.name}.png").read_bytes()), reader.lq(row.name))


def test_small_pictures_are_named_not_dropped(tmp_path: Path, dataset: Dataset) -> None:
    small = [row for row in read_rows(dataset.folder) if row.split == "train" and min(row.width, row.height) < 96]
    job = Export(tmp_path, dataset.folder)
    output = job.run()
    with (output / "left_out.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == [row.file for row in small]
    assert [event["name"] for event in job.events("rejected")] == [row.file for row in small]
    assert job.events("result")[-1]["left_out"] == len(small) == 1
    with pytest.raises(NothingUsableError, match=r"is as large as a tile \(480 pixels\)"):
        Export(tmp_path / "large", dataset.folder, size=480, step=240).run()


def test_png_tiles_have_the_level_that_was_asked_for(tmp_path: Path, dataset: Dataset) -> None:
    sizes = []
    for level in (0, 3):
        output = Export(tmp_path / str(level), dataset.folder, level=level).run()
        tile = next((output / "train" / "gt").iterdir())
        bgr = cv2.imdecode(np.frombuffer(tile.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
        ok, again = cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, level])
        assert ok
        assert tile.read_bytes() == again.tobytes()
        sizes.append(again.size)
    assert sizes[1] < sizes[0]


def test_lmdb_has_the_same_tiles_and_lines_about_each(tmp_path: Path, dataset: Dataset) -> None:
    tiles = Export(tmp_path / "tiles", dataset.folder, names="numbers").run()
    output = Export(tmp_path / "lmdb", dataset.folder, names="numbers", form="lmdb").run()
    for part, side in (("gt", 96), ("lq", 48)):
        folder = output / "train" / f"{part}.lmdb"
        assert {path.name for path in folder.iterdir()} == {"data.mdb", "lock.mdb", "meta_info.txt"}
        with lmdb.open(str(folder), readonly=True, lock=False, readahead=False) as env, env.begin() as txn:
            stored = {f"{key.decode()}.png": value for key, value in txn.cursor()}
        assert stored == {path.name: path.read_bytes() for path in (tiles / "train" / part).iterdir()}
        lines = (folder / "meta_info.txt").read_text().splitlines()
        assert sorted(line.split(" ")[0] for line in lines) == sorted(stored)
        assert {line.split(" ", 1)[1] for line in lines} == {f"({side},{side},3) 3"}


def test_keys_of_an_lmdb_are_what_its_readers_can_read(tmp_path: Path, dataset: Dataset) -> None:
    output = Export(tmp_path, dataset.folder, form="lmdb", size=0).run()
    lines = [
        line
        for split in ("train", "val")
        for line in (output / split / "gt.lmdb" / "meta_info.txt").read_text(encoding="ascii").splitlines()
    ]
    assert {line.split(".")[0] for line in lines} >= {"dots_in_name", "_______1", "small", "last"}
    assert len({line.split(".")[0] for line in lines}) == 6


@pytest.mark.parametrize("form", ["subimages", "lmdb"])
def test_bytes_do_not_depend_on_the_number_of_threads(tmp_path: Path, dataset: Dataset, form: str) -> None:
    one, eight = (files_of(Export(tmp_path / str(n), dataset.folder, form=form, threads=n).run()) for n in (1, 8))
    assert one == eight


# What is exported, and in which function of which module, at which call, the worker is killed.
MOMENTS = [
    ("subimages", "srtui.data.export_files", "write_whole", 7),
    ("lmdb", "srtui.data.export_lmdb", "_Writer.put", 9),
]
MORE_MOMENTS = [
    ("folders", "srtui.data.export_files", "write_whole", 2),
    ("lmdb", "srtui.data.export_lmdb", "_Writer.commit", 3),
    ("lmdb", "srtui.data.export_lmdb", "_write_meta", 2),
    ("lmdb", "srtui.data.export_lmdb", "Pieces.listed", 2),  # in the middle of writing meta_info.txt
    ("subimages", "srtui.data.export", "Pieces.too_small", 1),  # in the middle of writing left_out.csv
    ("subimages", "srtui.data.export", "_clean", 1),
]


@pytest.mark.parametrize(("form", "module", "function", "count"), MOMENTS)
def test_a_kill_changes_no_byte(
    tmp_path: Path, dataset: Dataset, monkeypatch: pytest.MonkeyPatch, form: str, module: str, function: str, count: int
) -> None:
    monkeypatch.setattr(export_lmdb, "BATCH", 60_000)
    options: dict[str, Any] = {"form": form, "size": 0} if form == "folders" else {"form": form}
    whole = files_of(Export(tmp_path / "whole", dataset.folder, **options).run())
    job = Export(tmp_path / "killed", dataset.folder, **options)
    command = [*WORKER, str(job.job.path), module, function, str(count), "srtui.data.export_lmdb.BATCH=60000"]
    done = subprocess.run(command, check=False, capture_output=True, timeout=120)
    assert done.returncode == -signal.SIGKILL
    assert files_of(job.run()) == whole


@pytest.mark.exhaustive
@pytest.mark.parametrize(("form", "module", "function", "count"), MORE_MOMENTS)
def test_a_kill_at_any_step_changes_no_byte(
    tmp_path: Path, dataset: Dataset, monkeypatch: pytest.MonkeyPatch, form: str, module: str, function: str, count: int
) -> None:
    test_a_kill_changes_no_byte(tmp_path, dataset, monkeypatch, form, module, function, count)


def test_what_a_kill_left_before_the_first_file_is_nothing_else(tmp_path: Path, dataset: Dataset) -> None:
    job = Export(tmp_path, dataset.folder)
    job.output.mkdir()
    (job.output / "..export.json.01234567.part").write_text("{")
    job.run()
    assert not list(job.output.glob(".*"))


def test_an_export_that_is_there_is_left_and_nothing_else_is_overwritten(tmp_path: Path, dataset: Dataset) -> None:
    job = Export(tmp_path, dataset.folder)
    before = files_of(job.run())
    job.run()
    assert [event["state"] for event in job.events("result")] == ["exported", "unchanged"]
    assert files_of(job.output) == before
    with pytest.raises(UsageError, match="other settings \\(level 3, not 4\\)"):
        Export(tmp_path, dataset.folder, level=4).run()
    (tmp_path / "other" / "export").mkdir(parents=True)
    (tmp_path / "other" / "export" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds other things"):
        Export(tmp_path / "other", dataset.folder).run()
    assert files_of(tmp_path / "other" / "export") == {"mine.txt": b"mine"}


def test_numbers_must_suit_the_scale(tmp_path: Path, dataset: Dataset) -> None:
    with pytest.raises(UsageError, match="size: 95 is not a multiple of the scale, 2"):
        Export(tmp_path, dataset.folder, size=95).run()
    with pytest.raises(UsageError, match="step: 47 is not"):
        Export(tmp_path, dataset.folder, step=47).run()


def test_room_is_compared_before_anything_is_written(
    tmp_path: Path, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 10_000})
    monkeypatch.setattr(export.shutil, "disk_usage", lambda _: usage)
    job = Export(tmp_path, dataset.folder)
    with pytest.raises(MachineError, match=r"needs about 0\.\d\d GB more, and 0\.00 GB are free"):
        job.run()
    assert not (job.output / "train").exists()
    monkeypatch.undo()
    assert (Export(tmp_path, dataset.folder, level=1).run() / "export.yml").exists()


def fixed_and_live(folder: Path, *sources: Path, rejected: int) -> list[dict[str, bytes]]:
    """Whole pictures of a fixed and of a live dataset, by their names."""
    exports = []
    for mode in ("fixed", "live"):
        prepare = Prepare(validation=2, degradation_mode=mode)
        dataset = Preparation(folder / mode, *sources, prepare=prepare).run()
        assert dataset.about.totals.rejected == rejected
        files = files_of(Export(folder / mode, dataset.folder, form="folders", size=0).run())
        exports.append({name: content for name, content in files.items() if name.endswith(".png")})
    return exports


def test_a_live_dataset_exports_what_a_fixed_one_would_hold(tmp_path: Path) -> None:
    # Some are refused, so that numbers and lines of the plan differ.
    fixed, live = fixed_and_live(tmp_path, fill_many(tmp_path / "снимки"), rejected=5)
    assert fixed == live


def test_live_pictures_of_one_name_in_two_sources_are_told_apart(tmp_path: Path) -> None:
    damaged, good = (fill_alike(tmp_path / name, 5) for name in ("a", "b"))
    for file in damaged.iterdir():
        file.write_bytes(file.read_bytes()[:-50])
    fixed, live = fixed_and_live(tmp_path, damaged, good, rejected=5)
    assert fixed == live


def test_the_command_exports_and_says_what_it_made(
    tmp_path: Path, dataset: Dataset, capfd: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "мои плитки"
    options = ["--size", "96", "--step", "48", "--threshold", "8", "--threads", "1", "--json"]
    assert cli.run(["dataset", "export", str(output), str(dataset.folder), *options]) == 0
    told = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert (told["state"], told["left_out"], told["output"]) == ("exported", 1, str(output))
    assert told["pieces"] == sum(len(list((output / split / "gt").iterdir())) for split in ("train", "val"))
    assert cli.run(["dataset", "export", str(output), str(dataset.folder), "--whole"]) == 2
    assert cli.run(["dataset", "export", str(output), str(dataset.folder), "--level", "1"]) == 2
    assert "other settings" in capfd.readouterr().err
