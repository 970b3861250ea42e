"""
``srtui restore``: a network applied to a picture, or to a folder of pictures with everything below it.

Results are PNG files, each whole or absent. An interrupted job goes on where it was left: what it has finished stands
in restored.jsonl of the job's folder, a name and a size in bytes a line.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np

from srtui.config.requests import RestoreRequest
from srtui.data.pictures import Picture, PictureRejected, read_picture, write_png
from srtui.engine.device import choose_precision, pick_device, use_threads
from srtui.engine.models import load_model
from srtui.engine.restore_plan import Task, assert_free, plan
from srtui.engine.restorer import Restorer
from srtui.errors import NothingUsableError
from srtui.files import remove_unfinished, write_whole
from srtui.jobs.context import JobContext
from srtui.jobs.wording import again
from srtui.ordered import in_order

LARGEST_RESULT = 1 << 30
"""Pixels of a result that are made at most: 3.2 GB in memory."""
_WRITERS = 2  # encoding a PNG takes longer than a GPU needs for the picture; more would hold more results in memory


def run(job: JobContext, request: RestoreRequest) -> None:
    """Restore whatever is not restored yet.

    Raises
    ------
    UsageError
        If a result exists and must not be replaced, or input, output and network do not fit.
    NothingUsableError
        If there is no picture that can be read.
    """
    device = pick_device(request.device)
    use_threads(request.threads)
    job.phase("loading", quiet=300)
    ledger = _Ledger(job.folder.path / "restored.jsonl")
    tasks = plan(request, (lambda _name, _reason: None) if ledger.begun else job.rejected)
    if not ledger.begun and not request.overwrite:
        assert_free(tasks)
    done = ledger.begin()
    pending = [task for task in tasks if done.get(str(task.result)) != _size(task.result)]
    remove_unfinished(task.result for task in pending)
    model = load_model(Path(request.model), device)
    precision = choose_precision(request.precision, device)
    restore = Restorer(model.net, tile=request.tile, precision=precision, note=job.alarm)
    job.phase("restoring", quiet=600)
    whole = _restore_all(job, restore, pending, len(tasks), ledger)
    restored, rejected = len(tasks) - len(pending) + whole, len(pending) - whole
    if not restored:
        fact = f"none of {len(tasks)} could be read" if tasks else "holds no pictures"
        raise NothingUsableError(request.input, fact, hint=f"the reasons, if any: {again('logs --events', job.folder)}")
    job.result(state="restored", output=request.output, restored=restored, rejected=rejected)


class _Ledger:
    """What this job has finished; it exists from the moment at which the results' names were found to be free."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.begun = path.exists()

    def begin(self) -> dict[str, int]:
        """Results that are done, with their sizes; a line that a crash tore is cut off."""
        text = self._path.read_text(encoding="utf-8") if self.begun else ""
        text = text[: text.rfind("\n") + 1]
        write_whole(self._path, text)
        return dict(json.loads(line) for line in text.splitlines())

    def add(self, result: Path) -> None:
        """Note a result that is written; from any thread."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps([str(result), _size(result)]) + "\n")


def _size(path: Path) -> int:
    """Bytes of a file, -1 if there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return -1


def _restore_all(job: JobContext, restore: Restorer, tasks: list[Task], total: int, ledger: _Ledger) -> int:
    """Read and write in threads, restore in between; gives how many results were written.

    Whatever ends it, what is restored by then is also written: it may have taken minutes a picture.
    """
    writes: deque[Future[None]] = deque()
    whole = 0
    with ThreadPoolExecutor(_WRITERS) as pool, closing(_restored(job, restore, tasks, total)) as restored:
        try:
            for task, restored_hwc in restored:
                whole += 1
                writes.append(pool.submit(_write, task, restored_hwc, ledger))
                if len(writes) > _WRITERS:
                    writes.popleft().result()
        finally:
            for write in writes:
                write.result()
    job.progress(total, total, "pictures")
    return whole


def _restored(
    job: JobContext, restore: Restorer, tasks: list[Task], total: int
) -> Generator[tuple[Task, Picture], None, None]:
    with closing(in_order(_read, tasks, threads=1, ahead=2)) as readings:
        for done, (task, lq_hwc, unreadable) in enumerate(readings, start=total - len(tasks)):
            _tell(job, done, total, 0, 1)
            if reason := unreadable or _too_large(lq_hwc, restore.net.scale):
                job.rejected(task.name, reason)
            else:
                yield task, restore(lq_hwc, partial(_tell, job, done, total))


def _read(task: Task) -> tuple[Task, Picture, str]:
    """The picture, or the reason why there is none."""
    try:
        return task, read_picture(task.source), ""
    except PictureRejected as rejected:
        return task, np.empty((0, 0, 3), np.uint8), str(rejected)


def _too_large(lq_hwc: Picture, scale: int) -> str:
    pixels = lq_hwc.shape[0] * lq_hwc.shape[1] * scale**2
    if pixels <= LARGEST_RESULT:
        return ""
    return f"too large: its result would have {pixels // 1_000_000} million pixels, at most 1073 million are made"


def _tell(job: JobContext, done: int, total: int, tile: int, tiles: int) -> None:
    """After each tile: how far it is; waits while paused, ends when asked to."""
    figures = {"tile": f"{tile}/{tiles}"} if tiles > 1 else {}
    job.progress(done, total, "pictures", **figures)
    job.check()


def _write(task: Task, restored_hwc: Picture, ledger: _Ledger) -> None:
    task.result.parent.mkdir(parents=True, exist_ok=True)
    write_png(task.result, restored_hwc)
    ledger.add(task.result)
