"""Joining shards: decide about all pictures in the order of the plan, number them, and write what makes a dataset.

No pixels are read: the shards have left signatures, sizes and digests. Killed, it begins again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from srtui.config.requests import PrepareRequest
from srtui.data import entries
from srtui.data.content import StoreSum, digest_of
from srtui.data.datasets import FILE, PLAN, DatasetFile
from srtui.data.decisions import Decisions, Settled, forget, settled
from srtui.data.entries import key_of
from srtui.data.making import degraded, has_lq
from srtui.data.names import FILE as NAMES
from srtui.data.names import Split
from srtui.data.plan import Entry, Head, read_lines
from srtui.data.prepare import enforce, seal
from srtui.data.reports import REJECTED, write_names, write_rejected
from srtui.data.shard_making import Look, is_made, read_looks
from srtui.data.shards import FOLDER, INDEX, MOVED, STORE, Place, line_name, shard_folder, shard_lines, write_index
from srtui.data.sources import PictureSource
from srtui.data.store import StoreReader
from srtui.data.writing import StoreWriter
from srtui.errors import SrtuiError, UsageError
from srtui.files import remove_unfinished
from srtui.jobs.context import JobContext


def missing_shards(folder: Path, shards: int) -> list[int]:
    """Shards that are not finished."""
    return [number for number in range(1, shards + 1) if not is_made(folder, number, shards)]


def join(
    job: JobContext, request: PrepareRequest, sources: Sequence[PictureSource], folder: Path, head: Head
) -> DatasetFile:
    """Make one dataset of finished shards; the caller holds the dataset's lock.

    Raises
    ------
    UsageError
        If shards are missing.
    NothingUsableError
        If no picture is left to train or to validate on, or with ``strict`` if one was refused.
    """
    if missing := missing_shards(folder, request.shards):
        named = ", ".join(f"{number}/{request.shards}" for number in missing[:5]) + ("…" if len(missing) > 5 else "")
        fact = f"{len(missing)} of {request.shards} shards are not made: {named}"
        raise UsageError(str(folder), fact, hint=f"srtui prepare --shard {missing[0]}/{request.shards}")
    job.phase("joining the shards", quiet=300)
    remove_unfinished([folder / FOLDER / INDEX, folder / NAMES, folder / REJECTED, folder / FILE])
    forget(folder)
    joining = _Joining(request, sources, folder, head)
    write_index(folder, head.digits, joining.places(job))
    write_names(folder, request, head, sources, joining.sizes())
    rejected = write_rejected(folder, sources)
    enforce(request, folder, rejected)
    sums = joining.sums
    about = seal(request, folder, head, sums["train"], sums["val"], rejected=rejected, shards=request.shards)
    forget(folder)
    return about


class _Joining:
    """One pass over all lines.

    Attributes
    ----------
    sums
        What the splits' entries add up to.
    """

    def __init__(self, request: PrepareRequest, sources: Sequence[PictureSource], folder: Path, head: Head) -> None:
        self._request, self._sources, self._folder, self._head = request, sources, folder, head
        self.sums: dict[Split, StoreSum] = {"train": StoreSum(), "val": StoreSum()}

    def places(self, job: JobContext) -> Iterator[Place]:
        """Decide about every line, and give where each picture that is kept lies, by number."""
        total = self._head.train + self._head.val
        with (
            closing(
                Decisions(self._folder, self._head, self._request.prepare, self._sources, self._own, 0)
            ) as decisions,
            closing(_Moved(self._request, self._folder, self._head)) as moved,
        ):
            for done, (look, entry) in enumerate(self._looks(), start=1):
                each = decisions.decide(look.line, entry, look.signature, look.reason)
                job.check()
                job.progress(done, total, "pictures")
                if each.reason:
                    job.rejected(entry.file, each.reason)
                else:
                    yield self._place(each, look, moved)

    @property
    def _own(self) -> int:
        """Number of sources that are not for validation only."""
        return len(self._request.sources)

    def _looks(self) -> Iterator[tuple[Look, Entry]]:
        """What the shards say of each line, beside the plan's entry."""
        shards = range(1, self._request.shards + 1)
        looks = (look for number in shards for look in read_looks(self._folder, number, self._request.shards))
        for line, planned in enumerate(read_lines(self._folder / PLAN)):
            if isinstance(planned, Entry):
                look = next(looks, None)
                if look is None or look.line != line:
                    found = "nothing more" if look is None else f"line {look.line}"
                    hint = "the shards are of another plan: remove them and make them again"
                    raise SrtuiError(
                        str(self._folder), f"the plan has line {line} where shards have {found}", hint=hint
                    )
                yield look, planned

    def _place(self, each: Settled, look: Look, moved: _Moved) -> Place:
        """Add a picture to its split's sum; gives its place."""
        name, total = self._head.name(each.number), self.sums[each.split]
        total.add(key_of(name, "gt"), bytes.fromhex(look.gt_digest), look.gt_bytes)
        wanted = each.entry.scenario < 0 or has_lq(self._request, each.split)
        if wanted:
            digest, size = (bytes.fromhex(look.lq_digest), look.lq_bytes) if look.lq_digest else moved.add(each)
            total.add(key_of(name, "lq"), digest, size)
        return Place(line=each.line, split=each.split, has_lq=wanted)

    def sizes(self) -> Iterator[tuple[str, int, int]]:
        """Name, height and width of each picture that was kept."""
        looks = (look for look, _ in self._looks())
        for each in settled(self._folder):
            if isinstance(each, Settled):
                look = next(looks)
                if not each.reason:
                    yield self._head.name(each.number), look.height, look.width


class _Moved:
    """lq for the few pictures that came to validation only now, where training has none stored."""

    def __init__(self, request: PrepareRequest, folder: Path, head: Head) -> None:
        self._request, self._folder, self._head = request, folder, head
        self._path = folder / FOLDER / MOVED
        self._path.unlink(missing_ok=True)
        self._writer: StoreWriter | None = None

    def add(self, each: Settled) -> tuple[bytes, int]:
        """Make and keep a picture's lq; gives the digest and the size of its value."""
        shards = self._request.shards
        shard = next(n for n in range(1, shards + 1) if each.line in shard_lines(self._head, n, shards))
        store = StoreReader(shard_folder(self._folder, shard, shards) / STORE, folder=self._folder)
        gt_hwc = store.view(key_of(line_name(each.line), "gt"))
        value = entries.encode(degraded(self._request, gt_hwc, each))
        if self._writer is None:
            self._writer = StoreWriter(self._path, self._head.map_room)
        self._writer.put(key_of(line_name(each.line), "lq"), value)
        return digest_of(value), value.size

    def close(self) -> None:
        """Make it last."""
        if self._writer is not None:
            self._writer.commit()
            self._writer.close()
