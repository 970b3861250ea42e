"""What pictures are called in an export: after their files, never two alike."""

from __future__ import annotations

import hashlib
import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from pathlib import PurePosixPath

from srtui.data.names import Row

LONGEST = 180
"""Bytes of a name: file systems take 255, and a number, a tile's suffix and a part file's letters must follow."""

_NOT_ASCII = re.compile(r"[^A-Za-z0-9_-]")
_NOT_A_FILE = re.compile(r"[\x00-\x1f\x7f/\\]")


class Namer:
    """Gives each picture a name.

    A name that several pictures would have, regardless of case, gets the picture's number behind it, as does one that
    looks like such a name. In memory are 16 bytes per picture.

    Parameters
    ----------
    rows
        All pictures that will be named; none to call them by their numbers.
    keys
        Whether names become keys of a BasicSR LMDB: ASCII, and no dots, at which its readers cut the line.
    """

    def __init__(self, rows: Iterable[Row] | None, *, keys: bool) -> None:
        self._by_file, self._keys = rows is not None, keys
        plain, numbered = array("Q"), array("Q")
        for row in rows or ():
            base = self._base(row)
            plain.append(_mark(base))
            numbered.append(_mark(_numbered(base, row)))
        self._plain, self._numbered = array("Q", sorted(plain)), array("Q", sorted(numbered))

    def name(self, row: Row) -> str:
        """Name of a picture, without suffix."""
        if not self._by_file:
            return row.name
        base = self._base(row)
        mark = _mark(base)
        alone = bisect_right(self._plain, mark) - bisect_left(self._plain, mark) == 1
        place = bisect_left(self._numbered, mark)
        taken = place < len(self._numbered) and self._numbered[place] == mark
        return base if alone and not taken else _numbered(base, row)

    def _base(self, row: Row) -> str:
        stem = PurePosixPath(row.file).stem
        clean = _NOT_ASCII.sub("_", stem) if self._keys else _NOT_A_FILE.sub("_", stem)
        return clean.encode()[:LONGEST].decode(errors="ignore").strip() or "picture"


def _numbered(base: str, row: Row) -> str:
    return f"{base}-{row.name}"


def _mark(name: str) -> int:
    """64 bits that stand for a name: two names of one mark (never, in a human life) would both get their numbers."""
    return int.from_bytes(hashlib.blake2b(name.casefold().encode(), digest_size=8).digest(), "little")
