"""Making the pictures of a plan: decode, fit and degrade in threads; write in order."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from srtui.config.requests import PrepareRequest
from srtui.data.datasets import PLAN
from srtui.data.fitting import fit, fit_pair
from srtui.data.names import Split
from srtui.data.pictures import Picture
from srtui.data.plan import Entry, Head, read_lines
from srtui.data.rejection import PictureRejected
from srtui.data.sources import PictureSource
from srtui.data.writing import StoreWriter
from srtui.degradation.scenarios import degrade
from srtui.errors import UsageError
from srtui.jobs.context import JobContext, Stopped
from srtui.jobs.events import EventTail, EventWriter
from srtui.ordered import in_order, thread_count

PREPARING = "preparing pictures"
"""Name of the phase."""


class Refusals:
    """Pictures that showed only when they were decoded that they cannot be used: a journal that survives a kill."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._journal = EventWriter(path)
        self.by_number: dict[str, str] = {event["number"]: event["reason"] for event in EventTail(path).read()}

    def add(self, number: str, reason: str) -> None:
        """Remember why a picture was refused, before any later picture is committed: it will not be tried again."""
        self._journal.write("refused", number=number, reason=reason)
        with self._path.open("rb") as journal:
            os.fsync(journal.fileno())
        self.by_number[number] = reason

    def close(self) -> None:
        """Close the journal."""
        self._journal.close()

    def remove(self) -> None:
        """Remove the journal's file."""
        self._path.unlink()


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What became of an entry of the plan: pictures, or a reason."""

    entry: Entry
    gt_hwc: Picture | None = None
    lq_hwc: Picture | None = None
    reason: str = ""


def make_pictures(
    job: JobContext,
    request: PrepareRequest,
    sources: Sequence[PictureSource],
    folder: Path,
    head: Head,
    refusals: Refusals,
) -> None:
    """Make what the stores in ``folder`` do not hold yet; when asked to stop, keep what is made."""
    job.phase(PREPARING, quiet=300)
    with (
        closing(StoreWriter(folder / "train.lmdb", head.train_room)) as train,
        closing(StoreWriter(folder / "val.lmdb", head.val_room)) as val,
    ):
        writers: dict[Split, StoreWriter] = {"train": train, "val": val}
        left = sum(1 for _ in _missing(folder, writers, refusals))
        entries = _missing(folder, writers, refusals)
        with closing(in_order(partial(_make, request, sources), entries, thread_count(request.threads))) as results:
            try:
                _write(job, results, writers, refusals, total=head.train + head.val, left=left)
            except Stopped:
                train.commit()
                val.commit()
                raise
        train.commit()
        val.commit()


def _missing(folder: Path, writers: Mapping[Split, StoreWriter], refusals: Refusals) -> Iterator[Entry]:
    """Entries that are in no store and were not refused; stores are filled in order, so each has a last one."""
    for line in read_lines(folder / PLAN):
        if isinstance(line, Entry) and line.number > writers[line.split].last and line.number not in refusals.by_number:
            yield line


def _write(
    job: JobContext,
    results: Iterable[Made],
    writers: Mapping[Split, StoreWriter],
    refusals: Refusals,
    *,
    total: int,
    left: int,
) -> None:
    pixels = 0
    for done, made in enumerate(results, start=total - left + 1):
        job.check()
        if made.gt_hwc is None:
            refusals.add(made.entry.number, made.reason)
            job.rejected(made.entry.file, made.reason)
        else:
            writers[made.entry.split].add(made.entry.number, made.gt_hwc, made.lq_hwc)
            pixels += made.gt_hwc.size // 3
        job.progress(done, total, "pictures", megapixels=round(pixels / 1e6, 1))


def _make(request: PrepareRequest, sources: Sequence[PictureSource], entry: Entry) -> Made:
    """Decode, fit and degrade one picture; called from many threads."""
    source = sources[entry.source]
    if source.stamps(entry.file) != entry.stamps:
        hint = "srtui prepare --fresh makes the dataset anew from what is there now"
        raise UsageError(entry.file, "was changed or removed while it was prepared", where=source.title, hint=hint)
    try:
        gt_hwc, lq_hwc = source.read(entry.file)
        if lq_hwc is not None:
            gt_hwc, lq_hwc = fit_pair(gt_hwc, lq_hwc, request.scale, request.prepare)
            return Made(entry=entry, gt_hwc=gt_hwc, lq_hwc=lq_hwc)
        gt_hwc = fit(gt_hwc, request.prepare)
    except PictureRejected as error:
        return Made(entry=entry, reason=str(error))
    lq_hwc = degrade(gt_hwc, request.degradation.scenarios[entry.scenario], request.scale, entry.key)
    return Made(entry=entry, gt_hwc=gt_hwc, lq_hwc=lq_hwc)
