"""Pictures are decided about in their order: copies never lie on both sides of the split; nothing is left to luck."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from srtui.config.checks import Checks
from srtui.config.project import Folder, PairFolders, Pairs, Prepare
from srtui.data.datasets import Dataset
from srtui.data.names import Row, read_rows
from srtui.data.plan import Entry, PlanLines, read_lines
from srtui.data.planning import scenes_for
from srtui.data.store import StoreReader
from srtui.errors import SrtuiError
from srtui.jobs.context import JobContext, Stopped
from tests.data.pictures_cases import save, smooth
from tests.data.preparing import Preparation, fill


def rows(dataset: Dataset) -> dict[str, Row]:
    return {row.file: row for row in read_rows(dataset.folder)}


def rejected(dataset: Dataset) -> dict[str, str]:
    with (dataset.folder / "rejected.csv").open(encoding="utf-8", newline="") as file:
        return {line["name"]: line["reason"] for line in csv.DictReader(file)}


def settings(duplicates: str = "near", **changes: Any) -> Prepare:
    checks = Checks(duplicates=duplicates)  # type: ignore[arg-type]  # one of its three words
    return dataclasses.replace(Prepare(validation=3, checks=checks), **changes)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Ten pictures; an equal copy of the third, and one of the fifth that was saved as JPEG."""
    folder = fill(tmp_path / "снимки", 10)
    with Image.open(folder / "снимок 02.png") as third, Image.open(folder / "снимок 04.png") as fifth:
        third.save(folder / "снимок 07 copy.bmp")
        fifth.save(folder / "снимок 08 copy.jpg", quality=60)
    return folder


def test_copies_are_named_with_the_first_one_which_is_kept(tmp_path: Path, photos: Path) -> None:
    dataset = Preparation(tmp_path, photos, prepare=settings()).run()
    assert rejected(dataset) == {
        "снимок 07 copy.bmp": f"the same as снимок 02.png of {photos}",
        "снимок 08 copy.jpg": f"nearly the same as снимок 04.png of {photos}",
    }
    assert [row.name for row in rows(dataset).values()] == [f"{number:04d}" for number in range(1, 11)]
    assert sum(row.split == "val" for row in rows(dataset).values()) == 3


def test_near_copies_may_be_kept(tmp_path: Path, photos: Path) -> None:
    exact = Preparation(tmp_path / "exact", photos, prepare=settings("exact")).run()
    assert list(rejected(exact)) == ["снимок 07 copy.bmp"]
    kept = Preparation(tmp_path / "keep", photos, prepare=settings("keep")).run()
    assert rejected(kept) == {}
    assert len(rows(kept)) == 12


@pytest.mark.parametrize("seed", range(8))
def test_kept_copies_are_on_one_side_of_the_split(tmp_path: Path, photos: Path, seed: int) -> None:
    found = rows(Preparation(tmp_path, photos, prepare=settings("keep", seed=seed)).run())
    assert found["снимок 02.png"].split == found["снимок 07 copy.bmp"].split
    assert found["снимок 04.png"].split == found["снимок 08 copy.jpg"].split


@pytest.mark.parametrize("duplicates", ["near", "keep"])
def test_pictures_that_are_trained_on_are_not_validated_on(tmp_path: Path, photos: Path, duplicates: str) -> None:
    other = fill(tmp_path / "other", 2, first=40)
    save(other / "мой.png", smooth(70 + 7 * 3, 90 + 5 * 3, seed=3))
    found = Preparation(
        tmp_path, photos, prepare=settings(duplicates), validation_sources=(Folder(folder=str(other)),)
    ).run()
    same = f"the same as снимок 03.png of {photos}"
    expected = same if duplicates == "near" else f"nearly {same}, which is trained on"
    assert rejected(found)["мой.png"] == expected
    assert {row.split for row in rows(found).values() if row.source == str(other)} == {"val"}


