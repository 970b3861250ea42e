"""The `verify` job: read every entry of a dataset and compare it with its sums."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from srtui.config.requests import VerifyRequest
from srtui.data.content import StoreSum, content_of
from srtui.data.datasets import Dataset, open_dataset
from srtui.data.entries import EntryDamagedError, Picture, check
from srtui.data.ordered import in_order, thread_count
from srtui.data.store import StoreReader
from srtui.errors import CheckFailedError, SrtuiError
from srtui.jobs.context import JobContext

SHOWN = 20
"""Damaged entries that the error names."""


def run(job: JobContext, request: VerifyRequest) -> None:
    """Verify the dataset that ``request`` names.

    Raises
    ------
    CheckFailedError
        If an entry is damaged or missing, or one was changed together with its sum.
    """
    dataset = open_dataset(Path(request.dataset))
    job.phase("verifying", quiet=300)
    train, val, damaged = StoreSum(), StoreSum(), list[str]()
    for path, total in ((dataset.train, train), (dataset.val, val)):
        damaged += _check(job, dataset, path, total, thread_count(request.threads))
    if damaged:
        more = f" and {len(damaged) - SHOWN} more" if len(damaged) > SHOWN else ""
        raise _failed(dataset, "; ".join(damaged[:SHOWN]) + more)
    _compare(dataset, train, val)
    content = content_of(train, val)
    job.result(state="verified", content=content.all, train=train.pictures, val=val.pictures)
    print(f"verified: {train.pictures + val.pictures} pictures, {(train.bytes + val.bytes) / 1e6:.1f} MB")
    print(f"content {content.all}")


def _check(job: JobContext, dataset: Dataset, path: Path, total: StoreSum, threads: int) -> list[str]:
    """Damaged entries of a store, each with what is wrong."""
    damaged, pictures = [], dataset.about.totals.train if path == dataset.train else dataset.about.totals.val
    try:
        with closing(in_order(_fault, total.read(StoreReader(path)), threads)) as faults:
            for fault in faults:
                job.check()
                job.progress(total.pictures, pictures, f"pictures of {path.name}")
                damaged += [f"{fault} ({path.name})"] if fault else []
    except SrtuiError as error:
        raise _failed(dataset, f"{path.name}: {error.fact}") from None
    return damaged


def _fault(entry: tuple[str, Picture]) -> str:
    key, value = entry
    try:
        check(value)
    except EntryDamagedError as error:
        return f"{key}: {error}"
    return ""


def _compare(dataset: Dataset, train: StoreSum, val: StoreSum) -> None:
    about = dataset.about
    for name, store, digest, pictures in (
        ("train.lmdb", train, about.content.train, about.totals.train),
        ("val.lmdb", val, about.content.val, about.totals.val),
    ):
        if store.pictures != pictures:
            raise _failed(dataset, f"{name} holds {store.pictures} pictures, {pictures} were written")
        if store.digest != digest:
            raise _failed(dataset, f"the content digest of {name} is {store.digest}, it was {digest}")


def _failed(dataset: Dataset, fact: str) -> CheckFailedError:
    return CheckFailedError("dataset", fact, where=dataset.folder, hint="srtui prepare --fresh makes it anew")
