"""Where picture files lie: below a folder, or as values of an LMDB that BasicSR made."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import lmdb
import numpy as np

from srtui.data.lmdb_errors import check_whole, explained
from srtui.data.pictures import Header, Picture, decode_header, decode_picture, read_header, read_picture
from srtui.data.rejection import PictureRejected
from srtui.data.walk import Found, Stamp, stamps_of, walk
from srtui.errors import UsageError

DATA = "data.mdb"
META = "meta_info.txt"


class Shelf(Protocol):
    """Picture files by name; safe to use from many threads."""

    @property
    def title(self) -> str:
        """How it is called in names.csv."""

    def find(self) -> Iterator[Found]:
        """Everything that is there, in an order that depends on names only."""

    def stamps(self, name: str) -> tuple[Stamp, ...]:
        """What shows that the file has changed."""

    def header(self, name: str) -> Header:
        """What the file says without being decoded; raises PictureRejected."""

    def read(self, name: str) -> Picture:
        """Decode the file; raises PictureRejected."""


def open_shelf(path: str, *, as_lmdb: bool = False) -> Shelf:
    """Shelf at ``path``: an LMDB if it is asked for, or if it is nothing else.

    Raises
    ------
    UsageError
        If there is no such folder, or no LMDB where one is asked for.
    """
    folder = Path(path)
    if not folder.is_dir():
        fact = "not a folder" if folder.exists() else "no such folder"
        raise UsageError(str(folder), fact, hint="check the path under 'sources'")
    return LmdbShelf(folder) if as_lmdb else FolderShelf(folder)


def is_lmdb(folder: Path) -> bool:
    """Whether a folder looks like an LMDB of BasicSR."""
    return (folder / DATA).is_file() and (folder / META).is_file()


class FolderShelf:
    """Every file below a folder that is not hidden."""

    def __init__(self, folder: Path) -> None:
        self.title = str(folder)
        self._folder = folder

    def find(self) -> Iterator[Found]:
        """Walk the folder."""
        return walk(self._folder)

    def stamps(self, name: str) -> tuple[Stamp, ...]:
        """Size and time of the file."""
        return stamps_of(self._folder / name)

    def header(self, name: str) -> Header:
        """Look at the file's beginning."""
        return read_header(self._folder / name)

    def read(self, name: str) -> Picture:
        """Decode the file."""
        return read_picture(self._folder / name)


class LmdbShelf:
    """Values of an LMDB as BasicSR 1.4 writes it: whole PNG files.

    Its ``meta_info.txt`` has lines like ``key.png (h,w,c) level``. Names are as there: the key and ``.png``.
    """

    def __init__(self, folder: Path) -> None:
        self.title = str(folder)
        self._folder, self._file = folder, folder / DATA
        if not self._file.is_file():
            raise UsageError(str(folder), f"no {DATA} in it, so it is no LMDB", hint="use 'folder:' for picture files")
        if not (folder / META).is_file():
            old = (folder / "meta_info.pkl").is_file()
            fact = "of 2020: its values are no files" if old else f"no {META} in it: not made by BasicSR 1.4"
            hint = "give the folder of pictures that it was made from"
            raise UsageError(str(folder), fact, hint=hint)
        self._map = _mapped(folder)

    def find(self) -> Iterator[Found]:
        """Every key, in LMDB's order; then the lines of meta_info.txt that no key belongs to."""
        stamps = stamps_of(self._file)
        with explained(self._file), self._map.env.begin() as txn, txn.cursor() as cursor:
            for key in cursor.iternext(keys=True, values=False):
                yield _found(bytes(key), stamps)
            with (self._folder / META).open("rb") as lines:
                for line in lines:
                    key = line.split(b" (", 1)[0].strip().removesuffix(b".png")
                    if key and txn.get(key[:511]) is None:  # LMDB's longest key
                        shown = key.decode("utf-8", "backslashreplace")
                        yield Found(name=f"{shown}.png", reason=f"listed in {META}, but not in {DATA}")

    def stamps(self, name: str) -> tuple[Stamp, ...]:  # noqa: ARG002 - of the protocol
        """Of the one file that holds all."""
        return stamps_of(self._file)

    def header(self, name: str) -> Header:
        """Look at the value."""
        return decode_header(self._value(name))

    def read(self, name: str) -> Picture:
        """Decode the value."""
        return decode_picture(self._value(name))

    def _value(self, name: str) -> Picture:
        with explained(self._file), self._map.env.begin() as txn:
            value = txn.get(name.removesuffix(".png").encode())
        if value is None:
            raise PictureRejected(f"not in {DATA}")
        return np.frombuffer(value, np.uint8)


def _found(key: bytes, stamps: tuple[Stamp, ...]) -> Found:
    try:
        return Found(name=f"{key.decode()}.png", stamps=stamps)
    except UnicodeDecodeError:
        return Found(name=f"{key.decode('utf-8', 'backslashreplace')}.png", reason="its key is not UTF-8")


class _Map:
    """One mapped LMDB of this process: it refuses to be mapped twice."""

    def __init__(self, folder: Path) -> None:
        with explained(folder / DATA):
            self.env = lmdb.open(str(folder), readonly=True, lock=False, readahead=False)
        check_whole(self.env, folder / DATA, "copy it again")


_maps: weakref.WeakValueDictionary[tuple[int, int], _Map] = weakref.WeakValueDictionary()
_maps_lock = threading.Lock()


def _mapped(folder: Path) -> _Map:
    status = (folder / DATA).stat()
    with _maps_lock:
        found = _maps.get((status.st_dev, status.st_ino))
        if found is None:
            found = _maps[status.st_dev, status.st_ino] = _Map(folder)
        return found
