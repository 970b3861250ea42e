"""verify reads everything, and any change is found and named."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from srtui.config.reader import to_plain
from srtui.config.requests import VerifyRequest
from srtui.data import verify
from srtui.data.datasets import Content, Dataset, open_dataset, write_dataset
from srtui.data.entries import encode
from srtui.data.names import read_rows
from srtui.data.store import StoreReader
from srtui.data.writing import StoreWriter, room_for
from srtui.errors import CheckFailedError, UsageError
from srtui.jobs.context import JobContext
from srtui.jobs.events import read_events
from srtui.jobs.folder import create
from tests.data.preparing import Preparation, fill


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return Preparation(tmp_path, fill(tmp_path / "photos")).run()


@pytest.fixture
def check(tmp_path: Path) -> Callable[[Dataset], str]:
    """Verify in this process; gives the content digest."""

    def run(dataset: Dataset) -> str:
        request = VerifyRequest(dataset=str(dataset.folder), threads=2)
        folder = create(tmp_path / "jobs", "verify", to_plain(request))
        verify.run(JobContext(folder, resumed=False), request)
        return str(next(event["content"] for event in read_events(folder.events) if event["kind"] == "result"))

    return run


def overwrite(path: Path, old: bytes, new: bytes) -> None:
    content = path.read_bytes()
    assert content.count(old) == 1
    path.write_bytes(content.replace(old, new))


def test_a_whole_dataset_is_verified(dataset: Dataset, check: Callable[[Dataset], str]) -> None:
    assert check(dataset) == dataset.about.content.all


@pytest.mark.parametrize(("store", "part"), [("train", "gt"), ("train", "lq"), ("val", "gt")])
def test_a_flipped_bit_is_found_and_its_entry_named(
    dataset: Dataset, check: Callable[[Dataset], str], store: str, part: str
) -> None:
    path = dataset.folder / f"{store}.lmdb"
    reader = StoreReader(path)
    name = reader.names[-1]
    old = getattr(reader, part)(name).tobytes()
    del reader
    overwrite(path, old, old[:1000] + bytes([old[1000] ^ 1]) + old[1001:])
    with pytest.raises(CheckFailedError, match=f"{name}/{part}: its CRC32 is") as caught:
        check(dataset)
    assert caught.value.exit_code == 5


def test_a_change_with_its_own_checksum_is_found_by_the_digest(
    dataset: Dataset, check: Callable[[Dataset], str]
) -> None:
    reader = StoreReader(dataset.train)
    picture = reader.gt(reader.names[0]).copy()
    del reader
    old = encode(picture).tobytes()
    picture[0, 0, 0] ^= 1
    overwrite(dataset.train, old, encode(picture).tobytes())
    with pytest.raises(CheckFailedError, match=r"content digest of train\.lmdb"):
        check(dataset)


def test_every_damaged_entry_is_named(dataset: Dataset, check: Callable[[Dataset], str]) -> None:
    content = dataset.train.read_bytes()
    dataset.train.write_bytes(content.replace(b"SRTUIPIC", b"XXXXXXXX"))
    with pytest.raises(CheckFailedError) as caught:
        check(dataset)
    assert caught.value.fact.count("header is overwritten") == 12


def test_missing_pictures_and_files_are_found(dataset: Dataset, check: Callable[[Dataset], str]) -> None:
    dataset.train.write_bytes(dataset.val.read_bytes())
    with pytest.raises(CheckFailedError) as caught:
        check(dataset)
    assert caught.value.fact.count("is missing (train.lmdb)") == 6
    assert caught.value.fact.count("is not in names.csv (train.lmdb)") == 2
    with dataset.train.open("rb+") as file:
        file.truncate(30_000)
    with pytest.raises(CheckFailedError, match=r"train\.lmdb: truncated"):
        check(dataset)
    dataset.train.unlink()
    with pytest.raises(CheckFailedError, match="No such file"):
        check(dataset)


def test_no_dataset_is_no_failed_check(tmp_path: Path, dataset: Dataset, check: Callable[[Dataset], str]) -> None:
    (dataset.folder / "dataset.yml").unlink()
    with pytest.raises(UsageError, match="not whole yet"):
        check(dataset)


@pytest.mark.parametrize("part", ["", "/lq"])
def test_what_is_lost_is_named_with_its_file(dataset: Dataset, check: Callable[[Dataset], str], part: str) -> None:
    reader = dataset.reader("train")
    pictures = [(name, reader.gt(name).copy(), reader.lq(name).copy()) for name in reader.names]
    lost = pictures[2][0]
    room = sum(room_for(half.shape[1], half.shape[0]) for _, *halves in pictures for half in halves)
    del reader
    dataset.train.unlink()
    with closing(StoreWriter(dataset.train, room)) as writer:
        for name, gt_hwc, lq_hwc in pictures:
            if name != lost or part:
                writer.add(name, gt_hwc, None if name == lost else lq_hwc)
        writer.commit()
    says = rf"^error: dataset: {lost}{part} \(.*\.png\): is missing \(train\.lmdb\)\n"
    with pytest.raises(CheckFailedError, match=says):
        check(dataset)


def test_a_picture_of_another_size_is_found(dataset: Dataset, check: Callable[[Dataset], str]) -> None:
    names = dataset.folder / "names.csv"
    row = next(row for row in read_rows(dataset.folder) if row.split == "train")
    changed = names.read_text(encoding="utf-8").replace(f",{row.width},", f",{row.width + 16},", 1)
    names.write_text(changed, encoding="utf-8")
    with pytest.raises(CheckFailedError, match=rf"{row.name}/gt: is .*, names\.csv says {row.width + 16}×"):
        check(dataset)


@pytest.mark.parametrize("version", [1, 2])
def test_a_dataset_of_an_earlier_format_is_verified_without_its_digest(
    version: int, dataset: Dataset, check: Callable[[Dataset], str]
) -> None:
    old = dataclasses.replace(dataset.about, version=version, content=Content(all="a", train="b", val="c"))
    write_dataset(dataset.folder, old)
    assert check(open_dataset(dataset.folder)) == dataset.about.content.all
