"""A dataset in shards: where they are, the index that leads from a picture's number into one, and reading them as one.

The plan's lines are dealt to the shards in order: shard 2 of 4 has the second quarter. A shard keeps its pictures
under the plan's lines, since their numbers are known only when all shards are made; ``index.bin`` leads from one to the
other.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from srtui.data.entries import Part, Picture, key_of, name_of
from srtui.data.names import Split
from srtui.data.plan import Head
from srtui.data.store import StoreReader, forget
from srtui.errors import SrtuiError
from srtui.files import whole_file

FOLDER = "shards"
STORE = "pictures.lmdb"
MOVED = "moved.lmdb"
"""lq of pictures that came to validation only when all was known, of a dataset whose degradation is live."""
INDEX = "index.bin"

_HEADER = struct.Struct("<8sII")
_MAGIC, _VERSION = b"SRTUIIDX", 1
_LINE_DIGITS = 12


def shard_folder(dataset: Path, number: int, shards: int) -> Path:
    """Where shard ``number`` (from 1) of a dataset is."""
    return dataset / FOLDER / f"{number:04d}-of-{shards:04d}"


def shard_lines(head: Head, number: int, shards: int) -> range:
    """Lines of the plan that shard ``number`` (from 1) makes."""
    lines = head.train + head.val + head.refused
    return range(lines * (number - 1) // shards, lines * number // shards)


def line_name(line: int) -> str:
    """What a picture is called in a shard's store."""
    return f"{line:0{_LINE_DIGITS}d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a picture's pixels are."""

    line: int
    split: Split
    has_lq: bool


def write_index(dataset: Path, digits: int, places: Iterable[Place]) -> None:
    """Write the places of pictures 1, 2, …, whole or not at all; ``digits`` is the length of their names."""
    with whole_file(dataset / FOLDER / INDEX) as part, part.open("wb") as file:
        file.write(_HEADER.pack(_MAGIC, _VERSION, digits))
        for place in places:
            file.write(struct.pack("<Q", place.line << 2 | place.has_lq << 1 | (place.split == "val")))


class ShardsReader(StoreReader):
    """Pictures of one split of a dataset in shards, as `StoreReader` gives those of one file."""

    def __init__(self, dataset: Path, shards: int, split: Split) -> None:
        stores = [shard_folder(dataset, number, shards) / STORE for number in range(1, shards + 1)]
        super().__init__(*stores, folder=dataset)
        self._split = split
        self._digits, self._index = _read_index(dataset / FOLDER / INDEX)
        moved = dataset / FOLDER / MOVED
        self._moved = StoreReader(moved) if split == "val" and moved.exists() else None

    @property
    def names(self) -> list[str]:
        """Names of the pictures, ascending."""
        return [f"{number:0{self._digits}d}" for number, _ in self._places()]

    @property
    def has_lq(self) -> bool:
        """Whether a spoiled picture is stored for the last one."""
        last = np.flatnonzero((self._index & 1) == (self._split == "val"))[-1:]
        return not len(last) or bool(int(self._index[last[0]]) & 2)

    def values(self) -> Iterator[tuple[str, Picture]]:
        """Every key with its value (header and pixels), in order; what was passed leaves the process's memory."""
        for number, has_lq in self._places():
            parts: tuple[Part, ...] = ("gt", "lq") if has_lq else ("gt",)
            for part in parts:
                key = key_of(f"{number:0{self._digits}d}", part)
                value = self.value(key)
                yield key, value
                forget(value)

    def value(self, key: str) -> Picture:
        """Value under a key: header and pixels."""
        name, part = name_of(key), "lq" if key.endswith("/lq") else "gt"
        entry = self._entry(name)
        if entry is None or (part == "lq" and not entry & 2):
            raise KeyError(key)
        stored = f"{line_name(entry >> 2)}/{part}"
        try:
            return super().value(stored)
        except KeyError:
            if self._moved is None or part == "gt":
                raise _lost(key, self._folder) from None
        return self._moved.value(stored)

    def _entry(self, name: str) -> int | None:
        """What the index says of a picture, if it is one of this split."""
        if not (name.isdecimal() and 1 <= int(name) <= len(self._index)):
            return None
        entry = int(self._index[int(name) - 1])
        return entry if (entry & 1) == (self._split == "val") else None

    def _places(self) -> Iterator[tuple[int, bool]]:
        """Number of each picture of the split, and whether it has lq."""
        for number, entry in enumerate(self._index, start=1):
            if (int(entry) & 1) == (self._split == "val"):
                yield number, bool(int(entry) & 2)


def _read_index(path: Path) -> tuple[int, np.ndarray[tuple[int], np.dtype[np.uint64]]]:
    """Length of names, and the mapped entries."""
    hint = "srtui dataset join writes it again"
    try:
        with path.open("rb") as file:
            magic, version, digits = _HEADER.unpack(file.read(_HEADER.size))
    except (OSError, struct.error) as error:
        raise SrtuiError(str(path), f"not readable: {error}", hint=hint) from None
    if magic != _MAGIC or version > _VERSION:
        raise SrtuiError(str(path), f"not an index of version {_VERSION}", hint="update srtui")
    if path.stat().st_size == _HEADER.size:
        return digits, np.zeros(0, np.uint64)
    return digits, np.memmap(path, "<u8", "r", offset=_HEADER.size)


def _lost(key: str, dataset: Path) -> SrtuiError:
    return SrtuiError(key, "is in the index, but in no shard", where=dataset / FOLDER, hint="srtui dataset join")
