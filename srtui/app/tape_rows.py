"""What a tape is like, as lines of the Tapes page: its state in a list, its scan in full, what went wrong. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from srtui.app.job_results import Told
from srtui.app.look import Glyphs
from srtui.app.project_view import TapeJob
from srtui.app.sheet import Block, Sheet, code, fact, item, text
from srtui.app.widgets.choices import Option
from srtui.jobs.wording import duration
from srtui.project.scan_report import length_and_size, scan_rows

if TYPE_CHECKING:
    from srtui.project.footage import Tape

_STATES = {"missing": "not there", "new": "not scanned yet", "stale": "changed since its scan", "scanned": "scanned"}
_KINDS = {"missing": "error", "new": "quiet", "stale": "warning", "scanned": "good"}
_DOING = {"scan": "being scanned", "frames": "frames are extracted"}


def option(tape: Tape, jobs: Sequence[TapeJob], glyphs: Glyphs) -> Option:
    """The tape's line of the list."""
    name, job = tape.path.name, living(tape, jobs)
    if job is not None:
        return Option(
            name=tape.written, sign=glyphs.running, sign_kind="accent", cells=(name, _under_way(job, tape), "")
        )
    signs = {"missing": glyphs.blocked, "new": glyphs.waiting, "stale": glyphs.stale, "scanned": glyphs.done}
    length = length_and_size(tape.scan) if tape.scan is not None else ""
    cells = (name, _STATES[tape.state], length)
    return Option(name=tape.written, sign=signs[tape.state], sign_kind=_KINDS[tape.state], cells=cells)


def living(tape: Tape, jobs: Sequence[TapeJob]) -> TapeJob | None:
    """The job that works on the tape now."""
    return next((job for job in jobs if not job.status.ended and str(tape.path) in job.tapes), None)


def _under_way(job: TapeJob, tape: Tape) -> str:
    """Which job, and how far it is where it is at this very tape."""
    status = job.status
    if status.kind == "scan" and len(job.tapes) > 1 and tape.path.name not in status.phase:
        return "in the scan's list"
    share = f" {100 * status.done // status.total} %" if status.total else ""
    left = f", {duration(status.eta)} left" if status.eta is not None else ""
    return f"{_DOING.get(status.kind, status.kind)}{share}{left}"


def about(tape: Tape, jobs: Sequence[TapeJob], told: Sequence[Told], disagreement: str) -> Sheet:
    """Everything about one tape: what went wrong last, then its scan."""
    wrong = _wrong(tape, jobs, told)
    head = (*wrong, text()) if wrong else ()
    file = fact("file", tape.written)
    frames = _frames(tape, jobs, told)
    if tape.state == "missing":
        return (*head, fact("file", f"{tape.written} is not there", "error"), text(), text(_GONE, "quiet"))
    if tape.scan is None:
        why = _STALE if tape.state == "stale" else _NEW
        return (*head, file, text(), text(why, "quiet"), *frames)
    try:
        rows = tuple(fact(label, words) for label, words in scan_rows(tape.scan))
        length = fact("length", length_and_size(tape.scan))
        warnings = tuple(item("!", str(each["text"]), "warning") for each in tape.scan["warnings"])
    except (KeyError, TypeError, ValueError, AttributeError):  # written by other hands
        return (*head, file, text(), text("Its scan cannot be read: scan it again.", "warning"))
    told_line = (item("!", disagreement, "warning"),) if disagreement else ()
    first = (*warnings, *told_line)
    return (*head, *first, *((text(),) if first else ()), *frames, file, length, *rows)


_NEW = (
    "A scan looks at every picture: fields, blank edges, scenes, smeared and repeated frames, dropouts. It takes about "
    "as long as the tape plays, or less; it can be stopped and goes on where it was."
)
_STALE = "The file is another one now, or was scanned by an older srtui: scan it again."
_GONE = "Mount the disk that it is on, or mend its path in project.yml (e)."


def _wrong(tape: Tape, jobs: Sequence[TapeJob], told: Sequence[Told]) -> Sheet:
    """Why the newest jobs did nothing for this tape."""
    blocks: list[Block] = []
    for job, each in zip(jobs, told, strict=True):
        if str(tape.path) not in job.tapes or not job.status.ended:
            continue
        reasons = [reason for name, reason in each.rejected if name == str(tape.path)]
        if job.status.error and not (job.status.kind == "scan" and tape.scan is not None):
            blocks.append(code(job.status.error, "error"))
        if reasons and tape.scan is None:
            blocks.append(item("!", reasons[-1], "error"))
    return tuple(blocks)


def _frames(tape: Tape, jobs: Sequence[TapeJob], told: Sequence[Told]) -> Sheet:
    """Where the frames are that were extracted last."""
    for job, each in zip(jobs, told, strict=True):
        if job.status.kind == "frames" and str(tape.path) in job.tapes and job.status.state == "finished":
            made = each.result
            return (fact("stills", f"{made.get('pictures', '?')} pictures in {made.get('output', '?')}", "good"),)
    return ()
