"""The `prepare` job: sources → dataset. Plan, make, sum up; each can be interrupted at any moment and gone on with.

The folder's files, in the order in which they appear: ``lock``, ``plan.jsonl``, ``train.lmdb`` and ``val.lmdb``,
``decisions.jsonl``, ``signatures.bin`` (while it works), ``rejected.csv``, ``names.csv``, ``dataset.yml``.
"""

from __future__ import annotations

import heapq
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from srtui.config.requests import PrepareRequest
from srtui.data.content import StoreSum, content_of
from srtui.data.datasets import FILE, PLAN, DatasetFile, Settings, Totals, open_dataset, write_dataset
from srtui.data.decisions import DECISIONS, SIGNATURES, forget
from srtui.data.entries import decode, key_of, name_of
from srtui.data.making import make_pictures
from srtui.data.names import FILE as NAMES
from srtui.data.plan import Head, read_head
from srtui.data.planning import make_plan, sources_digest
from srtui.data.reports import REJECTED, write_names, write_rejected
from srtui.data.sources import PictureSource, open_source
from srtui.data.store import StoreReader, unused
from srtui.data.videos import Tell
from srtui.errors import MachineError, NothingUsableError, SrtuiError, UsageError
from srtui.jobs.context import JobContext
from srtui.jobs.lock import take
from srtui.ordered import thread_count

STORES = ("train.lmdb", "val.lmdb")


def run(job: JobContext, request: PrepareRequest) -> None:
    """Make the dataset that ``request`` asks for; one that is there already is left as it is.

    Raises
    ------
    UsageError
        If a source is missing or has changed since, pairs do not fit, or a scenario does not fit the scale.
    NothingUsableError
        If no picture can be used, or with ``strict`` if one cannot.
    MachineError
        If the disk is too small.
    """
    folder = Path(request.dataset)
    folder.mkdir(parents=True, exist_ok=True)
    lock = take(folder / "lock", f"{job.folder.id}\n")
    if lock is None:
        hint = "attach to it, or stop it (srtui jobs lists them)"
        raise SrtuiError(str(folder), "another job is preparing this dataset", hint=hint)
    try:
        _prepare(job, request, folder)
    finally:
        lock.release()


def _prepare(job: JobContext, request: PrepareRequest, folder: Path) -> None:
    _clear(job, request, folder)
    sources = open_sources(request, tell=lambda frames: _tell(job, frames))
    if (folder / FILE).is_file():
        _leave(job, request, folder, sources)
        return
    head = plan(job, request, folder, sources)
    _check_room(folder, head)
    make_pictures(job, request, sources, folder, head)
    _finish(job, request, sources, folder, head)


def _clear(job: JobContext, request: PrepareRequest, folder: Path) -> None:
    """Remove what an earlier job left, if asked to (once: a resumed job goes on), or if its plan is missing."""
    for unfinished in folder.glob(".*.part"):
        unfinished.unlink()
    if (folder / FILE).is_file() and not request.fresh:
        return  # it is whole, whatever the format of its plan
    try:
        head = read_head(folder / PLAN)
    except UsageError:
        if not request.fresh:
            raise
        head = None
    if head is not None and (head.job == job.folder.id or not request.fresh):
        return
    with unused(*(folder / store for store in STORES)):
        for name in (FILE, PLAN, DECISIONS, SIGNATURES, NAMES, REJECTED, *STORES):
            (folder / name).unlink(missing_ok=True)


def open_sources(request: PrepareRequest, tell: Tell = lambda _frames: None) -> list[PictureSource]:
    """Every source of a request, those for validation last; ``tell`` hears how much of a video was looked at."""
    return [open_source(source, request.scale, tell) for source in (*request.sources, *request.validation_sources)]


def _tell(job: JobContext, frames: int) -> None:
    job.check()
    job.progress(frames, 0, "frames")


def _leave(job: JobContext, request: PrepareRequest, folder: Path, sources: Sequence[PictureSource]) -> None:
    """The dataset is whole: see that it still is what would be made."""
    job.phase("comparing the sources", quiet=300)
    about = open_dataset(folder).about
    _compare(folder, request, about.digest, about.sources, sources_digest(sources))
    enforce(request, folder, about.totals.rejected)
    forget(folder)
    report(job, about, "unchanged")


