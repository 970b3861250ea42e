"""The `export` job: a dataset in a form that other programs read. It can be killed at any moment and gone on with.

While it works, OUTPUT holds ``.export.json`` (what is being made) and ``.lock``; ``export.yml`` is written last of all.
"""

from __future__ import annotations

import csv
import os
import shutil
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from srtui.config.requests import ExportRequest
from srtui.data import export_files, export_lmdb
from srtui.data.datasets import Dataset, open_dataset
from srtui.data.export_names import Namer
from srtui.data.export_pieces import Pieces, Totals
from srtui.data.names import read_rows
from srtui.data.windows import Tiling
from srtui.errors import MachineError, NothingUsableError, SrtuiError, UsageError
from srtui.files import remove_unfinished, whole_file, write_json, write_whole
from srtui.jobs.context import JobContext
from srtui.jobs.lock import take
from srtui.ordered import in_order, thread_count

FILE = "export.yml"
BEGUN = ".export.json"
LOCK = ".lock"
LEFT_OUT = "left_out.csv"
VERSION = 1

SAMPLES = 12
"""Pieces that are encoded to estimate the disk that all will take."""
_BLOCK = 4096


def run(job: JobContext, request: ExportRequest) -> None:
    """Write the export that ``request`` asks for; one that is there already is left as it is.

    Raises
    ------
    UsageError
        If the numbers do not suit the scale, or the folder holds something else.
    NothingUsableError
        If every picture to train on is smaller than a tile.
    MachineError
        If the disk is too small.
    """
    dataset, output = open_dataset(Path(request.dataset)), Path(request.output)
    _check_numbers(request, dataset.scale)
    about = _about(request, dataset)
    if _is_there(output, about):
        _clean(output)
        _report(job, output, "unchanged")
        return
    output.mkdir(parents=True, exist_ok=True)
    lock = take(output / LOCK, f"{job.folder.id}\n")
    if lock is None:
        raise SrtuiError(str(output), "another job is writing this export", hint="srtui jobs lists them")
    try:
        write_json(output / BEGUN, about)
        _write(job, request, dataset, output, about)
        _clean(output)
    finally:
        lock.release()
    _report(job, output, "exported")


def _clean(output: Path) -> None:
    """Leave nothing but the export."""
    remove_unfinished(output / name for name in (BEGUN, LEFT_OUT, FILE))
    for name in (BEGUN, LOCK):
        (output / name).unlink(missing_ok=True)


def _check_numbers(request: ExportRequest, scale: int) -> None:
    for name, value in (("size", request.size), ("step", request.step)):
        if value % scale and request.size:
            fact = f"{value} is not a multiple of the scale, {scale}"
            raise UsageError(
                name, fact, hint=f"use {max(value // scale, 1) * scale}: lq tiles are {scale} times smaller"
            )


def _about(request: ExportRequest, dataset: Dataset) -> dict[str, Any]:
    """What decides every byte of the export."""
    tiles = {"size": request.size, "step": request.step, "threshold": request.threshold} if request.size else {}
    return {
        "version": VERSION,
        "form": request.form,
        "dataset": dataset.about.content.all,
        "scale": dataset.scale,
        **tiles,
        "level": request.level,
        "names": request.names,
    }


def _is_there(output: Path, about: dict[str, Any]) -> bool:
    """Whether the export is whole; it may be new or begun, but nothing else."""
    if not output.exists() or (output.is_dir() and not any(output.iterdir())):
        return False
    hint = "choose another folder; nothing is ever overwritten"
    if not output.is_dir():
        raise UsageError(str(output), "a file is there", hint=hint)
    whole, found = True, _read(output / FILE)
    if found is None:
        whole, found = False, _read(output / BEGUN)
    if not whole and {entry.name for entry in output.iterdir() if entry.suffix != ".part"} <= {LOCK, BEGUN}:
        return False  # nothing of it was written yet
    if found is None:
        raise UsageError(str(output), "the folder holds other things", hint=hint)
    differing = [name for name, value in about.items() if found.get(name) != value]
    if differing:
        shown = ", ".join(f"{name} {found.get(name)}, not {about[name]}" for name in differing)
        raise UsageError(str(output), f"holds an export of other settings ({shown})", hint=hint)
    return whole


