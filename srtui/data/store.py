"""Reading a store: views of the mapped pages, so that a crop touches only what it needs."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import mmap
import os
import threading
import weakref
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from pathlib import Path

import lmdb
import numpy as np

from srtui.data import entries
from srtui.data.entries import Picture, key_of, name_of
from srtui.data.lmdb_errors import check_whole, explained
from srtui.data.names import Row, read_rows
from srtui.errors import SrtuiError, UsageError

REMEMBERED = 1 << 17
"""Views that are kept, of half a kilobyte each."""


class StoreReader:
    """Pictures of a store, as read-only views of its mapped pages.

    Safe to use from many threads. The views stay valid as long as they are referenced, whatever happens to the reader
    and to the file's name. A store in use is not replaced (``srtui prepare --fresh`` refuses).

    Parameters
    ----------
    paths
        The store's file; or its shards, of which each holds the names after those of the one before.
    folder
        Where names.csv is; default: beside the file.

    Raises
    ------
    UsageError
        If there is no such store, or it is being replaced.
    """

    def __init__(self, *paths: Path, folder: Path | None = None) -> None:
        self._maps = [_mapped(path) for path in paths]
        self._folder, self._split = folder or paths[0].parent, paths[0].stem
        filled = [(first, found) for found in self._maps if (first := found.first_name)]
        self._firsts, self._filled = [first for first, _ in filled], [found for _, found in filled]
        self._views: dict[str, Picture] = {}

    @property
    def names(self) -> list[str]:
        """Names of the pictures, ascending."""
        return [name for found in self._maps for name in found.names()]

    def gt(self, name: str) -> Picture:
        """Clean picture, uint8 (H, W, 3), RGB, read-only."""
        return self._picture(key_of(name, "gt"))

    def lq(self, name: str) -> Picture:
        """Spoiled picture, uint8 (H / scale, W / scale, 3), RGB, read-only.

        Raises
        ------
        KeyError
            If the store holds none, because degradation is live.
        """
        return self._picture(key_of(name, "lq"))

    @property
    def has_lq(self) -> bool:
        """Whether spoiled pictures are stored; they are for all pictures or for none."""
        if not self._filled:
            return True
        with self._filled[-1].env.begin(buffers=True) as txn, txn.cursor() as cursor:
            return cursor.last() and bytes(cursor.key()).endswith(b"/lq")

    def scenario(self, name: str) -> str:
        """Name of the scenario that made lq; "pair" for pictures that were paired elsewhere."""
        return self._rows[name].scenario

    @cached_property
    def _rows(self) -> dict[str, Row]:
        return {row.name: row for row in read_rows(self._folder) if row.split == self._split}

    def values(self) -> Iterator[tuple[str, Picture]]:
        """Every key with its value (header and pixels), in order; what was passed leaves the process's memory."""
        for found in self._maps:
            with explained(found.path), found.env.begin(buffers=True) as txn, txn.cursor() as cursor:
                for key, value in cursor.iternext():
                    view = found.view(value)
                    yield bytes(key).decode(), view
                    forget(view)

    def _picture(self, key: str) -> Picture:
        # py-lmdb touches every page of a value that it looks up (preload.h), so each is looked up once only.
        view = self._views.get(key)
        if view is None:
            if len(self._views) >= REMEMBERED:
                self._views.clear()
            view = self._views[key] = self.view(key)
        return view

    def view(self, key: str) -> Picture:
        """Pixels under a key, like `gt` and `lq`, but looked up each time: for whoever passes over a store once."""
        value = self.value(key)
        try:
            return entries.decode(value)
        except entries.EntryDamagedError as error:
            hint = "srtui dataset verify reads all of it; srtui prepare --fresh makes it anew"
            raise SrtuiError(key, str(error), where=self._folder, hint=hint) from None

    def value(self, key: str) -> Picture:
        """Value under a key: header and pixels.

        Raises
        ------
        KeyError
            If there is none.
        """
        shard = bisect_right(self._firsts, name_of(key)) - 1
        if shard < 0:
            raise KeyError(key)
        found = self._filled[shard]
        with found.env.begin(buffers=True) as txn:
            value = txn.get(key.encode())
        if value is None:
            raise KeyError(key)
        return found.view(value)