def plan(job: JobContext, request: PrepareRequest, folder: Path, sources: Sequence[PictureSource]) -> Head:
    """The plan that is there, if the sources are still what it was made from, else a new one."""
    head = read_head(folder / PLAN)
    if head is None:
        make_plan(job, request, sources, folder / PLAN)
        head = read_head(folder / PLAN)
        assert head is not None
    else:
        job.phase("comparing the sources", quiet=300)
        _compare(folder, request, head.digest, head.sources, sources_digest(sources))
    if head.refused and (request.strict or not head.train):
        write_rejected(folder, sources)
    enforce(request, folder, head.refused)
    if not head.train:
        fact = f"none of {head.refused} files can be used to train on"
        raise NothingUsableError("sources", fact, where=folder / REJECTED, hint="the file above says why, one by one")
    return head


def _compare(folder: Path, request: PrepareRequest, settings: str, sources: str, now: str) -> None:
    if settings != request.digest:
        fact = f"holds a dataset of other settings (digest {settings}, not {request.digest})"
        raise UsageError(str(folder), fact, hint="choose another folder, or --fresh to replace it")
    if sources != now:
        fact = "files in the sources were added, removed or changed since the dataset was begun"
        raise UsageError(str(folder), fact, hint="srtui prepare --fresh makes it anew from what is there now")


def enforce(request: PrepareRequest, folder: Path, rejected: int) -> None:
    """Raise if something was rejected and nothing may be."""
    if request.strict and rejected:
        fact = f"{rejected} rejected, and --strict allows none"
        raise NothingUsableError("sources", fact, where=folder / REJECTED, hint="the file above says why, one by one")


def _check_room(folder: Path, head: Head) -> None:
    there = sum((folder / store).stat().st_blocks * 512 for store in STORES if (folder / store).exists())
    need, free = head.train_room + head.val_room - there, shutil.disk_usage(folder).free
    if need > free:
        fact = f"needs {need / 1e9:.2f} GB more, and {free / 1e9:.2f} GB are free"
        raise MachineError("dataset", fact, where=folder, hint="free some room, or put the project on another disk")


def _finish(
    job: JobContext, request: PrepareRequest, sources: Sequence[PictureSource], folder: Path, head: Head
) -> None:
    """Everything is in the stores: sum it up, report, and call it whole."""
    rejected = write_rejected(folder, sources)
    enforce(request, folder, rejected)
    train, val = StoreSum(), StoreSum()
    job.phase("summing up", quiet=300)
    threads = thread_count(request.threads)
    stored = heapq.merge(
        _sizes(job, head, folder / STORES[0], train, threads), _sizes(job, head, folder / STORES[1], val, threads)
    )
    write_names(folder, request, head, sources, stored)
    about = seal(request, folder, head, train, val, rejected=rejected)
    forget(folder)
    if about.totals.val < head.val:
        job.alarm(f"{about.totals.val} pictures to validate on instead of {head.val}: the others were refused")
    report(job, about, "made")


def seal(
    request: PrepareRequest, folder: Path, head: Head, train: StoreSum, val: StoreSum, *, rejected: int, shards: int = 1
) -> DatasetFile:
    """Write dataset.yml: from now on the dataset is whole."""
    totals = Totals(train=train.pictures, val=val.pictures, rejected=rejected)
    _check_totals(folder, head, totals)
    about = DatasetFile(
        scale=request.scale,
        shards=shards,
        digest=request.digest,
        sources=head.sources,
        content=content_of(train, val),
        totals=totals,
        settings=Settings(
            sources=request.sources,
            validation_sources=request.validation_sources,
            prepare=request.prepare,
            degradation=request.degradation,
        ),
    )
    write_dataset(folder, about)
    return about


def _sizes(job: JobContext, head: Head, store: Path, total: StoreSum, threads: int) -> Iterator[tuple[str, int, int]]:
    """Name, height and width of each picture, while ``total`` adds up everything."""
    for key, value in total.read(StoreReader(store), threads):
        job.check()
        name = name_of(key)
        if key == key_of(name, "gt"):
            job.progress(int(name), head.train + head.val, "pictures")
            height, width, _ = decode(value).shape
            yield name, height, width


def _check_totals(folder: Path, head: Head, totals: Totals) -> None:
    for name, planned, made, more in (
        ("train on", head.train, totals.train, "add pictures"),
        ("validate on", head.val, totals.val, "add pictures, or set prepare.validation to more"),
    ):
        if planned and not made:
            fact = f"none of {planned} pictures to {name} is left: refused, or copies of others"
            raise NothingUsableError("sources", fact, where=folder / REJECTED, hint=f"the file above says why; {more}")


def report(job: JobContext, about: DatasetFile, state: str) -> None:
    """Say what was made."""
    totals = about.totals
    made = totals.train + totals.val
    job.phase("dataset " + state)
    job.progress(made, made, "pictures")
    job.result(state=state, content=about.content.all, train=totals.train, val=totals.val, rejected=totals.rejected)
