"""The store: what is written is read, as views that cost no copy; its bytes are those of the documented format."""

from __future__ import annotations

import gc
import resource
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import lmdb
import numpy as np
import pytest

from srtui.data import entries, writing
from srtui.data.store import StoreReader, unused
from srtui.data.writing import StoreWriter, room_for
from srtui.errors import DiskFullError, SrtuiError, UsageError
from tests.data.pictures_cases import smooth

SIZES = [(64, 96), (128, 80), (64, 64)]


def room(count: int = 3) -> int:
    return sum(room_for(width, height) + room_for(width // 2, height // 2) for height, width in SIZES[:count])


def write(path: Path, numbers: range = range(1, 4), *, live: bool = False) -> None:
    with closing(StoreWriter(path, room())) as writer:
        for number in numbers:
            height, width = SIZES[number - 1]
            small = None if live else smooth(height // 2, width // 2, seed=number)
            writer.add(f"{number:04d}", smooth(height, width, seed=number), small)
        writer.commit()


def test_pictures_come_back_as_they_were(tmp_path: Path) -> None:
    write(tmp_path / "a.lmdb")
    reader = StoreReader(tmp_path / "a.lmdb")
    assert reader.names == ["0001", "0002", "0003"]
    for number, name in enumerate(reader.names, start=1):
        height, width = SIZES[number - 1]
        assert np.array_equal(reader.gt(name), smooth(height, width, seed=number))
        assert np.array_equal(reader.lq(name), smooth(height // 2, width // 2, seed=number))


def test_a_value_is_a_header_of_32_bytes_and_the_pixels(tmp_path: Path) -> None:
    write(tmp_path / "a.lmdb")
    with lmdb.open(str(tmp_path / "a.lmdb"), subdir=False, readonly=True, lock=False) as env, env.begin() as txn:
        value = txn.get(b"0001/gt")
        assert [key for key, _ in txn.cursor()][:3] == [b"0001/gt", b"0001/lq", b"0002/gt"]
    pixels = smooth(64, 96, seed=1).tobytes()
    head = struct.pack("<8sHHII", b"SRTUIPIC", 1, 3, 64, 96)
    assert value == head + struct.pack("<I8x", zlib.crc32(head + pixels)) + pixels


def test_views_are_read_only_and_share_the_mapped_pages(tmp_path: Path) -> None:
    write(tmp_path / "a.lmdb")
    first, second = StoreReader(tmp_path / "a.lmdb"), StoreReader(tmp_path / "a.lmdb")
    assert np.shares_memory(first.gt("0001"), second.gt("0001"))
    with pytest.raises(ValueError, match="read-only"):
        first.gt("0001")[0, 0, 0] = 1


def test_views_outlive_the_reader_and_the_file(tmp_path: Path) -> None:
    write(tmp_path / "a.lmdb")
    view = StoreReader(tmp_path / "a.lmdb").gt("0002")
    gc.collect()
    (tmp_path / "a.lmdb").unlink()
    write(tmp_path / "a.lmdb", range(1, 2))
    assert StoreReader(tmp_path / "a.lmdb").names == ["0001"]
    assert np.array_equal(view, smooth(*SIZES[1], seed=2))


def test_many_threads_read_at_once(tmp_path: Path) -> None:
    write(tmp_path / "a.lmdb")
    reader = StoreReader(tmp_path / "a.lmdb")
    with ThreadPoolExecutor(8) as pool:
        sums = list(pool.map(lambda index: int(reader.gt(reader.names[index % 3]).sum()), range(300)))
    assert len(set(sums)) == 3


def test_a_store_without_lq_says_so(tmp_path: Path) -> None:
    write(tmp_path / "a.lmdb", live=True)
    reader = StoreReader(tmp_path / "a.lmdb")
    assert not reader.has_lq
    with pytest.raises(KeyError, match="0001/lq"):
        reader.lq("0001")


def test_what_is_not_committed_is_gone_and_the_rest_is_appended_to(tmp_path: Path) -> None:
    write(tmp_path / "a.lmdb", range(1, 3))
    with closing(StoreWriter(tmp_path / "a.lmdb", room())) as writer:
        writer.add("0003", smooth(), None)
    with closing(StoreWriter(tmp_path / "a.lmdb", room())) as writer:
        assert writer.last == "0002"
    write(tmp_path / "a.lmdb", range(3, 4))
    assert StoreReader(tmp_path / "a.lmdb").names == ["0001", "0002", "0003"]


def test_parts_alone_are_committed_in_batches_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "BATCH", 30_000)
    picture = smooth(64, 96)
    with closing(StoreWriter(tmp_path / "a.lmdb", 3 * room_for(96, 64))) as writer:
        for number in range(1, 4):
            writer.put(f"{number:04d}/gt", entries.encode(picture))
    reader = StoreReader(tmp_path / "a.lmdb")
    assert reader.names == ["0001", "0002"], "the third waits for a commit"
    assert np.array_equal(reader.gt("0002"), picture)


def test_the_room_that_is_computed_is_enough_and_not_wasteful(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "BATCH", 1)
    picture = smooth(64, 64)
    computed = 300 * 2 * room_for(64, 64)
    with closing(StoreWriter(tmp_path / "a.lmdb", computed)) as writer:
        for number in range(300):
            writer.add(f"{number:04d}", picture, picture)
        writer.commit()
    assert 0.9 * computed < (tmp_path / "a.lmdb").stat().st_size < computed + writing.SLACK


def test_a_map_that_is_too_small_is_not_called_a_full_disk(tmp_path: Path) -> None:
    with closing(StoreWriter(tmp_path / "a.lmdb", 0)) as writer, pytest.raises(SrtuiError) as caught:
        writer.add("0001", np.zeros((2000, 2000, 3), np.uint8), None)
    assert not isinstance(caught.value, DiskFullError)
    assert "too small" in caught.value.fact


def test_a_full_disk_is_told_and_what_was_committed_stays(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, before[1]))
    try:
        with closing(StoreWriter(tmp_path / "a.lmdb", room())) as writer:
            writer.add("0001", smooth(64, 96, seed=1), smooth(32, 48, seed=1))
            writer.commit()
            writer.add("0002", smooth(128, 80, seed=2), smooth(64, 40, seed=2))
            with pytest.raises(DiskFullError, match="no room left"):
                writer.commit()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert StoreReader(tmp_path / "a.lmdb").names == ["0001"]
    write(tmp_path / "a.lmdb", range(2, 4))
    assert StoreReader(tmp_path / "a.lmdb").names == ["0001", "0002", "0003"]


def test_a_store_in_use_is_not_replaced_nor_one_being_replaced_read(tmp_path: Path) -> None:
    write(tmp_path / "a.lmdb")
    reader = StoreReader(tmp_path / "a.lmdb")
    with pytest.raises(UsageError, match="in use"), unused(tmp_path / "a.lmdb"):
        pytest.fail("it is in use")
    del reader
    gc.collect()
    with unused(tmp_path / "a.lmdb", tmp_path / "missing.lmdb"), pytest.raises(UsageError, match="being replaced"):
        StoreReader(tmp_path / "a.lmdb")
    assert StoreReader(tmp_path / "a.lmdb").names


def test_what_is_no_store_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        StoreReader(tmp_path / "none.lmdb")
    (tmp_path / "text.lmdb").write_text("hello " * 2000)
    with pytest.raises(SrtuiError, match="cannot be read"):
        StoreReader(tmp_path / "text.lmdb")
    write(tmp_path / "a.lmdb")
    with (tmp_path / "a.lmdb").open("rb+") as file:
        file.truncate(20_000)
    with pytest.raises(SrtuiError, match="truncated"):
        StoreReader(tmp_path / "a.lmdb")


@pytest.mark.parametrize(
    ("offset", "content", "fact"),
    [
        (0, b"X", "header is overwritten"),
        (8, b"\x07", "version 7"),
        (12, b"\xff", "do not hold"),
        (40, b"\xff\x00\xff", "CRC32"),
        (20, b"\xff\x00\xff", "CRC32"),
    ],
)
def test_a_damaged_value_is_noticed(offset: int, content: bytes, fact: str) -> None:
    value = entries.encode(smooth())
    entries.check(value)
    value[offset : offset + len(content)] = np.frombuffer(content, np.uint8)
    with pytest.raises(entries.EntryDamagedError, match=fact):
        entries.check(value)
    with pytest.raises(entries.EntryDamagedError, match="bytes long"):
        entries.check(value[:10])
