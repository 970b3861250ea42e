"""Pieces as BasicSR's LMDB (version 1.4): OUTPUT/train/gt.lmdb beside OUTPUT/train/lq.lmdb, and the same for val.

A folder NAME.lmdb holds data.mdb and lock.mdb, whose keys are names without suffix and whose values are PNG files, and
meta_info.txt with a line ``name.png (height,width,channels) level`` for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import lmdb

from srtui.data.export_files import PARTS, SPLITS
from srtui.data.export_pieces import Piece, Pieces
from srtui.data.lmdb_errors import explained
from srtui.data.names import Split
from srtui.data.writing import SLACK
from srtui.files import remove_unfinished, whole_file
from srtui.jobs.context import JobContext
from srtui.ordered import in_order

BATCH = 64 << 20
"""Bytes between two commits: what a kill loses at most. Commits fall on the same pieces however often the job was
interrupted, so that data.mdb has the same bytes."""

_PAGE, _PAGE_HEADER, _TREE = 4096, 16, 128
_PNG_EXTRA = 1024
"""Bytes of a PNG's header, chunks and block heads beyond its pixels, for the sizes that occur here."""


def folders(output: Path) -> list[Path]:
    """Folders that are LMDBs."""
    return [output / split / f"{part}.lmdb" for split in SPLITS for part in PARTS]


def write_lmdb(job: JobContext, pieces: Pieces, output: Path, *, level: int, threads: int, total: int) -> None:
    """Put every piece that is not there; what was committed is passed over."""
    totals = pieces.totals()
    room = _room(totals.pixels, totals.pieces)
    with ExitStack() as stack:
        writers = {
            (split, part): stack.enter_context(closing(_Writer(output / split / f"{part}.lmdb", room)))
            for split in SPLITS
            for part in PARTS
        }
        _put(job, _missing(pieces, writers), writers, level=level, threads=threads, total=total)
        for writer in writers.values():
            writer.commit()
    for split in SPLITS:
        for part in PARTS:
            folder = output / split / f"{part}.lmdb"
            _write_meta(folder, pieces, split, scale=1 if part == "gt" else pieces.dataset.scale, level=level)
            (folder / "lock.mdb").touch()


Writers = dict[tuple[Split, str], "_Writer"]


def _missing(pieces: Iterable[Piece], writers: Writers) -> Iterator[tuple[int, Piece, bool, bool]]:
    """Number of each piece, the piece, and whether its gt and lq are to be put."""
    there = {place: writer.count for place, writer in writers.items()}
    passed = dict.fromkeys(SPLITS, 0)
    for number, piece in enumerate(pieces, start=1):
        index = passed[piece.split]
        passed[piece.split] += 1
        yield number, piece, index >= there[piece.split, "gt"], index >= there[piece.split, "lq"]


def _put(
    job: JobContext,
    missing: Iterator[tuple[int, Piece, bool, bool]],
    writers: Writers,
    *,
    level: int,
    threads: int,
    total: int,
) -> None:
    written = 0
    with closing(in_order(partial(_encode, level), missing, threads)) as results:
        for number, piece, gt, lq in results:
            for part, content in (("gt", gt), ("lq", lq)):
                if content:
                    writers[piece.split, part].put(piece.name, content)
                    written += len(content)
            if piece.last:
                piece.pair.forget()
            job.check()
            job.progress(number, total, "pieces", megabytes=round(written / 1e6, 1))


def _encode(level: int, item: tuple[int, Piece, bool, bool]) -> tuple[int, Piece, bytes, bytes]:
    number, piece, gt, lq = item
    return number, piece, piece.gt(level) if gt else b"", piece.lq(level) if lq else b""


class _Writer:
    """Fills one LMDB."""

    def __init__(self, folder: Path, room: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "data.mdb"
        self._waiting = 0
        with explained(self._path):
            # Pages are wiped (meminit): what they held before would show in the file's bytes.
            self._env = lmdb.open(str(folder), map_size=room, lock=False, meminit=True)
            self.count = int(self._env.stat()["entries"])
            self._txn = self._env.begin(write=True)

    def put(self, name: str, content: bytes) -> None:
        """Add a picture; it lasts from the next commit on."""
        with explained(self._path):
            self._txn.put(name.encode("ascii"), content)
        self._waiting += len(content)
        if self._waiting >= BATCH:
            self.commit()

    def commit(self) -> None:
        """Make everything so far last."""
        with explained(self._path):
            self._txn.commit()
            self._txn = self._env.begin(write=True)
        self._waiting = 0

    def close(self) -> None:
        """Drop what is not committed, and close the file."""
        self._txn.abort()
        self._env.close()


def _room(pixels: int, pieces: int) -> int:
    """Size of the map: more than incompressible pictures would take, for it costs addresses only, no disk."""
    values = 3 * pixels + pixels // 32 + pieces * (_PNG_EXTRA + _PAGE + _PAGE_HEADER + _TREE)
    return -(-(values + values // 8 + SLACK) // _PAGE) * _PAGE


def _write_meta(folder: Path, pieces: Pieces, split: Split, *, scale: int, level: int) -> None:
    remove_unfinished([folder / "meta_info.txt"])
    with whole_file(folder / "meta_info.txt") as part, part.open("w", encoding="ascii", newline="\n") as file:
        for name, height, width in pieces.listed(split):
            file.write(f"{name}.png ({height // scale},{width // scale},3) {level}\n")
