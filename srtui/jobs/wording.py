"""Jobs in words: how far, what happens, how long; the command line and the wizard say it alike."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from srtui.jobs.events import Event
from srtui.jobs.folder import JobFolder, jobs_root
from srtui.jobs.status import JobStatus


def phase_of(status: JobStatus) -> str:
    """What a job is doing, in a few words."""
    inner = status.figures.get("phase")
    what = f"{status.phase.split(' (')[0]}: {inner}" if inner else status.phase
    state = ": ".join(filter(None, [status.state, status.reason if status.state == "paused" else ""]))
    return f"{what} [{state}]" if status.state in {"paused", "stalled", "queued"} else what


def words(status: JobStatus) -> str:
    """How far it is: counts, figures and the time left."""
    parts = []
    if status.total:
        parts.append(f"{status.done}/{status.total} {status.unit}")
    parts += [f"{name} {figure(value)}" for name, value in measured(status)]
    if status.eta is not None and not status.ended:
        parts.append(f"{duration(status.eta)} left")
    return " · ".join(parts)


def measured(status: JobStatus) -> list[tuple[str, Any]]:
    """The figures of a job by name, without what a `run` says of its step."""
    return [(name, value) for name, value in status.figures.items() if name not in {"phase", "job"}]


def narrate(event: Event) -> str:
    """Line for an event that people want to see as it happens, else nothing."""
    match event["kind"]:
        case "alarm":
            return f"! {event.get('text', '')}"
        case "rejected":
            return f"- {event.get('name')}: {event.get('reason')}"
        case "resumed":
            return f"resumed at {event.get('iteration', event.get('done', 'where it was left'))}"
        case "validation":
            psnr, gain = event.get("psnr_y"), event.get("gain_y")
            more = f" ({gain:+.2f} over bicubic)" if isinstance(gain, float) else ""
            level = f"{psnr:.2f}" if isinstance(psnr, float) else str(psnr)
            return f"validation at {event.get('iteration', 'the end')}: Y-PSNR {level} dB{more}"
        case "step" if event.get("state") in {"done", "empty"}:
            return f"{event.get('name')}: {'done' if event['state'] == 'done' else 'nothing to do'}"
        case "note":
            return str(event.get("text", ""))
    return ""


def again(verb: str, folder: JobFolder) -> str:
    """Command about one job, as it works from where the user is: a job of another project needs to be told whose."""
    project, here = folder.path.parent.parent, Path.cwd()
    found = folder.path.parent == jobs_root(None) or (project == here and (here / "project.yml").is_file())
    where = "" if found else f" -p {shlex.quote(str(project))}"
    return f"srtui {verb}{where} {folder.id}"


def figure(value: Any) -> str:
    """Format a measured value: four digits that count."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def duration(seconds: float) -> str:
    """Format a time: 12 s, 3 min, 2 h 05, 4 d 03 h."""
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02d}"
    return f"{minutes // 1440} d {minutes % 1440 // 60:02d} h"
