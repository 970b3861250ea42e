"""Making the pictures of a plan: decode, check, fit and degrade in threads; decide and write in order."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from srtui.config.requests import PrepareRequest
from srtui.data.decisions import Decisions, Settled, settled
from srtui.data.entries import Picture, checksum, decode, encode
from srtui.data.fitting import fit, fit_pair
from srtui.data.likeness import Signature, signature_of
from srtui.data.material import check_material
from srtui.data.names import Split
from srtui.data.plan import Head, Refused
from srtui.data.rejection import PictureRejected
from srtui.data.sources import PictureSource
from srtui.data.writing import StoreWriter
from srtui.degradation.scenarios import degrade
from srtui.errors import UsageError
from srtui.jobs.context import JobContext, Stopped
from srtui.memory import PICTURES, keep_memory
from srtui.ordered import in_order, thread_count

PREPARING = "preparing pictures"
"""Name of the phase."""

Writers = Mapping[Split, StoreWriter]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A line of the plan whose picture is in no store yet."""

    known: Settled
    """With a reason, it was refused by an earlier process."""
    decided: bool
    """Whether number and side are decided; the picture was lost before it became lasting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What became of a task: pictures, as the values that stores hold (entries.py), or a reason."""

    task: Task
    gt: Picture | None = None
    lq: Picture | None = None
    signature: Signature | None = None
    """Of pictures about which is to be decided."""
    reason: str = ""

    @property
    def gt_hwc(self) -> Picture | None:
        """The clean picture."""
        return None if self.gt is None else decode(self.gt)

    @property
    def lq_hwc(self) -> Picture | None:
        """The spoiled picture."""
        return None if self.lq is None else decode(self.lq)


def make_pictures(
    job: JobContext, request: PrepareRequest, sources: Sequence[PictureSource], folder: Path, head: Head
) -> None:
    """Make what the stores in ``folder`` do not hold yet; when asked to stop, keep what is made."""
    job.phase(PREPARING, quiet=300)
    with (
        closing(StoreWriter(folder / "train.lmdb", head.map_room)) as train,
        closing(StoreWriter(folder / "val.lmdb", head.map_room)) as val,
    ):
        writers: Writers = {"train": train, "val": val}
        last, validated = max(_last(train), _last(val)), len(request.sources)
        with closing(Decisions(folder, head, request.prepare, sources, validated, last)) as decisions:
            train.before_commit = val.before_commit = decisions.sync
            left = sum(1 for _ in _tasks(folder, writers, last))
            tasks = _tasks(folder, writers, last)
            with closing(pictures_of(tasks, request, sources)) as results:
                try:
                    _write(job, request, results, writers, decisions, head, left)
                except Stopped:
                    train.commit()
                    val.commit()
                    raise
            train.commit()
            val.commit()


def pictures_of(
    tasks: Iterable[Task], request: PrepareRequest, sources: Sequence[PictureSource]
) -> Generator[Made, None, None]:
    """Each task's picture, in order, made by many threads; close it to leave early."""
    keep_memory(PICTURES)
    return in_order(partial(make, request, sources), tasks, thread_count(request.threads))


def _last(writer: StoreWriter) -> int:
    return int(writer.last or 0)


def _tasks(folder: Path, writers: Writers, last: int) -> Iterator[Task]:
    """What is not in the stores: both are filled in order, so each has a last one."""
    decided = last > 0
    for each in settled(folder):
        if isinstance(each, Refused):
            continue
        if not decided:
            yield Task(known=each, decided=False)
        elif not each.reason and each.number > _last(writers[each.split]):
            yield Task(known=each, decided=True)
        decided = decided and each.number != last


def _write(
    job: JobContext,
    request: PrepareRequest,
    results: Iterable[Made],
    writers: Writers,
    decisions: Decisions,
    head: Head,
    left: int,
) -> None:
    pixels, total = 0, head.train + head.val
    for done, made in enumerate(results, start=total - left + 1):
        job.check()
        each = made.task.known
        if not made.task.decided:
            each = decisions.decide(each.line, each.entry, made.signature, made.reason)
        if made.gt is None or each.reason:
            if not made.task.known.reason:
                job.rejected(each.entry.file, each.reason)
        else:
            writers[each.split].add_values(head.name(each.number), made.gt, _lq(request, made, each))
            pixels += made.gt.size // 3
        job.progress(done, total, "pictures", megapixels=round(pixels / 1e6, 1), refused=decisions.refused)


def make(request: PrepareRequest, sources: Sequence[PictureSource], task: Task) -> Made:
    """Decode, check, fit and degrade one picture; called from many threads."""
    entry = task.known.entry
    if task.known.reason:
        return Made(task=task, reason=task.known.reason)
    source = sources[entry.source]
    if source.stamps(entry.file) != entry.stamps:
        hint = "srtui prepare --fresh makes the dataset anew from what is there now"
        raise UsageError(entry.file, "was changed or removed while it was prepared", where=source.title, hint=hint)
    try:
        gt_hwc, lq_hwc = source.read(entry.file, entry.address)
        if not (task.decided or source.trusted):
            check_material(gt_hwc, request.prepare.checks)
        if lq_hwc is None:
            gt_hwc = fit(gt_hwc, request.prepare)
        else:
            gt_hwc, lq_hwc = fit_pair(gt_hwc, lq_hwc, request.scale, request.prepare)
    except PictureRejected as error:
        return Made(task=task, reason=str(error))
    gt = encode(gt_hwc)
    gt_hwc = decode(gt)
    if lq_hwc is None and has_lq(request, task.known.split):
        lq_hwc = degraded(request, gt_hwc, task.known)
    lq = None if lq_hwc is None else encode(lq_hwc)
    if task.decided:
        return Made(task=task, gt=gt, lq=lq)
    # The sum of a pair is over both parts; what was degraded here follows from gt.
    sums = [checksum(each) for each in (gt, lq if source.paired else None) if each is not None]
    return Made(task=task, gt=gt, lq=lq, signature=signature_of(gt_hwc, *sums))


def _lq(request: PrepareRequest, made: Made, each: Settled) -> Picture | None:
    """The lq to store, although the picture may have changed sides since it was made."""
    if each.entry.scenario < 0:
        return made.lq
    if not has_lq(request, each.split):
        return None
    if made.lq is None and made.gt_hwc is not None:
        return encode(degraded(request, made.gt_hwc, each))
    return made.lq


def has_lq(request: PrepareRequest, split: Split) -> bool:
    """Whether lq is stored: validation always compares the same."""
    return split == "val" or request.prepare.degradation_mode == "fixed"


def degraded(request: PrepareRequest, gt_hwc: Picture, each: Settled) -> Picture:
    """The lq that a line of the plan asks for."""
    scenario = request.degradation.scenarios[each.entry.scenario]
    return degrade(gt_hwc, scenario, request.scale, each.entry.key)
