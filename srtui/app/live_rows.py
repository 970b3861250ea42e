"""What the live page says of a moment, as rows of text. Pure: a moment and a width in, rows out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from srtui.app.follower import Moment
from srtui.app.job_facts import STATE_KINDS, state_sign
from srtui.app.look import Glyphs
from srtui.app.plot import Row
from srtui.app.sheet import Block, code, fact, lay_out
from srtui.app.snapshot import Happening, Snapshot
from srtui.hardware.gauges import Gauges, GpuGauge
from srtui.jobs.status import JobStatus
from srtui.jobs.wording import duration, figure, measured

LABEL = 9
"""Columns of the labels on the left."""
_ROOMY = 60
"""Columns from which on the project is named."""
_BAR = 20
"""Cells of a gauge."""


def head(moment: Moment, where: str, width: int, glyphs: Glyphs) -> Row:
    """Row 1: run · state · step/total · it/s · ETA; what there is no room for is left out from the end."""
    job, shown = moment.job.status, moment.shown
    status = shown.status
    kind = job.kind if moment.child is None else f"{job.kind}: {status.kind}"
    name = f"{where} {kind}" if where and width >= _ROOMY else kind
    state = doing(job, status)
    left: list[tuple[str, str]] = [(f" {name}", "strong"), ("  ", "")]
    left.append((f"{state_sign(job.state, glyphs)} {state}", STATE_KINDS[job.state]))
    right = [*_progress(status), *_speed(shown), *_left(status)]
    room = width - _length(left) - 3
    while right and len("   ".join(right)) > room:
        right.pop()
    text = "   ".join(right)
    gap = width - _length(left) - len(text) - 1
    return (*left, (" " * max(gap, 1), ""), (text, ""))


def doing(job: JobStatus, status: JobStatus) -> str:
    """State of the job; while it runs, the phase says more, and a pause that nobody asked for has its reason."""
    if status.state == "paused" and status.reason:
        return f"paused: {status.reason}"
    if job.state == "running" and (counted := status.figures.get("validating")):
        return f"validating {counted}"
    return status.phase or job.state if job.state == "running" else job.state


def _progress(status: JobStatus) -> list[str]:
    if not status.total:
        return [f"{status.done:,} {status.unit}"] if status.done else []
    return [f"{status.done:,}/{status.total:,}", f"{100 * status.done // status.total} %"]


def _speed(snapshot: Snapshot) -> list[str]:
    speed = snapshot.curves.latest.get("it_s")
    return [] if speed is None or snapshot.status.ended else [f"{speed:.3g} it/s"]


def _left(status: JobStatus) -> list[str]:
    return [] if status.eta is None or status.ended else [f"{duration(status.eta)} left"]


def fitted(parts: Sequence[Sequence[tuple[str, str]]], width: int) -> Row:
    """As many whole parts as there is room for."""
    row: list[tuple[str, str]] = []
    for part in parts:
        if _length(row) + _length(part) > width:
            break
        row += part
    return tuple(row)


def gauges(found: Gauges | None, pid: int | None, width: int, most: int, glyphs: Glyphs) -> list[Row]:
    """Bars with numbers: a line for the processor and memory, one for each GPU that the job uses."""
    if found is None:
        return []
    mine = found.gpus_of(pid)[: max(most - 1, 0)]
    rows = [_gpu_row(gpu, width, glyphs, alone=len(mine) == 1) for gpu in mine]
    cpu = [(f" {'CPU':<{LABEL}}", "quiet"), *_bar(found.cpu_busy, glyphs), (f" {found.cpu_busy:>4.0%}", "")]
    memory = _memory(found.memory_used, found.memory_total, glyphs)
    return [*rows, fitted([cpu, memory, [(f"   {found.cores} cores", "quiet")]], width)]


def _gpu_row(gpu: GpuGauge, width: int, glyphs: Glyphs, *, alone: bool) -> Row:
    label = "GPU" if alone else f"GPU {gpu.index}"
    busy: list[tuple[str, str]] = [(f" {label:<{LABEL}}", "quiet")]
    if gpu.busy is not None:
        busy += [*_bar(gpu.busy, glyphs), (f" {gpu.busy:>4.0%}", "")]
    parts = [busy]
    if gpu.memory_used is not None and gpu.memory_total:
        parts.append(_memory(gpu.memory_used, gpu.memory_total, glyphs))
    if gpu.temperature is not None:
        parts.append([(f"  {gpu.temperature} °C", "warning" if gpu.temperature >= 85 else "quiet")])
    if gpu.power is not None:
        parts.append([(f"  {gpu.power:.0f} W", "quiet")])
    return fitted(parts, width)


def _memory(used: int, total: int, glyphs: Glyphs) -> list[tuple[str, str]]:
    share = used / total if total else 0.0
    bar = _bar(share, glyphs, length=_BAR // 2, alarming=0.95)
    return [("   memory ", "quiet"), *bar, (f" {used / 1e9:.1f}/{total / 1e9:.0f} GB", "")]


def _bar(share: float, glyphs: Glyphs, *, length: int = _BAR, alarming: float = 2.0) -> list[tuple[str, str]]:
    filled = min(max(round(share * length), 0), length)
    kind = "warning" if share >= alarming else "accent"
    return [(glyphs.full * filled, kind), (glyphs.empty * (length - filled), "line")]


def happenings(found: Sequence[Happening], width: int, height: int) -> list[Row]:
    """The newest lines, oldest first, each cut to one row."""
    return [_happening(each, width) for each in found[-height:]] if height > 0 else []


def _happening(each: Happening, width: int) -> Row:
    clock = f" {datetime.fromtimestamp(each.at):%H:%M:%S}  "
    text = " ".join(each.text.split())
    room = width - len(clock)
    cut = text if len(text) <= room else f"{text[: max(room - 1, 0)]}…"
    return ((clock, "quiet"), (cut, "warning" if each.alarm else ""))


def phase(snapshot: Snapshot, width: int, glyphs: Glyphs) -> list[Row]:
    """Show how far a job without a curve is: its phase, a bar over the whole width, its figures."""
    status = snapshot.status
    count = f"{status.done:,}" if status.done or status.total else ""
    counted = " ".join(filter(None, [count, f"of {status.total:,}" if status.total else "", status.unit]))
    rows: list[Row] = [((f" {status.phase or status.state}", "strong"), (f"   {counted}" if counted else "", ""))]
    if status.total:
        share = status.done / status.total
        bar = _bar(share, glyphs, length=max(width - 8, 4))
        rows.append(((" ", ""), *bar, (f" {100 * status.done // status.total:>3} %", "")))
    return [*rows, *_indented([fact(name, figure(value)) for name, value in measured(status)], width)]


def outcome(snapshot: Snapshot, width: int) -> list[Row]:
    """What an ended job says that it made, or what went wrong."""
    error = [code(snapshot.status.error, "error")] if snapshot.status.error else []
    return _indented([*(fact(name, value) for name, value in snapshot.result), *error], width)


def _indented(sheet: Sequence[Block], width: int) -> list[Row]:
    return [((" ", ""), *row) for row in lay_out(sheet, width - 2)]


def rejected(snapshot: Snapshot, width: int, height: int) -> list[Row]:
    """Inputs that were not used, newest last, with the count of all."""
    if not snapshot.rejected_count or height < 2:
        return []
    shown = snapshot.rejected[-(height - 1) :]
    rows: list[Row] = [((f" rejected: {snapshot.rejected_count:,}", "warning"),)]
    for name, reason in shown:
        text = f"{name}: {reason}"
        rows.append(((f"   {text if len(text) <= width - 4 else text[: width - 5] + '…'}", ""),))
    return rows


def _length(parts: Sequence[tuple[Any, str]]) -> int:
    return sum(len(text) for text, _ in parts)