def _read(path: Path) -> dict[str, Any] | None:
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (ValueError, yaml.YAMLError) as error:
        raise UsageError(str(path), f"not readable: {error}", hint="choose another folder") from None
    return value if isinstance(value, dict) else {}


def _write(job: JobContext, request: ExportRequest, dataset: Dataset, output: Path, about: dict[str, Any]) -> None:
    job.phase("planning the export", quiet=300)
    keys = request.form == "lmdb"
    namer = Namer(read_rows(dataset.folder) if request.names == "files" else None, keys=keys)
    tiling = Tiling(size=request.size, step=request.step, threshold=request.threshold) if request.size else None
    pieces = Pieces(dataset, namer, tiling)
    totals, threads = pieces.totals(), thread_count(request.threads)
    if not totals.to_train:
        fact = f"none of {totals.too_small} pictures to train on is as large as a tile ({request.size} pixels)"
        raise NothingUsableError(str(dataset.folder), fact, hint="give a smaller --size, or --as folders")
    _check_room(output, pieces, totals, level=request.level, threads=threads, files=not keys)
    job.phase("exporting", quiet=300)
    if keys:
        export_lmdb.write_lmdb(job, pieces, output, level=request.level, threads=threads, total=totals.pieces)
    else:
        export_files.write_files(job, pieces, output, level=request.level, threads=threads, total=totals.pieces)
    left_out = _write_left_out(job, pieces, output)
    counts = {"pieces": totals.pieces, "pictures": _pictures(dataset) - left_out, "left_out": left_out}
    write_whole(output / FILE, yaml.safe_dump({**about, **counts}, sort_keys=False, allow_unicode=True))


def _pictures(dataset: Dataset) -> int:
    return dataset.about.totals.train + dataset.about.totals.val


@dataclass(frozen=True, slots=True)
class Need:
    """What an export will take of a disk."""

    bytes: int
    files: int


def _check_room(output: Path, pieces: Pieces, totals: Totals, *, level: int, threads: int, files: bool) -> None:
    """Compare what is still needed with what is free: bytes, and on most file systems the number of files."""
    need = _estimate(pieces, totals, level=level, threads=threads, files=files)
    there = sum((Path(root) / name).stat().st_blocks * 512 for root, _, names in os.walk(output) for name in names)
    free = shutil.disk_usage(output).free
    if need.bytes - there > free:
        fact = f"needs about {(need.bytes - there) / 1e9:.2f} GB more, and {free / 1e9:.2f} GB are free"
        raise MachineError("export", fact, where=output, hint="free some room, or choose a folder on another disk")
    status = os.statvfs(output)
    if status.f_files and need.files > status.f_favail + sum(len(names) for _, _, names in os.walk(output)):
        fact = f"needs {need.files} files, and the file system has room for {status.f_favail} more"
        raise MachineError("export", fact, where=output, hint="--as lmdb puts them into four")


def _estimate(pieces: Pieces, totals: Totals, *, level: int, threads: int, files: bool) -> Need:
    """Encode a few pieces from all over the dataset; the others will be about as large for their size."""
    every = max(totals.pieces // SAMPLES, 1)
    chosen = islice(pieces, 0, None, every)
    encoded = pixels = 0
    for size, area in in_order(
        lambda piece: (len(piece.gt(level)) + len(piece.lq(level)), piece.height * piece.width), chosen, threads
    ):
        encoded += size
        pixels += area
    count = 2 * totals.pieces
    return Need(bytes=encoded * totals.pixels // pixels + count * (_BLOCK // 2), files=count if files else 12)


def _write_left_out(job: JobContext, pieces: Pieces, output: Path) -> int:
    """Name every picture that is smaller than a tile."""
    count = 0
    with whole_file(output / LEFT_OUT) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "reason", "file", "source"])
        for row in pieces.too_small():
            reason = f"too small: {row.width}×{row.height} is less than a tile"
            writer.writerow([row.name, reason, row.file, row.source])
            job.rejected(row.file, reason)
            count += 1
    return count


def _report(job: JobContext, output: Path, state: str) -> None:
    about = _read(output / FILE) or {}
    job.phase("export " + state)
    job.progress(about["pieces"], about["pieces"], "pieces")
    counts = {name: about[name] for name in ("pieces", "pictures", "left_out")}
    job.result(state=state, output=str(output), form=about["form"], **counts)
