"""The prepare job: every file ends in the store or in rejected.csv, and the same sources give the same dataset."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
import tracemalloc
from collections import Counter, namedtuple
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from srtui.config import shipped
from srtui.config.checks import Checks
from srtui.config.degradation import ByScale, Degradation, Resize, Scenario
from srtui.config.project import Folder, PairFolders, Pairs, Prepare, Synthetic, SyntheticPictures
from srtui.data import shelves
from srtui.data.datasets import Dataset, open_dataset
from srtui.data.fitting import fit
from srtui.data.making import PREPARING
from srtui.data.names import Row, read_rows
from srtui.data.pictures import read_picture
from srtui.data.store import StoreReader
from srtui.degradation.scenarios import degrade
from srtui.errors import MachineError, NothingUsableError, SrtuiError, UsageError
from srtui.jobs.context import JobContext, Stopped
from tests.data.bad_files import write_bad_files
from tests.data.pictures_cases import encoded, png_that_says, save, smooth
from tests.data.preparing import DEGRADATION, Preparation, fill


def rows(dataset: Dataset) -> list[Row]:
    return list(read_rows(dataset.folder))


def rejected(folder: Path) -> dict[str, str]:
    with (folder / "rejected.csv").open(encoding="utf-8", newline="") as file:
        return {line["name"]: line["reason"] for line in csv.DictReader(file)}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return fill(tmp_path / "мои снимки")


def test_pictures_are_fitted_degraded_and_stored(tmp_path: Path, photos: Path) -> None:
    dataset = Preparation(tmp_path, photos).run()
    assert [row.name for row in rows(dataset)] == [f"{number:04d}" for number in range(1, 9)]
    assert [row.file for row in rows(dataset)] == sorted(path.name for path in photos.iterdir())
    for row in rows(dataset):
        store = StoreReader(dataset.folder / f"{row.split}.lmdb")
        gt_hwc = fit(read_picture(Path(row.source) / row.file), Prepare())
        assert np.array_equal(store.gt(row.name), gt_hwc)
        assert (row.height, row.width, 3) == gt_hwc.shape
        assert row.height % 16 == row.width % 16 == 0
        assert store.lq(row.name).shape == (row.height // 2, row.width // 2, 3)
        assert store.scenario(row.name) == row.scenario


def test_lq_is_what_the_scenario_makes_of_gt(tmp_path: Path, photos: Path) -> None:
    dataset = Preparation(tmp_path, photos).run()
    blocks = DEGRADATION.scenarios[0]
    store = StoreReader(dataset.train)
    for name in store.names:
        if store.scenario(name) == "blocks":
            assert np.array_equal(store.lq(name), degrade(store.gt(name), blocks, 2, key=0))


def test_pictures_are_split_by_count_and_dealt_in_equal_shares(tmp_path: Path, photos: Path) -> None:
    dataset = Preparation(tmp_path, photos).run()
    assert Counter(row.split for row in rows(dataset)) == {"train": 6, "val": 2}
    assert Counter((row.split, row.scenario) for row in rows(dataset)) == {
        ("train", "blocks"): 3,
        ("train", "smear"): 3,
        ("val", "blocks"): 1,
        ("val", "smear"): 1,
    }


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (0.1, 1), (0.5, 4), (0.99, 7)])
def test_a_share_leaves_something_on_both_sides(tmp_path: Path, photos: Path, share: float, expected: int) -> None:
    totals = Preparation(tmp_path, photos, prepare=Prepare(validation=share)).run().about.totals
    assert (totals.train, totals.val) == (8 - expected, expected)


def test_the_seed_draws_the_split(tmp_path: Path, photos: Path) -> None:
    splits = set()
    for seed in range(4):
        dataset = Preparation(tmp_path / str(seed), photos, prepare=Prepare(validation=3, seed=seed)).run()
        splits.add(tuple(row.split for row in rows(dataset)))
    assert len(splits) > 1


def test_validation_may_have_its_own_sources(tmp_path: Path, photos: Path) -> None:
    other = fill(tmp_path / "other", 3, first=20)
    dataset = Preparation(tmp_path, photos, validation_sources=(Folder(folder=str(other)),)).run()
    assert {(row.split, row.source) for row in rows(dataset)} == {("train", str(photos)), ("val", str(other))}


@pytest.mark.parametrize("threads", [1, 8])
def test_any_number_of_threads_makes_the_same(tmp_path: Path, photos: Path, threads: int) -> None:
    two = Preparation(tmp_path / "two", photos, threads=2).run()
    other = Preparation(tmp_path / "other", photos, threads=threads).run()
    assert two.about.content == other.about.content


def test_a_moved_folder_makes_the_same(tmp_path: Path, photos: Path) -> None:
    before = Preparation(tmp_path / "before", photos).run()
    shutil.move(photos, tmp_path / "moved")
    after = Preparation(tmp_path / "after", tmp_path / "moved").run()
    assert before.about.content == after.about.content


def test_another_seed_makes_another_dataset(tmp_path: Path, photos: Path) -> None:
    contents = {
        Preparation(tmp_path / str(seed), photos, prepare=Prepare(validation=2, seed=seed)).run().about.content.all
        for seed in (1, 2)
    }
    assert len(contents) == 2


def test_a_second_run_does_nothing_and_says_so(tmp_path: Path, photos: Path) -> None:
    preparation = Preparation(tmp_path, photos)
    preparation.run()
    before = {path.name: path.stat().st_mtime_ns for path in preparation.dataset.iterdir() if path.name != "lock"}
    preparation.run()
    assert [event["state"] for event in preparation.events("result")] == ["unchanged"]
    after = {path.name: path.stat().st_mtime_ns for path in preparation.dataset.iterdir() if path.name != "lock"}
    assert after == before


@pytest.mark.parametrize("change", ["added", "removed", "edited", "touched"])
def test_changed_sources_are_noticed_and_fresh_makes_them_anew(tmp_path: Path, photos: Path, change: str) -> None:
    preparation = Preparation(tmp_path, photos)
    first = preparation.run()
    picture = photos / "снимок 03.png"
    match change:
        case "added":
            save(photos / "новый.png", smooth(80, 80))
        case "removed":
            picture.unlink()
        case "edited":
            save(picture, smooth(90, 90, seed=77))
        case "touched":
            os.utime(picture, ns=(1, 1))
    with pytest.raises(UsageError, match="added, removed or changed") as caught:
        preparation.run()
    assert "--fresh" in caught.value.hint
    second = preparation.run(fresh=True)
    assert (second.about.content == first.about.content) == (change == "touched")


def test_files_that_are_no_pictures_may_come_and_go(tmp_path: Path, photos: Path) -> None:
    preparation = Preparation(tmp_path, photos)
    preparation.run()
    (photos / "notes.txt").write_text("x")
    preparation.run()
    assert preparation.events("result")[0]["state"] == "unchanged"


def test_a_dataset_of_other_settings_is_not_overwritten(tmp_path: Path, photos: Path) -> None:
    preparation = Preparation(tmp_path, photos)
    preparation.run()
    with pytest.raises(UsageError, match="other settings"):
        preparation.run(digest="different")


@pytest.mark.parametrize("head", ['{"version": 9, "shards": 3}', '{"version"', "{}", "[]"])
def test_a_plan_that_cannot_be_read_is_told_and_fresh_makes_it_anew(tmp_path: Path, photos: Path, head: str) -> None:
    preparation = Preparation(tmp_path, photos)
    content = preparation.run().about.content
    (preparation.dataset / "plan.jsonl").write_text(head + "\n")
    preparation.run()
    assert preparation.events("result")[0]["state"] == "unchanged", "a whole dataset needs no plan"
    (preparation.dataset / "dataset.yml").unlink()
    with pytest.raises(UsageError, match="format 9" if "9" in head else "damaged"):
        preparation.run()
    assert preparation.run(fresh=True).about.content == content


def test_a_dataset_that_is_read_is_not_replaced(tmp_path: Path, photos: Path) -> None:
    preparation = Preparation(tmp_path, photos)
    reader = StoreReader(preparation.run().train)
    with pytest.raises(UsageError, match="in use"):
        preparation.run(fresh=True)
    assert open_dataset(preparation.dataset).train == preparation.dataset / "train.lmdb"
    del reader
    preparation.run(fresh=True)


def test_two_jobs_do_not_prepare_one_dataset(tmp_path: Path, photos: Path) -> None:
    preparation = Preparation(tmp_path, photos)
    preparation.dataset.mkdir()
    code = "import sys; from pathlib import Path; from srtui.jobs.lock import take; "
    code += "lock = take(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(preparation.dataset / "lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(SrtuiError, match="another job is preparing"):
            preparation.run()
        other.communicate()
    preparation.run()


# Bad input


def spoil(folder: Path) -> dict[str, str]:
    """Add files that cannot be used; gives a part of each reason."""
    jpeg, png = encoded(smooth(100, 100), "JPEG"), encoded(smooth(100, 100), "PNG")
    bad = {
        "текст.png": ("not a picture", "это не картинка".encode()),
        "empty.jpg": ("empty file", b""),
        "cut.jpg": ("truncated", jpeg[: len(jpeg) // 2]),
        "cut.png": ("truncated", png[: len(png) // 2]),
        "tiny.png": ("too small: 40×40", encoded(smooth(40, 40), "PNG")),
        "short of 64.png": ("too small: 200×63, 192×48", encoded(smooth(63, 200), "PNG")),
        "giant.png": ("too large", png_that_says(100_000, 100_000)),
        "notes.txt": ("not called like a picture", b"notes"),
        "below/animated.webp": (
            "animated",
            encoded(smooth(100, 100), "WEBP", save_all=True, append_images=[Image.fromarray(smooth(100, 100, 2))]),
        ),
    }
    (folder / "below").mkdir()
    for name, (_, content) in bad.items():
        (folder / name).write_bytes(content)
    clear = Image.fromarray(smooth(100, 100)).convert("RGBA")
    clear.putalpha(128)
    clear.save(folder / "see-through.png")
    return {name: reason for name, (reason, _) in bad.items()} | {"see-through.png": "transparent"}


def test_every_bad_file_is_named_with_its_reason_and_the_good_are_prepared(tmp_path: Path, photos: Path) -> None:
    expected = spoil(photos)
    preparation = Preparation(tmp_path, photos)
    dataset = preparation.run()
    assert dataset.about.totals.train + dataset.about.totals.val == 8
    assert dataset.about.totals.rejected == len(expected)
    reasons = rejected(dataset.folder)
    assert reasons.keys() == expected.keys()
    for name, reason in expected.items():
        assert reason in reasons[name]
    assert {event["name"] for event in preparation.events("rejected")} == expected.keys()


def test_bad_files_leave_no_gaps_in_the_numbers_and_none_in_validation(tmp_path: Path, photos: Path) -> None:
    before = Preparation(tmp_path / "before", photos).run()
    validated = [row.file for row in rows(before) if row.split == "val"]
    first = photos / validated[0]
    first.write_bytes(first.read_bytes()[:-100])
    (photos / next(row.file for row in rows(before) if row.split == "train")).write_text("no picture")
    dataset = Preparation(tmp_path, photos).run()
    assert [row.name for row in rows(dataset)] == [f"{number:04d}" for number in range(1, 7)]
    assert Counter(row.split for row in rows(dataset)) == {"train": 4, "val": 2}


def test_the_limits_of_a_picture_can_be_set(tmp_path: Path, photos: Path) -> None:
    save(photos / "large.png", smooth(1000, 1016))
    checks = Checks(smallest_side=96, largest_picture=1, soft=False, flat=False)
    dataset = Preparation(tmp_path, photos, prepare=Prepare(validation=0, checks=checks)).run()
    reasons = rejected(dataset.folder)
    assert reasons.pop("large.png") == "too large: 1016×1000; at most 1 million pixels"
    assert all(reason.startswith("too small") and "96 pixels" in reason for reason in reasons.values())
    assert {row.file for row in rows(dataset)} == {f"снимок {number:02d}.png" for number in range(4, 8)}


def test_pictures_that_are_too_small_for_the_training_are_told(tmp_path: Path, photos: Path) -> None:
    preparation = Preparation(tmp_path, photos, gt_size=96)
    preparation.run()
    (alarm,) = preparation.events("alarm")
    assert alarm["text"].startswith("4 of 8 pictures are smaller than the training's crops of 96: set prepare.checks")


def test_strict_allows_no_rejects(tmp_path: Path, photos: Path) -> None:
    early, late = Preparation(tmp_path / "early", photos), Preparation(tmp_path / "late", photos)
    (photos / "tiny.png").write_bytes(encoded(smooth(40, 40), "PNG"))
    with pytest.raises(NothingUsableError, match="1 rejected, and --strict allows none"):
        early.run(strict=True)
    assert list(rejected(early.dataset)) == ["tiny.png"]
    assert not (early.dataset / "train.lmdb").exists()
    (photos / "tiny.png").unlink()
    cut = photos / "cut.png"
    cut.write_bytes(encoded(smooth(100, 100), "PNG")[:-100])
    with pytest.raises(NothingUsableError, match="1 rejected"):
        late.run(strict=True)
    assert list(rejected(late.dataset)) == ["cut.png"]
    assert late.run(strict=False).about.totals.rejected == 1
    with pytest.raises(NothingUsableError, match="1 rejected"):
        late.run(strict=True)


def test_nothing_usable_is_an_error_with_the_reasons_in_a_file(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        save(tmp_path / "photos" / name, smooth(40, 40))
    preparation = Preparation(tmp_path, tmp_path / "photos")
    for _ in range(2):
        with pytest.raises(NothingUsableError, match="none of 2 files") as caught:
            preparation.run()
        assert caught.value.where == str(preparation.dataset / "rejected.csv")
        assert list(rejected(preparation.dataset)) == ["a.png", "b.png"]


def test_all_damaged_is_nothing_usable_too(tmp_path: Path, photos: Path) -> None:
    for path in photos.iterdir():
        path.write_bytes(path.read_bytes()[:-50])
    preparation = Preparation(tmp_path, photos)
    with pytest.raises(NothingUsableError, match="none of 6 pictures to train on is left"):
        preparation.run()
    assert len(rejected(preparation.dataset)) == 8
    assert not (preparation.dataset / "dataset.yml").exists()


def test_empty_and_missing_folders_are_told_by_name(tmp_path: Path, photos: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NothingUsableError, match="no pictures in it") as nothing:
        Preparation(tmp_path, photos, tmp_path / "empty").run()
    assert nothing.value.subject == str(tmp_path / "empty")
    with pytest.raises(UsageError, match="no such folder"):
        Preparation(tmp_path, photos, tmp_path / "gone").run()
    with pytest.raises(UsageError, match="not a folder"):
        Preparation(tmp_path, photos / "снимок 00.png").run()


def test_more_validation_than_pictures_is_told(tmp_path: Path, photos: Path) -> None:
    with pytest.raises(UsageError, match="8 pictures wanted, 8 are usable"):
        Preparation(tmp_path, photos, prepare=Prepare(validation=8)).run()


def test_a_scenario_of_another_scale_is_told_before_work_begins(tmp_path: Path, photos: Path) -> None:
    quarter = Scenario(name="quarter", steps=(Resize(percent=ByScale(x2=25)),))
    preparation = Preparation(tmp_path, photos, degradation=Degradation(name="bad", scales=(2,), scenarios=(quarter,)))
    with pytest.raises(UsageError, match="scenario quarter"):
        preparation.run()
    assert not (preparation.dataset / "train.lmdb").exists()


def test_too_small_a_disk_is_told_before_work_begins(
    tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 - as shutil has it
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9 - 1000, 1000))
    preparation = Preparation(tmp_path, photos)
    with pytest.raises(MachineError, match=r"0\.00 GB are free") as caught:
        preparation.run()
    assert caught.value.exit_code == 4
    assert not (preparation.dataset / "train.lmdb").exists()


def test_a_file_that_changes_meanwhile_is_told(tmp_path: Path, photos: Path) -> None:
    def edit(job: JobContext, phase: str, done: int) -> None:
        if phase == PREPARING and done == 1:
            os.utime(photos / "снимок 07.png", ns=(1, 1))

    with pytest.raises(UsageError, match="changed or removed while"):
        Preparation(tmp_path, photos, threads=1).run(edit)


def test_each_file_is_decoded_once(tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_bad_files(photos, photos / "снимок 01.png")
    decoded: Counter[str] = Counter()

    def counting(path: Path) -> NDArray[np.uint8]:
        decoded[path.name] += 1
        return read_picture(path)

    monkeypatch.setattr(shelves, "read_picture", counting)
    preparation = Preparation(tmp_path, photos)
    preparation.run()
    preparation.run()
    assert set(decoded.values()) == {1}
    assert {f"снимок {number:02d}.png" for number in range(8)} <= decoded.keys()


# Stopping


def test_a_stop_keeps_what_is_made(tmp_path: Path, photos: Path) -> None:
    whole = Preparation(tmp_path / "whole", photos).run()
    preparation = Preparation(tmp_path, photos)

    def interrupt(job: JobContext, phase: str, done: int) -> None:
        if phase == PREPARING and done == 5:
            job.interrupt()

    with pytest.raises(Stopped):
        preparation.run(interrupt)
    made = sum(len(StoreReader(preparation.dataset / name).names) for name in ("train.lmdb", "val.lmdb"))
    assert made == 5
    with pytest.raises(UsageError, match="not whole yet"):
        open_dataset(preparation.dataset)
    seen = []
    assert preparation.run(lambda job, phase, done: seen.append((phase, done))).about.content == whole.about.content
    assert min(done for phase, done in seen if phase == PREPARING) == 6


# Other sources


def test_pairs_are_stored_as_they_are(tmp_path: Path) -> None:
    for number, suffix in enumerate(["", "x2", ""]):
        small = smooth(43, 51, seed=number)
        save(tmp_path / "gt" / f"{number}.png", small.repeat(2, axis=0).repeat(2, axis=1))
        save(tmp_path / "lq" / f"{number}{suffix}.bmp", small)
    pairs = Pairs(pairs=PairFolders(gt=str(tmp_path / "gt"), lq=str(tmp_path / "lq")))
    dataset = Preparation(tmp_path, pairs, prepare=Prepare(validation=0)).run()
    store = StoreReader(dataset.train)
    for number, name in enumerate(store.names):
        assert store.scenario(name) == "pair"
        assert store.gt(name).shape == (80, 96, 3)
        assert np.array_equal(store.gt(name)[::2, ::2], store.lq(name))
        assert np.array_equal(store.lq(name), smooth(43, 51, seed=number)[1:41, 1:49])


def test_pairs_that_do_not_fit_are_named_twenty_at_most(tmp_path: Path) -> None:
    for number in range(30):
        save(tmp_path / "gt" / f"{number:02d}.png", smooth(64, 64))
    save(tmp_path / "lq" / "00.png", smooth(32, 31))
    save(tmp_path / "lq" / "99.png", smooth(32, 32))
    pairs = Pairs(pairs=PairFolders(gt=str(tmp_path / "gt"), lq=str(tmp_path / "lq")))
    with pytest.raises(UsageError) as caught:
        Preparation(tmp_path, pairs).run()
    assert "31 do not fit; the first 20" in caught.value.fact
    assert "00.png: gt is 64×64, lq 31×32: lq must be exactly 2 times smaller" in caught.value.fact
    assert "01.png: there is no lq of this name" in caught.value.fact
    assert "20.png" not in caught.value.fact


def test_a_pair_with_a_broken_file_is_rejected(tmp_path: Path) -> None:
    for number in range(3):
        save(tmp_path / "gt" / f"{number}.png", smooth(64, 64, seed=number))
        save(tmp_path / "lq" / f"{number}.png", smooth(32, 32, seed=number))
    broken = tmp_path / "lq" / "1.png"
    broken.write_bytes(broken.read_bytes()[:-60])
    pairs = Pairs(pairs=PairFolders(gt=str(tmp_path / "gt"), lq=str(tmp_path / "lq")))
    dataset = Preparation(tmp_path, pairs, prepare=Prepare(validation=0)).run()
    assert rejected(dataset.folder) == {"1.png": "truncated"}


def test_synthetic_pictures_come_from_their_seed(tmp_path: Path) -> None:
    def contents(seed: int, folder: str) -> str:
        source = SyntheticPictures(synthetic=Synthetic(pictures=4, seed=seed, width=64, height=80))
        return Preparation(tmp_path / folder, source).run().about.content.all

    assert contents(1, "a") == contents(1, "b") != contents(2, "c")


def test_sources_are_mixed_in_their_order(tmp_path: Path, photos: Path) -> None:
    source = SyntheticPictures(synthetic=Synthetic(pictures=2, width=64, height=64))
    dataset = Preparation(tmp_path, source, photos).run()
    assert [row.source for row in rows(dataset)] == ["synthetic (seed 1)"] * 2 + [str(photos)] * 8


def test_photographs_are_prepared_at_both_scales(tmp_path: Path, shared_data: Path) -> None:
    (tmp_path / "photos").mkdir()
    for path in sorted((shared_data / "photos" / "val").iterdir())[:4]:
        shutil.copy(path, tmp_path / "photos")
    for scale in (2, 4):
        six = shipped.degradation("photoshop-six", tmp_path)
        dataset = Preparation(tmp_path / str(scale), tmp_path / "photos", scale=scale, degradation=six).run()
        store = StoreReader(dataset.train)
        for name in store.names:
            gt_hwc, lq_hwc = store.gt(name), store.lq(name)
            assert lq_hwc.shape == (gt_hwc.shape[0] // scale, gt_hwc.shape[1] // scale, 3)
            assert np.abs(gt_hwc.mean((0, 1)) - lq_hwc.mean((0, 1))).max() < 3


def test_a_picture_costs_few_bytes_of_memory(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        source = SyntheticPictures(synthetic=Synthetic(pictures=count, width=64, height=64))
        preparation = Preparation(tmp_path / str(count), source, prepare=Prepare(validation=2), threads=1)
        tracemalloc.start()
        preparation.run()
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(20)  # what is imported and compiled once
    few, many = peak(100), peak(500)
    assert (many - few) / 400 < 500  # bytes: of 12 kB of pixels and a line of JSON nothing stays


@pytest.mark.exhaustive
def test_memory_does_not_grow_with_the_number_of_pictures(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        folder = tmp_path / str(count)
        picture = save(folder / "photos" / "0.png", smooth(1024, 1024))
        for number in range(1, count):
            os.link(picture, folder / "photos" / f"{number}.png")
        source = Folder(folder=str(folder / "photos"), insist=True)
        settings = Prepare(validation=0, checks=Checks(duplicates="keep"))
        job = Preparation(folder, source, prepare=settings).create()
        code = "import sys; from srtui import worker; code = worker.main(sys.argv[1]); "
        # Not ru_maxrss: that begins with what the process had that started this one.
        code += "print(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0]); sys.exit(code)"
        result = subprocess.run([sys.executable, "-c", code, str(job.path)], capture_output=True, check=True, text=True)
        return int(result.stdout.split()[-1])

    few, many = peak(40), peak(160)
    assert many < few + 60_000  # kilobytes; the dataset is 480 MB larger
