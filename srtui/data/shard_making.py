"""Making one shard: decode, check and degrade the pictures of its lines; decisions wait for the other shards.

A shard's folder holds ``lock``, ``pictures.lmdb``, ``looks.jsonl`` (what was seen of each line, while it works) and,
last of all, ``made.csv``: a row for each line.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, fields
from itertools import groupby
from pathlib import Path
from typing import Any

from srtui.config.requests import PrepareRequest
from srtui.data.content import digest_of
from srtui.data.datasets import PLAN
from srtui.data.decisions import Settled
from srtui.data.entries import Picture, decode, name_of
from srtui.data.likeness import Signature
from srtui.data.making import PREPARING, Made, Task, pictures_of
from srtui.data.plan import Head, PlanLines, Refused
from srtui.data.shards import STORE, line_name, shard_folder, shard_lines
from srtui.data.sources import PictureSource
from srtui.data.store import StoreReader, forget
from srtui.data.writing import StoreWriter
from srtui.errors import SrtuiError
from srtui.files import remove_unfinished, whole_file
from srtui.jobs.context import JobContext, Stopped
from srtui.ordered import in_order, thread_count

LOOKS = "looks.jsonl"
MADE = "made.csv"
LOCK = "lock"
_AGAIN = "remove this shard's folder and make it again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What became of one line: a reason against it, or its signature and what the store holds."""

    line: int
    reason: str = ""
    waves: int = 0
    edges: int = 0
    sum: int = 0
    width: int = 0
    height: int = 0
    gt_digest: str = ""
    """BLAKE3 over the value (content.py)."""
    gt_bytes: int = 0
    lq_digest: str = ""
    """Empty where no lq was made."""
    lq_bytes: int = 0

    @property
    def signature(self) -> Signature | None:
        """Signature of a picture that is good in itself."""
        return None if self.reason else Signature(waves=self.waves, edges=self.edges, sum=self.sum)


def is_made(dataset: Path, number: int, shards: int) -> bool:
    """Whether a shard is finished."""
    return (shard_folder(dataset, number, shards) / MADE).is_file()


def read_looks(dataset: Path, number: int, shards: int) -> Iterator[Look]:
    """What a finished shard says of its lines; refused lines of the plan itself are not among them.

    Raises
    ------
    SrtuiError
        If the file is not what a shard of this plan writes.
    """
    path = shard_folder(dataset, number, shards) / MADE
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        try:
            for row in rows:
                numbers = {name: int(row[name]) for name in _NUMBERS}
                yield Look(reason=row["reason"], gt_digest=row["gt_digest"], lq_digest=row["lq_digest"], **numbers)
        except (KeyError, TypeError, ValueError, csv.Error) as error:
            raise SrtuiError(str(path), f"not readable: {error}", where=f"line {rows.line_num}", hint=_AGAIN) from None


_NUMBERS = ("line", "waves", "edges", "sum", "width", "height", "gt_bytes", "lq_bytes")


def make_shard(
    job: JobContext, request: PrepareRequest, sources: Sequence[PictureSource], folder: Path, head: Head
) -> None:
    """Make what the shard that ``request`` names does not hold yet, and sum it up; the caller holds its lock."""
    shard = shard_folder(folder, request.shard, request.shards)
    lines = shard_lines(head, request.shard, request.shards)
    remove_unfinished([shard / MADE])
    _make(job, request, sources, folder, shard, head, lines)
    _sum_up(job, request, shard, lines)
    (shard / LOOKS).unlink()


def _make(
    job: JobContext,
    request: PrepareRequest,
    sources: Sequence[PictureSource],
    folder: Path,
    shard: Path,
    head: Head,
    lines: range,
) -> None:
    job.phase(PREPARING, quiet=300)
    with closing(StoreWriter(shard / STORE, head.map_room)) as writer:
        last = int(writer.last) if writer.last else -1
        with (
            closing(_Journal(shard / LOOKS, last)) as journal,
            closing(PlanLines(folder / PLAN)) as plan,
            closing(_results(request, sources, plan, lines, journal.last + 1)) as results,
        ):
            writer.before_commit = journal.sync
            pixels = 0
            try:
                for made in results:
                    job.check()
                    each = made.task.known
                    journal.write(each.line, made)
                    if made.gt is not None:
                        writer.add_values(line_name(each.line), made.gt, made.lq)
                        pixels += made.gt.size // 3
                    done = each.line - lines.start + 1
                    job.progress(done, len(lines), "pictures", megapixels=round(pixels / 1e6, 1))
            except Stopped:
                writer.commit()
                raise
            writer.commit()


