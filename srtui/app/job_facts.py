"""What a step's newest job says of itself, as lines of the step's page."""

from __future__ import annotations

from datetime import datetime

from srtui.app.look import Glyphs
from srtui.app.project_view import WizardStep
from srtui.app.sheet import Sheet, code, fact, text
from srtui.jobs.status import JobStatus
from srtui.jobs.wording import duration, figure, phase_of

STATE_KINDS = {
    "queued": "quiet",
    "running": "accent",
    "stalled": "warning",
    "paused": "warning",
    "finished": "good",
    "stopped": "warning",
    "failed": "error",
    "crashed": "error",
}
"""Colour of each state of a job."""


def state_sign(state: str, glyphs: Glyphs) -> str:
    """Sign of a state: it tells the same as the colour."""
    signs = {
        "queued": glyphs.waiting,
        "running": glyphs.running,
        "stalled": "!",
        "paused": glyphs.paused,
        "finished": glyphs.done,
        "stopped": glyphs.stale,
        "failed": glyphs.blocked,
        "crashed": glyphs.blocked,
    }
    return signs.get(state, glyphs.waiting)


def job_facts(step: WizardStep, glyphs: Glyphs) -> Sheet:
    """When it began, how it stands, how far it is, and what went wrong."""
    status = step.status
    if status is None:
        return ()
    state = fact("last job", f"{state_sign(status.state, glyphs)} {status.state}", STATE_KINDS[status.state])
    lines = [state, fact("begun", began(status))]
    if not status.ended:
        lines += _under_way(status)
    if status.error:
        lines += [text(), code(status.error, "error")]
    return tuple(lines)


def _under_way(status: JobStatus) -> Sheet:
    """Count, time left and figures of a job that lives."""
    count = f"{status.done:,} of {status.total:,} {status.unit}" if status.total else ""
    figures = [f"{name} {figure(value)}" for name, value in status.figures.items() if name not in {"phase", "job"}]
    left = duration(status.eta) if status.eta is not None else ""
    rows = (("now", phase_of(status)), ("done", count), ("left", left), ("figures", ", ".join(figures)))
    return tuple(fact(label, words) for label, words in rows if words)


def began(status: JobStatus) -> str:
    """When it was asked for, in local time."""
    try:
        return f"{datetime.fromisoformat(status.created).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        return status.created
