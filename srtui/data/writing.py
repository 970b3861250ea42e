"""Writing a store: by one thread, in ascending order, a batch at a time; what was committed is there to stay."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import lmdb

from srtui.data import entries
from srtui.data.entries import Picture, key_of, name_of
from srtui.data.lmdb_errors import explained

BATCH = 64 << 20
"""Bytes between two commits: what is lost at most, and what is in memory twice at most."""

_PAGE = os.sysconf("SC_PAGE_SIZE")
_PAGE_HEADER = 16
_TREE = 64
"""Bytes of the tree per entry: a node of at most 40 in a leaf that is at least two thirds full, and branches above."""
SLACK = 4 << 20
"""For the first pages, and for those that wait to be used again after a commit."""


def room_for(width: int, height: int) -> int:
    """Bytes that a picture takes in the file: values begin on pages of their own."""
    size = entries.HEADER.size + width * height * entries.CHANNELS + _PAGE_HEADER
    return -(-size // _PAGE) * _PAGE + _TREE


class StoreWriter:
    """Appends pictures to a store; goes on where an earlier writer was interrupted.

    Parameters
    ----------
    room
        Sum of `room_for` over all parts of all pictures that the store can ever hold: addresses, not bytes of the disk.
    before_commit
        Called before anything becomes lasting.

    Attributes
    ----------
    last
        Name of the last picture in the store when it was opened; "" for a new one.
    """

    def __init__(self, path: Path, room: int, before_commit: Callable[[], None] = lambda: None) -> None:
        self._path = path
        self.before_commit = before_commit
        self._waiting = 0
        with explained(path):
            self._env = lmdb.open(str(path), map_size=room + SLACK, subdir=False, lock=False, meminit=False)
            self._txn = self._env.begin(write=True)
            self.last = _last_name(self._txn)

    def add(self, name: str, gt_hwc: Picture, lq_hwc: Picture | None) -> None:
        """Append a picture; names must ascend. Both parts become lasting together."""
        self.add_values(name, entries.encode(gt_hwc), None if lq_hwc is None else entries.encode(lq_hwc))

    def add_values(self, name: str, gt: Picture, lq: Picture | None) -> None:
        """Append what `entries.encode` made of a picture: in other threads, as copying and summing takes long."""
        self._append(key_of(name, "gt"), gt)
        if lq is not None:
            self._append(key_of(name, "lq"), lq)
        if self._waiting >= BATCH:
            self.commit()

    def put(self, key: str, value: Picture) -> None:
        """Append one part of a picture, as `entries.encode` made it; keys must ascend."""
        self._append(key, value)
        if self._waiting >= BATCH:
            self.commit()

    def _append(self, key: str, value: Picture) -> None:
        with explained(self._path):
            self._txn.put(key.encode(), value.data, append=True)
        self._waiting += value.size

    def commit(self) -> None:
        """Make everything so far last."""
        self.before_commit()
        with explained(self._path):
            self._txn.commit()
            self._txn = self._env.begin(write=True)
        self._waiting = 0

    def close(self) -> None:
        """Drop what is not committed, and close the file."""
        self._txn.abort()
        self._env.close()


def _last_name(txn: lmdb.Transaction) -> str:
    with txn.cursor() as cursor:
        return name_of(bytes(cursor.key()).decode()) if cursor.last() else ""
