"""The `scan` job: what each tape is like; segment by segment, so that it can be interrupted and gone on with."""

from __future__ import annotations

import json
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from srtui.config.requests import ScanRequest
from srtui.errors import NothingUsableError, SrtuiError, UsageError
from srtui.files import remove_unfinished, write_json, write_whole
from srtui.footage.findings import Gathering
from srtui.footage.frame_list import write_frames
from srtui.footage.reader import Reader
from srtui.footage.segments import Ledger
from srtui.footage.summary import to_plain
from srtui.footage.survey import survey
from srtui.jobs.context import JobContext
from srtui.jobs.lock import take
from srtui.ordered import thread_count
from srtui.project.tapes import VERSION, Place, find_tapes, identity, place_of, shown_name


def run(job: JobContext, request: ScanRequest) -> None:
    """Scan whatever is not scanned yet.

    Raises
    ------
    UsageError
        If a tape that was named is not there.
    NothingUsableError
        If nothing can be read as video.
    """
    tapes = [tape for given in request.tapes for tape in find_tapes(Path(given))]
    scanned, rejected = [], 0
    for number, tape in enumerate(tapes, start=1):
        if (shown := shown_name(tape)) != str(tape):
            job.rejected(shown, "its name is not UTF-8: rename it")
            rejected += 1
            continue
        name = f"scanning {tape.name}" + (f" ({number} of {len(tapes)})" if len(tapes) > 1 else "")
        try:
            place = scan_tape(job, tape, Path(request.output), name, threads=request.threads, fresh=request.fresh)
        except UsageError as error:
            job.rejected(str(tape), f"{error.fact}; {error.hint}" if error.hint else error.fact)
            rejected += 1
        else:
            scanned.append(str(place.folder))
    if not scanned:
        fact = f"none of {len(tapes)} can be read as video" if tapes else "holds no video files"
        raise NothingUsableError(
            ", ".join(request.tapes), fact, hint=f"the reasons: srtui logs --events {job.folder.id}"
        )
    job.result(state="scanned", scans=scanned, rejected=rejected)


def scan_tape(job: JobContext, tape: Path, scans: Path, name: str, *, threads: int = 0, fresh: bool = False) -> Place:
    """Scan one tape, unless its scan is there already; gives the place of it.

    Parameters
    ----------
    scans
        Folder of all scans.
    name
        Of the phase.
    fresh
        Forget an earlier scan; a resumed job goes on with its own all the same.

    Raises
    ------
    UsageError
        If it cannot be read as video.
    """
    place = place_of(tape, scans)
    about = {"tape": identity(tape)}
    place.folder.mkdir(parents=True, exist_ok=True)
    lock = take(place.folder / "lock", f"{job.folder.id}\n")
    if lock is None:
        hint = "attach to it, or stop it (srtui jobs lists them)"
        raise SrtuiError(str(tape), "another job is scanning this tape", where=place.folder, hint=hint)
    try:
        remove_unfinished([place.scan, place.frames])
        if fresh:
            _forget(place, job)
        if not _is_whole(place, about["tape"]):
            place.scan.unlink(missing_ok=True)
            _scan(job, tape, place, about, name, thread_count(threads))
    finally:
        lock.release()
    return place


def _forget(place: Place, job: JobContext) -> None:
    """Remove an earlier scan, once: a resumed job goes on with its own."""
    mark = place.folder / "begun"
    if mark.is_file() and mark.read_text(encoding="utf-8") == job.folder.id:
        return
    for path in (place.scan, place.frames, place.segments):
        path.unlink(missing_ok=True)
    write_whole(mark, job.folder.id)


def _is_whole(place: Place, tape: dict[str, Any]) -> bool:
    """Whether there is a finished scan of this very file, of a format that is written today."""
    try:
        found = json.loads(place.scan.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and found.get("version") == VERSION and found.get("tape") == tape


def _scan(job: JobContext, tape: Path, place: Place, about: dict[str, Any], name: str, threads: int) -> None:
    job.phase(name, quiet=120)
    gathering = Gathering()
    ledger = Ledger(place.segments, about)
    try:
        for segment in ledger.read():
            gathering.add(segment)
        with Reader(tape) as reader:
            done = gathering.newest.first + len(gathering.newest.rows) if gathering.newest else 0
            if done:
                job.event("resumed", done=f"frame {done}")
            tell = partial(_tell, job, done, reader.facts.frames, time.monotonic())
            with closing(survey(reader, gathering.newest, threads=threads, tell=tell)) as segments:
                for segment in segments:
                    ledger.add(segment)
                    gathering.add(segment)
            facts = reader.facts
    finally:
        ledger.close()
    found = gathering.findings(facts)
    if not len(found.table):
        raise UsageError(str(tape), "none of its pictures can be decoded", hint="copy it from the tape again")
    write_frames(place.frames, found.table, found.judged)
    write_json(place.scan, to_plain(found, about["tape"]))
    place.segments.unlink(missing_ok=True)


def _tell(job: JobContext, before: int, expected: int, began: float, done: int) -> None:
    rate = (done - before) / max(time.monotonic() - began, 1e-3)
    job.progress(done, max(expected, done), "frames", fps=round(rate))
    job.check()
