"""The `prepare` job, on one machine or on many.

Many machines share the dataset's folder. The first makes the plan; each makes shards; whoever finishes the last shard
joins them. One machine makes everything itself (prepare.py).
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from srtui.config.requests import PrepareRequest
from srtui.data import prepare
from srtui.data.datasets import FILE, PLAN
from srtui.data.joining import join, missing_shards
from srtui.data.plan import Head, read_head
from srtui.data.shard_making import LOCK, is_made, make_shard
from srtui.data.shards import FOLDER, STORE, shard_folder, shard_lines
from srtui.data.sources import PictureSource
from srtui.data.store import unused
from srtui.data.tape_frames import extract_frames
from srtui.errors import MachineError, SrtuiError, UsageError
from srtui.jobs.context import JobContext
from srtui.jobs.lock import Lock, holder, take

_TICK = 0.5
"""Seconds between two looks at what other machines do."""
PATIENCE = 60.0
"""Seconds in which a file server notices that the machine which held a lock is gone."""


def run(job: JobContext, request: PrepareRequest) -> None:
    """Do the part of ``request`` that is this job's, and then what is taken of tapes.

    Raises
    ------
    UsageError
        As prepare.py says; if shards are in the way, or are to be joined and missing.
    MachineError
        If the disk is too small, or Dask is asked for and not there.
    """
    _prepare(job, request)
    if not request.shard:  # of the machines that share the work, the one that asks for the whole
        extract_frames(job, request)


def _prepare(job: JobContext, request: PrepareRequest) -> None:
    folder = Path(request.dataset)
    if request.shards == 1:
        _make_way(request, folder)
        prepare.run(job, request)
        return
    if request.fresh:
        hint = "srtui prepare --fresh without shards, or remove the dataset's folder, then begin the shards"
        raise UsageError("--fresh", "many machines cannot each begin anew", hint=hint)
    if (folder / FILE).is_file():
        prepare.run(job, request)
        return
    folder.mkdir(parents=True, exist_ok=True)
    sources = _sources(job, request)
    head = _plan(job, request, folder, sources)
    if request.scheduler:
        from srtui.data.cluster import make_shards

        make_shards(job, request, folder, head)
    elif request.shard:
        make_one(job, request, folder, sources, head)
        missing = len(missing_shards(folder, request.shards))
        if missing or holder(folder / "lock") is not None:  # who holds it joins them
            job.result(state="shard made", shard=f"{request.shard}/{request.shards}", missing=missing)
            return
    _join(job, request, folder, sources, head)


def make_one(
    job: JobContext, request: PrepareRequest, folder: Path, sources: Sequence[PictureSource], head: Head
) -> None:
    """Make the shard that ``request`` names, unless it is there."""
    shard = shard_folder(folder, request.shard, request.shards)
    shard.mkdir(parents=True, exist_ok=True)
    with _held(job, shard / LOCK, f"shard {request.shard}/{request.shards}"):
        if not is_made(folder, request.shard, request.shards):  # by whom it was waited for
            _check_room(request, folder, head)
            make_shard(job, request, sources, folder, head)


def open_plan(job: JobContext, request: PrepareRequest) -> tuple[list[PictureSource], Head]:
    """Open the sources of a plan that is there, for a machine that only makes a shard."""
    folder = Path(request.dataset)
    sources = _sources(job, request)
    return sources, _plan(job, request, folder, sources)


def _sources(job: JobContext, request: PrepareRequest) -> list[PictureSource]:
    job.phase("opening the sources", quiet=300)
    sources = prepare.open_sources(request)
    for source in sources:
        if source.paired:  # which lq belongs to which gt shows only when all names are read
            for _ in source.find():
                job.check()
    return sources


def _plan(job: JobContext, request: PrepareRequest, folder: Path, sources: Sequence[PictureSource]) -> Head:
    """The plan, which the first machine makes while the others wait.

    What was changed since is seen picture by picture: not every machine looks at every file again.
    """
    while True:
        head = read_head(folder / PLAN)
        if head is not None and head.digest != request.digest:
            fact = f"holds a dataset of other settings (digest {head.digest}, not {request.digest})"
            raise UsageError(str(folder), fact, hint="choose another folder, or --fresh to replace it")
        if head is not None and head.train and not (request.strict and head.refused):
            return head
        lock = take(folder / "lock", f"{job.folder.id}\n")
        if lock is not None:
            try:
                return prepare.plan(job, request, folder, sources)
            finally:
                lock.release()
        job.phase("waiting for the plan, which another machine makes")
        job.check()
        time.sleep(_TICK)


def _join(job: JobContext, request: PrepareRequest, folder: Path, sources: Sequence[PictureSource], head: Head) -> None:
    with _held(job, folder / "lock", "the joining of the shards"):
        if not (folder / FILE).is_file():
            about = join(job, request, sources, folder, head)
            prepare.report(job, about, "joined")
            return
    prepare.run(job, request)


@contextmanager
def _held(job: JobContext, path: Path, what: str) -> Iterator[None]:
    """Hold a lock; one that a machine held which is gone is waited for."""
    deadline = time.monotonic() + PATIENCE
    lock: Lock | None = None
    while (lock := take(path, f"{job.folder.id}\n")) is None:
        job.check()
        if time.monotonic() > deadline:
            hint = "wait for it, or stop it (srtui jobs lists those of this project)"
            raise SrtuiError(what, "is another job's work", where=path, hint=hint)
        time.sleep(_TICK)
    try:
        yield
    finally:
        lock.release()


def _check_room(request: PrepareRequest, folder: Path, head: Head) -> None:
    store = shard_folder(folder, request.shard, request.shards) / STORE
    there = store.stat().st_blocks * 512 if store.exists() else 0
    share = len(shard_lines(head, request.shard, request.shards)) / max(head.train + head.val + head.refused, 1)
    need, free = int((head.train_room + head.val_room) * share) - there, shutil.disk_usage(folder).free
    if need > free:
        fact = f"needs about {need / 1e9:.2f} GB more, and {free / 1e9:.2f} GB are free"
        raise MachineError(f"shard {request.shard}", fact, where=folder, hint="free some room, or use another disk")


def _make_way(request: PrepareRequest, folder: Path) -> None:
    """Remove shards if asked to begin anew; else leave them alone, and say so if they are unfinished."""
    if not (folder / FOLDER).is_dir():
        return
    if not request.fresh:
        if not (folder / FILE).is_file():
            hint = "srtui dataset join says what is missing; srtui prepare --fresh makes all of it here"
            raise UsageError(str(folder), "is being prepared in shards", hint=hint)
        return
    with unused(*folder.glob(f"{FOLDER}/**/*.lmdb")):
        (folder / FILE).unlink(missing_ok=True)
        shutil.rmtree(folder / FOLDER)
