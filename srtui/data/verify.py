"""The `verify` job: read everything of a dataset and compare it with its sums, its sizes and its names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from heapq import merge
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from srtui.config.requests import VerifyRequest
from srtui.data.content import StoreSum, content_of, digest_of
from srtui.data.datasets import VERSION, Dataset, open_dataset
from srtui.data.entries import EntryDamagedError, Picture, check, decode, key_of, name_of
from srtui.data.names import LIVE, Row, Split, read_rows
from srtui.data.store import forget
from srtui.errors import CheckFailedError, SrtuiError
from srtui.jobs.context import JobContext
from srtui.ordered import in_order, thread_count

SHOWN = 20
"""Damaged pictures that the error names; the events name all."""


def run(job: JobContext, request: VerifyRequest) -> None:
    """Verify the dataset that ``request`` names.

    Raises
    ------
    CheckFailedError
        If an entry is damaged, missing or of another size, or one was changed together with its sum.
    """
    dataset = open_dataset(Path(request.dataset))
    job.phase("verifying", quiet=300)
    train = _check(job, dataset, "train", thread_count(request.threads))
    val = _check(job, dataset, "val", thread_count(request.threads))
    if damaged := train.damaged + val.damaged:
        more = f"; {damaged - SHOWN} more are named in the job's events" if damaged > SHOWN else ""
        raise _failed(dataset, "; ".join((train.named + val.named)[:SHOWN]) + more)
    _compare(dataset, train.sum, val.sum)
    content = content_of(train.sum, val.sum)
    job.result(state="verified", content=content.all, train=train.sum.pictures, val=val.sum.pictures)
    print(
        f"verified: {train.sum.pictures + val.sum.pictures} pictures, {(train.sum.bytes + val.sum.bytes) / 1e6:.1f} MB"
    )
    print(f"content {content.all}")


@dataclass(slots=True)
class _Findings:
    """What reading a split has shown."""

    sum: StoreSum = field(default_factory=StoreSum)
    damaged: int = 0
    named: list[str] = field(default_factory=list)
    """The first of them."""

    def add(self, job: JobContext, split: Split, key: str, fault: str) -> None:
        """Remember that an entry is not as it should be."""
        self.damaged += 1
        job.rejected(f"{key} ({split})", fault)
        if len(self.named) < SHOWN:
            self.named.append(f"{key}: {fault} ({split}.lmdb)")


@dataclass(frozen=True, slots=True)
class _Read:
    """One entry, read wholly."""

    key: str
    digest: bytes
    bytes: int
    size: tuple[int, int]
    """Width and height; zeros where the header is damaged."""
    fault: str


def _check(job: JobContext, dataset: Dataset, split: Split, threads: int) -> _Findings:
    """Read a split's stores."""
    found, totals = _Findings(), dataset.about.totals
    pictures = totals.train if split == "train" else totals.val
    try:
        with closing(in_order(_read, dataset.reader(split).values(), threads)) as entries:
            rows = (row for row in read_rows(dataset.folder) if row.split == split)
            for row, parts in _matched(rows, _pictures(job, found.sum, pictures, entries)):
                for key, fault in _faults(row, parts, dataset.scale):
                    found.add(job, split, key, fault)
    except SrtuiError as error:
        raise _failed(dataset, f"{split}.lmdb: {error.fact}") from None
    return found


def _read(entry: tuple[str, Picture]) -> _Read:
    """Read all of an entry; called from many threads."""
    key, value = entry
    size, fault = (0, 0), ""
    try:
        height, width, _ = decode(value).shape
        size = (width, height)
        check(value)
    except EntryDamagedError as error:
        fault = str(error)
    digest, length = digest_of(value), value.size
    forget(value)
    return _Read(key, digest, length, size, fault)


def _pictures(job: JobContext, total: StoreSum, pictures: int, entries: Iterator[_Read]) -> Iterator[dict[str, _Read]]:
    """Entries of one picture at a time, by their keys."""
    parts: dict[str, _Read] = {}
    for entry in entries:
        if parts and name_of(entry.key) != name_of(next(iter(parts))):
            yield parts
            parts = {}
        parts[entry.key] = entry
        total.add(entry.key, entry.digest, entry.bytes)
        job.check()
        job.progress(total.pictures, pictures, "pictures")
    if parts:
        yield parts


def _matched(
    rows: Iterator[Row], pictures: Iterator[dict[str, _Read]]
) -> Iterator[tuple[Row | None, dict[str, _Read]]]:
    """Rows of names.csv beside what the store has under the same name; both ascend."""
    named = ((row.name, row) for row in rows)
    stored = ((name_of(next(iter(parts))), parts) for parts in pictures)
    for _, pair in groupby(merge(named, stored, key=itemgetter(0)), key=itemgetter(0)):
        found = [each for _, each in pair]
        row = next((each for each in found if isinstance(each, Row)), None)
        yield row, next((each for each in found if isinstance(each, dict)), {})


def _faults(row: Row | None, parts: dict[str, _Read], scale: int) -> Iterator[tuple[str, str]]:
    """What is wrong with one picture, by key."""
    damaged = {part.key: part.fault for part in parts.values() if part.fault}
    yield from damaged.items()
    if damaged:
        return
    if row is None:
        yield name_of(next(iter(parts))), "is not in names.csv"
        return
    gt, lq = parts.get(key_of(row.name, "gt")), parts.get(key_of(row.name, "lq"))
    if gt is None:
        yield f"{row.name} ({row.file})", "is missing"
    elif gt.size != (row.width, row.height):
        yield gt.key, f"is {gt.size[0]}×{gt.size[1]}, names.csv says {row.width}×{row.height}"
    elif lq is None:
        if row.scenario != LIVE:
            yield f"{key_of(row.name, 'lq')} ({row.file})", "is missing"
    elif (lq.size[0] * scale, lq.size[1] * scale) != gt.size:
        yield lq.key, f"is {lq.size[0]}×{lq.size[1]}, gt {gt.size[0]}×{gt.size[1]}: not {scale} times smaller"


def _compare(dataset: Dataset, train: StoreSum, val: StoreSum) -> None:
    about = dataset.about
    for name, store, digest, pictures in (
        ("train.lmdb", train, about.content.train, about.totals.train),
        ("val.lmdb", val, about.content.val, about.totals.val),
    ):
        if store.pictures != pictures:
            raise _failed(dataset, f"{name} holds {store.pictures} pictures, {pictures} were written")
        # The digests of earlier versions were made by other rules; each value has a CRC of its own.
        if about.version == VERSION and store.digest != digest:
            raise _failed(dataset, f"the content digest of {name} is {store.digest}, it was {digest}")


def _failed(dataset: Dataset, fact: str) -> CheckFailedError:
    return CheckFailedError("dataset", fact, where=dataset.folder, hint="srtui prepare --fresh makes it anew")
