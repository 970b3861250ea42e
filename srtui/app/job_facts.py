"""What a step's newest job says of itself, as lines of the step's page."""

from __future__ import annotations

from datetime import datetime

from srtui.app.look import Glyphs
from srtui.app.project_view import WizardStep
from srtui.app.sheet import Sheet, code, fact, text
from srtui.jobs.status import JobStatus
from srtui.jobs.wording import duration, figure, measured, phase_of

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
    """When it began, how it stands, how far it is."""
    status = step.status
    if status is None:
        return ()
    state = fact("last job", f"{state_sign(status.state, glyphs)} {status.state}", STATE_KINDS[status.state])
    lines = [state, fact("begun", began(status))]
    if not status.ended:
        lines += _under_way(status)
    return tuple(lines)


def trouble(step: WizardStep) -> Sheet:
    """What went wrong the last time: the first thing on the page, and all of it in sight."""
    if step.status is None or not step.status.error:
        return ()
    return (code(step.status.error, "error"), text())


def _under_way(status: JobStatus) -> Sheet:
    """Count, time left and figures of a job that lives."""
    count = f"{status.done:,} of {status.total:,} {status.unit}" if status.total else ""
    figures = [_figure(name, value) for name, value in measured(status)]
    left = duration(status.eta) if status.eta is not None else ""
    rows = (("now", phase_of(status)), ("done", count), ("left", left), ("figures", ", ".join(figures)))
    return tuple(fact(label, words) for label, words in rows if words)


def _figure(name: str, value: object) -> str:
    """A figure in words; a unit goes behind its number."""
    if name in {"it/s", "fps"}:
        return f"{figure(value)} {name}"
    if name.endswith(" %"):
        return f"{name[:-2]} {figure(value)} %"
    return f"{name} {figure(value)}"


def began(status: JobStatus) -> str:
    """When it was asked for, in local time."""
    try:
        return f"{datetime.fromisoformat(status.created).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        return status.created