def _results(
    request: PrepareRequest, sources: Sequence[PictureSource], plan: PlanLines, lines: range, start: int
) -> Generator[Made, None, None]:
    """Pictures of the lines from ``start`` on, in order."""
    planned = ((line, plan[line]) for line in range(max(start, lines.start), lines.stop))
    tasks = (
        Task(known=Settled(line=line, entry=entry, split=entry.split), decided=False)
        for line, entry in planned
        if not isinstance(entry, Refused)
    )
    return pictures_of(tasks, request, sources)


class _Journal:
    """Lasting before the pictures are: what was seen of each line.

    Attributes
    ----------
    last
        Line up to which everything is known and stored; -1 for none.
    """

    def __init__(self, path: Path, stored: int) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.last, end = -1, 0
        with path.open("rb") as file:
            for text in file:
                if not text.endswith(b"\n") or (line := int(json.loads(text)["line"])) > stored:
                    break
                self.last, end = line, end + len(text)
        os.ftruncate(self._descriptor, end)
        os.lseek(self._descriptor, end, os.SEEK_SET)
        if self.last < stored:
            raise SrtuiError(str(path), f"ends at line {self.last}, but line {stored} is stored", hint=_AGAIN)

    def write(self, line: int, made: Made) -> None:
        """Remember what was seen of a line."""
        value: dict[str, Any] = {"line": line}
        if made.signature is None:
            value["reason"] = made.reason
        else:
            value |= {"waves": made.signature.waves, "edges": made.signature.edges, "sum": made.signature.sum}
        os.write(self._descriptor, (json.dumps(value, ensure_ascii=False) + "\n").encode())

    def sync(self) -> None:
        """Bring it to the disk."""
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def _sum_up(job: JobContext, request: PrepareRequest, shard: Path, lines: range) -> None:
    """Read back what is stored, and write made.csv: the shard is finished."""
    job.phase("summing up", quiet=300)
    stored = _stored(shard, thread_count(request.threads))
    with whole_file(shard / MADE) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        names = [field.name for field in fields(Look)]
        writer.writerow(names)
        with closing(stored), (shard / LOOKS).open(encoding="utf-8") as looks:
            for text in looks:
                value = json.loads(text)
                look = Look(**value) if "reason" in value else Look(**value, **_parts(shard, value["line"], stored))
                writer.writerow([getattr(look, name) for name in names])
                job.check()
                job.progress(look.line - lines.start + 1, len(lines), "pictures")
        if next(stored, None) is not None:
            raise SrtuiError(str(shard / STORE), "holds pictures that its journal does not know", hint=_AGAIN)


def _parts(shard: Path, line: int, stored: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """What the store says of the next picture, which must be that of ``line``."""
    found = next(stored, {"name": "nothing more"})
    if found.pop("name") != line_name(line):
        raise SrtuiError(str(shard / STORE), f"line {line} is missing", hint=_AGAIN)
    return found


def _stored(shard: Path, threads: int) -> Generator[dict[str, Any], None, None]:
    """Name, size, lengths and digests of each picture of a store."""
    with closing(in_order(_read, StoreReader(shard / STORE).values(), threads)) as entries:
        for name, parts in groupby(entries, key=lambda entry: name_of(entry.key)):
            gt, *lq = parts
            found = {"name": name, "width": gt.width, "height": gt.height, "gt_digest": gt.digest, "gt_bytes": gt.bytes}
            yield found | ({"lq_digest": lq[0].digest, "lq_bytes": lq[0].bytes} if lq else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """One entry of a store."""

    key: str
    width: int
    height: int
    digest: str
    bytes: int


def _read(entry: tuple[str, Picture]) -> _Read:
    """Read all of an entry; called from many threads."""
    key, value = entry
    height, width, _ = decode(value).shape
    found = _Read(key=key, width=width, height=height, digest=digest_of(value).hex(), bytes=value.size)
    forget(value)
    return found