def test_pairs_with_one_gt_and_several_lq_stay_together(tmp_path: Path) -> None:
    for number in range(8):
        small = smooth(40, 48, seed=number // 2)
        save(tmp_path / "gt" / f"{number}.png", small.repeat(2, axis=0).repeat(2, axis=1))
        save(tmp_path / "lq" / f"{number}.png", small // (1 + number % 2))
    pairs = Pairs(pairs=PairFolders(gt=str(tmp_path / "gt"), lq=str(tmp_path / "lq")), insist=True)
    for seed in range(4):
        found = rows(Preparation(tmp_path / str(seed), pairs, prepare=settings(seed=seed)).run())
        assert len(found) == 8
        for number in range(0, 8, 2):
            assert found[f"{number}.png"].split == found[f"{number + 1}.png"].split


def test_an_equal_pair_is_refused(tmp_path: Path) -> None:
    for number in range(4):
        small = smooth(40, 48, seed=number % 3)
        save(tmp_path / "gt" / f"{number}.png", small.repeat(2, axis=0).repeat(2, axis=1))
        save(tmp_path / "lq" / f"{number}.png", small)
    pairs = Pairs(pairs=PairFolders(gt=str(tmp_path / "gt"), lq=str(tmp_path / "lq")), insist=True)
    found = rejected(Preparation(tmp_path, pairs, prepare=settings(validation=1)).run())
    assert list(found) == ["3.png"]
    assert found["3.png"].startswith("the same as 0.png of ")


@pytest.mark.parametrize("duplicates", ["near", "keep"])
@pytest.mark.parametrize("threads", [1, 2, 8])
def test_decisions_do_not_depend_on_threads(tmp_path: Path, photos: Path, duplicates: str, threads: int) -> None:
    one = Preparation(tmp_path / "one", photos, prepare=settings(duplicates), threads=1).run()
    other = Preparation(tmp_path / "other", photos, prepare=settings(duplicates), threads=threads).run()
    assert one.about.content == other.about.content
    for name in ("names.csv", "rejected.csv"):
        assert (one.folder / name).read_bytes() == (other.folder / name).read_bytes()


@pytest.mark.parametrize("mode", ["fixed", "live"])
@pytest.mark.parametrize("stop", [1, 3, 6, 8, 10, 12])
def test_a_stop_anywhere_changes_no_decision(tmp_path: Path, photos: Path, mode: str, stop: int) -> None:
    first = photos / "снимок 00.png"
    first.write_bytes(first.read_bytes()[:-60])
    options = settings("keep" if stop % 2 else "near", degradation_mode=mode, seed=stop)
    whole = Preparation(tmp_path / "whole", photos, prepare=options).run()
    preparation = Preparation(tmp_path, photos, prepare=options)

    def interrupt(job: JobContext, phase: str, done: int) -> None:
        if phase == "preparing pictures" and done == stop:
            job.interrupt()

    with pytest.raises(Stopped):
        preparation.run(interrupt)
    dataset = preparation.run()
    assert dataset.about.content == whole.about.content
    for name in ("names.csv", "rejected.csv"):
        assert (dataset.folder / name).read_bytes() == (whole.folder / name).read_bytes()


def test_validation_keeps_its_number_although_some_of_it_is_refused(tmp_path: Path) -> None:
    for seed in range(6):
        photos = fill(tmp_path / f"{seed} photos", 12)
        plain = rows(Preparation(tmp_path / f"{seed} before", photos, prepare=settings(seed=seed)).run())
        chosen = [file for file, row in plain.items() if row.split == "val"]
        (photos / chosen[0]).write_bytes((photos / chosen[0]).read_bytes()[:-60])
        dataset = Preparation(tmp_path / f"{seed} after", photos, prepare=settings(seed=seed)).run()
        found = rows(dataset)
        assert sum(row.split == "val" for row in found.values()) == 3
        assert {file for file in chosen[1:] if found[file].split == "val"} == set(chosen[1:])
        assert all(StoreReader(dataset.val).lq(row.name).size for row in found.values() if row.split == "val")


def test_a_missing_record_of_what_was_kept_is_told(tmp_path: Path, photos: Path) -> None:
    preparation = Preparation(tmp_path, photos)

    def interrupt(job: JobContext, phase: str, done: int) -> None:
        if phase == "preparing pictures" and done == 6:
            job.interrupt()

    with pytest.raises(Stopped):
        preparation.run(interrupt)
    (preparation.dataset / "signatures.bin").write_bytes(b"")
    with pytest.raises(SrtuiError, match="pictures are stored, but it knows 0"):
        preparation.run()


def test_scenes_are_taken_whole_and_not_more_than_wanted() -> None:
    scenes, sizes = np.arange(5, dtype=np.uint64), np.array([2, 6, 1, 3, 2])
    assert scenes_for(4, scenes, sizes).tolist() == [0, 2]
    assert scenes_for(5, scenes, sizes).tolist() == [0, 2, 4]
    assert scenes_for(1, scenes[1:2], sizes[1:2]).tolist() == [1]
    assert scenes_for(2, scenes, np.ones(5, np.intp)).tolist() == [0, 1]


def test_lines_of_a_plan_are_found_by_their_number(tmp_path: Path) -> None:
    preparation = Preparation(tmp_path, fill(tmp_path / "photos", 3))
    plan = preparation.run().folder / "plan.jsonl"
    head, *entries = plan.read_text().splitlines()
    many = tmp_path / "many.jsonl"
    many.write_text("\n".join([head, *(entries * 70)]) + "\n")
    lines, known = PlanLines(many), list(read_lines(many))
    for number in (0, 1, 63, 64, 200, 65, 209, 3):
        assert lines[number] == known[number]
        assert isinstance(known[number], Entry)
    lines.close()
