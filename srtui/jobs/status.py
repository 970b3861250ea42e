"""How a job stands, from its files alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from srtui.jobs.folder import JobFolder, now, read_json, read_record
from srtui.jobs.lock import holder

State = Literal["queued", "running", "stalled", "paused", "finished", "stopped", "failed", "crashed"]
ENDED = frozenset({"finished", "stopped", "failed", "crashed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStatus:
    """One moment of a job."""

    id: str
    kind: str
    created: str
    state: State
    pid: int | None = None
    """Worker, while it lives."""
    phase: str = ""
    done: int = 0
    total: int = 0
    unit: str = ""
    reason: str = ""
    """Why it is paused, if nobody asked for it."""
    figures: dict[str, Any] = field(default_factory=dict)
    """What the phase measures: it/s, loss, …"""
    eta: float | None = None
    """Seconds left in this phase, when it can be told."""
    updated: float | None = None
    """Seconds since 1970."""
    code: int | None = None
    """Exit code, once ended."""
    error: str = ""
    """What went wrong, ready to print."""

    @property
    def ended(self) -> bool:
        """Whether nothing runs any more."""
        return self.state in ENDED


def read_status(folder: JobFolder) -> JobStatus:
    """Tell how a job stands."""
    record = read_record(folder)
    pid = holder(folder.lock)
    # exit.json is read after the lock: a worker writes it before it lets go.
    ending = read_json(folder.exit) if pid is None else None
    last = read_json(folder.status) or {}
    state, code, error = _state(folder, pid, ending, last)
    return JobStatus(
        id=folder.id,
        kind=record.kind,
        created=record.created,
        state=state,
        pid=pid,
        phase=last.get("phase", ""),
        done=last.get("done", 0),
        total=last.get("total", 0),
        unit=last.get("unit", ""),
        reason=last.get("reason", ""),
        figures=last.get("figures", {}),
        eta=last.get("eta"),
        updated=last.get("t"),
        code=code,
        error=error,
    )


def _state(
    folder: JobFolder, pid: int | None, ending: dict[str, Any] | None, last: dict[str, Any]
) -> tuple[State, int | None, str]:
    if pid is not None:
        if last.get("paused"):
            return "paused", None, ""
        silent = now() - last.get("t", now())
        return ("stalled" if silent > last.get("quiet", 60.0) else "running"), None, ""
    if ending is not None:
        return ending["outcome"], ending["code"], ending.get("error", "")
    if holder(folder.supervisor) is not None:
        return ("running" if last else "queued"), None, ""
    if not folder.log.exists():
        return "queued", None, ""
    return "crashed", 1, "error: the job: ended without a word (a power cut, or its supervisor was killed too)"