class _Map:
    """One mapped file of this process: LMDB refuses to map the same file twice."""

    def __init__(self, path: Path) -> None:
        self.path = path
        weakref.finalize(self, os.close, _use(path))
        with explained(path):
            # Read-ahead stays on: the rows of a crop lie so close that it touches most pages between them.
            self.env = lmdb.open(str(path), subdir=False, readonly=True, lock=False)
        check_whole(self.env, path, "srtui prepare --fresh makes the dataset anew")

    @property
    def first_name(self) -> str:
        """Name of the first picture; "" where there is none."""
        with self.env.begin(buffers=True) as txn, txn.cursor() as cursor:
            return name_of(bytes(cursor.key()).decode()) if cursor.first() else ""

    def names(self) -> Iterator[str]:
        """Names of the pictures, ascending."""
        with self.env.begin(buffers=True) as txn, txn.cursor() as cursor:
            for key in cursor.iternext(keys=True, values=False):
                if bytes(key[-3:]) == b"/gt":
                    yield name_of(bytes(key).decode())

    def view(self, value: memoryview) -> Picture:
        """Bytes of the mapped file as an array that keeps the file mapped (LMDB's own buffers do not)."""
        return np.asarray(_Pages(value, self))


class _Pages:
    """What NumPy asks for an address, and holds on to as the owner."""

    def __init__(self, value: memoryview, owner: _Map) -> None:
        self.__array_interface__ = np.frombuffer(value, np.uint8).__array_interface__
        self._owner = owner


_libc = ctypes.CDLL(None, use_errno=True)


def forget(view: Picture) -> None:
    """Let the kernel unmap a value's pages (it may keep them cached); whoever looks again gets them again.

    Without it, reading a store from end to end makes the process look as large as the store.
    """
    start = view.ctypes.data
    first = -(-start // mmap.PAGESIZE) * mmap.PAGESIZE
    _libc.madvise(ctypes.c_void_p(first), ctypes.c_size_t(max(start + view.size - first, 0)), mmap.MADV_DONTNEED)


_maps: weakref.WeakValueDictionary[tuple[int, int], _Map] = weakref.WeakValueDictionary()
_maps_lock = threading.Lock()


def _mapped(path: Path) -> _Map:
    with _maps_lock:
        try:
            status = path.stat()
        except OSError as error:
            raise UsageError(str(path), error.strerror or "cannot be read", hint="srtui prepare makes it") from None
        found = _maps.get((status.st_dev, status.st_ino))
        if found is None:
            found = _maps[status.st_dev, status.st_ino] = _Map(path)
        return found


@contextmanager
def unused(*paths: Path) -> Iterator[None]:
    """Keep readers away from the stores at ``paths`` (which may be missing) while they are removed.

    Raises
    ------
    UsageError
        If somebody reads one.
    """
    with ExitStack() as stack:
        for path in paths:
            with suppress(FileNotFoundError):
                _lock(path, stack.enter_context(path.open("rb")).fileno(), fcntl.LOCK_EX)
        yield


def _use(path: Path) -> int:
    """Descriptor that holds a shared lock on a store: flock, as several readers may share a process."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _lock(path, descriptor, fcntl.LOCK_SH)
    except UsageError:
        os.close(descriptor)
        raise
    return descriptor


def _lock(path: Path, descriptor: int, how: int) -> None:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        if how == fcntl.LOCK_SH:
            raise UsageError(str(path), "is being replaced", hint="wait until srtui prepare is done") from None
        hint = "wait for the job that uses it, or stop it (srtui jobs lists them)"
        raise UsageError(str(path), "in use: it cannot be replaced", hint=hint) from None
    except OSError as error:
        if error.errno not in {errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS}:
            raise  # some network file systems have no locks: there nobody is kept away
