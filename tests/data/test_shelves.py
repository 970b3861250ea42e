"""An LMDB as BasicSR 1.4 writes it is a source like a folder, alone or as a pair."""

from __future__ import annotations

import csv
from pathlib import Path

import lmdb
import numpy as np
import pytest

from srtui.config.project import Lmdb, PairFolders, Pairs, Prepare
from srtui.data.fitting import fit
from srtui.data.names import read_rows
from srtui.data.store import StoreReader
from srtui.errors import NothingUsableError, SrtuiError, UsageError
from tests.data.pictures_cases import encoded, smooth
from tests.data.preparing import Preparation

Values = dict[str, bytes]


def write_lmdb(folder: Path, values: Values, lines: list[str] | None = None) -> Path:
    """Write what `basicsr.utils.lmdb_util` writes: values by key, and meta_info.txt."""
    folder.mkdir(parents=True)
    with lmdb.open(str(folder), map_size=1 << 24) as env, env.begin(write=True) as txn:
        for key, value in values.items():
            txn.put(key.encode("utf-8", "surrogateescape"), value)
    meta = lines if lines is not None else [f"{key}.png (90,110,3) 1" for key in values]
    (folder / "meta_info.txt").write_text("\n".join(meta) + "\n", encoding="utf-8")
    return folder


def png(seed: int, height: int = 90, width: int = 110) -> bytes:
    return encoded(smooth(height, width, seed=seed), "PNG")


def rejected(folder: Path) -> dict[str, str]:
    with (folder / "rejected.csv").open(encoding="utf-8", newline="") as file:
        return {line["name"]: line["reason"] for line in csv.DictReader(file)}


def test_pictures_of_an_lmdb_are_prepared(tmp_path: Path) -> None:
    folder = write_lmdb(tmp_path / "мои.lmdb", {f"{name}_s001": png(seed) for seed, name in enumerate("абвг")})
    dataset = Preparation(tmp_path, Lmdb(lmdb=str(folder)), prepare=Prepare(validation=0)).run()
    rows = list(read_rows(dataset.folder))
    assert [row.file for row in rows] == ["а_s001.png", "б_s001.png", "в_s001.png", "г_s001.png"]
    reader = StoreReader(dataset.train)
    for seed, row in enumerate(rows):
        assert np.array_equal(reader.gt(row.name), fit(smooth(90, 110, seed=seed), Prepare()))


def test_what_cannot_be_used_is_named(tmp_path: Path) -> None:
    values = {"a": png(1), "b": png(2)[:-40], "c": b"text", "d": b"", "e": png(3, 40, 40), "f": png(4)}
    lines = [f"{key}.png (90,110,3) 1" for key in "abcdef"] + ["gone.png (90,110,3) 1"]
    folder = write_lmdb(tmp_path / "source", values, lines)
    dataset = Preparation(tmp_path, Lmdb(lmdb=str(folder)), prepare=Prepare(validation=0)).run()
    assert dataset.about.totals.train == 2
    assert rejected(dataset.folder) == {
        "b.png": "truncated",
        "c.png": "not a picture, or not of a kind that is read here",
        "d.png": "empty file",
        "e.png": "too small: 40×40, 32×32 at a multiple of 16; each side needs 64 pixels",
        "gone.png": "listed in meta_info.txt, but not in data.mdb",
    }


def test_pairs_of_lmdbs_are_stored_as_they_are(tmp_path: Path) -> None:
    small = {f"{seed:04d}": smooth(48, 56, seed=seed) for seed in range(3)}
    gt = {key: encoded(lq.repeat(2, axis=0).repeat(2, axis=1), "PNG") for key, lq in small.items()}
    pairs = PairFolders(
        gt=str(write_lmdb(tmp_path / "gt.lmdb", gt)),
        lq=str(write_lmdb(tmp_path / "lq.lmdb", {key: encoded(lq, "PNG") for key, lq in small.items()})),
    )
    dataset = Preparation(tmp_path, Pairs(pairs=pairs, insist=True), prepare=Prepare(validation=0)).run()
    reader = StoreReader(dataset.train)
    for seed, name in enumerate(reader.names):
        assert np.array_equal(reader.lq(name), smooth(48, 56, seed=seed)[:, :])


def test_a_changed_lmdb_is_noticed(tmp_path: Path) -> None:
    folder = write_lmdb(tmp_path / "source", {"a": png(1), "b": png(2)})
    preparation = Preparation(tmp_path, Lmdb(lmdb=str(folder)), prepare=Prepare(validation=0))
    preparation.run()
    with lmdb.open(str(folder)) as env, env.begin(write=True) as txn:
        txn.put(b"c", png(3))
    with pytest.raises(UsageError, match="added, removed or changed"):
        preparation.run()
    assert preparation.run(fresh=True).about.totals.train == 3


def test_what_is_no_lmdb_of_basicsr_is_told(tmp_path: Path) -> None:
    def fact(folder: Path) -> str:
        with pytest.raises(SrtuiError) as caught:
            Preparation(tmp_path, Lmdb(lmdb=str(folder))).run()
        return caught.value.fact

    (tmp_path / "folder").mkdir()
    assert fact(tmp_path / "folder") == "no data.mdb in it, so it is no LMDB"
    assert fact(tmp_path / "gone") == "no such folder"
    raw = write_lmdb(tmp_path / "raw", {"a": b"raw"})
    (raw / "meta_info.txt").rename(raw / "meta_info.pkl")
    assert fact(raw) == "of 2020: its values are no files"
    (raw / "meta_info.pkl").unlink()
    assert "not made by BasicSR 1.4" in fact(raw)


def test_a_truncated_or_overwritten_lmdb_is_told(tmp_path: Path) -> None:
    cut = write_lmdb(tmp_path / "cut", {f"{seed}": png(seed) for seed in range(9)})
    with (cut / "data.mdb").open("rb+") as file:
        file.truncate(40_000)
    with pytest.raises(SrtuiError, match="truncated: 40000 bytes"):
        Preparation(tmp_path, Lmdb(lmdb=str(cut))).run()
    other = write_lmdb(tmp_path / "other", {"a": png(1)})
    (other / "data.mdb").write_bytes(b"not a database" * 1000)
    with pytest.raises(SrtuiError, match="cannot be read or written as a store"):
        Preparation(tmp_path, Lmdb(lmdb=str(other))).run()


def test_an_empty_lmdb_is_told(tmp_path: Path) -> None:
    with pytest.raises(NothingUsableError, match="no pictures in it"):
        Preparation(tmp_path, Lmdb(lmdb=str(write_lmdb(tmp_path / "empty", {})))).run()
