"""Pieces as PNG files: OUTPUT/train/gt/NAME.png beside OUTPUT/train/lq/NAME.png, and the same for val."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from functools import partial
from pathlib import Path

from srtui.data.export_pieces import Piece
from srtui.data.names import Split
from srtui.files import write_whole
from srtui.jobs.context import JobContext
from srtui.ordered import in_order

SPLITS: tuple[Split, ...] = ("train", "val")
PARTS = ("gt", "lq")


def folders(output: Path) -> list[Path]:
    """Folders that files are written to."""
    return [output / split / part for split in SPLITS for part in PARTS]


def write_files(
    job: JobContext, pieces: Iterable[Piece], output: Path, *, level: int, threads: int, total: int
) -> None:
    """Write every file that is not there; a file that is there is whole."""
    for folder in folders(output):
        folder.mkdir(parents=True, exist_ok=True)
        for unfinished in folder.glob(".*.part"):
            unfinished.unlink()
    written = 0
    with closing(in_order(partial(_write, output, level), pieces, threads)) as results:
        for done, (piece, size) in enumerate(results, start=1):
            written += size
            if piece.last:
                piece.pair.forget()
            job.check()
            job.progress(done, total, "pieces", megabytes=round(written / 1e6, 1))


def _write(output: Path, level: int, piece: Piece) -> tuple[Piece, int]:
    """Write both files of a piece; called from many threads."""
    size = 0
    for part, encode in (("gt", piece.gt), ("lq", piece.lq)):
        path = output / piece.split / part / f"{piece.name}.png"
        if not path.exists():
            content = encode(level)
            write_whole(path, content)
            size += len(content)
    return piece, size
